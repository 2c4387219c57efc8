"""Workers: a bounded set of tasks that work on a queue and refill as each one ends.

A slow row delays no other: one that takes longer than SLOW_SECONDS leaves the quick places and goes
on in one of the slow ones, of which there are more. What runs longer than `longest` is cancelled
and counts as failed. Claims are renewed while their rows are worked on, so that only what a dead
worker held is claimed again; who is stopped in good order gives its rows back at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from tortoise.models import Model

from core import clock, tasks
from core.queue import TIDY_AT_ONCE, Claim, Queue

log = logging.getLogger(__name__)

AT_ONCE = 8
SLOW_AT_ONCE = 64
SLOW_SECONDS = 0.3
LONGEST_SECONDS = 300.0
POLL_SECONDS = 2.0

R = TypeVar("R", bound=Model)


class Bell:
    """Wakes who waits in this process; `listeners` carry the ring further (best effort)."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()
        self.listeners: list[Callable[[], None]] = []

    def ring(self) -> None:
        self._rung.set()
        for listener in self.listeners:
            listener()

    def wake(self) -> None:
        """A ring that came from another process: wake, but do not carry it on."""
        self._rung.set()

    async def wait(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._rung.wait()
        self._rung.clear()


@dataclass(eq=False)
class _Running(Generic[R]):
    claim: Claim[R]
    task: asyncio.Task[bool]
    began: float


class Workers(Generic[R]):
    """`act` works on one claim and gives it back; what it raises is handed to `failed`."""

    def __init__(
        self,
        queue: Queue[R],
        act: Callable[[Claim[R]], Awaitable[bool]],
        *,
        failed: Callable[[Claim[R], Exception], Awaitable[None]],
        bell: Bell | None = None,
        at_once: int = AT_ONCE,
        slow_at_once: int = SLOW_AT_ONCE,
        per_lane: int = 0,
        longest: float = LONGEST_SECONDS,
        held: Callable[[], bool] = lambda: True,
    ) -> None:
        self._queue = queue
        self._act = act
        self._failed = failed
        self._bell = bell or Bell()
        self._at_once = at_once
        self._slow_at_once = slow_at_once
        self._per_lane = per_lane
        self._longest = longest
        self._may_claim = held
        self._running: set[_Running[R]] = set()
        self._ended = asyncio.Event()
        self._loop_task: asyncio.Task[None] | None = None
        self._keeper: asyncio.Task[None] | None = None
        self.done = 0

    def start(self) -> None:
        """Work until `stop`. Who works already goes on: nobody would stop a second loop."""
        if self._loop_task is not None:
            return
        self._loop_task = asyncio.create_task(self._run(), name=f"queue-{self._queue.name}")

    async def stop(self) -> None:
        """End what is under way and give it back, so that another goes on at once."""
        if self._loop_task is not None:
            await tasks.end(self._loop_task)
            self._loop_task = None
        running = list(self._running)
        await tasks.end(*(one.task for one in running))
        if self._keeper is not None:
            await tasks.end(self._keeper)
            self._keeper = None
        for one in running:
            with contextlib.suppress(Exception):
                await one.claim.release()

    async def fill(self) -> int:
        """Claim what fits and start it; returns how many rows."""
        started = 0
        while (free := self._free()) and self._may_claim():
            limit = min(free, self._per_lane) if self._per_lane else free
            claims = await self._claim(limit)
            for claim in claims:
                self._begin(claim)
            started += len(claims)
            if len(claims) < limit:
                break
        return started

    async def _claim(self, limit: int) -> list[Claim[R]]:
        """Claim up to so many rows; who is stopped meanwhile gives back what it got."""
        claiming = asyncio.create_task(self._queue.claim(limit, without=self._full_lanes()))
        try:
            return await asyncio.shield(claiming)
        except asyncio.CancelledError:
            with contextlib.suppress(Exception):
                for claim in await claiming:
                    await claim.release()
            raise

    async def settle(self) -> None:
        """Wait until nothing is under way."""
        while self._running:
            await asyncio.wait([one.task for one in self._running])

    async def drain(self) -> int:
        """Work until nothing is due any more; returns how many rows were done. For tests and
        commands."""
        before = self.done
        try:
            while await self.fill() or self._running:
                await self._any_ended()
        finally:
            await self.stop()
        return self.done - before

    async def _run(self) -> None:
        tidied = clock.steady() - POLL_SECONDS
        while True:
            try:
                if clock.steady() - tidied >= POLL_SECONDS:
                    moved = await self._queue.tidy()
                    if moved < TIDY_AT_ONCE:  # else there is more of it, and claims walk past it
                        tidied = clock.steady()
                await self.fill()
            except Exception:  # a lost database must not end the work
                log.exception("the queue %s stumbled and goes on", self._queue.name)
                await asyncio.sleep(POLL_SECONDS / 4)
            full = self._running and not self._free()
            await self._bell.wait(SLOW_SECONDS if full else POLL_SECONDS)

    async def _any_ended(self) -> None:
        self._ended.clear()
        if self._running:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SLOW_SECONDS):
                    await self._ended.wait()

    def _free(self) -> int:
        slow_since = clock.steady() - SLOW_SECONDS
        quick = sum(1 for one in self._running if one.began > slow_since)
        every = self._at_once + self._slow_at_once - len(self._running)
        return max(0, min(self._at_once - quick, every))

    def _full_lanes(self) -> list[Any]:
        if not self._per_lane:
            return []
        counted = Counter(getattr(one.claim.row, self._queue.lane) for one in self._running)
        return [lane for lane, number in counted.items() if number >= self._per_lane]

    def _begin(self, claim: Claim[R]) -> None:
        task = asyncio.create_task(self._work(claim), name=f"queue-{self._queue.name}-row")
        one = _Running(claim, task, clock.steady())
        self._running.add(one)
        task.add_done_callback(lambda _: self._forget(one))
        if self._keeper is None:
            self._keeper = asyncio.create_task(self._keep(), name=f"queue-{self._queue.name}-hold")

    def _forget(self, one: _Running[R]) -> None:
        self._running.discard(one)
        if not one.task.cancelled() and one.task.exception() is None and one.task.result():
            self.done += 1
        self._ended.set()
        self._bell.wake()

    async def _work(self, claim: Claim[R]) -> bool:
        try:
            async with asyncio.timeout(self._longest):
                return await self._act(claim)
        except Exception as error:  # one bad row must not stop the others
            try:
                await self._failed(claim, error)
            except Exception:  # its claim runs out, and somebody tries again
                log.exception("a row of %s could not be put off", self._queue.name)
            return False

    async def _keep(self) -> None:
        """Renew the claims of what takes long, as long as anything runs."""
        pause = self._queue.life / 3
        while True:
            await asyncio.sleep(pause)
            old = [one for one in self._running if clock.steady() - one.began >= pause / 2]
            with contextlib.suppress(Exception):
                gone = await self._queue.renew([one.claim for one in old])
                if gone:
                    log.warning("%d rows of %s were taken over", len(gone), self._queue.name)
