"""No officer comes to a case but by a door that takes the act and asks `identity.authority`."""

from __future__ import annotations

import ast

import pytest

from identity.authority import LOOKING, POWERS
from tests.architecture.test_rights import RULES, modules, source_of

DOORS = "services.cases.doors"
ASKING = ("insist", "allows", "may", "covers")

MAY_ASK_COVERS = {
    "services.cases.doors": "spares reading the register for the own department",
    "services.cases.views.lists": "which departments and items a list is about, no single case",
}


def officer_acts() -> dict[str, list[str]]:
    """Acts of the cases → what an officer must be allowed for them."""
    asked = {
        name: [word.removeprefix("staff:") for word in rule.split() if word.startswith("staff:")]
        for name, rule in RULES.items()
        if name.startswith("services.")
    }
    return {name: acts for name, acts in asked.items() if acts}


def changing() -> list[str]:
    """Those that change something, by an act on a case."""
    powers = {act.name for act in POWERS if act not in LOOKING}
    return sorted(
        name
        for name, acts in officer_acts().items()
        if powers.intersection(acts) and "transaction()" in source_of(name)
    )


@pytest.mark.parametrize("name", sorted(officer_acts()))
def test_an_officers_act_passes_a_door(name: str) -> None:
    assert passes_a_door(source_of(name)), f"{name} asks no door of {DOORS}"


@pytest.mark.parametrize("name", changing())
def test_what_changes_a_case_asks_again_in_its_transaction(name: str) -> None:
    assert "doors.authorise(" in source_of(name), name


def test_the_known_acts_are_among_those_that_change() -> None:
    known = {"accept", "approve", "decline_acceptance", "refuse", "reject", "request", "write"}

    assert known <= {name.rpartition(".")[2] for name in changing()}


def test_nobody_beside_the_doors_compares_roles_or_departments() -> None:
    found = {
        (module, node.func.attr)
        for module, tree in modules().items()
        if module.startswith("services.")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ASKING
        and ast.unparse(node.func.value) in ("roles", "by", "principal")
    }

    assert {module for module, word in found if word == "covers"} == MAY_ASK_COVERS.keys()
    assert {module for module, word in found if word != "covers"} == {DOORS}


def test_an_act_without_a_door_is_found() -> None:
    assert not passes_a_door(source_of("services.cases.acts.review.close"))


def passes_a_door(source: str) -> bool:
    return any(f"doors.{door}(" in source for door in ("get_for_officer", "insist_on_role"))
