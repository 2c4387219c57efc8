"""The relay at its worst, on PostgreSQL: slow reactions, a batch being read, many held keys.

One process does all of it on one loop, as a worker would: it publishes, tells, and reads a batch of
existing licences. The limit of the figure is the same relay with nothing beside it.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import tempfile
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from tortoise import connections

from bench import intake as batches
from bench.result import Result, percentile
from core import database, jobs, offload, outbox, sql, tasks
from core.events import Event
from core.files.blobs import Blobs
from core.outbox import OutboxMessage
from signing import TrustList
from tests import services
from wallet.events import IntakeReceived
from wallet.intake import batches as intake

SLOW_SECONDS = 3.0
BETWEEN_SECONDS = 0.03
PATIENCE_SECONDS = 60.0


_HELD = """
INSERT INTO core_outbox_message (event_id, key, name, payload, created_at, due_at, parked_at,
  attempts, fence, lost)
SELECT gen_random_uuid(), 'held-' || n, 'Rung', 'v1.unreadable', now(),
  now() + CASE WHEN n % 2 = 0 THEN interval '0' ELSE interval '30 minutes' END,
  CASE WHEN n % 2 = 0 THEN now() END, 8, 8, 0
FROM generate_series(1, :held) n
"""
_FOLLOWERS = """
INSERT INTO core_outbox_message (event_id, key, name, payload, created_at, due_at, attempts,
  fence, lost)
SELECT gen_random_uuid(), 'held-' || n, 'Rung', 'v1.unreadable', now(),
  timestamptz '2000-01-01 00:00Z', 0, 0, 0
FROM generate_series(1, :followers) n
"""


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much of everything. Of the held keys half are parked, half wait for their next try."""

    keys: int = 1_000
    lines: int = 100_000
    held: int = 40_000
    followers: int = 10_000
    """Events that wait behind a held key, and are due."""
    polls: int = 100


FULL = Size()
SMALL = Size(keys=60, lines=600, held=2_000, followers=500, polls=20)
"""For the suite."""


@dataclass(frozen=True, kw_only=True)
class Rung(Event):
    key: str


def run(size: Size = FULL) -> Result:
    """Figure: milliseconds from commit to reaction, p99, beside slow reactions and the batch."""
    with services.postgres() as url, tempfile.TemporaryDirectory() as folder:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            found: dict[str, Any] = pool.submit(in_child, url, Path(folder), size).result()
    return Result(
        bench="relay",
        figure=found["beside"]["p99_ms"],
        unit="ms p99 to a reaction, beside a slow one and a batch",
        limit=found["quiet"]["p99_ms"],
        limit_is="the same relay with nothing beside it",
        details=found,
    )


def in_child(url: str, folder: Path, size: Size) -> dict[str, Any]:
    return asyncio.run(measure(f"{url}?maxsize=20", folder, size))


async def measure(url: str, folder: Path, size: Size) -> dict[str, Any]:
    """All figures, in milliseconds where they are times."""
    blobs = await batches.prepare(url, folder)
    desk = Desk()
    relay = outbox.Relay(desk)
    relay.start()
    try:
        await desk.told(5, "warm")
        quiet = spread(await desk.told(size.keys, "quiet"))
        beside = await beside_a_batch(desk, blobs, folder, size)
        await settled()
    finally:
        await relay.stop()
    held = await with_held_keys(size)
    offload.shut_down()
    await database.close_database()
    return {"quiet": quiet, "beside": beside, **held}


class Desk:
    """Publishes events of keys of their own and notes how long after the commit each was told."""

    def __init__(self) -> None:
        self._committed: dict[str, asyncio.Future[float]] = {}
        self.slow_told = 0

    async def __call__(self, event: Event) -> None:
        if isinstance(event, IntakeReceived):
            async with database.transaction():
                await jobs.mark(intake.INTAKE, str(event.batch_id))
            return
        assert isinstance(event, Rung)
        if event.key.startswith("slow"):
            await asyncio.sleep(SLOW_SECONDS)
            self.slow_told += 1
            return
        told = self._committed.get(event.key)
        if told is not None and not told.done():
            told.set_result(time.perf_counter())

    async def told(
        self, count: int, name: str, *, going_on: Callable[[], bool] = lambda: False
    ) -> list[float]:
        """Seconds from commit to reaction for `count` keys, one after the other in a steady pace,
        and for more of them while it goes on."""
        waits: list[Awaitable[float]] = []
        while len(waits) < count or going_on():
            waits.append(asyncio.create_task(self._one(f"{name}-{len(waits)}")))
            await asyncio.sleep(BETWEEN_SECONDS)
        return list(await asyncio.gather(*waits))

    async def _one(self, key: str) -> float:
        told = self._committed[key] = asyncio.get_running_loop().create_future()
        await publish(key)
        committed = time.perf_counter()
        async with asyncio.timeout(PATIENCE_SECONDS):
            moment: float = await told
        del self._committed[key]
        return max(0.0, moment - committed)


