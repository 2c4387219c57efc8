"""Queue: rows of a table that somebody has to work on, by several workers, once at a time.

    due ──claim──▶ held ──settle──▶ what the act says (told, sent, done)
     ▲               │ ├──put off──▶ due later, each time later; in the end given up
     └── runs out ───┘ └──release──▶ due again, as if it had not been claimed

One mechanism under the outbox, deliveries, webhooks, content checks, orders, refunds and jobs. A
table takes part by the columns of `Queued` and says in a `Queue` which of its rows are unfinished.

Invariants
- A claim is a row whose `fence` was raised and which is held until a moment of the *database's*
  clock. Only who knows the newest fence can settle, put off or release it: of two who both believe
  to hold a row, one writes. Each row is therefore worked on at least once and settled once.
- A hold that is over, or longer than a hold can be (a clock was set back), is free for the next.
- Of the rows of one `key` only the oldest unfinished one is claimed, and none while another of them
  is held.
- Rows that cannot run are not looked at again and again: what waits behind a held-up row is put
  behind it in time (`tidy`) and brought back when that is finished. The number of rows that wait
  costs a claim nothing.

What it does not do: it starts no task (core/workers.py does) and knows no act.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from core import database, sql
from core.data.statements import columns_of, loaded
from core.sql import NOW, After

log = logging.getLogger(__name__)

AT_ONCE = datetime(2000, 1, 1, tzinfo=UTC)
"""Due at once, whatever any clock says."""

WAIT_BEHIND_SECONDS = 600.0
"""Rows behind one that is held up are looked at again after this, should nobody bring them back."""

TIDY_AT_ONCE = 1000
BEYOND_SECONDS = 10.0
"""A hold that runs so much longer than a claim can was written by a clock that was ahead. Others'
statements may have begun a little later than ours: their holds are honest."""

MOST_LOST = 8
"""So many holders died over a row; then it is the row."""

R = TypeVar("R", bound=Model)


class Claimed(Model):
    """The columns by which a row is claimed."""

    fence = fields.BigIntField(default=0, db_default=0)
    """How often it was claimed; never goes back."""
    lost = fields.SmallIntField(default=0, db_default=0)
    """How many holders died over it."""
    held_until = fields.DatetimeField(null=True)
    """Empty unless somebody holds the row, or died holding it."""

    class Meta:
        abstract = True


class Queued(Claimed):
    """The columns of a row in a queue, under their usual names."""

    due_at = fields.DatetimeField(default=AT_ONCE)
    attempts = fields.SmallIntField(default=0)
    """Failures since it was written or replayed."""

    class Meta:
        abstract = True


class IndexWhere(Index):
    """An index of some rows only: both databases read it when a statement repeats `where`."""

    def __init__(self, *, fields: Sequence[str], name: str, where: str) -> None:
        super().__init__(fields=list(fields), name=name)
        self.where = where
        self.extra = f" WHERE {where}"

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        path, args, kwargs = super().deconstruct()
        return path, args, kwargs | {"where": self.where}


@dataclass(frozen=True, kw_only=True)
class Backoff:
    """Pauses in seconds: first, first × factor … at most `longest`; over after `tries` failures."""

    first: float
    longest: float
    tries: int
    factor: float = 2.0

    def pause(self, attempts: int) -> float:
        """The pause after so many failures (1: the first)."""
        return float(min(self.first * self.factor ** (attempts - 1), self.longest))

    def over(self, attempts: int) -> bool:
        """Whether there is no further try."""
        return attempts >= self.tries


@dataclass(frozen=True)
class Claim(Generic[R]):
    """A row that is ours for a while."""

    queue: Queue[R]
    row: R
    fence: int
    attempts: int
    lost: int
    """Holders who died over it; more than 0 means that it may have been done already."""

    async def settle(self, **changes: Any) -> bool:
        """Write what became of it and give it back; False, and nothing written, when another has
        claimed it since. Joins the transaction it is called in. A moment may be given as `After`.
        """
        return await self.queue.write(self, changes)

    async def put_off(self, *, error: str = "", pause: float | None = None, **changes: Any) -> bool:
        """Count a failure and let it wait; `pause` in seconds instead of the queue's back-off."""
        attempts = self.attempts + 1
        waits = self.queue.backoff.pause(attempts) if pause is None else pause
        named = {self.queue.error: error[:80]} if self.queue.error else {}
        counted = {self.queue.attempts: attempts, self.queue.due: After(waits)}
        return await self.queue.write(self, {**named, **counted, **changes})

    async def wait(self, seconds: float, **changes: Any) -> bool:
        """Let it wait without counting a failure."""
        return await self.queue.write(self, {self.queue.due: After(seconds), **changes})

    async def release(self) -> bool:
        """Give it back as it was (a worker that is being stopped)."""
        return await self.queue.write(self, {})


