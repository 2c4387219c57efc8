"""The outbox: a fact and its event are written in one transaction, and told afterwards.

Invariants
- `publish` runs in the transaction of the change it tells of: both are there or neither is.
- A row is told at least once; reactions are idempotent by a unique column of their own.
- Rows of one key are told in the order they were written; different keys side by side.
- A failure stops only its key: it waits longer each time and is parked after MAX_ATTEMPTS, which
  raises an alarm in the log. A parked row holds its key until somebody replays or drops it.
- Rows are found by *not done*, never by "number greater than the last": numbers may commit out of
  order.

What it does not do: it knows no reaction (flows.py does) and calls no network itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import timedelta

from tortoise import fields
from tortoise.expressions import Q

from core import clock, database, events, tasks
from core.events import Event
from core.lease import Lease
from core.protect import ProtectedField, ProtectedModel

log = logging.getLogger(__name__)

BATCH = 200
KEYS_AT_ONCE = 8
MAX_ATTEMPTS = 8
POLL_SECONDS = 2.0
FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 300.0

React = Callable[[Event], Awaitable[None]]


class OutboxMessage(ProtectedModel):
    bound_to = ("event_id",)
    id = fields.BigIntField(primary_key=True)
    event_id = fields.UUIDField(unique=True)
    name = fields.CharField(max_length=60)
    key = fields.CharField(max_length=80)
    payload = ProtectedField()
    """JSON, encrypted at rest: the facts of an approval are personal data."""
    created_at = fields.DatetimeField()
    attempts = fields.SmallIntField(default=0)
    due_at = fields.DatetimeField()
    done_at = fields.DatetimeField(null=True)
    parked_at = fields.DatetimeField(null=True)
    last_error = fields.CharField(max_length=200, null=True)

    class Meta:
        table = "core_outbox_message"
        app = "core"
        indexes = (("done_at", "id"),)


class Bell:
    """Wakes the relay of this process; `listeners` carry the ring further (Redis, best effort)."""

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


bell = Bell()


async def publish(event: Event, *, key: str) -> None:
    """Write `event` beside the change it tells of. Raises RuntimeError outside a transaction."""
    if not database.in_progress():
        raise RuntimeError("outbox.publish() belongs inside transaction()")
    now = clock.now()
    await OutboxMessage.create(
        event_id=event.id,
        name=event.name,
        key=key,
        payload=json.dumps(events.to_payload(event), ensure_ascii=False),
        created_at=now,
        due_at=now,
    )
    database.after_commit(bell.ring)


async def drain(react: React, *, held: Callable[[], bool] = lambda: True) -> int:
    """Tell every row that is due; returns how many were told. One pass, for the relay and tests.

    `held` is asked before each row: who slept through the lease stops there, so that a row never
    follows one that the next holder has already told after it.
    """
    told = 0
    while True:
        rows = await _due_rows() if held() else {}
        if not rows:
            return told
        gate = asyncio.Semaphore(KEYS_AT_ONCE)
        results = await asyncio.gather(
            *(_tell_key(group, react, gate, held) for group in rows.values())
        )
        told += sum(results)
        if not any(results):
            return told


async def _due_rows() -> dict[str, list[OutboxMessage]]:
    """Undone rows by key, in order; keys with a row that must wait or is parked are left out."""
    undone = OutboxMessage.filter(done_at__isnull=True)
    waiting = Q(parked_at__isnull=False) | Q(due_at__gt=clock.now())
    held_keys = await undone.filter(waiting).distinct().values_list("key", flat=True)
    if held_keys:
        undone = undone.exclude(key__in=held_keys)
    groups: dict[str, list[OutboxMessage]] = defaultdict(list)
    for row in await undone.order_by("id").limit(BATCH):
        groups[row.key].append(row)
    return groups


async def _tell_key(
    rows: list[OutboxMessage],
    react: React,
    gate: asyncio.Semaphore,
    held: Callable[[], bool],
) -> int:
    told = 0
    async with gate:
        for row in rows:
            if not held() or not await _tell(row, react):
                break
            told += 1
    return told


async def _tell(row: OutboxMessage, react: React) -> bool:
    try:
        await react(events.from_payload(row.name, json.loads(row.payload)))
    except Exception as error:  # one bad event must not stop the relay
        await _put_off(row, error)
        return False
    await OutboxMessage.filter(id=row.id, done_at=None).update(done_at=clock.now())
    return True


async def _put_off(row: OutboxMessage, error: Exception) -> None:
    attempts = row.attempts + 1
    delay = min(FIRST_DELAY_SECONDS * 2**attempts, LONGEST_DELAY_SECONDS)
    now = clock.now()
    parked_at = now if attempts >= MAX_ATTEMPTS else None
    # Compare and set: another holder may have told the row, or counted this failure, meanwhile.
    counted = await OutboxMessage.filter(id=row.id, done_at=None, attempts=row.attempts).update(
        attempts=attempts,
        due_at=now + timedelta(seconds=delay),
        parked_at=parked_at,
        last_error=type(error).__name__[:200],
    )
    if counted and parked_at:
        log.critical("outbox row parked: %s %s after %d attempts", row.name, row.event_id, attempts)
    log.warning("outbox row put off: %s %s", row.name, row.event_id, exc_info=error)


class Relay:
    """The task that tells events. Every worker carries one; the lease lets one work at a time."""

    def __init__(self, react: React) -> None:
        self._react = react
        self._lease = Lease("outbox-relay")
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="outbox-relay")

    async def stop(self) -> None:
        if self._task is None:
            return
        await tasks.end(self._task)
        with contextlib.suppress(Exception):
            await self._lease.release()

    async def _run(self) -> None:
        while True:
            try:
                if await self._lease.acquire():
                    await self._work()
            except Exception:  # a lost database must not end the relay
                log.exception("the relay stumbled and goes on")
            await bell.wait(POLL_SECONDS)

    async def _work(self) -> None:
        """Drain while another task keeps the lease alive, however long a reaction takes."""
        keeper = asyncio.create_task(self._keep_lease(), name="outbox-lease")
        try:
            await drain(self._react, held=lambda: self._lease.held)
        finally:
            await tasks.end(keeper)

    async def _keep_lease(self) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            with contextlib.suppress(Exception):
                await self._lease.acquire()


async def list_parked() -> list[OutboxMessage]:
    return await OutboxMessage.filter(parked_at__isnull=False, done_at__isnull=True).order_by("id")


async def raise_alarm() -> int:
    """Say again and again that rows are parked (a timer calls it); returns how many there are."""
    parked = await list_parked()
    if parked:
        names = ", ".join(sorted({row.name for row in parked}))
        oldest = min(row.parked_at for row in parked if row.parked_at)
        log.critical(
            "%d outbox rows are parked since %s (%s): python manage.py outbox",
            len(parked),
            oldest.isoformat(timespec="seconds"),
            names,
        )
    return len(parked)


async def replay(event_id: object) -> bool:
    """Let a parked row try again from the beginning; False when there is no such row."""
    now = clock.now()
    changed = await OutboxMessage.filter(
        event_id=event_id, parked_at__isnull=False, done_at__isnull=True
    ).update(parked_at=None, attempts=0, due_at=now)
    bell.ring()
    return bool(changed)


async def drop(event_id: object) -> bool:
    """Give a parked row up, so that its key goes on; False when there is no such row."""
    changed = await OutboxMessage.filter(
        event_id=event_id, parked_at__isnull=False, done_at__isnull=True
    ).update(done_at=clock.now())
    bell.ring()
    return bool(changed)


async def forget_told(*, kept: timedelta = timedelta(days=7)) -> int:
    """Delete rows that were told longer than `kept` ago (a timer calls it)."""
    return await OutboxMessage.filter(done_at__lt=clock.now() - kept).delete()
