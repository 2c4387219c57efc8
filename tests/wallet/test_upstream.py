"""The status feed of an upstream library: each change once; a lost library holds up nothing."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

import timers
from core.errors import Unavailable
from core.outbox import OutboxMessage
from core.protection.audit import AuditRecord
from resources import open_libraries
from tests.wallet.city import City
from tests.wallet.factories import stored_licence
from wallet.intake import upstream
from wallet.intake.upstream import StandIn, StateNews
from wallet.models import Licence, LogEntry, StateChange
from wallet.types.validity import LicenceState

AT = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)


def news(licence: Licence, position: int, state: LicenceState, *, cause: str = "依法") -> StateNews:
    return StateNews(
        position=position,
        identifier=licence.identifier,
        state=state,
        cause=cause,
        authority="上海市公安局",
        document_no="沪公〔2026〕1号",
        at=AT,
    )


async def state_of(licence: Licence) -> LicenceState:
    return (await Licence.get(id=licence.id)).state


async def test_news_is_applied_once_told_and_published(city: City) -> None:
    licence = await stored_licence(city)
    library = StandIn(changes=[news(licence, 7, LicenceState.REVOKED, cause="依法吊销")])

    await upstream.follow({"city": library})
    await upstream.follow({"city": library})

    assert await state_of(licence) is LicenceState.REVOKED
    assert await upstream.position_of("city") == 7
    change = await StateChange.get(licence_id=licence.id)
    assert (change.cause, change.authority) == ("依法吊销", "上海市公安局")
    assert await OutboxMessage.filter(name="LicenceStateChanged").count() == 1
    assert await AuditRecord.filter(action="licence.revoked").count() == 1
    assert await LogEntry.filter(kind="licence-changed").count() == 1


async def test_suspension_and_resumption_are_not_played_again(city: City) -> None:
    licence = await stored_licence(city)
    library = StandIn(
        changes=[news(licence, 1, LicenceState.SUSPENDED), news(licence, 2, LicenceState.VALID)]
    )

    for _ in range(3):
        await upstream.follow({"city": library}, limit=1)

    assert await state_of(licence) is LicenceState.VALID
    assert await StateChange.filter(licence_id=licence.id).count() == 2


async def test_what_is_not_ours_or_not_allowed_is_passed_over(city: City) -> None:
    licence = await stored_licence(city)
    strange = await stored_licence(city)
    await Licence.filter(id=strange.id).delete()
    library = StandIn(
        changes=[
            news(strange, 1, LicenceState.REVOKED),
            news(licence, 2, LicenceState.VALID),
            news(licence, 3, LicenceState.SUSPENDED, cause="长" * 900),
        ]
    )

    await upstream.follow({"city": library})

    assert await state_of(licence) is LicenceState.SUSPENDED
    assert await upstream.position_of("city") == 3


class Away(StandIn):
    async def news(self, *, after: int, limit: int) -> Sequence[StateNews]:
        raise Unavailable()


class Silent(StandIn):
    async def news(self, *, after: int, limit: int) -> Sequence[StateNews]:
        await asyncio.Event().wait()
        return []


async def test_lost_libraries_hold_up_nothing(
    city: City, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(upstream, "PATIENCE_SECONDS", 0.05)
    licence = await stored_licence(city)
    good = StandIn(changes=[news(licence, 1, LicenceState.SUSPENDED)])

    with caplog.at_level(logging.WARNING):
        await upstream.follow({"away": Away(), "silent": Silent(), "good": good})

    assert await state_of(licence) is LicenceState.SUSPENDED
    assert await upstream.position_of("away") == 0
    assert [record.args[0] for record in caplog.records if record.args] == ["away", "silent"]  # type: ignore[index]


@pytest.mark.usefixtures("city")
async def test_stand_in_is_for_the_demo_only(settings: object) -> None:
    assert open_libraries(settings) == {}  # type: ignore[arg-type]
    assert "follow-upstream" in [timer.name for timer in timers.SCHEDULE]
