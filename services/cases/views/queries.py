"""Reading cases: lists and details for applicants and officers, files, and the overview."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tortoise.expressions import Q
from tortoise.functions import Count
from tortoise.queryset import QuerySet

from core import clock
from core.protection import audit
from identity import queries as identity_queries
from identity.numbers import mask_id_no, mask_phone
from identity.principal import Principal
from identity.staff import roles
from identity.staff.roles import Act
from services.cases import lifecycle, moves, shapes, timeline
from services.cases.acts import sign
from services.cases.lifecycle import CaseState
from services.cases.materials import content_checks
from services.cases.models import Case, Material, MaterialFile, Supplement
from services.cases.rules import deadlines, forms
from services.cases.rules.deadlines import Light
from services.cases.talk import conversation
from services.cases.talk.conversation import Side
from services.cases.views import presenting
from services.cases.views.presenting import FaceWords, HeldLicences
from services.guides import catalogue
from services.guides.definitions import Item
from services.guides.fees import Charge

CITIZEN_FILES = "/api/citizen/materials"
STAFF_FILES = "/api/staff/materials"

OPEN_STATES = (CaseState.SUBMITTED, CaseState.SUPPLEMENT_REQUESTED, CaseState.ACCEPTED)
"""States in which the office or the applicant still has to do something."""

_LIT_BY = (
    "department", "state", "due_on", "acceptance_due_on", "accepted_on", "received_on"
)  # fmt: skip
"""All that the light of a case hangs on."""


@dataclass(frozen=True, kw_only=True)
class Licences:
    """What the wallet knows, for showing which licences could stand for materials."""

    held: HeldLicences
    names: Mapping[str, str]


NO_LICENCES = Licences(held={}, names={})


async def list_own(
    *, by: Principal, state: CaseState | None, limit: int, offset: int
) -> tuple[list[shapes.CaseSummary], int]:
    """The cases of the applicant the caller acts as, newest change first, and how many."""
    own = Case.filter(subject_id=by.applicant_id)
    if state is not None:
        own = own.filter(state=state)
    snapshot = await catalogue.snapshot()
    rows = await own.order_by("-updated_at", "id").offset(offset).limit(limit)
    unread = await conversation.unread_of([row.id for row in rows], side=Side.APPLICANT)
    shown = [
        presenting.summary(
            row,
            snapshot=snapshot,
            item=await moves.item_of(row),
            unread=unread.get(row.id, 0),
        )
        for row in rows
    ]
    return shown, await own.count()


async def get_detail(
    case_id: UUID, *, by: Principal, licences: Licences = NO_LICENCES
) -> shapes.CaseDetail:
    """The caller's own case; raises `CaseNotFound`."""
    case = await moves.get_own(case_id, by=by)
    await moves.note_agent(case, "case.read", by=by)
    may = lifecycle.applicant_may(case.state)
    return await _detail(
        case, licences=licences, files_at=CITIZEN_FILES, may=may, side=Side.APPLICANT
    )


async def get_staff_detail(
    case_id: UUID, *, by: Principal, licence_names: Mapping[str, str], face_words: FaceWords
) -> shapes.StaffCaseDetail:
    """A case of the officer's department; the look goes into the audit. Raises `CaseNotFound`."""
    case = await moves.get_for_officer(case_id, by=by, act=Act.READ_CASES)
    await audit.record_read(actor=by.actor, action="case.read", target=f"case:{case.id}")
    detail = await _detail(
        case,
        licences=Licences(held={}, names=licence_names),
        files_at=STAFF_FILES,
        may=_officer_may(case, by, has_supplement=await Supplement.exists(case_id=case.id)),
        side=Side.OFFICE,
        face_words=face_words,
    )
    item = await moves.item_of(case)
    return shapes.StaffCaseDetail(
        **{name: getattr(detail, name) for name in detail.__struct_fields__},
        applicant=await _applicant(case),
        light=str(presenting.light(case, today=clock.today(), days=deadlines.calendar())),
        licence_type=item.result.licence,
        content_marks=await content_checks.marks_of(case.id),
    )


async def get_item(item_code: str, *, case_no: str | None = None) -> Item:
    """The version a case began with, when its number is given; else the current one.

    A case goes on when its item is retired. Raises `ItemNotFound`.
    """
    if case_no:
        numbered = Q(case_no=case_no) | Q(short_no=case_no)
        case = await Case.filter(numbered, item_code=item_code).first()
        if case is not None:
            return await moves.item_of(case)
    return (await catalogue.get_item(item_code)).item


