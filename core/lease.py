"""A lease: one process at a time does a job, and another takes over when it dies.

The lease is a row, not a Redis key: the relay must go on when Redis is away (docs/adr/0004). Each
taking raises the fencing number, so that a process that slept through its lease can be told apart.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from tortoise import fields
from tortoise.exceptions import IntegrityError
from tortoise.expressions import F
from tortoise.models import Model

from core import clock
from core.ids import new_id

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


class Lease:
    """`seconds` is how long the job stands still after its holder died."""

    def __init__(self, name: str, *, seconds: float = 6.0) -> None:
        self.name = name
        self.holder = str(new_id())
        self._life = timedelta(seconds=seconds)
        self._until: datetime | None = None
        self._others_until: datetime | None = None

    @property
    def held(self) -> bool:
        """Whether the lease that was taken last still runs, without asking.

        A process that was stopped for longer than the lease sees that it must not go on.
        """
        return self._until is not None and clock.now() < self._until

    async def acquire(self) -> bool:
        """Take or renew the lease; True when this process holds it now.

        May be asked as often as one is woken: the row is not looked at while at least half of our
        own lease is left, nor more than a few times in the life of somebody else's.
        """
        now = clock.now()
        if self._until is not None and now + self._life / 2 < self._until:
            return True
        if self._others_until is not None and now < self._others_until:
            return False
        taken = await self._acquire(now)
        self._until = now + self._life if taken else None
        self._others_until = None if taken else now + self._life / ASKED_PER_LIFE
        return taken

    async def _acquire(self, now: datetime) -> bool:
        renewed = await LeaseRow.filter(name=self.name, holder=self.holder).update(
            expires_at=now + self._life
        )
        if renewed:
            return True
        taken = await LeaseRow.filter(name=self.name, expires_at__lt=now).update(
            holder=self.holder, fence=F("fence") + 1, expires_at=now + self._life
        )
        if taken:
            return True
        if await LeaseRow.filter(name=self.name).exists():
            return False
        try:
            await LeaseRow.create(
                name=self.name, holder=self.holder, fence=1, expires_at=now + self._life
            )
        except IntegrityError:
            return False
        return True

    async def release(self) -> None:
        """Give it back at once, so that a restart does not wait."""
        self._until = None
        await LeaseRow.filter(name=self.name, holder=self.holder).update(expires_at=clock.now())
