"""Reading a case: what its applicant and the officers see of it, and what others ask of it."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tortoise.expressions import Q

from core import clock
from core.clocks import holidays
from core.protection import audit
from identity import queries as identity_queries
from identity.authority import Basis
from identity.errors import RoleMissing
from identity.numbers import mask_id_no, mask_phone
from identity.principal import Principal
from identity.staff.roles import Act
from services.cases import doors, lifecycle, moves, shapes, timeline
from services.cases.acts import sign
from services.cases.lifecycle import CaseState
from services.cases.materials import content_checks
from services.cases.models import Case, Material, MaterialFile, Supplement
from services.cases.rules import forms
from services.cases.talk import conversation
from services.cases.talk.conversation import Side
from services.cases.views import presenting
from services.cases.views.presenting import FaceWords, HeldLicences
from services.guides import catalogue
from services.guides.definitions import Item
from services.guides.fees import Charge

CITIZEN_FILES = "/api/citizen/materials"
STAFF_FILES = "/api/staff/materials"


@dataclass(frozen=True, kw_only=True)
class Licences:
    """What the wallet knows, for showing which licences could stand for materials."""

    held: HeldLicences
    names: Mapping[str, str]


NO_LICENCES = Licences(held={}, names={})


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
    case = await doors.get_for_officer(case_id, act=Act.READ_CASES, by=by)
    await audit.record_read(actor=by.actor, action="case.read", target=f"case:{case.id}")
    ask = await doors.granted(case, by=by)
    has_supplement = await Supplement.exists(case_id=case.id)
    may, withheld = doors.sort(_open_now(case, has_supplement=has_supplement), ask)
    detail = await _detail(
        case,
        licences=Licences(held={}, names=licence_names),
        files_at=STAFF_FILES,
        may=may,
        side=Side.OFFICE,
        face_words=face_words,
    )
    item = await moves.item_of(case)
    return shapes.StaffCaseDetail(
        **{name: getattr(detail, name) for name in detail.__struct_fields__},
        withheld=[
            shapes.WithheldAct(act=one.word, slug=one.refusal.slug, text=str(one.refusal))
            for one in withheld
            if not isinstance(one.refusal, RoleMissing)
        ],
        basis_text=await _basis_text(ask(Act.READ_CASES)),
        applicant=await _applicant(case),
        light=str(presenting.light(case, today=clock.today(), days=await holidays.calendar())),
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


async def licence_input(case_id: UUID, *, by: Principal) -> tuple[Case, Item, dict[str, Any]]:
    """The case, its item and its form values, from which a licence is drafted.

    Raises `CaseNotFound`, `RoleMissing`.
    """
    case = await doors.get_for_officer(case_id, act=Act.APPROVE, by=by)
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


def _open_now(case: Case, *, has_supplement: bool) -> dict[str, Act]:
    """What the state of the case lets be done."""
    ask = [] if has_supplement else ["request_supplement"]
    match case.state:
        case CaseState.SUBMITTED:
            open_now = ["accept", "decline", *ask, "reject_material"]
        case CaseState.ACCEPTED:
            open_now = ["approve", "refuse", *ask, "reject_material"]
        case _:
            open_now = []
    return {word: _OFFICER_WORDS[word] for word in open_now}


async def _basis_text(basis: Basis) -> str:
    if basis.delegation is None:
        return ""
    name = (await catalogue.snapshot()).department_name(basis.delegation.delegator)
    return f"受{name}委托办理（{basis.delegation.no}，至 {basis.delegation.until}）"
