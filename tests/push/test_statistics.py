"""Figures of the channels: right up to a bound, and read from indexes of their own."""

import random
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from core import clock, ids
from identity.principal import Principal, PrincipalKind
from push import deliver, deliveries, statistics
from push.channels import CHANNELS
from push.models import Delivery, DeliveryState, InboxMessage
from tests import plans
from tests.push.factories import message

pytestmark = pytest.mark.usefixtures("db")

OPERATOR = Principal(
    kind=PrincipalKind.OFFICER, id=ids.new_id(), name="督办", roles=frozenset({"supervisor"})
)


async def sent(count: int) -> list[Delivery]:
    """Of every channel and outcome, some of them older than a day."""
    dice, rows = random.Random(count), []
    stored = deliver.to_stored(message())
    for _ in range(count):
        state = dice.choice(list(DeliveryState))
        at = clock.now() - timedelta(hours=dice.choice([1, 2, 23, 25, 300]))
        done = state is DeliveryState.SENT
        rows.append(
            Delivery(
                id=ids.new_id(), event_id=ids.new_id(), recipient_id=ids.new_id(),
                channel=dice.choice(CHANNELS).name, message=stored, state=state, created_at=at,
                event_at=at, sent_at=at + timedelta(seconds=3) if done else None, due_at=at,
                delivered_at=at if done and dice.random() < 0.5 else None,
            )
        )  # fmt: skip
    await Delivery.bulk_create(rows)
    return rows


async def found() -> dict[str, statistics.ChannelFigures]:
    figures = await statistics.figures(by=OPERATOR)
    return {one.channel: one for one in figures.channels}


async def test_figures_are_those_of_the_rows() -> None:
    rows = await sent(400)
    await InboxMessage.bulk_create(
        [
            InboxMessage(
                id=ids.new_id(), person_id=ids.new_id(), event_id=ids.new_id(), kind="x",
                content="{}", created_at=clock.now() - timedelta(hours=hours), read_at=read,
            )
            for hours, read in ((1, clock.now()), (2, None), (3, clock.now()), (30, clock.now()))
        ]
    )  # fmt: skip

    shown = await found()

    since = clock.now() - timedelta(days=1)
    recent = [row for row in rows if row.created_at >= since]
    counted = Counter((row.channel, row.state.value) for row in recent)
    arrived = Counter(row.channel for row in recent if row.delivered_at is not None)
    assert sorted(shown) == sorted({row.channel for row in recent})
    for name, one in shown.items():
        for state in DeliveryState:
            assert getattr(one, state.value) == counted[name, state.value]
        assert one.delivered == arrived[name]
        assert (one.median_seconds, one.slowest_seconds) == (3.0, 3.0)
    assert {one.read for one in shown.values()} == {0, 2}


async def test_no_number_is_counted_further_than_its_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await sent(400)
    monkeypatch.setattr(statistics, "MOST", 7)

    shown = (await found()).values()

    assert max(one.sent for one in shown) == 7
    assert max(one.delivered for one in shown) <= 7
    assert all(one.failed <= 7 for one in shown)


async def test_channel_that_sent_nothing_is_not_shown() -> None:
    assert await found() == {}


async def test_every_number_is_read_from_an_index(monkeypatch: pytest.MonkeyPatch) -> None:
    await sent(40)
    asked: list[tuple[str, tuple[Any, ...]]] = []
    inner = statistics.Statement.row

    async def noting(self: statistics.Statement, *values: Any) -> dict[str, Any] | None:
        asked.append((self.sql, values))
        return await inner(self, *values)

    monkeypatch.setattr(statistics.Statement, "row", noting)
    await found()

    assert len(asked) > 20
    for sql, values in asked:
        text = sql
        for value in values:
            shown = str(value) if isinstance(value, int) else f"'{value}'"
            text = text.replace("?", shown, 1)
        assert await plans.faults_of(text) == [], sql


@pytest.mark.parametrize("channel", ["sms", None])
async def test_deliveries_of_one_channel_are_the_next_rows_of_an_index(
    monkeypatch: pytest.MonkeyPatch, channel: str | None
) -> None:
    await sent(40)
    sections = plans.watch(monkeypatch)

    await deliveries.list_deliveries(state="failed", channel=channel, limit=1, by=OPERATOR)

    assert await plans.faults(sections[0]) == []
