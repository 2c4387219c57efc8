"""The supervision light of a case (电子监察), and the days on which it turns. Pure."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from core.clocks.workdays import WorkCalendar
from services.cases.lifecycle import CaseState
from services.cases.rules import deadlines
from services.cases.rules.deadlines import Light, Turns

LIT_BY = ("state", "due_on", "acceptance_due_on", "accepted_on", "received_on")
"""Columns that all of it hangs on."""

RUNNING = (CaseState.SUBMITTED, CaseState.ACCEPTED)
"""States in which the clock of the office runs."""


def turns_of(values: Mapping[str, Any], *, days: WorkCalendar) -> Turns:
    """When the light turns, given the columns `LIT_BY`; both None where no clock runs.

    Before acceptance the five days of acceptance are the step. Raises `CalendarMissing`.
    """
    if values["state"] not in RUNNING:
        return Turns(None, None)
    accepted = values["state"] == CaseState.ACCEPTED
    return deadlines.turns(
        due=values["due_on"] if accepted else None,
        step_due=None if accepted else values["acceptance_due_on"],
        started_on=values["accepted_on"] if accepted else values["received_on"],
        days=days,
    )


def light_on(day: date, turns: Turns) -> Light:
    """The light of a case whose clock runs and whose days are known."""
    if turns.yellow_on is None:
        return Light.GREY
    if turns.red_on is not None and day >= turns.red_on:
        return Light.RED
    return Light.YELLOW if day >= turns.yellow_on else Light.GREEN
