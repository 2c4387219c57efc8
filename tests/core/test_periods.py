"""Due dates are counted, never moved: vectors of the law, and what holds for every period."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from core.clocks import periods, workdays
from core.clocks.periods import Limit, Mark, Pause, Unit
from services.guides.reading import read_holidays

DAYS = workdays.build(read_holidays())


def day(text: str) -> date:
    return date.fromisoformat(text)


def due(start: str, value: int, unit: Unit, *pauses: Pause, more: int = 0) -> date:
    return periods.due(day(start), Limit(value, unit), more, pauses, DAYS)


@pytest.mark.parametrize(
    ("start", "value", "unit", "end"),
    [
        ("2026-02-13", 1, Unit.WORKDAY, "2026-02-14"),
        ("2026-02-13", 5, Unit.WORKDAY, "2026-02-27"),
        ("2026-02-13", 10, Unit.WORKDAY, "2026-03-05"),
        ("2026-09-24", 3, Unit.WORKDAY, "2026-09-30"),
        ("2026-09-30", 3, Unit.WORKDAY, "2026-10-10"),
        ("2026-09-30", 20, Unit.WORKDAY, "2026-11-03"),
        ("2026-04-30", 5, Unit.WORKDAY, "2026-05-11"),
        ("2026-11-25", 5, Unit.WORKDAY, "2026-12-02"),
        ("2026-09-25", 10, Unit.DAY, "2026-10-08"),
        ("2026-11-02", 7, Unit.DAY, "2026-11-09"),
        ("2026-10-01", 0, Unit.INSTANT, "2026-10-08"),
        ("2026-11-25", 0, Unit.INSTANT, "2026-11-25"),
    ],
)
def test_periods_end_where_the_law_says(start: str, value: int, unit: Unit, end: str) -> None:
    assert due(start, value, unit) == day(end)


def test_day_somebody_named_is_the_day() -> None:
    limit = Limit.until(day("2026-12-05"))

    assert periods.due(day("2026-11-25"), limit, 0, (), DAYS) == day("2026-12-05")


def test_pause_gives_back_the_working_days_it_took() -> None:
    paused = Pause(day("2026-11-26"), day("2026-12-01"))

    assert due("2026-11-25", 5, Unit.WORKDAY, paused) == day("2026-12-07")


def test_pause_that_lasts_moves_nothing_yet() -> None:
    assert due("2026-11-25", 5, Unit.WORKDAY, Pause(day("2026-11-26"))) == day("2026-12-02")


def test_extension_of_twenty_days_by_ten_is_thirty_from_the_beginning() -> None:
    assert due("2026-09-30", 20, Unit.WORKDAY, more=10) == due("2026-09-30", 30, Unit.WORKDAY)


STARTS = some.dates(date(2026, 1, 1), date(2026, 6, 30))
VALUES = some.integers(1, 45)
SPANS = some.lists(some.tuples(some.integers(0, 20), some.integers(0, 15)), max_size=4)


def pauses_after(start: date, spans: list[tuple[int, int]]) -> list[Pause]:
    """One behind the other."""
    found, at = [], start
    for gap, length in spans:
        begin = at + timedelta(days=gap)
        at = begin + timedelta(days=length)
        found.append(Pause(begin, at))
    return found


@given(start=STARTS, value=VALUES, spans=SPANS)
def test_working_days_that_counted_are_those_of_the_limit(
    start: date, value: int, spans: list[tuple[int, int]]
) -> None:
    pauses = pauses_after(start, spans)
    end = periods.due(start, Limit(value, Unit.WORKDAY), 0, pauses, DAYS)
    stopped = sum(DAYS.working_days_between(each.from_on, each.to_on or end) for each in pauses)

    assert DAYS.working_days_between(start, end) - stopped == value
    assert DAYS.is_working_day(end)


@given(start=STARTS, value=VALUES, spans=SPANS)
def test_order_of_pauses_is_no_difference(
    start: date, value: int, spans: list[tuple[int, int]]
) -> None:
    pauses, limit = pauses_after(start, spans), Limit(value, Unit.WORKDAY)

    assert periods.due(start, limit, 0, pauses, DAYS) == periods.due(
        start, limit, 0, pauses[::-1], DAYS
    )


@given(start=STARTS, value=some.integers(0, 60), unit=some.sampled_from(Unit))
def test_marks_come_in_order_and_each_on_a_day_of_its_own(
    start: date, value: int, unit: Unit
) -> None:
    named = start + timedelta(days=value)
    limit = Limit(value, unit, named if unit is Unit.DATE else None)
    end = periods.due(start, limit, 0, (), DAYS)
    marks = periods.marks(start, end, DAYS)

    assert list(marks) == [mark for mark in Mark if mark in marks]
    assert sorted(set(marks.values())) == list(marks.values())
    assert marks[Mark.DUE] == end
    assert marks[Mark.LAPSE] == end + timedelta(days=1)


def test_warning_comes_at_a_fifth_or_one_working_day_before() -> None:
    def warned(start: str, end: str) -> date | None:
        return periods.warn_on(day(start), day(end), DAYS)

    assert warned("2026-11-25", "2026-12-09") == day("2026-12-07")
    assert warned("2026-11-25", "2026-11-27") == day("2026-11-26")
    assert warned("2026-11-25", "2026-11-25") is None


def test_marks_that_were_reached_are_passed_over() -> None:
    marks = periods.marks(day("2026-11-25"), day("2026-12-09"), DAYS)

    assert periods.next_mark(marks, without=()) == (Mark.WARN, day("2026-12-07"))
    assert periods.next_mark(marks, without={"warn"}) == (Mark.DUE, day("2026-12-09"))
    assert periods.next_mark(marks, without={"warn", "due", "lapse"}) is None
