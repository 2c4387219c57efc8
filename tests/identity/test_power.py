"""More power takes two, less takes one; some roles do not go together. Against a naive oracle."""

from datetime import date, timedelta
from itertools import product

import pytest

from identity.account_errors import InvalidPower
from identity.staff.power import NONE, Power, check, gives_more
from identity.staff.roles import Role

TODAY = date(2026, 11, 25)
DAYS = (None, TODAY, TODAY + timedelta(days=30))
ROLES = (
    frozenset[Role](),
    frozenset({Role.WINDOW}),
    frozenset({Role.WINDOW, Role.REVIEWER}),
)
POWERS = tuple(
    Power(roles=roles, department=department, valid_from=begins, valid_to=ends)
    for roles, department, begins, ends in product(ROLES, (None, "GA", "SCJG"), DAYS, DAYS)
)


def reach(power: Power) -> set[tuple[Role, str, int]]:
    """Every role, department and day in which somebody may act."""
    departments = ("GA", "SCJG", "WJW") if power.department is None else (power.department,)
    days = [
        n
        for n in range(-1, 40)
        if (power.valid_from is None or power.valid_from <= TODAY + timedelta(days=n))
        and (power.valid_to is None or TODAY + timedelta(days=n) <= power.valid_to)
    ]
    return set(product(power.roles, departments, days))


def test_giving_more_is_what_the_oracle_says() -> None:
    """Of 81 powers each with each; a wider frame counts also where no day of it can be used."""
    for before, after in product(POWERS, POWERS):
        if reach(after) - reach(before):
            assert gives_more(before, after), (before, after)


def test_taking_away_is_not_giving() -> None:
    wide = Power(roles=frozenset({Role.WINDOW, Role.REVIEWER}), department="GA")
    narrower = (
        Power(roles=frozenset({Role.WINDOW}), department="GA"),
        Power(roles=wide.roles, department="GA", valid_to=TODAY),
        Power(roles=wide.roles, department="GA", valid_from=TODAY),
        Power(department="SCJG"),
        wide,
        NONE,
    )

    assert not any(gives_more(wide, power) for power in narrower)


def test_all_departments_to_one_is_less() -> None:
    everywhere = Power(roles=frozenset({Role.SUPERVISOR}))
    here = Power(roles=frozenset({Role.SUPERVISOR}), department="GA")

    assert not gives_more(everywhere, here)
    assert gives_more(here, everywhere)


@pytest.mark.parametrize(
    ("roles", "department"),
    [
        ({Role.ACCOUNT_KEEPER, Role.REVIEWER}, None),
        ({Role.ACCOUNT_KEEPER, Role.SUPERVISOR}, None),
        ({Role.ACCOUNT_KEEPER}, "GA"),
        ({Role.REVIEWER, Role.SUPERVISOR}, "GA"),
        ({Role.REVIEWER, Role.SEAL_KEEPER}, "GA"),
        ({Role.REVIEWER}, None),
        ({Role.WINDOW, Role.SUPERVISOR}, None),
    ],
)
def test_what_does_not_go_together_is_refused(roles: set[Role], department: str | None) -> None:
    with pytest.raises(InvalidPower) as refusal:
        check(Power(roles=frozenset(roles), department=department), today=TODAY)

    assert str(refusal.value) != InvalidPower.title


@pytest.mark.parametrize(
    ("begins", "ends"),
    [(None, TODAY - timedelta(days=1)), (TODAY + timedelta(days=2), TODAY + timedelta(days=1))],
)
def test_time_that_is_over_is_refused(begins: date | None, ends: date) -> None:
    power = Power(roles=frozenset({Role.WINDOW}), department="GA", valid_from=begins, valid_to=ends)

    with pytest.raises(InvalidPower):
        check(power, today=TODAY)


def test_power_is_kept_whole() -> None:
    assert all(Power.from_json(power.to_json()) == power for power in POWERS)
