"""How long licences last, rule by rule, and what the calendar makes of them."""

from datetime import date

import pytest

from wallet.types import catalogue, validity
from wallet.types.validity import LicenceState

EXPIRED, SUSPENDED, VALID = LicenceState.EXPIRED, LicenceState.SUSPENDED, LicenceState.VALID


def last_day(code: str, issued_on: str, **more: object) -> date | None:
    facts = {"issue_date": issued_on, **more}
    rule = catalogue.get_type(code).validity
    return validity.last_day(rule, facts=facts, issued_on=date.fromisoformat(issued_on))


@pytest.mark.parametrize(
    ("code", "issued_on", "ends_on"),
    [
        ("FOOD", "2024-04-01", "2029-03-31"),
        ("FOOD", "2024-02-29", "2029-02-27"),
        ("CON", "2026-08-15", "2026-11-14"),
        ("CON", "2026-11-30", "2027-02-27"),
        ("RES", "2026-11-25", "2027-11-24"),
        ("DRV", "2021-02-18", "2027-02-18"),
    ],
)
def test_terms(code: str, issued_on: str, ends_on: str) -> None:
    assert last_day(code, issued_on) == date.fromisoformat(ends_on)


@pytest.mark.parametrize("code", ["REC", "MAR", "BL"])
def test_no_end(code: str) -> None:
    assert last_day(code, "2026-11-25") is None


def test_business_licence_ends_on_the_day_in_its_field() -> None:
    assert last_day("BL", "2026-11-25", term_to="2036-11-24") == date(2036, 11, 24)


def test_endorsement_in_time_goes_on_from_the_old_end() -> None:
    rule = catalogue.get_type("RES").validity

    end = validity.last_day(
        rule, facts={}, issued_on=date(2026, 12, 20), previous_to=date(2027, 1, 9)
    )

    assert end == date(2028, 1, 9)


def test_late_endorsement_begins_anew() -> None:
    rule = catalogue.get_type("RES").validity

    end = validity.last_day(
        rule, facts={}, issued_on=date(2026, 11, 25), previous_to=date(2026, 2, 28)
    )

    assert end == date(2027, 11, 24)


@pytest.mark.parametrize(
    ("lasted_from", "lasted_to", "ends_on"),
    [
        (date(2021, 2, 18), date(2027, 2, 18), date(2036, 11, 25)),
        (date(2016, 2, 18), date(2026, 2, 18), None),
        (date(2016, 2, 18), None, None),
    ],
)
def test_driving_licence_climbs_the_ladder(
    lasted_from: date, lasted_to: date | None, ends_on: date | None
) -> None:
    rule = catalogue.get_type("DRV").validity

    end = validity.last_day(
        rule,
        facts={},
        issued_on=date(2026, 11, 25),
        previous_from=lasted_from,
        previous_to=lasted_to,
    )

    assert end == ends_on


@pytest.mark.parametrize(
    ("code", "day", "state"),
    [
        ("FOOD", "2026-10-05", VALID),
        ("FOOD", "2026-10-06", LicenceState.EXPIRING),
        ("FOOD", "2027-01-04", LicenceState.EXPIRING),
        ("FOOD", "2027-01-05", EXPIRED),
        ("RES", "2027-01-05", SUSPENDED),
        ("CON", "2027-01-05", EXPIRED),
    ],
)
def test_state_follows_the_calendar(code: str, day: str, state: LicenceState) -> None:
    rule = catalogue.get_type(code).validity

    found = validity.state_on(
        VALID, rule=rule, valid_to=date(2027, 1, 4), day=date.fromisoformat(day)
    )

    assert found is state


@pytest.mark.parametrize("state", [LicenceState.REVOKED, SUSPENDED, LicenceState.SUPERSEDED])
def test_what_was_decided_outlives_the_calendar(state: LicenceState) -> None:
    rule = catalogue.get_type("FOOD").validity

    found = validity.state_on(state, rule=rule, valid_to=date(2027, 1, 4), day=date(2028, 1, 1))

    assert found is state
