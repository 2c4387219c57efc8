"""The rows of clocks: what is owed by when, which marks were reached, when it stood still."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.models import Model

from core.clocks.periods import Limit, Mark, Unit
from core.queue import IndexWhere

OPEN = "state IN ('running', 'paused')"


class State(StrEnum):
    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    """Ended in time."""
    MISSED = "missed"
    """Ended after the due date."""
    VOID = "void"
    """Nothing is owed any more."""


class Clock(Model):
    """One period that somebody owes something in. `n` counts those of one owner and kind."""

    id = fields.BigIntField(primary_key=True)
    owner_kind = fields.CharField(max_length=20)
    owner_id = fields.UUIDField()
    kind = fields.CharField(max_length=20)
    n = fields.SmallIntField()
    department = fields.CharField(max_length=20)
    started_on = fields.DateField()
    limit_value = fields.SmallIntField()
    limit_unit = fields.CharEnumField(Unit, max_length=8)
    limit_on = fields.DateField(null=True)
    extension = fields.SmallIntField(default=0)
    due_on = fields.DateField()
    state = fields.CharEnumField(State, max_length=8, default=State.RUNNING)
    next_mark = fields.CharEnumField(Mark, max_length=8, null=True)
    next_mark_on = fields.DateField(null=True)
    """Null while it stands still, when it has ended, and when all marks were reached."""
    met_on = fields.DateField(null=True)
    late_days = fields.SmallIntField(null=True)
    """Working days."""
    basis = fields.CharField(max_length=120)
    """The article or promise it follows."""
    calendar = fields.IntField()
    """The revision of the calendar by which `due_on` was counted."""
    fence = fields.IntField(default=0, db_default=0)
    """Grows with every change."""

    class Meta:
        table = "core_clock"
        app = "core"
        unique_together = (("owner_kind", "owner_id", "kind", "n"),)
        indexes = (
            IndexWhere(
                fields=("next_mark_on", "id"),
                name="idx_clock_next",
                where="next_mark_on IS NOT NULL",
            ),
            IndexWhere(fields=("calendar", "id"), name="idx_clock_calendar", where=OPEN),
        )

    @property
    def limit(self) -> Limit:
        return Limit(self.limit_value, self.limit_unit, self.limit_on)


class ClockMark(Model):
    """A mark that was reached: once for each due date."""

    id = fields.BigIntField(primary_key=True)
    clock: fields.ForeignKeyRelation[Clock] = fields.ForeignKeyField(
        "core.Clock", related_name="marks", on_delete=fields.CASCADE
    )
    mark = fields.CharEnumField(Mark, max_length=8)
    for_due_on = fields.DateField()
    reached_on = fields.DateField()
    """The mark's own day, also when it was noticed a week later."""
    at = fields.DatetimeField()

    clock_id: Any

    class Meta:
        table = "core_clock_mark"
        app = "core"
        unique_together = (("clock", "mark", "for_due_on"),)


class ClockPause(Model):
    """A time in which a clock stood still, and why."""

    id = fields.BigIntField(primary_key=True)
    clock: fields.ForeignKeyRelation[Clock] = fields.ForeignKeyField(
        "core.Clock", related_name="pauses", on_delete=fields.CASCADE
    )
    cause = fields.CharField(max_length=30)
    from_on = fields.DateField()
    expected_on = fields.DateField(null=True)
    to_on = fields.DateField(null=True)
    open_of = fields.BigIntField(null=True, unique=True)
    """The clock while it stands still, null afterwards: one clock has one open pause."""

    clock_id: Any

    class Meta:
        table = "core_clock_pause"
        app = "core"
        indexes = (("clock_id", "id"),)
