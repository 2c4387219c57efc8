"""Lists of cases: an applicant's own, worklists, and how the departments stand.

Every list is the next rows of an index (`services.cases.list_indexes`), every number beside it is a
kept one (`services.cases.counts`): what a page costs does not hang on how many cases there are.
Rows bring the columns a list shows; nothing of what people wrote is loaded or decrypted.
"""

import re

from tortoise.queryset import QuerySet

from core import clock
from core.clocks import holidays
from core.data import pages
from core.data.pages import Page, Section
from identity.authority import Delegation
from identity.principal import Principal
from identity.staff.roles import Act
from services.cases import counts, doors, moves, shapes
from services.cases.counts import Name
from services.cases.lifecycle import CaseState
from services.cases.models import Case
from services.cases.talk import conversation
from services.cases.talk.conversation import Side
from services.cases.views import delegated, presenting
from services.cases.views.delegated import Share
from services.guides import catalogue

OPEN_STATES = (CaseState.SUBMITTED, CaseState.SUPPLEMENT_REQUESTED, CaseState.ACCEPTED)
"""States in which the office or the applicant still has to do something."""

MOST_WAITING = 100
"""What waits for an applicant is counted no further: a badge says 99+."""

MOST_ITEMS = 8
"""Items whose cases a search goes through, one after the other."""

_SHOWN = (
    "id", "case_no", "short_no", "item_code", "item_version", "item_digest", "item_name",
    "department", "state", "submitted_at", "due_on", "updated_at", "accepted_at", "decided_at",
    "ended_at",
)  # fmt: skip
_SHOWN_TO_OFFICERS = (
    *_SHOWN, "applicant_masked", "acceptance_due_on", "accepted_on", "received_on", "yellow_on",
    "red_on", "has_unread",
)  # fmt: skip

_MINE = (CaseState.SUPPLEMENT_REQUESTED, CaseState.DRAFT)
"""States in which it is the applicant's turn."""

_MOVED = ("updated_at", "id")
_PREFIX = re.compile(r"SJ\d{4,8}(-[0-9A-Z-]{0,9})?", re.ASCII)
_OFFICIAL = re.compile(r"[0-9A-Z]{30,50}")


async def list_own(
    *, by: Principal, state: CaseState | None = None, after: str | None = None, limit: int = 20
) -> Page[shapes.CaseSummary]:
    """The cases of the applicant the caller acts as; raises WrongPlace.

    What waits for the applicant comes first, then drafts, then all others; of each the newest
    change first.
    """
    own = Case.filter(subject_id=by.applicant_id).only(*_SHOWN)
    if state is not None:
        sections = [Section(f"cases.{state}", own.filter(state=state), _MOVED)]
    else:
        sections = [
            *(Section(f"cases.{first}", own.filter(state=first), _MOVED) for first in _MINE),
            Section("cases.others", own.exclude(state__in=_MINE), _MOVED),
        ]
    rows = await pages.read(*sections, after=after, limit=limit)
    snapshot = await catalogue.snapshot()
    unread = await conversation.unread_of([row.id for row in rows], side=Side.APPLICANT)
    items = {row.id: await moves.item_of(row) for row in rows}
    return rows.map(
        lambda row: presenting.summary(
            row, snapshot=snapshot, item=items[row.id], unread=unread.get(row.id, 0)
        )
    )


async def count_waiting(*, by: Principal) -> int:
    """Cases of the applicant's that wait for a supplement; `MOST_WAITING` for as many or more."""
    waiting = Case.filter(subject_id=by.applicant_id, state=CaseState.SUPPLEMENT_REQUESTED)
    return await pages.count_up_to(waiting, MOST_WAITING)


async def list_worklist(
    *,
    by: Principal,
    state: CaseState | None = None,
    query: str = "",
    unread: bool = False,
    after: str | None = None,
    limit: int = 20,
) -> Page[shapes.WorklistEntry]:
    """The cases of the officer's department, then those delegated to the officer, item by item.

    Raises `RoleMissing`, WrongPlace.

    Within one running state the most urgent come first, else the newest change. `query` is a number
    or its beginning, a word of an item's name, or the applicant's exact name (names are stored
    encrypted). With `unread` only cases whose applicant wrote something that nobody has read.
    """
    doors.insist_on_role(by, Act.READ_CASES)
    held = await delegated.shares(by)

    def narrowed(rows: QuerySet[Case]) -> QuerySet[Case]:
        rows = rows.filter(state=state) if state is not None else rows
        rows = rows.filter(pages.is_true("has_unread")) if unread else rows
        return rows.only(*_SHOWN_TO_OFFICERS)

    if words := query.strip():
        found = narrowed(Case.filter(delegated.visible(by, held)))
        sections = await _found(found, words, by=by, held=held)
    else:
        sections = [
            _section(name, narrowed(rows), state=state, unread=unread)
            for name, rows in _scopes(by, held)
        ]
    rows = await pages.read(*sections, after=after, limit=limit)
    snapshot, days, today = await catalogue.snapshot(), await holidays.calendar(), clock.today()
    talking = [row.id for row in rows if row.has_unread]
    waiting = await conversation.unread_of(talking, side=Side.OFFICE) if talking else {}
    items = {row.id: await moves.item_of(row) for row in rows}
    return rows.map(
        lambda row: presenting.worklist_entry(
            row,
            snapshot=snapshot,
            item=items[row.id],
            today=today,
            days=days,
            unread=waiting.get(row.id, 0),
        )
    )