async def get_charge(case_id: UUID) -> Charge:
    """What the applicant owes, after the answers and the version the case began with.

    The guide of the case shows the same. Raises `CaseNotFound`.
    """
    return (await moves.guide_of(await moves.get_case(case_id))).fee


async def list_worklist(
    *,
    by: Principal,
    state: CaseState | None,
    query: str,
    limit: int,
    offset: int,
    unread: bool = False,
) -> tuple[list[shapes.WorklistEntry], int, dict[str, int]]:
    """The cases of the officer's department, how many match, and how many per state.

    Within one running state the most urgent come first. `query` is a number, a word of the item's
    name, or the applicant's exact name (names are stored encrypted). With `unread` only cases
    whose applicant wrote something that nobody has read.
    """
    visible = _visible(by)
    matching = visible.filter(state=state) if state else visible
    if unread:
        matching = matching.filter(conversation__office_unread__gt=0)
    if query.strip():
        matching = matching.filter(_matches(query.strip()))
    snapshot, days, today = await catalogue.snapshot(), deadlines.calendar(), clock.today()
    rows = await matching.order_by(*_urgency(state)).offset(offset).limit(limit)
    waiting = await conversation.unread_of([row.id for row in rows], side=Side.OFFICE)
    shown = [
        presenting.worklist_entry(
            row,
            snapshot=snapshot,
            item=await moves.item_of(row),
            today=today,
            days=days,
            unread=waiting.get(row.id, 0),
        )
        for row in rows
    ]
    return shown, await matching.count(), await _counts(visible)


async def count_unread(*, by: Principal) -> int:
    """Cases the officer may see whose applicant wrote something that nobody has read."""
    return await _visible(by).filter(conversation__office_unread__gt=0).count()


