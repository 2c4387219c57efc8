"""Transactions: all or nothing, and nothing is lost when a task is cancelled in the middle."""

import asyncio
import gc
import random
from datetime import UTC, datetime

import pytest

from core import clock, database
from core.clock import now
from core.lease import LeaseRow


async def write(name: str) -> None:
    async with database.transaction():
        await LeaseRow.create(name=name, holder="x", fence=1, expires_at=now())
        await LeaseRow.filter(name=name).update(fence=2)


async def some_turns(count: int) -> None:
    """Let the loop turn `count` times: a cancellation at an arbitrary await."""
    for _ in range(count):
        await asyncio.sleep(0)


@pytest.mark.usefixtures("db")
class TestTransaction:
    async def test_cancelled_ones_give_their_connection_back(self) -> None:
        chance = random.Random(7)
        for number in range(300):
            task = asyncio.create_task(write(f"cancelled-{number}"))
            await some_turns(chance.randrange(40))
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        async with asyncio.timeout(20):
            await asyncio.gather(*(write(f"after-{number}") for number in range(20)))

        assert await LeaseRow.filter(name__startswith="after-").count() == 20
        half = LeaseRow.filter(name__startswith="cancelled-", fence=1)
        assert await half.count() == 0

    async def test_inner_one_is_undone_alone(self) -> None:
        async with database.transaction():
            await LeaseRow.create(name="outer", holder="x", fence=1, expires_at=now())
            with pytest.raises(ZeroDivisionError):
                async with database.transaction():
                    await LeaseRow.create(name="inner", holder="x", fence=1, expires_at=now())
                    raise ZeroDivisionError

        assert await LeaseRow.all().values_list("name", flat=True) == ["outer"]

    async def test_what_follows_a_commit_does_not_follow_a_roll_back(self) -> None:
        heard: list[str] = []
        async with database.transaction():
            database.after_commit(lambda: heard.append("committed"))
            assert heard == []
        with pytest.raises(ZeroDivisionError):
            async with database.transaction():
                database.after_commit(lambda: heard.append("never"))
                raise ZeroDivisionError

        assert heard == ["committed"]


@pytest.mark.usefixtures("db")
async def test_moments_of_all_zones_are_compared_as_moments() -> None:
    """Ten past midnight in Shanghai is ten past four of the day before in London."""
    shortly_after = datetime(2026, 11, 26, 0, 10, tzinfo=clock.SHANGHAI)
    await LeaseRow.create(name="lease", holder="x", fence=1, expires_at=shortly_after)

    for earlier in (
        datetime(2026, 11, 26, 0, 0, tzinfo=clock.SHANGHAI),
        datetime(2026, 11, 25, 16, 9, tzinfo=UTC),
    ):
        assert await LeaseRow.filter(expires_at__gte=earlier).exists()
        assert not await LeaseRow.filter(expires_at__lt=earlier).exists()
    for later in (
        datetime(2026, 11, 26, 0, 11, tzinfo=clock.SHANGHAI),
        datetime(2026, 11, 25, 16, 11, tzinfo=UTC),
    ):
        assert await LeaseRow.filter(expires_at__lte=later).exists()
    assert (await LeaseRow.get(name="lease")).expires_at == shortly_after


@pytest.mark.usefixtures("db")
class TestEachRow:
    """Rows are read in pages, whatever the table holds."""

    @staticmethod
    async def _fill(count: int) -> list[tuple[int, str]]:
        rows = [
            LeaseRow(name=f"row-{n:03}", holder="x", fence=n % 3, expires_at=now())
            for n in range(count)
        ]
        await LeaseRow.bulk_create(rows)
        return sorted((row.fence, row.name) for row in rows)

    @pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 45])
    async def test_every_row_comes_once_in_order(self, count: int) -> None:
        expected = await self._fill(count)

        rows = database.each_row(LeaseRow.all(), "fence", "name", size=10)

        assert [(row.fence, row.name) async for row in rows] == expected

    async def test_filter_of_the_query_holds_on_every_page(self) -> None:
        await self._fill(60)

        rows = database.each_row(LeaseRow.filter(fence__not=1), "fence", "name", size=7)

        assert {row.fence async for row in rows} == {0, 2}

    async def test_no_more_than_a_page_is_in_memory(self) -> None:
        await self._fill(200)
        gc.collect()

        seen, alive = 0, []
        async for _ in database.each_row(LeaseRow.all(), "name", size=10):
            seen += 1
            if seen in (5, 95, 195):
                alive.append(sum(type(one) is LeaseRow for one in gc.get_objects()))

        assert seen == 200
        assert max(alive) <= 21


def test_values_come_in_pieces_that_one_statement_takes() -> None:
    assert list(database.pieces(range(5), size=2)) == [[0, 1], [2, 3], [4]]
    assert list(database.pieces([])) == []
