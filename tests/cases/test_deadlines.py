"""The supervision lights, on the calendar of 2026."""

from datetime import date

from core.clocks import workdays
from services.cases.rules import deadlines
from services.cases.rules.deadlines import Light
from services.guides.reading import read_holidays

DAYS = workdays.build(read_holidays())


def day(text: str) -> date:
    return date.fromisoformat(text)


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
