"""Working days: which days the offices work, and counting them. Pure.

Periods are working days without statutory holidays (Administrative Licensing Law art. 82); the
first day is the day after. The State Council announces each year which weekdays are off and which
weekends are worked in exchange. That is data (`core.clocks.holidays`): a year that is missing
raises `CalendarMissing` instead of guessing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import msgspec

from core.errors import Invalid, Unavailable

_SATURDAY = 5
_DAY = timedelta(days=1)

FIRST_YEAR, LAST_YEAR = 2000, 2199
"""Years that a calendar may be about: another is a slip of the pen."""

MOST_DAYS_OFF = 60
"""Of one year. The regulation on public holidays gives 13, with swapped weekends some 35."""


class CalendarMissing(Unavailable):
    slug = "calendar-missing"
    title = "工作日历还没有这一年的数据，请联系管理员加载"


class InvalidCalendar(Invalid):
    slug = "invalid-calendar"
    title = "工作日历的内容不对，请改正后重新加载"


class Year(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A year of the calendar: days off that are weekdays, and weekends that are worked."""

    year: int
    source: str
    """The announcement it follows."""
    provisional: bool = False
    """Whether the announcement with the swapped days is still to come."""
    days_off: tuple[date, ...]
    days_worked: tuple[date, ...]


@dataclass(frozen=True)
class WorkCalendar:
    """Which days the offices work, for the years that are known."""

    years: frozenset[int]
    off: frozenset[date]
    working: frozenset[date]
    provisional: frozenset[int] = frozenset()
    revision: int = 0
    """Grows with every year that is loaded or changed."""

    def is_working_day(self, day: date) -> bool:
        """Raises `CalendarMissing` for a year without data."""
        if day.year not in self.years:
            raise CalendarMissing(f"工作日历没有 {day.year} 年的数据", year=day.year)
        if day in self.working:
            return True
        return day.weekday() < _SATURDAY and day not in self.off

    def next_working_day(self, day: date) -> date:
        """`day` itself when it is worked, else the first worked day after it."""
        while not self.is_working_day(day):
            day += _DAY
        return day

    def add_working_days(self, start: date, days: int) -> date:
        """The `days`-th working day after `start`, which itself is day 0."""
        day = start
        while days > 0:
            day += _DAY
            days -= self.is_working_day(day)
        return day

    def working_days_between(self, start: date, end: date) -> int:
        """Working days after `start` up to and including `end`; negative when `end` is earlier."""
        if end < start:
            return -self.working_days_between(end, start)
        span = (start + _DAY * n for n in range(1, (end - start).days + 1))
        return sum(self.is_working_day(day) for day in span)


def build(years: Iterable[Year], *, revision: int = 0) -> WorkCalendar:
    """One calendar out of years."""
    known = list(years)
    return WorkCalendar(
        years=frozenset(entry.year for entry in known),
        off=frozenset(day for entry in known for day in entry.days_off),
        working=frozenset(day for entry in known for day in entry.days_worked),
        provisional=frozenset(entry.year for entry in known if entry.provisional),
        revision=revision,
    )


def check(year: Year) -> None:
    """Raises `InvalidCalendar` for a year that no announcement can mean, naming the day."""
    if not FIRST_YEAR <= year.year <= LAST_YEAR:
        raise InvalidCalendar(f"{year.year} 不是可以加载的年份", year=year.year)
    if not year.source.strip():
        raise InvalidCalendar(f"{year.year} 年的日历没有写明依据", year=year.year)
    if not year.days_off or len(year.days_off) > MOST_DAYS_OFF:
        raise InvalidCalendar(
            f"{year.year} 年应有 1 至 {MOST_DAYS_OFF} 个放假日，文件里是 {len(year.days_off)} 个",
            year=year.year,
        )
    named = Counter([*year.days_off, *year.days_worked])
    for day, times in sorted(named.items()):
        if day.year != year.year:
            raise InvalidCalendar(f"{day} 不在 {year.year} 年内", year=year.year, day=str(day))
        if times > 1:
            raise InvalidCalendar(f"{day} 写了两次", year=year.year, day=str(day))
    for day in sorted(year.days_worked):
        if day.weekday() < _SATURDAY:
            raise InvalidCalendar(f"{day} 不是周末，不能写成补班日", year=year.year, day=str(day))