@dataclass(frozen=True, kw_only=True)
class Queue(Generic[R]):
    """How a table is a queue. Conditions are SQL over the alias `j`, parts of our own code.

    `life` is how long a claim runs without being renewed: what a dead worker held goes on after it.
    """

    name: str
    model: type[R]
    open: str
    """Unfinished and not given up. Repeats the condition of the index over (due, id)."""
    undone: str = ""
    """Unfinished, including rows that were parked and hold up their key; `open` when empty."""
    allowed: str = ""
    """What must hold besides for a row to run (its address is not paused)."""
    key: Sequence[str] = ()
    """Columns; rows that are equal in them run one after another, in the order of their ids."""
    lane: str = ""
    """Column; a worker runs few rows of one lane at once (core/workers.py)."""
    backoff: Backoff
    life: float = 6.0
    furthest: float = 7 * 86400.0
    """No row is due later than in so many seconds, unless a clock was wrong when it was written."""
    due: str = "due_at"
    attempts: str = "attempts"
    error: str = "last_error"

    @property
    def table(self) -> str:
        return self.model._meta.db_table

    async def claim(self, limit: int, *, without: Collection[Any] = ()) -> list[Claim[R]]:
        """Claim up to `limit` rows, the longest due first; none of the lanes in `without`."""
        if limit <= 0:
            return []
        taken = await sql.rows(
            self._claim_statement(busy=bool(without)),
            now=NOW,
            until=After(self.life),
            beyond=After(2 * self.life + BEYOND_SECONDS),
            limit=limit,
            busy=list(without),
        )
        claims = [
            Claim(
                queue=self,
                row=loaded(self.model, one),
                fence=one["fence"],
                attempts=one[self.attempts],
                lost=one["lost"],
            )
            for one in taken
        ]
        return sorted(claims, key=lambda claim: (getattr(claim.row, self.due), str(claim.row.pk)))

    async def write(self, claim: Claim[R], changes: Mapping[str, Any]) -> bool:
        """Change a claimed row and give it back, if the claim is still the newest."""
        values = {f"v_{name}": value for name, value in changes.items()}
        sets = "".join(f", {name} = :v_{name}" for name in changes)
        written = await sql.rows(
            f"UPDATE {self.table} SET held_until = NULL{sets}"
            " WHERE id = :id AND fence = :fence AND held_until IS NOT NULL RETURNING id",
            id=claim.row.pk,
            fence=claim.fence,
            **values,
        )
        return bool(written)

    async def renew(self, claims: Sequence[Claim[R]]) -> list[Claim[R]]:
        """Hold on to `claims` for another life; returns those that another has taken since."""
        gone = []
        for claim in claims:
            kept = await sql.rows(
                f"UPDATE {self.table} SET held_until = :until"
                " WHERE id = :id AND fence = :fence AND held_until IS NOT NULL RETURNING id",
                until=After(self.life),
                id=claim.row.pk,
                fence=claim.fence,
            )
            if not kept and await self._taken_from(claim):
                gone.append(claim)
        return gone

    async def _taken_from(self, claim: Claim[R]) -> bool:
        """Whether another has claimed the row; one that was given back meanwhile is no loss."""
        return bool(
            await sql.rows(
                f"SELECT id FROM {self.table} WHERE id = :id AND fence > :fence",
                id=claim.row.pk,
                fence=claim.fence,
            )
        )

    async def bring_back(self, row: R) -> None:
        """Look again at once at what waits behind `row`, which is out of the way."""
        if not self.key:
            return
        same = " AND ".join(f"{name} = :k_{name}" for name in self.key)
        await sql.rows(
            f"UPDATE {self.table} AS j SET {self.due} = :at_once"
            f" WHERE {same} AND {self.open} AND j.{self.attempts} = 0 AND j.held_until IS NULL"
            f" AND j.{self.due} > :now RETURNING id",
            at_once=AT_ONCE,
            now=NOW,
            **{f"k_{name}": getattr(row, name) for name in self.key},
        )

    async def tidy(self) -> int:
        """Take out of the way what cannot run, and bring back what a wrong clock put too far away.

        Cheap when there is nothing to do; whoever works on the queue calls it every few seconds.
        """
        early = await sql.rows(
            f"UPDATE {self.table} SET {self.due} = :at_once WHERE id IN ("
            f"SELECT j.id FROM {self.table} j WHERE {self.open} AND j.{self.due} > :furthest"
            " LIMIT :most) RETURNING id",
            at_once=AT_ONCE,
            furthest=After(self.furthest),
            most=TIDY_AT_ONCE,
        )
        moved = len(early)
        for found in self._blocked():
            behind = await sql.rows(
                self._chosen(found) + f" UPDATE {self.table} SET {self.due} = :later"
                " WHERE id IN (SELECT id FROM chosen) RETURNING id",
                now=NOW,
                later=After(WAIT_BEHIND_SECONDS),
                most=TIDY_AT_ONCE,
            )
            moved += len(behind)
        return moved

    def _blocked(self) -> list[str]:
        """What selects rows that are due and yet cannot run for long."""
        due = f"{self.open} AND j.{self.due} <= :now AND j.held_until IS NULL"
        order = f" ORDER BY j.{self.due}, j.id LIMIT :most"
        found = []
        if self.allowed:
            found.append(
                f"SELECT j.id FROM {self.table} j WHERE {due} AND NOT ({self.allowed}){order}"
            )
        if self.key:
            held_up = f"({_of('h', self._undone)}) AND h.held_until IS NULL"
            waits = f"(NOT ({_of('h', self.open)}) OR h.{self.due} > :now)"
            # The row in front is locked: whoever finishes it meanwhile brings these back after us.
            lock = " FOR UPDATE OF h SKIP LOCKED" if database.dialect() == "postgres" else ""
            found.append(
                f"SELECT j.id FROM {self.table} j JOIN {self.table} h"
                f" ON {self._same('h')} AND h.id < j.id"
                f" WHERE {due} AND {held_up} AND {waits}{order}{lock}"
            )
        return found

    @property
    def _undone(self) -> str:
        return self.undone or self.open

    def _same(self, other: str) -> str:
        return " AND ".join(f"{other}.{name} = j.{name}" for name in self.key)

    def _chosen(self, select: str) -> str:
        if database.dialect() == "postgres":
            return f"WITH chosen AS MATERIALIZED ({select})"
        return f"WITH chosen AS ({select})"

    def _claim_statement(self, *, busy: bool) -> str:
        free = "(j.held_until IS NULL OR j.held_until <= :now OR j.held_until > :beyond)"
        parts = [self.open, f"j.{self.due} <= :now", free]
        if self.allowed:
            parts.append(self.allowed)
        if busy:
            parts.append(f"j.{self.lane} NOT IN :busy")
        if self.key:
            parts += [self._is_first(), self._is_alone()]
        lock = " FOR UPDATE OF j SKIP LOCKED" if database.dialect() == "postgres" else ""
        select = (
            f"SELECT j.id FROM {self.table} j WHERE {' AND '.join(parts)}"
            f" ORDER BY j.{self.due}, j.id LIMIT :limit{lock}"
        )
        return (
            self._chosen(select) + f" UPDATE {self.table} SET fence = fence + 1,"
            " lost = lost + CASE WHEN held_until IS NULL THEN 0 ELSE 1 END, held_until = :until"
            " WHERE id IN (SELECT id FROM chosen)"
            f" RETURNING {columns_of(self.model)}"
        )

    def _is_first(self) -> str:
        """Nothing unfinished of its key is older: one look into an index, also for long keys."""
        return (
            f"j.id = (SELECT e.id FROM {self.table} e WHERE {self._same('e')}"
            f" AND {_of('e', self._undone)} ORDER BY e.id LIMIT 1)"
        )

    def _is_alone(self) -> str:
        """Nor is a younger one held: it was claimed before this one, written earlier, was
        committed. Such a row is among the next few."""
        return (
            f"NOT EXISTS (SELECT 1 FROM (SELECT r.held_until FROM {self.table} r"
            f" WHERE {self._same('r')} AND {_of('r', self._undone)} AND r.id > j.id"
            " ORDER BY r.id LIMIT 8) near"
            " WHERE near.held_until > :now AND near.held_until <= :beyond)"
        )


def _of(alias: str, condition: str) -> str:
    """The condition over another alias."""
    return condition.replace("j.", f"{alias}.")