async def get_overview(*, by: Principal) -> shapes.Overview:
    """How the departments the officer may see stand today."""
    roles.insist(by, Act.READ_OVERVIEW)
    snapshot, days, today = await catalogue.snapshot(), deadlines.calendar(), clock.today()
    lights: dict[str, Counter[Light]] = defaultdict(Counter)
    # As many rows as there are days and states, however many cases: none is loaded or decrypted.
    running = _visible(by).filter(state__in=OPEN_STATES).annotate(number=Count("id"))
    for row in await running.group_by(*_LIT_BY).values(*_LIT_BY, "number"):
        like = Case(**{column: row[column] for column in _LIT_BY})
        lit = presenting.light(like, today=today, days=days)
        lights[row["department"]][lit] += row["number"]
    start_of_day = clock.local(clock.now()).replace(hour=0, minute=0, second=0, microsecond=0)
    closed: dict[str, int] = defaultdict(int)
    ended = _visible(by).filter(state=CaseState.CLOSED, ended_at__gte=start_of_day)
    for department, count in await _count_by(ended, "department"):
        closed[department] = count
    loads = [
        shapes.DepartmentLoad(
            key=key,
            name=snapshot.department_name(key),
            open=lights[key].total(),
            yellow=lights[key][Light.YELLOW],
            red=lights[key][Light.RED],
            closed_today=closed[key],
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


async def licence_input(case_id: UUID, *, by: Principal) -> tuple[Case, Item, dict[str, Any]]:
    """The case, its item and its form values, from which a licence is drafted.

    Raises `CaseNotFound`, `RoleMissing`.
    """
    case = await moves.get_for_officer(case_id, by=by, act=Act.APPROVE)
    values = moves.effective_values(case, await moves.guide_of(case))
    return case, await moves.item_of(case), values


async def licence_types_for(case_id: UUID, *, by: Principal) -> dict[str, tuple[str, ...]]:
    """Licence type → fields, of every licence that could stand for a material of the case."""
    case = await moves.get_own(case_id, by=by)
    return licence_types_of(await moves.item_of(case))


async def prefill_of_item(item_code: str) -> dict[str, set[str]]:
    """Licence type → the facts that the form of an item is filled from. Raises `ItemNotFound`."""
    return forms.licence_facts_of((await catalogue.get_item(item_code)).item.form)


async def prefill_of_case(case_id: UUID, *, by: Principal) -> dict[str, set[str]]:
    """The same for a case of the caller's. Raises `CaseNotFound`."""
    return forms.licence_facts_of((await moves.item_of(await moves.get_own(case_id, by=by))).form)


def licence_types_of(item: Item) -> dict[str, tuple[str, ...]]:
    """Licence type → fields, of every licence that could stand for a material of the item."""
    return {
        way.type: way.fields
        for requirement in item.materials
        for way in requirement.replace
        if way.by == "licence" and way.type
    }


async def _detail(
    case: Case,
    *,
    licences: Licences,
    files_at: str,
    may: list[str],
    side: Side,
    face_words: FaceWords | None = None,
) -> shapes.CaseDetail:
    snapshot, guide = await catalogue.snapshot(), await moves.guide_of(case)
    rows = {row.code: row for row in await Material.filter(case_id=case.id)}
    files: dict[UUID, list[MaterialFile]] = defaultdict(list)
    for page in await MaterialFile.filter(material__case_id=case.id).order_by("page"):
        files[page.material_id].append(page)
    return presenting.detail(
        case,
        snapshot=snapshot,
        item=await moves.item_of(case),
        guide=guide,
        values=moves.effective_values(case, guide),
        form_revision=moves.form_revision(case),
        materials_view=presenting.materials_of(
            guide,
            snapshot=snapshot,
            rows=rows,
            files=files,
            held=licences.held,
            licence_names=licences.names,
            files_at=files_at,
            face_words=face_words,
        ),
        timeline=await timeline.list_entries(case.id),
        supplement=await Supplement.get_or_none(case_id=case.id),
        may=may,
        signature=await sign.find(case, guide),
        unread=(await conversation.unread_of([case.id], side=side)).get(case.id, 0),
    )


async def _applicant(case: Case) -> shapes.ApplicantView:
    subject = await identity_queries.get_subject(case.subject_id)
    person = await identity_queries.get_subject(case.person_id)
    return shapes.ApplicantView(
        name=subject.name,
        id_no_masked=mask_id_no(subject.id_no),
        kind=subject.kind,
        phone_masked=mask_phone(person.phone) if person.phone else None,
        person_name=person.name,
    )


_OFFICER_WORDS = {
    "accept": Act.ACCEPT,
    "decline": Act.DECLINE_ACCEPTANCE,
    "request_supplement": Act.REQUEST_SUPPLEMENT,
    "reject_material": Act.CHECK_MATERIAL,
    "approve": Act.APPROVE,
    "refuse": Act.REFUSE,
}
"""What pages call the acts on a case → the act, whose table of authority decides."""


def _officer_may(case: Case, by: Principal, *, has_supplement: bool) -> list[str]:
    """What the state of the case lets be done, as far as this officer may do it."""
    ask = [] if has_supplement else ["request_supplement"]
    match case.state:
        case CaseState.SUBMITTED:
            open_now = ["accept", "decline", *ask, "reject_material"]
        case CaseState.ACCEPTED:
            open_now = ["approve", "refuse", *ask, "reject_material"]
        case _:
            open_now = []
    return [word for word in open_now if roles.allows(by, _OFFICER_WORDS[word])]


def _visible(by: Principal) -> QuerySet[Case]:
    """Submitted cases the officer may see. Raises `RoleMissing`."""
    roles.insist(by, Act.READ_CASES)
    submitted = Case.filter(submitted_at__isnull=False)
    return submitted.filter(department=by.department) if by.department else submitted


def _matches(query: str) -> Q:
    number = query.upper()
    return (
        Q(short_no__startswith=number)
        | Q(case_no=number)
        | Q(item_name__contains=query)
        | Q(applicant_index__in=moves.applicant_indexes(query))
    )


def _urgency(state: CaseState | None) -> tuple[str, ...]:
    if state is CaseState.SUBMITTED:
        return ("acceptance_due_on", "submitted_at", "id")
    if state is CaseState.ACCEPTED:
        return ("due_on", "submitted_at", "id")
    return ("-updated_at", "id")


async def _counts(visible: QuerySet[Case]) -> dict[str, int]:
    counted = dict(await _count_by(visible, "state"))
    return {str(state): counted.get(state, 0) for state in CaseState if state != CaseState.DRAFT}


async def _count_by(rows: QuerySet[Case], column: str) -> list[tuple[str, int]]:
    grouped = rows.annotate(number=Count("id")).group_by(column)
    return [(str(value), count) for value, count in await grouped.values_list(column, "number")]
