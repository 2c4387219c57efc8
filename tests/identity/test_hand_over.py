"""Small secrets are spent by an outcome, never by a line that broke."""

import asyncio

import pytest
from redis.asyncio import Redis

from identity import errors
from identity.log_in import hand_over

KIND = "proof"
VALUE = {"person": "张演示"}


async def left(redis: Redis) -> str:
    return await hand_over.leave(redis, KIND, VALUE, seconds=60)


async def act(redis: Redis, name: str, step: asyncio.Event, hold: asyncio.Event) -> None:
    async with hand_over.taken(redis, KIND, name, seconds=60) as value:
        assert value == VALUE
        step.set()
        await hold.wait()


async def test_an_act_that_ends_spends_it(redis: Redis) -> None:
    name = await left(redis)
    async with hand_over.taken(redis, KIND, name, seconds=60) as value:
        assert value == VALUE
        assert await hand_over.look(redis, KIND, name) is None

    assert await hand_over.take(redis, KIND, name) is None


async def test_a_refusal_spends_it(redis: Redis) -> None:
    name = await left(redis)
    with pytest.raises(errors.ProofFailed):
        async with hand_over.taken(redis, KIND, name, seconds=60):
            raise errors.ProofFailed()

    assert await hand_over.take(redis, KIND, name) is None


async def test_a_handler_that_is_cancelled_gives_it_back(redis: Redis) -> None:
    name = await left(redis)
    step, hold = asyncio.Event(), asyncio.Event()
    task = asyncio.create_task(act(redis, name, step, hold))
    await step.wait()

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert await hand_over.take(redis, KIND, name) == VALUE


async def test_a_handler_that_is_cancelled_at_any_moment_never_loses_it(redis: Redis) -> None:
    """Also in the middle of taking it, when the store has given it and nobody has it yet."""
    for turns in range(30):
        name = await left(redis)
        task = asyncio.create_task(act(redis, name, asyncio.Event(), asyncio.Event()))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        assert await hand_over.take(redis, KIND, name) == VALUE, turns


async def test_a_store_that_fails_gives_it_back(redis: Redis) -> None:
    name = await left(redis)
    with pytest.raises(ConnectionError):
        async with hand_over.taken(redis, KIND, name, seconds=60):
            raise ConnectionError

    assert await hand_over.look(redis, KIND, name) == VALUE


async def test_of_two_takers_one_gets_it(redis: Redis) -> None:
    name = await left(redis)
    async with (
        hand_over.taken(redis, KIND, name, seconds=60) as first,
        hand_over.taken(redis, KIND, name, seconds=60) as second,
    ):
        pass

    assert (first, second) == (VALUE, None)
