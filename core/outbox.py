"""The outbox: a fact and its event are written in one transaction, and told afterwards.

Invariants
- `publish` runs in the transaction of the change it tells of: both are there or neither is.
- A row is told at least once; reactions are idempotent by a unique column of their own.
- Rows of one key are told in the order they were written; different keys side by side, by all
  workers of the installation (`core.queue` claims them, `core.workers` runs them).
- A failure stops only its key: it waits longer each time and is parked after MAX_ATTEMPTS, which
  raises an alarm in the log. A parked row holds its key until somebody replays or drops it.
- A slow reaction stops only its key. Long work does not belong into one: mark it due instead.
- Rows are found by *not done*, never by "number greater than the last": numbers may commit out of
  order.

What it does not do: it knows no reaction (flows.py does) and calls no network itself.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.functions import Count, Min

from core import clock, database, events, sql
from core.data import forgetting
from core.events import Event
from core.protection.protect import ProtectedField, ProtectedModel
from core.queue import AT_ONCE, MOST_LOST, Backoff, Claim, IndexWhere, Queue, Queued
from core.sql import NOW
from core.workers import Bell, Workers

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 8
PAGE = 100

React = Callable[[Event], Awaitable[None]]


class OutboxMessage(Queued, ProtectedModel):
    bound_to = ("event_id",)
    id = fields.BigIntField(primary_key=True)
    event_id = fields.UUIDField(unique=True)
    name = fields.CharField(max_length=60)
    key = fields.CharField(max_length=80)
    payload = ProtectedField()
    """JSON, encrypted at rest: the facts of an approval are personal data."""
    created_at = fields.DatetimeField()
    done_at = fields.DatetimeField(null=True)
    parked_at = fields.DatetimeField(null=True)
    last_error = fields.CharField(max_length=200, null=True)

    class Meta:
        table = "core_outbox_message"
        app = "core"
        indexes = (
            ("done_at", "id"),
            IndexWhere(
                fields=("due_at", "id"),
                name="idx_outbox_due",
                where="done_at IS NULL AND parked_at IS NULL",
            ),
            IndexWhere(fields=("key", "id"), name="idx_outbox_key", where="done_at IS NULL"),
            IndexWhere(
                fields=("id",),
                name="idx_outbox_parked",
                where="done_at IS NULL AND parked_at IS NOT NULL",
            ),
        )


QUEUE = Queue(
    name="outbox",
    model=OutboxMessage,
    open="j.done_at IS NULL AND j.parked_at IS NULL",
    undone="j.done_at IS NULL",
    key=("key",),
    backoff=Backoff(first=1.0, longest=300.0, tries=MAX_ATTEMPTS),
    furthest=3600.0,
)

bell = Bell()


async def publish(event: Event, *, key: str) -> None:
    """Write `event` beside the change it tells of, with the last statement of the transaction.

    Raises RuntimeError outside a transaction.
    """
    if not database.in_progress():
        raise RuntimeError("outbox.publish() belongs inside transaction()")
    row = OutboxMessage(
        event_id=event.id,
        name=event.name,
        key=key,
        payload=json.dumps(events.to_payload(event), ensure_ascii=False),
        created_at=clock.now(),
    )
    database.insert_last(row)
    database.after_commit(bell.ring)


def workers(
    react: React, *, bell: Bell | None = None, held: Callable[[], bool] = lambda: True
) -> Workers[OutboxMessage]:
    """Those who tell the events that are due."""

    async def tell(claim: Claim[OutboxMessage]) -> bool:
        if claim.lost >= MOST_LOST:
            raise HoldersDied
        row = claim.row
        await react(events.from_payload(row.name, json.loads(row.payload)))
        return await _told(claim)

    return Workers(QUEUE, tell, failed=_put_off, bell=bell, held=held)


async def drain(react: React, *, held: Callable[[], bool] = lambda: True) -> int:
    """Tell every row that is due; returns how many were told. For tests and commands.

    `held` is asked before rows are claimed.
    """
    return await workers(react, held=held).drain()


class HoldersDied(Exception):
    """Workers died over this row, again and again: it is parked before it kills the next."""


async def _told(claim: Claim[OutboxMessage]) -> bool:
    if claim.fence == 1:  # never claimed before: nothing was put behind it
        told = await claim.settle(done_at=NOW)
    else:
        async with database.transaction():
            told = await claim.settle(done_at=NOW)
            if told:
                await QUEUE.bring_back(claim.row)
    if not told:
        log.warning("outbox row told by another as well: %s", claim.row.event_id)
    return told


async def _put_off(claim: Claim[OutboxMessage], error: Exception) -> None:
    row, name = claim.row, type(error).__name__
    attempts = claim.attempts + 1
    hopeless = QUEUE.backoff.over(attempts) or isinstance(error, HoldersDied)
    parked: dict[str, Any] = {"parked_at": NOW} if hopeless else {}
    if not await claim.put_off(error=name, **parked):
        return
    if hopeless:
        log.critical("outbox row parked: %s %s after %d attempts", row.name, row.event_id, attempts)
    log.warning("outbox row put off: %s %s", row.name, row.event_id, exc_info=error)


class Relay:
    """The task that tells events. Every worker carries one; each takes rows of its own."""

    def __init__(self, react: React) -> None:
        self._workers = workers(react, bell=bell)

    def start(self) -> None:
        self._workers.start()

    async def stop(self) -> None:
        await self._workers.stop()


async def oldest_undone() -> float | None:
    """Seconds for which the event that is due the longest has waited; None when none is due.

    What was parked or waits for its next try is not counted: it holds up its own key only. One look
    into an index, for readiness and supervision.
    """
    rows = await sql.rows(
        "SELECT j.due_at, j.created_at FROM core_outbox_message j"
        " WHERE j.done_at IS NULL AND j.parked_at IS NULL AND j.due_at <= :now"
        " ORDER BY j.due_at, j.id LIMIT 1",
        now=NOW,
    )
    if not rows:
        return None
    since = max(_moment(rows[0]["due_at"]), _moment(rows[0]["created_at"]))
    return max(0.0, (clock.now() - since).total_seconds())


@dataclass(frozen=True, kw_only=True)
class Parked:
    """A parked event as operators see it: never what it says."""

    id: int
    event_id: UUID
    name: str
    key: str
    created_at: datetime
    parked_at: datetime
    attempts: int
    last_error: str | None


async def list_parked(*, after: int = 0, limit: int = PAGE) -> list[Parked]:
    """Parked events after number `after`, oldest first; no content is read."""
    names = ("id", "event_id", "name", "key", "created_at", "parked_at", "attempts", "last_error")
    rows = (
        await OutboxMessage.filter(parked_at__isnull=False, done_at__isnull=True, id__gt=after)
        .order_by("id")
        .limit(limit)
        .values(*names)
    )
    return [Parked(**row) for row in rows]


async def count_parked() -> int:
    return await OutboxMessage.filter(parked_at__isnull=False, done_at__isnull=True).count()


async def raise_alarm() -> int:
    """Say again and again that rows are parked (a timer calls it); returns how many there are."""
    rows = (
        await OutboxMessage.filter(parked_at__isnull=False, done_at__isnull=True)
        .annotate(number=Count("id"), since=Min("parked_at"))
        .group_by("name")
        .values("name", "number", "since")
    )
    count = sum(int(row["number"]) for row in rows)
    if count:
        log.critical(
            "%d outbox rows are parked since %s (%s): python manage.py outbox",
            count,
            min(_moment(row["since"]) for row in rows).isoformat(timespec="seconds"),
            ", ".join(sorted(row["name"] for row in rows)),
        )
    return count


def _moment(value: Any) -> datetime:
    """SQLite gives the least of moments as a text."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value


async def replay(event_id: object) -> bool:
    """Let a parked row try again from the beginning; False when there is no such row."""
    return await _free(event_id, parked_at=None, attempts=0, lost=0, due_at=AT_ONCE)


async def drop(event_id: object) -> bool:
    """Give a parked row up, so that its key goes on; False when there is no such row."""
    return await _free(event_id, done_at=clock.now())


async def _free(event_id: object, **changes: Any) -> bool:
    parked = OutboxMessage.filter(event_id=event_id, parked_at__isnull=False, done_at__isnull=True)
    async with database.transaction():
        row = await parked.only("id", "key").first()
        if row is None or not await parked.update(**changes):
            return False
        await QUEUE.bring_back(row)
        database.after_commit(bell.ring)
    return True


async def forget_told(*, kept: timedelta = timedelta(days=7)) -> int:
    """Delete rows that were told longer than `kept` ago, a piece at a time (a timer calls it)."""
    told = OutboxMessage.filter(done_at__lt=clock.now() - kept)
    return await forgetting.forget(told, by="done_at")