async def publish(key: str) -> None:
    async with database.transaction():
        await outbox.publish(Rung(key=key), key=key)


async def beside_a_batch(desk: Desk, blobs: Blobs, folder: Path, size: Size) -> dict[str, Any]:
    """The same beside reactions of three seconds and a batch that is read in this process."""
    path = folder / "batch.jsonl"
    await asyncio.to_thread(batches.write_batch, path, size.lines)
    batch_id = await batches.approved(path, blobs)
    read = asyncio.Event()

    async def read_batch(ref: str) -> None:
        await intake.process(UUID(ref), trust=TrustList.of(), blobs=blobs, folder=folder)
        read.set()

    async def be_slow() -> None:
        while True:
            before = desk.slow_told
            await publish(f"slow-{before}")
            while desk.slow_told == before:  # noqa: ASYNC110 - its length is what counts
                await asyncio.sleep(BETWEEN_SECONDS)

    workers = jobs.workers({intake.INTAKE: read_batch}, bell=jobs.bell)
    workers.start()
    slow = asyncio.create_task(be_slow())
    began = time.perf_counter()
    try:
        waits = await desk.told(size.keys, "beside", going_on=lambda: not read.is_set())
        seconds = time.perf_counter() - began
    finally:
        await tasks.end(slow)
        await workers.stop()
    batch = await intake.get_batch(batch_id, by=batches.OFFICER)
    return {
        **spread(waits),
        "seconds": seconds,
        "lines_taken": batch.taken,
        "slow_reactions": desk.slow_told,
    }


async def with_held_keys(size: Size) -> dict[str, Any]:
    """The next events, and a poll that finds nothing, while many keys are held: at once, when the
    followers are still due, and after they were put behind."""
    await hold_up(size)
    await connections.get(database.CONNECTION).execute_script("ANALYZE core_outbox_message")
    first_poll = await timed(lambda: outbox.QUEUE.claim(8), 1)
    desk = Desk()
    relay = outbox.Relay(desk)
    relay.start()
    try:
        next_ = await desk.told(min(size.keys, 200), "next")
        await settled()
    finally:
        await relay.stop()
    while await outbox.QUEUE.tidy():
        pass
    polls = await timed(lambda: outbox.QUEUE.claim(8), size.polls)
    tidied = await timed(outbox.QUEUE.tidy, size.polls)
    return {
        "held_keys": await OutboxMessage.filter(done_at=None, attempts__gt=0).count(),
        "next_event": spread(next_),
        "first_poll_ms": first_poll[0] * 1000,
        "poll": spread(polls),
        "tidy": spread(tidied),
    }


async def settled() -> None:
    """Wait until what was told is written as told: who is stopped before tells it again."""
    fresh = OutboxMessage.filter(done_at=None).exclude(key__startswith="held-")
    while await fresh.exists():  # noqa: ASYNC110
        await asyncio.sleep(BETWEEN_SECONDS)


async def hold_up(size: Size) -> None:
    """Parked keys and keys that wait for their next try, and who follows behind them."""
    await sql.rows(_HELD, held=size.held)
    await sql.rows(_FOLLOWERS, followers=size.followers)


async def timed(act: Callable[[], Awaitable[object]], count: int) -> list[float]:
    found = []
    for _ in range(count):
        began = time.perf_counter()
        assert not await act()
        found.append(time.perf_counter() - began)
    return found


def spread(seconds: list[float]) -> dict[str, float]:
    """Median, p99 and worst in milliseconds."""
    return {
        "p50_ms": percentile(seconds, 0.5) * 1000,
        "p99_ms": percentile(seconds, 0.99) * 1000,
        "worst_ms": max(seconds) * 1000,
        "count": len(seconds),
    }
