"""Vectors: the 2026 calendar with its swapped days, years nobody knows, and slips of the pen."""

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from core.clocks import workdays
from core.clocks.workdays import CalendarMissing, InvalidCalendar, Year
from services.guides.reading import read_holidays

DAYS = workdays.build(read_holidays())
GOOD = Year(
    year=2028,
    source="样例",
    days_off=(date(2028, 1, 3), date(2028, 10, 2)),
    days_worked=(date(2028, 1, 8),),
)


def day(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("start", "count", "due"),
    [
        ("2026-02-13", 1, "2026-02-14"),
        ("2026-02-13", 5, "2026-02-27"),
        ("2026-02-13", 10, "2026-03-05"),
        ("2026-09-24", 3, "2026-09-30"),
        ("2026-09-30", 3, "2026-10-10"),
        ("2026-09-30", 20, "2026-11-03"),
        ("2026-04-30", 5, "2026-05-11"),
        ("2026-11-25", 5, "2026-12-02"),
    ],
)
def test_working_days_follow_the_calendar(start: str, count: int, due: str) -> None:
    assert DAYS.add_working_days(day(start), count) == day(due)
    assert DAYS.working_days_between(day(start), day(due)) == count
    assert DAYS.working_days_between(day(due), day(start)) == -count


@pytest.mark.parametrize("year", [2025, 2028, 2031])
def test_a_year_without_a_calendar_fails_loudly(year: int) -> None:
    with pytest.raises(CalendarMissing) as refused:
        DAYS.is_working_day(date(year, 3, 3))

    assert refused.value.members == {"year": year}
    assert str(year) in str(refused.value.detail)


def test_a_period_that_runs_into_a_missing_year_fails_loudly() -> None:
    with pytest.raises(CalendarMissing) as refused:
        DAYS.add_working_days(day("2027-12-30"), 5)

    assert refused.value.members == {"year": 2028}


def test_no_year_is_guessed_from_the_ones_beside_it() -> None:
    only_2026 = workdays.build([year for year in read_holidays() if year.year == 2026])

    with pytest.raises(CalendarMissing):
        only_2026.add_working_days(day("2026-12-30"), 5)


def test_next_year_is_known_to_be_provisional() -> None:
    assert 2027 in DAYS.provisional
    assert 2026 not in DAYS.provisional


@given(
    start=some.dates(date(2026, 1, 1), date(2027, 6, 30)),
    first=some.integers(0, 60),
    second=some.integers(0, 60),
)
def test_days_added_one_after_the_other_are_their_sum(start: date, first: int, second: int) -> None:
    apart = DAYS.add_working_days(DAYS.add_working_days(start, first), second)

    assert apart == DAYS.add_working_days(start, first + second)
    assert DAYS.working_days_between(start, apart) == first + second


@given(start=some.dates(date(2026, 1, 1), date(2027, 11, 30)))
def test_next_working_day_is_the_first_that_is_worked(start: date) -> None:
    found = DAYS.next_working_day(start)
    between = [start + timedelta(days=n) for n in range((found - start).days)]

    assert DAYS.is_working_day(found)
    assert not any(map(DAYS.is_working_day, between))


def test_shipped_years_are_as_an_operator_would_have_to_write_them() -> None:
    for year in read_holidays():
        workdays.check(year)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"year": 208}, "208"),
        ({"year": 20280}, "20280"),
        ({"source": "  "}, "依据"),
        ({"days_off": ()}, "放假日"),
        ({"days_off": tuple(date(2028, 1, 1) + timedelta(days=n) for n in range(61))}, "61"),
        ({"days_off": (date(2027, 1, 3),)}, "2027-01-03"),
        ({"days_worked": (date(2029, 1, 6),)}, "2029-01-06"),
        ({"days_off": (date(2028, 1, 3), date(2028, 1, 3))}, "2028-01-03"),
        ({"days_off": (date(2028, 1, 8),)}, "2028-01-08"),
        ({"days_worked": (date(2028, 1, 4),)}, "2028-01-04"),
    ],
)
def test_a_slip_of_the_pen_is_refused_by_name(change: dict[str, Any], named: str) -> None:
    workdays.check(GOOD)

    with pytest.raises(InvalidCalendar) as refused:
        workdays.check(msgspec.structs.replace(GOOD, **change))

    assert named in str(refused.value.detail)
