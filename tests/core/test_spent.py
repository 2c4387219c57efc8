"""What may be used once is used once, also by two at the same instant."""

import asyncio
from datetime import timedelta

import pytest

from core import clock
from core.data import spent
from core.lease import LeaseRow
from tests.conftest import FrozenClock

pytestmark = pytest.mark.usefixtures("db", "frozen_clock")


async def test_of_many_at_once_exactly_one_is_first() -> None:
    until = clock.now() + timedelta(minutes=1)

    firsts = await asyncio.gather(*(spent.spend("nonce", "a", until=until) for _ in range(10)))

    assert sorted(firsts) == [False] * 9 + [True]


async def test_kinds_are_kept_apart() -> None:
    until = clock.now() + timedelta(minutes=1)

    assert await spent.spend("nonce", "a", until=until)
    assert await spent.spend("pass", "a", until=until)


async def test_only_what_is_dead_is_forgotten(frozen_clock: FrozenClock) -> None:
    for minutes in (1, 5):
        await spent.spend("pass", str(minutes), until=clock.now() + timedelta(minutes=minutes))
    frozen_clock.advance(minutes=2)

    assert await spent.forget() == 1
    assert not await spent.spend("pass", "5", until=clock.now())


async def test_nothing_is_spent_while_the_question_has_no_answer() -> None:
    until = clock.now() + timedelta(minutes=1)
    spending = spent.Spending("core_lease WHERE name = ?")

    assert not await spending.spend("nonce", "a", "door", until=until)
    assert not await spent.Spent.exists()

    await LeaseRow.create(name="door", holder="x", fence=1, expires_at=until)
    firsts = await asyncio.gather(
        *(spending.spend("nonce", "a", "door", until=until) for _ in range(10))
    )
    assert sorted(firsts) == [False] * 9 + [True]
    assert not await spent.spend("nonce", "a", until=until)
