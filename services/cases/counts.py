"""Kept counts: how many cases of each department are in which state, unread, late, closed today.

Whoever changes a case hands over what it counted for before and after (`note`); the difference is
written as the last thing of the same transaction, so that a count is never ahead of the facts nor
behind them. It goes to one of `SLOTS` rows chosen at random, since all officers of a department
change the same few numbers: a row that everybody waits for would let one of them work at a time.
Reading adds up some dozens of rows, however many cases there are.

Lateness moves by the calendar alone. A case says beforehand on which day its light turns yellow and
red (`services.cases.rules.deadlines.turns`), and is counted under these days; how many are yellow
now is the sum up to today. Nothing has to be done at midnight, and a week asleep changes nothing.

Truth and counts are compared in one statement, which sees both at the same instant; what differs is
added as another change. That is right beside officers at work, because changes commute. Why these
are kept and others are not: docs/adr/0031-kept-counts-and-pages.md.
"""

import logging
import secrets
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from tortoise.expressions import F, Q
from tortoise.functions import Count

from core import clock, database, sql
from core.clocks import holidays
from core.ids import new_id
from services.cases.lifecycle import CaseState
from services.cases.models import Case
from services.cases.rules import lights

log = logging.getLogger(__name__)

SLOTS = 8
ALWAYS = date(1970, 1, 1)
"""The day of what no day matters for, and of every day of lateness that is over: a case that
should have been decided last week counts like one that should have been yesterday."""

AT_ONCE = 500
"""Rows of one step of the timer."""
ALIKE_AT_ONCE = 200

_DAY = timedelta(days=1)
_FORGOTTEN = (
    "SELECT id, department, has_unread FROM cases_case WHERE submitted_at IS NOT NULL"
    " AND NOT has_unread AND id IN (SELECT case_id FROM cases_conversation WHERE office_unread > 0)"
    " UNION ALL SELECT id, department, has_unread FROM cases_case WHERE has_unread"
    " AND id NOT IN (SELECT case_id FROM cases_conversation WHERE office_unread > 0) LIMIT :limit"
)
_ADD = (
    "INSERT INTO cases_kept_count (id, department, name, day, slot, number) VALUES {}"
    " ON CONFLICT (department, name, day, slot)"
    " DO UPDATE SET number = cases_kept_count.number + excluded.number"
)


class Name(StrEnum):
    """What is counted beside the states."""

    UNREAD = "unread"
    """The applicant wrote something that nobody of the office has read."""
    YELLOW = "yellow"
    """By the first day of the light, red ones included."""
    RED = "red"
    CLOSED = "closed-on"
    """By the day."""


Key = tuple[str, str, date]
"""Department, name and day."""

_ALIKE = ("department", *lights.LIT_BY)


def of_case(case: Case) -> Counter[Key]:
    """What a case counts for as it is; a draft for nothing. Pure."""
    if case.submitted_at is None:
        return Counter()
    days: list[tuple[str, date]] = [(str(case.state), ALWAYS)]
    if case.has_unread:
        days.append((Name.UNREAD, ALWAYS))
    if case.yellow_on is not None:
        days.append((Name.YELLOW, case.yellow_on))
    if case.red_on is not None:
        days.append((Name.RED, case.red_on))
    if case.state is CaseState.CLOSED and case.ended_at is not None:
        days.append((Name.CLOSED, clock.local(case.ended_at).date()))
    return Counter({(case.department, str(name), day): 1 for name, day in days})


def note(before: Counter[Key], after: Counter[Key]) -> None:
    """A case counts for something else now; in the transaction that changes it."""
    change = Counter(after)
    change.subtract(before)
    if any(change.values()):
        database.before_commit(_write, change)


def note_unread(department: str, change: int) -> None:
    """So many cases more have something that nobody has read; in the transaction that does it."""
    note(Counter(), Counter({(department, str(Name.UNREAD), ALWAYS): change}))


async def by_name(department: str | None) -> dict[str, int]:
    """Cases in each state and unread ones; of all departments for None."""
    found = await sql.rows(
        "SELECT name, SUM(number) AS number FROM cases_kept_count"
        " WHERE day = :always AND (department = :department OR :all = 1) GROUP BY name",
        always=ALWAYS,
        department=department or "",
        all=int(department is None),
    )
    return {row["name"]: int(row["number"]) for row in found}


