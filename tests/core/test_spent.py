"""What may be used once is used once, also by two at the same instant."""

import asyncio
from datetime import timedelta

import pytest

from core import clock
from core.data import spent
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
