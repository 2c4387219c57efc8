"""A lease: one process at a time does a job, and another takes over when it dies.

The lease is a row, not a Redis key: the work must go on when Redis is away (docs/adr/0004). Each
taking raises the fencing number, so that a process that slept through its lease can be told apart.

No clock of one machine decides for others. The row runs out by the clock of the database; and
whoever has seen it unchanged for a whole life by their own steady seconds takes it over whatever
it says, so that a clock that was ahead and was set back holds nothing up. The holder counts its own
life in steady seconds too, from before it asked.
"""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model

from core import clock, sql
from core.ids import new_id
from core.sql import NOW, After

ASKED_PER_LIFE = 4
"""How often the row of a lease that somebody else holds is looked at within its life."""


class LeaseRow(Model):
    name = fields.CharField(max_length=60, primary_key=True, generated=False)
    holder = fields.CharField(max_length=36)
    fence = fields.BigIntField()
    expires_at = fields.DatetimeField()

    class Meta:
        table = "core_lease"
        app = "core"


_RENEW = """
UPDATE core_lease SET expires_at = :until WHERE name = :name AND holder = :holder RETURNING name
"""
_TAKE_WHAT_RAN_OUT = """
UPDATE core_lease SET holder = :holder, fence = fence + 1, expires_at = :until
WHERE name = :name AND expires_at < :now RETURNING name
"""
_TAKE_WHAT_STANDS_STILL = """
UPDATE core_lease SET holder = :holder, fence = fence + 1, expires_at = :until
WHERE name = :name AND holder = :other AND fence = :fence AND expires_at = :expires RETURNING name
"""
_FIRST = """
INSERT INTO core_lease (name, holder, fence, expires_at) VALUES (:name, :holder, 1, :until)
ON CONFLICT DO NOTHING RETURNING name
"""
_GIVE_BACK = """
UPDATE core_lease SET expires_at = :now WHERE name = :name AND holder = :holder RETURNING name
"""


class Lease:
    """`seconds` is how long the job stands still after its holder died."""

    def __init__(self, name: str, *, seconds: float = 6.0) -> None:
        self.name = name
        self.holder = str(new_id())
        self._life = seconds
        self._until: float | None = None
        self._ask_again: float | None = None
        self._seen: tuple[tuple[Any, ...], float] | None = None
        """The row of somebody else, and since when we see it like this."""

    @property
    def held(self) -> bool:
        """Whether the lease that was taken last still runs, without asking.

        A process that was stopped for longer than the lease sees that it must not go on.
        """
        return self._until is not None and clock.steady() < self._until

    async def acquire(self) -> bool:
        """Take or renew the lease; True when this process holds it now.

        May be asked as often as one is woken: the row is not looked at while at least half of our
        own lease is left, nor more than a few times in the life of somebody else's.
        """
        began = clock.steady()
        if self._until is not None and began + self._life / 2 < self._until:
            return True
        if self._ask_again is not None and began < self._ask_again:
            return False
        taken = await self._acquire()
        self._until = began + self._life if taken else None
        self._ask_again = None if taken else began + self._life / ASKED_PER_LIFE
        return taken

    async def _acquire(self) -> bool:
        mine = {"name": self.name, "holder": self.holder, "until": After(self._life)}
        if await sql.rows(_RENEW, **mine):
            return True
        if await sql.rows(_TAKE_WHAT_RAN_OUT, now=NOW, **mine):
            return True
        row = await LeaseRow.get_or_none(name=self.name)
        if row is None:
            return bool(await sql.rows(_FIRST, **mine))
        if not self._stands_still(row):
            return False
        self._seen = None
        return bool(
            await sql.rows(
                _TAKE_WHAT_STANDS_STILL,
                other=row.holder,
                fence=row.fence,
                expires=row.expires_at,
                **mine,
            )
        )

    def _stands_still(self, row: LeaseRow) -> bool:
        """Whether nobody has renewed it for a whole life, by our own steady seconds."""
        now, value = clock.steady(), (row.holder, row.fence, row.expires_at)
        if self._seen is None or self._seen[0] != value:
            self._seen = (value, now)
        return now - self._seen[1] > self._life

    async def release(self) -> None:
        """Give it back at once, so that a restart does not wait."""
        self._until = None
        await sql.rows(_GIVE_BACK, now=NOW, name=self.name, holder=self.holder)
