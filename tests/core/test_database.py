"""Transactions: all or nothing, and nothing is lost when a task is cancelled in the middle."""

import asyncio
import random

import pytest

from core import database
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
