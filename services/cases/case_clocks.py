"""The clocks of a case: which kinds there are, what starts, stops and ends each.

| kind | owner | starts | stands still | ends |
|---|---|---|---|---|
| acceptance | case | with complete materials | – | accepted, declined, or told what is missing |
| promise | case | with acceptance | while the applicant owes an answer | decided |
| statute | case | with acceptance or receipt, by the item | for what the item names | decided |
| answer | notice | with the notice | – | answered |

The statutory clock stands still only for what the law does not count: hearing, inspection, testing,
quarantine, appraisal, expert review (Administrative Licensing Law art. 45), and what a law of the
item's own adds. An item names these among its special procedures. A notice after acceptance is no
such cause; the office's promise waits for the answer, the law does not. What was promised is
therefore never later than the law: `due_on` is the earlier of the two.

The dates on the case (`acceptance_due_on`, `due_on`, `statutory_due_on`, and the days on which its
light turns) are those of its clocks, written in the same transaction: lists sort by them. Whoever
moves a clock without an act tells it, and `follow` writes the dates anew.
"""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from core.clocks import clocks
from core.clocks.clocks import New, Owner
from core.clocks.periods import Limit, Unit
from core.clocks.rows import State
from core.clocks.workdays import WorkCalendar
from services.cases.models import Case
from services.cases.rules import deadlines
from services.guides.definitions import Item
from services.guides.definitions import Limit as GuideLimit
from services.guides.guide import Guide

CASE = "case"
NOTICE = "supplement"

ACCEPTANCE = "acceptance"
PROMISE = "promise"
STATUTE = "statute"
ANSWER = "answer"

DECISION = (PROMISE, STATUTE)
COLUMNS = {ACCEPTANCE: "acceptance_due_on", PROMISE: "due_on", STATUTE: "statutory_due_on"}
"""Kind → the column of the case that says when it is due."""

SUPPLEMENT = "supplement"
"""The cause of a pause: the applicant was told what is missing."""

_ART_32 = "行政许可法第三十二条"
_PROMISED = "承诺办结时限"
_STATUTE = "法定办结时限"
_NOTICE = "补正通知"


def acceptance(received_on: date) -> New:
    """Five working days to accept, decline or ask once (art. 32)."""
    limit = Limit(deadlines.ACCEPTANCE_DAYS, Unit.WORKDAY)
    return New(ACCEPTANCE, limit, received_on, _ART_32)


def decision(guide: Guide, *, received_on: date, accepted_on: date) -> tuple[New, New]:
    """What was promised and what the law gives, each from the day its limit begins with."""

    def begins(limit: GuideLimit) -> date:
        return received_on if limit.starts == "receive" else accepted_on

    promised, statutory = guide.promised_limit, guide.statutory_limit
    return (
        New(PROMISE, limit_of(promised), begins(promised), _PROMISED),
        New(STATUTE, limit_of(statutory), begins(statutory), _STATUTE),
    )


def limit_of(limit: GuideLimit) -> Limit:
    """A limit of the guide in the words of clocks."""
    return Limit(limit.value, Unit(limit.unit))


def dates(new: tuple[New, ...], days: WorkCalendar) -> dict[str, Any]:
    """The columns of the case that these clocks give. Raises `CalendarMissing`."""
    return _columns({each.kind: each.due_on(days) for each in new})


async def start(case: Case, *new: New, days: WorkCalendar) -> None:
    """Start clocks of the case, in the transaction that has moved it."""
    await clocks.start(_owner(case), *new, department=case.department, days=days)


async def start_answer(
    case: Case, notice_id: UUID, *, on: date, due_on: date, days: WorkCalendar
) -> None:
    """The applicant's own clock: up to the day that the notice names, whatever calendar comes."""
    new = New(ANSWER, Limit.until(due_on), on, _NOTICE)
    await clocks.start(Owner(NOTICE, notice_id), new, department=case.department, days=days)


async def end(case: Case, *kinds: str, on: date) -> None:
    """What the office owed is done."""
    await clocks.meet(_owner(case), *kinds, on=on)


async def end_answer(notice_id: UUID, *, on: date) -> None:
    await clocks.meet(Owner(NOTICE, notice_id), ANSWER, on=on)


async def stop(case: Case, item: Item, *, cause: str, on: date) -> None:
    """What `cause` stops of the decision's clocks stands still from the day after `on`."""
    kinds = DECISION if stops_statute(item, cause) else (PROMISE,)
    for row in await clocks.list_of(_owner(case)):
        if row.kind in kinds and row.state is State.RUNNING:
            await clocks.pause(_owner(case), row.kind, cause=cause, on=on)


def stops_statute(item: Item, cause: str) -> bool:
    """Whether the item names this cause among what the law does not count. Pure."""
    return any(each.kind == cause and each.clock == "stops" for each in item.special_procedures)


async def go_on(case: Case, *, on: date, days: WorkCalendar) -> None:
    """The clocks that stood still go on; `on` counts again."""
    for row in await clocks.list_of(_owner(case)):
        if row.state is State.PAUSED:
            await clocks.resume(_owner(case), row.kind, on=on, days=days)


async def void(case: Case, *, on: date, notice_id: UUID | None = None) -> None:
    """The case has ended otherwise: nobody owes anything."""
    await clocks.void(_owner(case), *COLUMNS, on=on)
    if notice_id is not None:
        await clocks.void(Owner(NOTICE, notice_id), ANSWER, on=on)


async def due_dates(case: Case) -> dict[str, Any]:
    """The columns of the case, as its newest clocks say."""
    newest = {row.kind: row for row in await clocks.list_of(_owner(case))}
    return _columns({kind: row.due_on for kind, row in newest.items()})


def _columns(due: dict[str, date]) -> dict[str, Any]:
    if PROMISE in due and STATUTE in due:
        due = {**due, PROMISE: min(due[PROMISE], due[STATUTE])}
    return {COLUMNS[kind]: day for kind, day in due.items()}


def _owner(case: Case) -> Owner:
    return Owner(CASE, case.id)