async def worklist_counts(*, by: Principal) -> tuple[dict[str, int], int]:
    """State → cases of the officer's department, and how many of all have something unread.

    Raises `RoleMissing`.
    """
    doors.insist_on_role(by, Act.READ_CASES)
    kept = await counts.by_name(by.department)
    shown = {str(state): kept.get(state, 0) for state in CaseState if state != CaseState.DRAFT}
    return shown, kept.get(Name.UNREAD, 0)


async def get_overview(*, by: Principal) -> shapes.Overview:
    """How the departments the officer may see stand today. Raises `RoleMissing`."""
    doors.insist_on_role(by, Act.READ_OVERVIEW)
    doors.insist_on_role(by, Act.READ_CASES)
    snapshot = await catalogue.snapshot()
    kept = await counts.by_department(clock.today())
    loads = [
        shapes.DepartmentLoad(
            key=key,
            name=snapshot.department_name(key),
            open=sum(kept[key][state] for state in OPEN_STATES),
            yellow=kept[key][Name.YELLOW],
            red=kept[key][Name.RED],
            closed_today=kept[key][Name.CLOSED],
        )
        for key in snapshot.departments
        if by.covers(key)
    ]
    totals = shapes.LoadTotals(
        open=sum(load.open for load in loads),
        yellow=sum(load.yellow for load in loads),
        red=sum(load.red for load in loads),
        closed_today=sum(load.closed_today for load in loads),
    )
    return shapes.Overview(departments=loads, totals=totals)


async def list_delegated(*, by: Principal) -> list[shapes.DelegatedWork]:
    """In whose name the officer works today, and on which items. Raises `RoleMissing`."""
    doors.insist_on_role(by, Act.READ_CASES)
    snapshot = await catalogue.snapshot()
    items: dict[Delegation, list[str]] = {}
    for share in await delegated.shares(by):
        items.setdefault(share.delegation, []).append(share.code)
    return [
        shapes.DelegatedWork(
            no=one.no,
            delegator=snapshot.department_name(one.delegator),
            items=[snapshot.items[code].item.name for code in codes if code in snapshot.items],
            powers=sorted(one.powers),
            until=one.until,
        )
        for one, codes in items.items()
    ]


def _scopes(by: Principal, held: list[Share]) -> list[tuple[str, QuerySet[Case]]]:
    """The own department's cases or all, then each delegated item, named for places of pages."""
    submitted = Case.filter(submitted_at__isnull=False)
    own = submitted.filter(department=by.department) if by.department else submitted
    others = [
        (
            f".{one.code}",
            submitted.filter(item_code=one.code, department=one.delegation.delegator),
        )
        for one in held
    ]
    return [("", own), *others]


def _section(
    name: str, visible: QuerySet[Case], *, state: CaseState | None, unread: bool
) -> Section[Case]:
    if unread:
        return Section(f"worklist.unread{name}", visible, _MOVED)
    if state is CaseState.SUBMITTED:
        keys = ("acceptance_due_on", "submitted_at", "id")
        return Section(f"worklist.accept{name}", visible, keys, newest_first=False)
    if state is CaseState.ACCEPTED:
        keys = ("due_on", "submitted_at", "id")
        return Section(f"worklist.decide{name}", visible, keys, newest_first=False)
    return Section(f"worklist.moved{name}", visible, _MOVED)


async def _found(
    visible: QuerySet[Case], words: str, *, by: Principal, held: list[Share]
) -> list[Section[Case]]:
    """Where a search looks, the surest first; each is an index of its own."""
    number = words.upper()
    if _OFFICIAL.fullmatch(number):
        return [Section("found.official", visible.filter(case_no=number), ("case_no",))]
    if _PREFIX.fullmatch(number):
        # Between the number and whatever follows it: an index of texts in any collation finds this.
        begins = visible.filter(short_no__gte=number, short_no__lte=f"{number}zzzz")
        begins = begins.filter(short_no__startswith=number)
        return [Section("found.number", begins, ("short_no",))]
    named = moves.applicant_indexes(words)
    others = visible.exclude(applicant_index__in=named)
    snapshot = await catalogue.snapshot()
    # Items of other departments have no cases here, and their index would be read to its end.
    given = {share.code for share in held}
    codes = [
        code
        for code in snapshot.codes_named(words)
        if code in given or by.covers(snapshot.items[code].item.dept)
    ]
    codes = codes[:MOST_ITEMS]
    return [
        *(
            Section(f"found.name.{place}", visible.filter(applicant_index=index), _MOVED)
            for place, index in enumerate(named)
        ),
        *(Section(f"found.item.{code}", others.filter(item_code=code), _MOVED) for code in codes),
    ]
