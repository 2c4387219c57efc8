"""Transactions: all or nothing, and nothing is lost when a task is cancelled in the middle."""

import asyncio
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
