"""The rules of the statutes on the calendar of 2026, and the supervision lights."""

from datetime import date

from core.clocks import workdays
from services.cases.rules import deadlines
from services.cases.rules.deadlines import Light
from services.guides.definitions import Limit
from services.guides.reading import read_holidays

DAYS = workdays.build(read_holidays())


def day(text: str) -> date:
    return date.fromisoformat(text)


def due(value: int, unit: str, starts: str = "accept", *, received: str, accepted: str) -> date:
    limit = Limit(value=value, unit=unit, starts=starts)  # type: ignore[arg-type]
    return deadlines.due_on(limit, received_on=day(received), accepted_on=day(accepted), days=DAYS)


def test_on_the_spot_means_today() -> None:
    assert due(0, "instant", received="2026-11-24", accepted="2026-11-25") == day("2026-11-25")


def test_on_the_spot_on_a_holiday_means_the_next_working_day() -> None:
    assert due(0, "instant", received="2026-10-01", accepted="2026-10-01") == day("2026-10-08")


def test_calendar_days_that_end_on_a_day_off_run_on() -> None:
    assert due(10, "day", received="2026-09-20", accepted="2026-09-25") == day("2026-10-08")


def test_a_limit_may_start_with_receipt() -> None:
    counted = due(7, "day", "receive", received="2026-11-02", accepted="2026-11-09")

    assert counted == day("2026-11-09")


def test_acceptance_has_five_working_days() -> None:
    assert deadlines.acceptance_due_on(day("2026-11-25"), DAYS) == day("2026-12-02")


def test_a_pause_moves_the_due_date_by_its_working_days() -> None:
    moved = deadlines.after_pause(
        day("2026-12-02"), paused_on=day("2026-11-26"), resumed_on=day("2026-12-01"), days=DAYS
    )

    assert moved == day("2026-12-07")


def test_a_pause_that_ends_the_same_day_moves_nothing() -> None:
    same = day("2026-11-26")

    assert deadlines.after_pause(day("2026-12-02"), paused_on=same, resumed_on=same, days=DAYS) == (
        day("2026-12-02")
    )


def shown(at: str, **changes: object) -> Light:
    arguments: dict[str, object] = {
        "due": day("2026-12-09"),
        "started_on": day("2026-11-25"),
        "days": DAYS,
    }
    return deadlines.light(at=day(at), **(arguments | changes))  # type: ignore[arg-type]


def test_the_light_is_green_with_time_left() -> None:
    assert shown("2026-11-30") is Light.GREEN


def test_the_light_turns_yellow_at_a_fifth_of_the_promise() -> None:
    assert shown("2026-12-04") is Light.GREEN
    assert shown("2026-12-07") is Light.YELLOW
    assert shown("2026-12-09") is Light.YELLOW


def test_a_short_promise_turns_yellow_one_working_day_before() -> None:
    short = {"due": day("2026-11-27"), "started_on": day("2026-11-25")}

    assert shown("2026-11-25", **short) is Light.GREEN
    assert shown("2026-11-26", **short) is Light.YELLOW


def test_the_light_is_red_the_day_after() -> None:
    assert shown("2026-12-10") is Light.RED


def test_an_overdue_step_is_yellow() -> None:
    assert shown("2026-12-03", due=None, step_due=day("2026-12-02")) is Light.YELLOW


def test_a_stopped_clock_is_grey() -> None:
    assert shown("2026-12-30", clock_stopped=True) is Light.GREY
    assert shown("2026-11-25", due=None) is Light.GREY


def test_on_the_spot_is_green_until_it_is_late() -> None:
    same = {"due": day("2026-11-25"), "started_on": day("2026-11-25")}

    assert shown("2026-11-25", **same) is Light.GREEN
    assert shown("2026-11-26", **same) is Light.RED