async def by_department(today: date) -> dict[str, dict[str, int]]:
    """Department → name → number: cases in each state, unread, yellow or red today, closed today.

    Yellow are those that are not red.
    """
    found = await sql.rows(
        "SELECT department, name, SUM(number) AS number FROM cases_kept_count"
        " WHERE day = :always OR (name IN ('yellow', 'red') AND day <= :today)"
        " OR (name = 'closed-on' AND day = :today) GROUP BY department, name",
        always=ALWAYS,
        today=today,
    )
    numbers: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in found:
        numbers[row["department"]][row["name"]] = int(row["number"])
    for one in numbers.values():
        one[Name.YELLOW] -= one[Name.RED]
    return numbers


async def differences(department: str, *, today: date) -> Counter[Key]:
    """What must be added so that the counts of a department say what its cases say."""
    found = await sql.rows(
        _truth_and_counts(today, on_sqlite=database.dialect() == "sqlite"),
        department=department,
        today_began=_beginning(today),
        yesterday_began=_beginning(today - _DAY),
    )
    wrong = {
        (department, row["name"], _day(row["day"])): int(row["number"])
        for row in found
        if row["number"]
    }
    return Counter(wrong)


async def mend(department: str, *, today: date) -> Counter[Key]:
    """Add what is missing; gives what it was. Harmless beside whoever works."""
    wrong = await differences(department, today=today)
    if wrong:
        async with database.transaction():
            database.before_commit(_write, wrong)
    return wrong


async def mend_flags(*, limit: int = AT_ONCE) -> int:
    """Cases that do not say whether something of theirs is unread, as their talk does; how many.

    Reads the conversations and cases with something unread, and no others.
    """
    wrong = await sql.rows(_FORGOTTEN, limit=limit)
    for row in wrong:
        async with database.transaction():
            said = bool(row["has_unread"])
            if await Case.filter(id=row["id"], has_unread=said).update(has_unread=not said):
                note_unread(row["department"], -1 if said else 1)
    return len(wrong)


async def departments() -> list[str]:
    """All that have cases or counts."""
    # A loop over an index: one row is read for each department, not one for each case.
    found = await sql.rows(
        "WITH RECURSIVE each_one (department) AS ("
        " SELECT MIN(department) FROM cases_case WHERE submitted_at IS NOT NULL"
        " UNION ALL SELECT (SELECT MIN(c.department) FROM cases_case c"
        " WHERE c.submitted_at IS NOT NULL AND c.department > each_one.department)"
        " FROM each_one WHERE each_one.department IS NOT NULL)"
        " SELECT department FROM each_one WHERE department IS NOT NULL"
        " UNION SELECT department FROM cases_kept_count ORDER BY department"
    )
    return [row["department"] for row in found]


async def fold(*, today: date, limit: int = AT_ONCE) -> int:
    """Add up the days of lateness that are over, and drop old days of closing; how many rows."""
    async with database.transaction():
        gone = await sql.rows(
            "DELETE FROM cases_kept_count WHERE id IN (SELECT id FROM cases_kept_count"
            " WHERE (name IN ('yellow', 'red') AND day < :today AND day > :always)"
            " OR (name = 'closed-on' AND day < :yesterday) LIMIT :limit)"
            " RETURNING department, name, number",
            today=today,
            yesterday=today - _DAY,
            always=ALWAYS,
            limit=limit,
        )
        change: Counter[Key] = Counter()
        for row in gone:
            if row["name"] != Name.CLOSED:
                change[(row["department"], row["name"], ALWAYS)] += row["number"]
        database.before_commit(_write, change)
    return len(gone)


async def fill_turns(*, limit: int = ALIKE_AT_ONCE) -> int:
    """Write the days on which lights turn, for cases of before they were written; how many cases.

    All cases of a department that agree in their days are one statement; `limit` such at once.
    """
    unlit = Case.filter(yellow_on__isnull=True, state__in=lights.RUNNING)
    with_clock = Q(state=CaseState.SUBMITTED, acceptance_due_on__isnull=False) | Q(
        state=CaseState.ACCEPTED, due_on__isnull=False
    )
    kinds = unlit.filter(with_clock).annotate(number=Count("id")).group_by(*_ALIKE).limit(limit)
    return sum([await _light(values) for values in await kinds.values(*_ALIKE)])


