"""Live streams: the numbered entries behind every socket. The database is the truth.

Positions of a stream run from 1 without gaps: the counter row is locked, moved and read in the
transaction that writes the entry. A reader that knows the last position it saw therefore gets
exactly what it missed. The epoch is a random value that lives as long as the database; after a
restore from an older copy it must be renewed, so that readers start again instead of missing
entries whose numbers they have seen before.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tortoise.exceptions import IntegrityError

from core import clock, database, ids
from core.data import forgetting
from core.database import transaction
from push.models import Stream, StreamEntry, StreamEpoch

KEPT = timedelta(days=30)
PAGE = 200

_MOVE_ON = database.Statement(
    'UPDATE push_stream SET position = position + 1 WHERE "key" = ? RETURNING position'
)
"""Lock, move and read in one: every event of every person passes through it."""

ALL_DEPARTMENTS = "ALL"
"""The stream of those who cover every department."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One entry as readers see it."""

    position: int
    kind: str
    payload: dict[str, Any]
    at: datetime


def person(person_id: UUID) -> str:
    """The key of a person's stream."""
    return f"person:{person_id}"


def department(key: str) -> str:
    """The key of a department's stream."""
    return f"dept:{key}"


def keepers(key: str) -> str:
    """The key of the stream of a department's seal keepers, who read no case."""
    return f"keepers:{key}"


async def append(
    key: str, kind: str, payload: dict[str, Any], *, event_id: UUID | None = None
) -> Entry:
    """Add an entry at the next position. The same `event_id` again gives the entry of the first.

    Readers are woken by `channels.live.ring`, after the transaction around this has committed.
    """
    try:
        async with transaction():
            return await add(key, kind, payload, event_id=event_id)
    except IntegrityError:
        # The counter is back where it was: the event is there already.
        earlier = await StreamEntry.get_or_none(stream_key=key, event_id=event_id)
        if event_id is None or earlier is None:
            raise
        return _entry(earlier)


async def add(
    key: str, kind: str, payload: dict[str, Any], *, event_id: UUID | None = None
) -> Entry:
    """The same within the caller's transaction.

    For an event that is there its end raises IntegrityError. The transaction is lost then; the
    stream stays without a gap because it was moved in it too.
    """
    row = StreamEntry(
        stream_key=key,
        position=await _next_position(key),
        kind=kind,
        payload=json.dumps(payload, ensure_ascii=False),
        event_id=event_id,
        at=clock.now(),
    )
    database.insert_last(row)
    return _entry(row)


async def since(key: str, after: int, *, limit: int = PAGE) -> list[Entry]:
    """The entries that follow position `after`, oldest first, at most `limit`."""
    rows = (
        await StreamEntry.filter(stream_key=key, position__gt=after)
        .order_by("position")
        .limit(limit)
    )
    return [_entry(row) for row in rows]


async def position(key: str) -> int:
    """The position of the newest entry; 0 for a stream without one."""
    stream = await Stream.get_or_none(key=key)
    return 0 if stream is None else stream.position


async def positions(keys: Iterable[str]) -> dict[str, int]:
    """The newest positions of many streams in one query; streams without entries are absent."""
    rows = await Stream.filter(key__in=list(keys)).values_list("key", "position")
    return {str(key): int(newest) for key, newest in rows}


async def epoch() -> str:
    """The epoch of this database; made at the first call."""
    row = await StreamEpoch.get_or_none(id=1)
    if row is None:
        fresh = StreamEpoch(id=1, epoch=str(ids.new_id()))
        await StreamEpoch.bulk_create([fresh], ignore_conflicts=True)
        row = await StreamEpoch.get(id=1)
    return row.epoch


async def forget_old(*, kept: timedelta = KEPT) -> int:
    """Delete entries older than `kept` (a timer calls it); positions are never used again."""
    return await forgetting.forget(StreamEntry.filter(at__lt=clock.now() - kept), by="at")


def missing_before(entries: Sequence[Entry], after: int) -> bool:
    """Whether entries between `after` and the first of `entries` are gone (`forget_old`)."""
    return bool(entries) and entries[0].position > after + 1


async def _next_position(key: str) -> int:
    """Move the counter on; its row stays locked until the end of the transaction."""
    if not database.in_progress():
        raise RuntimeError("a stream is moved on inside transaction()")
    while True:
        moved = await _MOVE_ON.row(key)
        if moved is not None:
            return int(moved["position"])
        await Stream.bulk_create([Stream(key=key)], ignore_conflicts=True)


def _entry(row: StreamEntry) -> Entry:
    return Entry(position=row.position, kind=row.kind, payload=json.loads(row.payload), at=row.at)
