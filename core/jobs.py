"""Jobs: long work that is marked due by what starts it, and rows a timer could not get past.

A reaction of the relay must be short. What takes long (a batch of a hundred thousand lines) is a
job: `mark` writes it in the transaction of the fact, workers of any process do it, and one that
dies half-way is done again; each act finds its own place and is harmless when repeated.

A timer walks rows with `walk`. A row that raises is logged and becomes a job of its own, which is
tried again, each time later, and parked in the end; the rows behind it go on meanwhile.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from tortoise import fields
from tortoise.models import Model

from core import clock, database, sql
from core.data import forgetting
from core.queue import AT_ONCE, MOST_LOST, Backoff, Claim, IndexWhere, Queue, Queued
from core.sql import NOW, After
from core.workers import Bell, Workers

log = logging.getLogger(__name__)

PAGE = 200
MOST_A_WALK = 1000
"""Rows a walk acts upon in one sweep; the next goes on with what is still due."""

LONGEST_SECONDS = 6 * 3600.0
JOBS_AT_ONCE = 4

R = TypeVar("R", bound=Model)
Act = Callable[[str], Awaitable[None]]


class Job(Queued):
    """One thing to be done. `ref` says what about, within its kind; there is one of each."""

    id = fields.BigIntField(primary_key=True)
    kind = fields.CharField(max_length=40)
    ref = fields.CharField(max_length=80)
    key = fields.CharField(max_length=80)
    """Jobs of one key are done one after another."""
    created_at = fields.DatetimeField()
    done_at = fields.DatetimeField(null=True)
    parked_at = fields.DatetimeField(null=True)
    last_error = fields.CharField(max_length=200, null=True)

    class Meta:
        table = "core_job"
        app = "core"
        unique_together = (("kind", "ref"),)
        indexes = (
            IndexWhere(
                fields=("due_at", "id"),
                name="idx_job_due",
                where="done_at IS NULL AND parked_at IS NULL",
            ),
            IndexWhere(fields=("key", "id"), name="idx_job_key", where="done_at IS NULL"),
            IndexWhere(fields=("done_at",), name="idx_job_done", where="done_at IS NOT NULL"),
        )


QUEUE = Queue(
    name="jobs",
    model=Job,
    open="j.done_at IS NULL AND j.parked_at IS NULL",
    undone="j.done_at IS NULL",
    key=("key",),
    backoff=Backoff(first=5.0, longest=3600.0, tries=10, factor=3.0),
    life=15.0,
    furthest=86400.0,
)

bell = Bell()

_MARK = """
INSERT INTO core_job (kind, ref, key, created_at, due_at, attempts, fence, lost)
VALUES (:kind, :ref, :key, :now, :due, :attempts, 0, 0)
ON CONFLICT (kind, ref) DO UPDATE SET due_at = :due, attempts = :attempts, done_at = NULL,
  parked_at = NULL, lost = 0
