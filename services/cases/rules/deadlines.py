"""Periods of the law: working days, due dates, pauses and the supervision lights. Pure.

Periods are working days without statutory holidays (Administrative Licensing Law art. 82), the
first day is the day after; a period of calendar days that ends on a day off runs to the next
working day. The calendar is handed in (`core.clocks.holidays`): a year that is missing raises
`CalendarMissing` instead of guessing.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from core.clocks.workdays import WorkCalendar
from services.guides.definitions import Limit

ACCEPTANCE_DAYS = 5
"""Working days in which missing materials must be told (Administrative Licensing Law art. 32)."""

SUPPLEMENT_DAYS = 15
"""Working days an applicant gets for a supplement when the notice names no date (our default)."""

_YELLOW_SHARE = 0.2
_DAY = timedelta(days=1)


class Light(StrEnum):
    """Electronic supervision (电子监察)."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"
    GREY = "grey"


def due_on(limit: Limit, *, received_on: date, accepted_on: date, days: WorkCalendar) -> date:
    """The last day of a limit that starts with acceptance or with receipt."""
    start = received_on if limit.starts == "receive" else accepted_on
    match limit.unit:
        case "instant":
            return days.next_working_day(start)
        case "day":
            return days.next_working_day(start + _DAY * limit.value)
        case _:
            return days.add_working_days(start, limit.value)


def acceptance_due_on(received_on: date, days: WorkCalendar) -> date:
    """The last day to accept, decline or ask once; after it the case counts as accepted."""
    return days.add_working_days(received_on, ACCEPTANCE_DAYS)


def after_pause(due: date, *, paused_on: date, resumed_on: date, days: WorkCalendar) -> date:
    """A due date moved on by the working days the clock stood still.

    The day of the notice still counted, the day of the answer counts again.
    """
    stopped = days.working_days_between(paused_on, resumed_on)
    return days.add_working_days(due, stopped)


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
    return Light.YELLOW if left <= max(1, promised * _YELLOW_SHARE) else Light.GREEN


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
    promised = days.working_days_between(started_on, nearest) if started_on else 0
    if started_on is None or promised == 0:
        return Turns(over, red_on)
    least, left, day = max(1, promised * _YELLOW_SHARE), 0, nearest
    while day > started_on and left + days.is_working_day(day) <= least:
        left += days.is_working_day(day)
        day -= _DAY
    return Turns(day, red_on)
