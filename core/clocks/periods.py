"""How a period is counted and what it reaches: due dates, pauses, extensions, marks. Pure.

A due date is always counted anew from what it stands on (start, limit, extension, pauses, calendar)
and never moved by a difference: whoever counts twice gets the same day, and another calendar gives
the day it would have given from the beginning.

Sources: Administrative Licensing Law art. 42 (extension), 45 (what is not counted), 82 (working
days); the day of the start is day 0. Warning: one working day, or a fifth of the period.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from core.clocks.workdays import WorkCalendar

WARN_SHARE = 0.2
LEAST_WARNING = 1
"""Working days."""

_DAY = timedelta(days=1)


class Unit(StrEnum):
    WORKDAY = "workday"
    DAY = "day"
    """Calendar days; a period that ends on a day off runs to the next working day."""
    INSTANT = "instant"
    """On the day of the start, or the next working day."""
    DATE = "date"
    """No period: a day that somebody named."""


@dataclass(frozen=True)
class Limit:
    """A period of `value` units, or the day `on` for `Unit.DATE`."""

    value: int
    unit: Unit
    on: date | None = None

    @classmethod
    def until(cls, day: date) -> Limit:
        return cls(0, Unit.DATE, day)


@dataclass(frozen=True)
class Pause:
    """The clock stood still after `from_on`, which still counted, and up to `to_on`, the day from
    which it counts again; None while it stands."""

    from_on: date
    to_on: date | None = None


class Mark(StrEnum):
    """What a running clock reaches, in this order."""

    WARN = "warn"
    """So little is left that the light turns yellow."""
    DUE = "due"
    """The last day."""
    LAPSE = "lapse"
    """The day after it."""


def due(
    start: date, limit: Limit, extension: int, pauses: Iterable[Pause], days: WorkCalendar
) -> date:
    """The last day of a period. Raises `CalendarMissing`.

    An extension is counted in the limit's own unit, pauses in working days; one that still lasts
    moves nothing yet.
    """
    match limit.unit:
        case Unit.WORKDAY:
            end = days.add_working_days(start, limit.value + extension)
        case Unit.DAY:
            end = days.next_working_day(start + _DAY * (limit.value + extension))
        case Unit.INSTANT:
            end = days.add_working_days(days.next_working_day(start), extension)
        case Unit.DATE:
            if limit.on is None:
                raise ValueError("a limit by date names the day")
            end = days.add_working_days(limit.on, extension) if extension else limit.on
    stopped = sum(
        days.working_days_between(pause.from_on, pause.to_on) for pause in pauses if pause.to_on
    )
    return days.add_working_days(end, stopped)


def warn_on(start: date, due_on: date, days: WorkCalendar) -> date | None:
    """The first day on which no more than max(1 working day, 20 %) is left; None where the period
    has no working day of its own (on the spot)."""
    promised = days.working_days_between(start, due_on)
    if promised <= 0:
        return None
    least, left, day = max(LEAST_WARNING, promised * WARN_SHARE), 0, due_on
    while day > start and left + days.is_working_day(day) <= least:
        left += days.is_working_day(day)
        day -= _DAY
    return day


def marks(start: date, due_on: date, days: WorkCalendar) -> dict[Mark, date]:
    """The marks of a due date with the day of each, in order; each day is later than the last."""
    warning = warn_on(start, due_on, days)
    first = {} if warning is None else {Mark.WARN: warning}
    return {**first, Mark.DUE: due_on, Mark.LAPSE: due_on + _DAY}


def next_mark(of: dict[Mark, date], *, without: Collection[str]) -> tuple[Mark, date] | None:
    """The first mark that was not yet reached for this due date."""
    return next((one for one in of.items() if one[0] not in without), None)
