from __future__ import annotations

import asyncio

import pytest

from core import tasks
from core.outbox import Bell
from tests.waiting import until


async def test_a_task_that_loses_a_cancellation_is_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tasks, "ASK_AGAIN_SECONDS", 0.01)
    lost, begun = 0, asyncio.Event()

    async def hard_of_hearing() -> None:
        nonlocal lost
        begun.set()
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                lost += 1
                if lost == 3:
                    raise

    task = asyncio.create_task(hard_of_hearing())
    await begun.wait()
    await tasks.end(task)
    assert lost == 3
    assert task.cancelled()


async def test_ended_and_failed_tasks_are_no_trouble() -> None:
    async def fails() -> None:
        raise ValueError

    failed = asyncio.create_task(fails())
    finished = asyncio.create_task(asyncio.sleep(0))
    await asyncio.wait({failed, finished})
    await tasks.end(failed, finished)


async def test_a_cancellation_that_comes_with_the_ring_is_not_lost() -> None:
    bell = Bell()

    async def listens() -> None:
        while True:
            await bell.wait(60)

    listener = asyncio.create_task(listens())
    await until(lambda: bool(bell._rung._waiters))
    bell.ring()
    # The waiter inside has its result, the listener has not woken up yet.
    await asyncio.sleep(0)
    listener.cancel()
    await asyncio.wait({listener}, timeout=1)
    assert listener.cancelled()