WHERE core_job.done_at IS NOT NULL RETURNING id
"""


async def mark(kind: str, ref: str, *, key: str | None = None) -> None:
    """Have `ref` done soon; call it inside the transaction of what asks for it. Again is harmless;
    what was done before is done once more."""
    await _mark(kind, ref, key=key, due=AT_ONCE, attempts=0)
    database.after_commit(bell.ring)


async def put_off(kind: str, ref: str, error: Exception) -> None:
    """Something a timer came upon raised: a job of its own tries it again later."""
    log.warning("%s %s was put off", kind, ref, exc_info=error)
    await _mark(kind, ref, key=None, due=After(QUEUE.backoff.pause(1)), attempts=1)


async def _mark(
    kind: str, ref: str, *, key: str | None, due: datetime | After, attempts: int
) -> None:
    named = f"{kind}:{ref if key is None else key}"[:80]
    await sql.rows(_MARK, kind=kind, ref=ref, key=named, now=NOW, due=due, attempts=attempts)


class UnknownKind(Exception):
    """No act of this release does such a job."""


def workers(acts: Mapping[str, Act], *, bell: Bell | None = None) -> Workers[Job]:
    """Those who do the jobs, by what is in `acts` under their kind."""

    async def work(claim: Claim[Job]) -> bool:
        act = acts.get(claim.row.kind)
        if act is None or claim.lost >= MOST_LOST:
            raise UnknownKind(claim.row.kind)
        await act(claim.row.ref)
        async with database.transaction():
            done = await claim.settle(done_at=NOW, last_error=None)
            if done and claim.fence > 1:
                await QUEUE.bring_back(claim.row)
        return done

    return Workers(
        QUEUE,
        work,
        failed=_put_off,
        bell=bell,
        at_once=JOBS_AT_ONCE,
        slow_at_once=JOBS_AT_ONCE,
        longest=LONGEST_SECONDS,
    )


async def _put_off(claim: Claim[Job], error: Exception) -> None:
    row, attempts = claim.row, claim.attempts + 1
    hopeless = QUEUE.backoff.over(attempts) or isinstance(error, UnknownKind)
    parked: dict[str, Any] = {"parked_at": NOW} if hopeless else {}
    if not await claim.put_off(error=type(error).__name__, **parked):
        return
    log.log(
        logging.CRITICAL if hopeless else logging.WARNING,
        "job %s: %s %s",
        "parked" if hopeless else "put off",
        row.kind,
        row.ref,
        exc_info=error,
    )


async def walk(
    kind: str,
    page: Callable[[R | None, int], Awaitable[Sequence[R]]],
    act: Callable[[R], Awaitable[bool]],
    *,
    most: int = MOST_A_WALK,
) -> int:
    """Act on every row that is due; returns how many times `act` said that it did something.

    `page(last, limit)` gives rows in an order of its own, those after the row `last` (None: the
    first). A row that raises is left to the job of its kind. At most `most` rows are acted upon.
    """
    done, tried = 0, 0
    last: R | None = None
    while tried < most:
        rows = await page(last, PAGE)
        if not rows:
            break
        last = rows[-1]
        left = await waiting(kind, [str(row.pk) for row in rows])
        for row in rows:
            if str(row.pk) in left:
                continue
            tried += 1
            try:
                done += await act(row)
            except Exception as error:  # one bad row must not stop those behind it
                await put_off(kind, str(row.pk), error)
    return done


async def waiting(kind: str, refs: Sequence[str]) -> set[str]:
    """Which of these have a job that is not done: a timer leaves them to it."""
    found = Job.filter(kind=kind, ref__in=list(refs), done_at__isnull=True)
    return {str(ref) for ref in await found.values_list("ref", flat=True)}


@dataclass(frozen=True, kw_only=True)
class ParkedJob:
    """A parked job as operators see it."""

    id: int
    kind: str
    ref: str
    parked_at: datetime
    attempts: int
    last_error: str | None


async def list_parked(*, after: int = 0, limit: int = 100) -> list[ParkedJob]:
    """Parked jobs after number `after`, oldest first."""
    rows = (
        await Job.filter(parked_at__isnull=False, done_at__isnull=True, id__gt=after)
        .order_by("id")
        .limit(limit)
        .values("id", "kind", "ref", "parked_at", "attempts", "last_error")
    )
    return [ParkedJob(**row) for row in rows]


async def replay(number: int) -> bool:
    """Let a parked job try again from the beginning; False when there is no such job."""
    parked = Job.filter(id=number, parked_at__isnull=False, done_at__isnull=True)
    async with database.transaction():
        changed = await parked.update(parked_at=None, attempts=0, lost=0, due_at=AT_ONCE)
        database.after_commit(bell.ring)
    return bool(changed)


async def raise_alarm() -> int:
    """Say again and again that jobs are parked (a timer calls it); returns how many there are."""
    count = await Job.filter(parked_at__isnull=False, done_at__isnull=True).count()
    if count:
        log.critical("%d jobs are parked: python manage.py outbox", count)
    return count


async def forget_done(*, kept: timedelta = timedelta(days=7)) -> int:
    """Delete jobs that were done longer than `kept` ago (a timer calls it)."""
    old = Job.filter(done_at__lt=clock.now() - kept)
    return await forgetting.forget(old, by="done_at")
