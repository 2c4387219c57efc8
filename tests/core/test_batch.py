"""Batch: one query for those who ask together, and everyone gets the own answer."""

import asyncio

import pytest

from core.data.batch import Batch
from tests.waiting import until


class Table:
    """Answers every key with its square; `None` for odd ones."""

    def __init__(self) -> None:
        self.queries: list[list[int]] = []
        self.opened = asyncio.Event()
        self.opened.set()
        self.asked = asyncio.Event()

    async def load(self, keys: list[int]) -> dict[int, int]:
        self.queries.append(keys)
        self.asked.set()
        await self.opened.wait()
        if 13 in keys:
            raise ConnectionError("away")
        return {key: key * key for key in keys if key % 2 == 0}


async def test_those_who_ask_together_share_a_query() -> None:
    table = Table()
    batch = Batch(table.load)

    answers = await asyncio.gather(*(batch.get(key) for key in (2, 3, 4, 2)))

    assert answers == [4, None, 16, 4]
    assert table.queries == [[2, 3, 4]]


async def test_who_comes_while_a_query_runs_waits_for_the_next() -> None:
    table = Table()
    batch = Batch(table.load)
    table.opened.clear()
    first = asyncio.create_task(batch.get(2))
    await table.asked.wait()
    second = asyncio.create_task(batch.get(2))
    await until(lambda: 2 in batch._waiting)
    table.opened.set()

    assert await asyncio.gather(first, second) == [4, 4]
    assert table.queries == [[2], [2]]


async def test_a_query_has_an_upper_size() -> None:
    table = Table()
    batch = Batch(table.load, longest=3)

    assert await asyncio.gather(*(batch.get(key) for key in range(0, 14, 2))) == [
        key * key for key in range(0, 14, 2)
    ]
    assert [len(keys) for keys in table.queries] == [3, 3, 1]


async def test_failure_reaches_those_who_asked_and_the_next_query_works() -> None:
    table = Table()
    batch = Batch(table.load)

    for failure in await asyncio.gather(batch.get(13), batch.get(2), return_exceptions=True):
        assert isinstance(failure, ConnectionError)
    assert await batch.get(2) == 4


async def test_one_that_gives_up_leaves_the_others_their_answer() -> None:
    table = Table()
    batch = Batch(table.load)
    table.opened.clear()
    hasty, patient = asyncio.create_task(batch.get(2)), asyncio.create_task(batch.get(2))
    await table.asked.wait()
    hasty.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hasty
    table.opened.set()

    assert await patient == 4
