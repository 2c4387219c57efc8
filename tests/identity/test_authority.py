"""`authority.basis` against a second telling of the same law, and its refusals by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import product
from uuid import UUID

import pytest

from core.errors import Problem
from identity import authority, errors
from identity.authority import (
    POWERS,
    Basis,
    DelegateKind,
    Delegation,
    Ground,
    Power,
    Register,
    Standing,
)
from identity.demo import list_officers
from identity.staff.roles import ALLOWED, Act, Role
from services.guides.reading import read_catalogue

DAY = date(2026, 11, 30)
PERSON, OTHER = UUID(int=7), UUID(int=8)


def delegation(**changes: object) -> Delegation:
    whole = Delegation(
        id=UUID(int=1),
        no="SQWT-2026-0001",
        ground=Ground.XK26,
        delegator="SCJG",
        kind=DelegateKind.DEPARTMENT,
        key="ZWB",
        items=("SJ-SCJG-01", "SJ-SCJG-02"),
        powers=frozenset({Power.TAKE_IN, Power.ACCEPT, Power.REQUEST_SUPPLEMENT}),
        since=date(2026, 11, 1),
        until=date(2026, 12, 31),
        document="d" * 64,
    )
    return replace(whole, **changes)  # type: ignore[arg-type]


def standing(**changes: object) -> Standing:
    who = Standing(officer=UUID(int=2), department="ZWB", roles=frozenset({"reviewer"}))
    return replace(who, **changes)  # type: ignore[arg-type]


def ask(
    act: Act,
    *given: Delegation,
    who: Standing | None = None,
    item: str = "SJ-SCJG-01",
    day: date = DAY,
    about: frozenset[UUID] = frozenset(),
    groups: dict[str, str] | None = None,
) -> Basis:
    return authority.basis(
        act,
        department="SCJG",
        item=item,
        day=day,
        who=who or standing(),
        register=Register(given, groups or {}),
        about=about,
    )


REGISTER = Register(
    (
        delegation(),
        delegation(
            no="SQWT-2026-0002",
            ground=Ground.XK24,
            items=("SJ-SCJG-0*",),
            key="WJW",
            powers=frozenset({Power.DECIDE}),
            until=date(2026, 11, 15),
        ),
        # passed on: SCJG let ZWB accept, ZWB lets JGW accept its own items and nothing of SCJG's
        delegation(no="SQWT-2026-0003", delegator="ZWB", key="JGW", items=("SJ-*",)),
        # written by hand against article 26
        delegation(
            no="SQWT-2026-0004",
            delegator="GA",
            items=("SJ-GA-*",),
            powers=frozenset({Power.DECIDE, Power.ASSIST}),
        ),
        delegation(
            no="SQWT-2026-0005",
            ground=Ground.OTHER,
            delegator="RSJ",
            kind=DelegateKind.SITE,
            key="岳阳街道",
            items=("SJ-RSJ-03",),
            powers=frozenset(Power),
            revoked=True,
        ),
        delegation(
            no="SQWT-2026-0006",
            ground=Ground.OTHER,
            delegator="RSJ",
            kind=DelegateKind.CLASS,
            key="social",
            items=("SJ-RSJ-*",),
            powers=frozenset({Power.ACCEPT, Power.DECIDE, Power.DELIVER}),
            since=date(2026, 12, 1),
        ),
        delegation(
            no="SQWT-2026-0007",
            delegator="MZJ",
            kind=DelegateKind.WINDOW,
            key="A-03",
            items=("SJ-MZJ-01",),
            powers=frozenset({Power.TAKE_IN}),
        ),
    ),
    {"SJ-SCJG-02": "food", "SJ-RSJ-03": "social"},
)


def oracle(
    act: Act, department: str, item: str, day: date, who: Standing, about: frozenset[UUID]
) -> str:
    """The ground by its name, or the slug of the refusal: every row read, nothing prepared."""
    looking = act is Act.READ_CASES
    if not who.active:
        return "officer-inactive"
    if who.away and not looking:
        return "officer-away"
    if not any(role == known and act in ALLOWED[known] for role in who.roles for known in Role):
        return "role-missing"
    if who.department is None:
        ground = "city"
    elif who.department == department:
        ground = "department"
    else:
        ground = "not-delegated"
        for row in reversed(REGISTER.delegations):
            place = {
                "department": who.department,
                "site": who.site,
                "class": who.window_class,
                "window": who.window,
            }[row.kind.value]
            named = [
                one
                for one in row.items
                if one.rstrip("*") == item or (one[-1] == "*" and item[: len(one) - 1] == one[:-1])
            ]
            gives = any(power in POWERS.get(act, ()) for power in row.powers)
            deciding = act in (Act.APPROVE, Act.REFUSE)
            if (
                row.delegator == department
                and place == row.key
                and named
                and not row.revoked
                and row.since <= day
                and day <= row.until
                and gives
                and not (deciding and row.ground == "xk26")
            ):
                ground = f"delegation:{row.no}"
    if ground == "not-delegated":
        return ground
    group = {"SJ-SCJG-02": "food", "SJ-RSJ-03": "social"}.get(item)
    if group and not looking and who.qualified.get(group, date.min) < day:
        return "not-qualified"
    if not looking and about & who.subjects:
        return "own-matter"
    return ground


def people() -> Iterator[Standing]:
    """Every post of the demo, at every site and class, and those whom something stops."""
    posts = {(one.department, frozenset(one.roles)) for one in list_officers()}
    posts |= {("ZWB", frozenset({"reviewer", "head"})), ("JGW", frozenset({"window", "emperor"}))}
    for (department, held), (site, kind, window) in product(
        sorted(posts, key=str),
        [("", "", ""), ("岳阳街道", "", ""), ("", "social", "A-03")],
    ):
        who = Standing(
            officer=UUID(int=3),
            department=department,
            roles=held,
            site=site,
            window_class=kind,
            window=window,
            subjects=frozenset({PERSON}),
            qualified={"food": date(2026, 11, 10)} if site else {},
        )
        yield who
        if held == {"reviewer"} and department in ("SCJG", "ZWB", "RSJ"):
            yield replace(who, away=True)
            yield replace(who, active=False)


def test_basis_says_what_the_law_says_read_naively() -> None:
    items = [(item.dept, item.code) for item in read_catalogue().items]
    days = [date(2026, 11, 15), DAY, date(2026, 12, 31), date(2027, 1, 1)]
    acts = [*POWERS, Act.REFUND]
    abouts = [frozenset({OTHER}), frozenset({OTHER, PERSON})]
    heard: Counter[str] = Counter()
    asked = 0
    for who, (department, item), day, act, about in product(people(), items, days, acts, abouts):
        try:
            basis = authority.basis(
                act,
                department=department,
                item=item,
                day=day,
                who=who,
                register=REGISTER,
                about=about,
            )
            said = basis.facts()["basis"]
        except Problem as refusal:
            said = refusal.slug
        expected = oracle(act, department, item, day, who, about)
        if said != expected:
            pytest.fail(f"{act} {item} {day} {who}: {said}, not {expected}")
        heard[said] += 1
        asked += 1

    assert asked >= 200_000
    for ground in ("city", "department", "delegation:SQWT-2026-0001", "delegation:SQWT-2026-0002"):
        assert heard[ground], heard
    for slug in ("not-delegated", "not-qualified", "own-matter", "officer-away", "role-missing"):
        assert heard[slug], heard


def test_one_delegation_names_itself_and_the_register_that_was_asked() -> None:
    basis = ask(Act.ACCEPT, delegation())

    assert basis.delegator == "SCJG"
    assert basis.facts()["basis"] == "delegation:SQWT-2026-0001"
    assert basis.facts()["register"] == Register((delegation(),)).digest
    assert basis.register != Register((delegation(revoked=True),)).digest


def test_two_halves_make_no_whole() -> None:
    right_item = delegation(powers=frozenset({Power.TAKE_IN}))
    right_power = delegation(no="SQWT-2026-0002", items=("SJ-SCJG-03",))

    with pytest.raises(errors.NotDelegated) as refused:
        ask(Act.ACCEPT, right_item, right_power)

    assert refused.value.members["reason"] == "act"


def test_deciding_is_never_delegated_under_article_26() -> None:
    powers = frozenset(Power)
    with pytest.raises(errors.NotDelegated):
        ask(Act.APPROVE, delegation(powers=powers))

    assert ask(Act.APPROVE, delegation(powers=powers, ground=Ground.XK24)).delegation


def test_what_was_delegated_is_not_passed_on() -> None:
    first = delegation()
    second = delegation(no="SQWT-2026-0002", delegator="ZWB", key="JGW")

    with pytest.raises(errors.NotDelegated) as refused:
        ask(Act.ACCEPT, first, second, who=standing(department="JGW"))

    assert refused.value.members["reason"] == "department"


@pytest.mark.parametrize(
    ("changes", "item", "reason"),
    [
        ({}, "SJ-SCJG-05", "item"),
        ({"since": date(2026, 12, 1)}, "SJ-SCJG-01", "not-begun"),
        ({"until": date(2026, 11, 29)}, "SJ-SCJG-01", "ended"),
        ({"revoked": True}, "SJ-SCJG-01", "revoked"),
        ({"key": "WJW"}, "SJ-SCJG-01", "department"),
        ({"powers": frozenset({Power.DELIVER})}, "SJ-SCJG-01", "act"),
    ],
)
def test_a_refusal_says_what_is_missing(changes: dict[str, object], item: str, reason: str) -> None:
    with pytest.raises(errors.NotDelegated) as refused:
        ask(Act.ACCEPT, delegation(**changes), item=item)

    assert refused.value.members["reason"] == reason
    assert str(refused.value)


def test_nobody_acts_on_an_own_matter_but_may_look_at_it() -> None:
    who = standing(department="SCJG", subjects=frozenset({PERSON}))
    mine = frozenset({PERSON, OTHER})

    with pytest.raises(errors.OwnMatter):
        ask(Act.ACCEPT, who=who, about=mine)
    assert ask(Act.READ_CASES, who=who, about=mine)
    with pytest.raises(errors.OwnMatter):
        ask(Act.ACCEPT, delegation(), who=standing(subjects=frozenset({PERSON})), about=mine)


def test_a_qualification_is_asked_for_the_items_that_need_one() -> None:
    groups = {"SJ-SCJG-01": "food"}
    who = standing(department="SCJG")

    with pytest.raises(errors.NotQualified):
        ask(Act.APPROVE, who=who, groups=groups)
    assert ask(Act.APPROVE, who=replace(who, qualified={"food": DAY}), groups=groups)
    with pytest.raises(errors.NotQualified):
        tomorrow = date(2026, 12, 1)
        ask(Act.APPROVE, who=replace(who, qualified={"food": DAY}), groups=groups, day=tomorrow)


def test_an_empty_place_is_nobodys_delegate() -> None:
    nowhere = delegation(kind=DelegateKind.WINDOW, key="")

    with pytest.raises(errors.NotDelegated):
        ask(Act.ACCEPT, nowhere)