async def _light(values: dict[str, Any]) -> int:
    """Cases that agree in what their light hangs on. They count as changed: who read one before
    reads it again."""
    turns = lights.turns_of(values, days=await holidays.calendar())
    set_to = {"yellow_on": turns.yellow_on, "red_on": turns.red_on}
    days = ((Name.YELLOW, turns.yellow_on), (Name.RED, turns.red_on))
    async with database.transaction():
        same = Case.filter(yellow_on__isnull=True, **values)
        number = await same.update(**set_to, revision=F("revision") + 1)
        change = {(values["department"], str(name), day): number for name, day in days if day}
        note(Counter(), Counter(change))
    return number


class Round:
    """Compares one department after the other, and mends; a step each time it is called."""

    def __init__(self) -> None:
        self._waiting: list[str] = []

    async def step(self) -> Counter[Key]:
        """What was wrong with the next department."""
        if not self._waiting:
            await mend_flags()
            self._waiting = await departments()
        if not self._waiting:
            return Counter()
        department = self._waiting.pop(0)
        wrong = await mend(department, today=clock.today())
        if wrong:
            log.error("kept counts of %s were wrong and are mended: %s", department, dict(wrong))
        return wrong


async def _write(changes: Sequence[Counter[Key]]) -> None:
    """All changes of a transaction by one statement, in one order: no two wait crosswise."""
    total: Counter[Key] = Counter()
    for change in changes:
        for key, number in change.items():
            total[key] += number
    kept = [(key, number) for key, number in sorted(total.items()) if number]
    if not kept:
        return
    slot, values, places = secrets.randbelow(SLOTS), dict[str, Any](), []
    for at, ((department, name, day), number) in enumerate(kept):
        places.append(f"(:id_{at}, :department_{at}, :name_{at}, :day_{at}, :slot, :number_{at})")
        values |= {
            f"id_{at}": new_id(),
            f"department_{at}": department,
            f"name_{at}": name,
            f"day_{at}": day,
            f"number_{at}": number,
        }
    await sql.rows(_ADD.format(", ".join(places)), slot=slot, **values)


def _truth_and_counts(today: date, *, on_sqlite: bool) -> str:
    """What cases say minus what the counts say, as one statement: one instant is compared.

    Each part reads an index of the department's; days of lateness that are over are one.
    """

    def literal(day: date) -> str:
        return f"'{day}'" if on_sqlite else f"DATE '{day}'"

    def late(column: str) -> str:
        return f"CASE WHEN {column} < {literal(today)} THEN {always} ELSE {column} END"

    always, yesterday = literal(ALWAYS), literal(today - _DAY)
    mine = "department = :department AND submitted_at IS NOT NULL"
    running = f"{mine} AND state IN ('submitted', 'accepted')"
    closed = f"{mine} AND state = 'closed' AND updated_at >= :yesterday_began"
    return f"""
    SELECT name, day, SUM(number) AS number FROM (
      SELECT state AS name, {always} AS day, COUNT(*) AS number
        FROM cases_case WHERE {mine} GROUP BY state
      UNION ALL SELECT 'unread', {always}, COUNT(*) FROM cases_case WHERE {mine} AND has_unread
      UNION ALL SELECT 'yellow', {late("yellow_on")}, 1
        FROM cases_case WHERE {running} AND yellow_on IS NOT NULL
      UNION ALL SELECT 'red', {late("red_on")}, 1
        FROM cases_case WHERE {running} AND red_on IS NOT NULL
      UNION ALL SELECT 'closed-on', {yesterday}, COUNT(*) FROM cases_case
        WHERE {closed} AND ended_at >= :yesterday_began AND ended_at < :today_began
      UNION ALL SELECT 'closed-on', {literal(today)}, COUNT(*) FROM cases_case
        WHERE {closed} AND ended_at >= :today_began
      UNION ALL SELECT name,
        CASE WHEN name IN ('yellow', 'red') THEN {late("day")} ELSE day END, -number
        FROM cases_kept_count
        WHERE department = :department AND NOT (name = 'closed-on' AND day < {yesterday})
    ) both_of_them GROUP BY name, day HAVING SUM(number) <> 0
    """  # noqa: S608 - names of ours


def _beginning(day: date) -> datetime:
    """The instant at which a day of the office begins."""
    return datetime.combine(day, time.min, tzinfo=clock.SHANGHAI)


def _day(value: date | str) -> date:
    """SQLite gives a day of its own making as a text."""
    return date.fromisoformat(value) if isinstance(value, str) else value
