"""Streams: gapless, each its own, replayed exactly."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from core import database, ids
from push.live import stream

pytestmark = pytest.mark.usefixtures("db")

KEY = "person:1"


async def fill(count: int, *, key: str = KEY) -> None:
    for number in range(1, count + 1):
        await stream.append(key, "tick", {"number": number})


async def test_positions_run_from_one() -> None:
    await fill(3)

    entries = await stream.since(KEY, 0)

    assert [entry.position for entry in entries] == [1, 2, 3]
    assert [entry.payload["number"] for entry in entries] == [1, 2, 3]


async def test_reader_gets_exactly_what_it_missed() -> None:
    await fill(5)

    assert [entry.position for entry in await stream.since(KEY, 3)] == [4, 5]
    assert await stream.since(KEY, 5) == []
    assert [entry.position for entry in await stream.since(KEY, 0, limit=2)] == [1, 2]


async def test_streams_do_not_mix() -> None:
    await fill(2)
    await fill(1, key="dept:SCJG")

    assert await stream.position("dept:SCJG") == 1
    assert await stream.positions([KEY, "dept:SCJG", "person:nobody"]) == {KEY: 2, "dept:SCJG": 1}
    assert await stream.position("person:nobody") == 0


async def test_two_hundred_at_once_are_gapless() -> None:
    appended = await asyncio.gather(
        *(stream.append(KEY, "tick", {"number": number}) for number in range(200))
    )

    assert sorted(entry.position for entry in appended) == list(range(1, 201))
    assert await stream.position(KEY) == 200
    stored = [entry.position for entry in await stream.since(KEY, 0, limit=300)]
    assert stored == list(range(1, 201))


async def test_rolled_back_append_leaves_no_gap() -> None:
    await fill(1)
    with pytest.raises(ZeroDivisionError):
        async with database.transaction():
            await stream.append(KEY, "tick", {})
            raise ZeroDivisionError

    entry = await stream.append(KEY, "tick", {})

    assert entry.position == 2


async def test_same_event_is_one_entry() -> None:
    event_id = ids.new_id()
    first = await stream.append(KEY, "tick", {"number": 1}, event_id=event_id)
    await fill(1)

    again = await stream.append(KEY, "tick", {"number": 1}, event_id=event_id)

    assert again.position == first.position == 1
    assert await stream.position(KEY) == 2


async def test_same_event_at_once_is_one_entry() -> None:
    event_id = ids.new_id()

    entries = await asyncio.gather(
        *(stream.append(KEY, "tick", {}, event_id=event_id) for _ in range(10))
    )

    assert {entry.position for entry in entries} == {1}


async def test_epoch_lives_as_long_as_the_database() -> None:
    epochs = await asyncio.gather(*(stream.epoch() for _ in range(5)))

    assert len(set(epochs)) == 1
    assert await stream.epoch() == epochs[0]


async def test_cleared_entries_are_noticed_and_positions_go_on(frozen_clock: Any) -> None:
    await fill(3)
    frozen_clock.advance(days=31)
    await fill(1)

    assert await stream.forget_old(kept=timedelta(days=30)) == 3

    left = await stream.since(KEY, 1)
    assert [entry.position for entry in left] == [4]
    assert stream.missing_before(left, 1)
    assert not stream.missing_before(left, 3)
