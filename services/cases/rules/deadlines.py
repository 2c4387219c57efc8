"""Periods of the law that cases owe, and the supervision lights. Pure.

Periods are working days without statutory holidays (Administrative Licensing Law art. 82), the
first day is the day after; a period of calendar days that ends on a day off runs to the next
working day. The calendar is handed in (`core.clocks.holidays`): a year that is missing raises
`CalendarMissing` instead of guessing.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from core.clocks import periods
from core.clocks.workdays import WorkCalendar

ACCEPTANCE_DAYS = 5
"""Working days in which missing materials must be told (Administrative Licensing Law art. 32)."""

SUPPLEMENT_DAYS = 15
"""Working days an applicant gets for a supplement when the notice names no date (our default)."""

_DAY = timedelta(days=1)


class Light(StrEnum):
    """Electronic supervision (电子监察)."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"
    GREY = "grey"


def light(
    *,
    at: date,
    due: date | None,
    started_on: date | None,
    days: WorkCalendar,
    step_due: date | None = None,
    clock_stopped: bool = False,
) -> Light:
    """The supervision light of a running case on the day `at`.

    Yellow when no more than max(1 working day, 20 % of the promise) is left or a step is overdue,
    red when the promise itself is overdue, grey when no clock runs.
    """
    if clock_stopped or (due is None and step_due is None):
        return Light.GREY
    if due is not None and at > due:
        return Light.RED
    if step_due is not None and at > step_due:
        return Light.YELLOW
    nearest = due or step_due
    if nearest is None or started_on is None:
        return Light.GREEN
    promised = days.working_days_between(started_on, nearest)
    if promised == 0:
        return Light.GREEN
    left = days.working_days_between(at, nearest)
    return Light.YELLOW if left <= max(1, promised * periods.WARN_SHARE) else Light.GREEN


@dataclass(frozen=True)
class Turns:
    """The first days on which a light is yellow or worse, and red; None for never."""

    yellow_on: date | None
    red_on: date | None


def turns(
    *, due: date | None, started_on: date | None, days: WorkCalendar, step_due: date | None = None
) -> Turns:
    """The days on which `light` turns, from the day the clock started. Raises `CalendarMissing`."""
    nearest = due or step_due
    if nearest is None:
        return Turns(None, None)
    over = nearest + _DAY
    red_on = over if due is not None else None
    if started_on is None:
        return Turns(over, red_on)
    return Turns(periods.warn_on(started_on, nearest, days) or over, red_on)
