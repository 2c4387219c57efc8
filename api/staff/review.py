"""The officer's acts on a case: accept, decline, ask for a supplement, approve, refuse."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

import msgspec
from sanic import Blueprint, Request

from api.edge import bounds, guards
from api.edge.bounds import Values
from api.edge.endpoint import endpoint
from api.shared import licence_lookup
from api.staff.worklist import detail
from core import clock
from identity import errors as identity_errors
from identity import queries as identity_queries
from identity.principal import Principal
from identity.staff.roles import Act
from services.cases import errors
from services.cases.acts import review, supplement
from services.cases.materials import papers
from services.cases.shapes import StaffCaseDetail
from services.cases.views import queries
from wallet.errors import InvalidFacts, PreviousLicenceMissing
from wallet.register import queries as wallet_queries
from wallet.types import catalogue as licence_catalogue
from wallet.types.licence_types import Field

bp = Blueprint("staff-review", url_prefix="/api/staff")

Text = Annotated[str, msgspec.Meta(max_length=1000)]
_REFUSALS = (
    identity_errors.NotDelegated,
    identity_errors.NotQualified,
    identity_errors.OfficerAway,
    identity_errors.OfficerInactive,
    identity_errors.OwnMatter,
)
_PROBLEMS = (errors.CaseNotFound, errors.TransitionNotAllowed, errors.CaseChanged, *_REFUSALS)


class Reason(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    reason: Text


class Point(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    code: Annotated[str, msgspec.Meta(max_length=60)]
    reason: Annotated[str, msgspec.Meta(max_length=300)]


class RequestSupplement(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    items: Annotated[list[Point], msgspec.Meta(max_length=100)]
    note: Annotated[str, msgspec.Meta(max_length=2000)] = ""
    due_on: date | None = None
    """The last day; without it fifteen working days."""


class Approve(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    opinion: Text
    facts: Values = {}
    """What the licence shall say; the licence type decides what is taken, hence Any."""


class LicenceField(msgspec.Struct, kw_only=True):
    key: str
    label: str
    type: str
    required: bool
    options: list[str]
    note: str | None
    value: Any
    """Whatever the licence type stores in this field."""
    missing: bool


class LicenceDraft(msgspec.Struct, kw_only=True):
    """The licence an approval would make, filled in as far as the case says it."""

    licence_type: str | None
    name: str | None = None
    action: str | None = None
    previous_licence_id: UUID | None = None
    fields: list[LicenceField] = []


@bp.post("/cases/<case_id:uuid>/acceptance")
@guards.officer_of_case(Act.ACCEPT)
@endpoint(
    summary="Accept",
    returns=StaffCaseDetail,
    problems=(*_PROBLEMS, errors.CalendarMissing),
)
async def accept(request: Request, case_id: UUID) -> StaffCaseDetail:
    await review.accept(case_id, by=request.ctx.principal)
    return await detail(case_id, request.ctx.principal)


@bp.post("/cases/<case_id:uuid>/declined-acceptance")
@guards.officer_of_case(Act.DECLINE_ACCEPTANCE)
@endpoint(
    summary="Decline to accept, with a reason",
    body=Reason,
    returns=StaffCaseDetail,
    problems=(*_PROBLEMS, errors.ReasonMissing),
)
async def decline(request: Request, case_id: UUID, body: Reason) -> StaffCaseDetail:
    await review.decline_acceptance(case_id, reason=body.reason, by=request.ctx.principal)
    return await detail(case_id, request.ctx.principal)


@bp.post("/cases/<case_id:uuid>/supplements")
@guards.officer_of_case(Act.REQUEST_SUPPLEMENT)
@endpoint(
    summary="Tell the applicant everything that is missing, once",
    body=RequestSupplement,
    largest=128 * bounds.KIBIBYTE,
    returns=StaffCaseDetail,
    problems=(
        *_PROBLEMS,
        errors.InvalidSupplement,
        errors.SupplementAlreadyRequested,
        errors.CalendarMissing,
    ),
)
async def request_supplement(
    request: Request, case_id: UUID, body: RequestSupplement
) -> StaffCaseDetail:
    await supplement.request(
        case_id,
        items=[supplement.Missing(point.code, point.reason) for point in body.items],
        note=body.note,
        due_on=body.due_on,
        by=request.ctx.principal,
    )
    return await detail(case_id, request.ctx.principal)


@bp.post("/cases/<case_id:uuid>/materials/<code:str>/rejection")
@guards.officer_of_case(Act.CHECK_MATERIAL)
@endpoint(
    summary="Mark a material as not good enough",
    body=Reason,
    returns=StaffCaseDetail,
    problems=(*_PROBLEMS, errors.MaterialNotFound, errors.ReasonMissing),
)
async def reject_material(
    request: Request, case_id: UUID, code: str, body: Reason
) -> StaffCaseDetail:
    await papers.reject(case_id, code, reason=body.reason, by=request.ctx.principal)
    return await detail(case_id, request.ctx.principal)


@bp.get("/cases/<case_id:uuid>/licence-draft")
@guards.officer_of_case(Act.APPROVE)
@endpoint(
    summary="The licence an approval would make",
    returns=LicenceDraft,
    problems=(errors.CaseNotFound,),
)
async def draft_licence(request: Request, case_id: UUID) -> LicenceDraft:
    case, item, values = await queries.licence_input(case_id, by=request.ctx.principal)
    if item.result.licence is None:
        return LicenceDraft(licence_type=None)
    licence_type = licence_catalogue.get_type(item.result.licence)
    previous = await _previous(case_id, by=request.ctx.principal)
    if previous is not None:
        await wallet_queries.note_read(previous[0], by=request.ctx.principal)
    facts, missing = licence_catalogue.draft_facts(
        licence_type.code,
        form=values,
        applicant=await identity_queries.get_subject(case.subject_id),
        previous=previous[1] if previous else None,
        at=clock.today(),
    )
    return LicenceDraft(
        licence_type=licence_type.code,
        name=licence_type.name,
        action=item.result.action,
        previous_licence_id=previous[0] if previous else None,
        fields=[_field(field, facts, missing) for field in licence_type.fields],
    )


@bp.post("/cases/<case_id:uuid>/approval")
@guards.officer_of_case(Act.APPROVE)
@endpoint(
    summary="Approve; the licence is made right afterwards",
    body=Approve,
    returns=StaffCaseDetail,
    problems=(*_PROBLEMS, InvalidFacts, PreviousLicenceMissing),
)
async def approve(request: Request, case_id: UUID, body: Approve) -> StaffCaseDetail:
    principal: Principal = request.ctx.principal
    await review.get_approvable(case_id, by=principal)
    _, item, _ = await queries.licence_input(case_id, by=principal)
    facts: dict[str, Any] = {}
    previous = None
    if item.result.licence is not None:
        facts = dict(licence_catalogue.check_facts(item.result.licence, body.facts))
        previous = await _previous(case_id, by=principal)
        if previous is None and item.result.action != "issue":
            raise PreviousLicenceMissing()
    await review.approve(
        case_id,
        opinion=body.opinion,
        facts=facts,
        by=principal,
        previous_licence_id=previous[0] if previous else None,
    )
    return await detail(case_id, principal)


@bp.post("/cases/<case_id:uuid>/refusal")
@guards.officer_of_case(Act.REFUSE)
@endpoint(
    summary="Refuse, with reasons",
    body=Reason,
    returns=StaffCaseDetail,
    problems=(*_PROBLEMS, errors.ReasonMissing),
)
async def refuse(request: Request, case_id: UUID, body: Reason) -> StaffCaseDetail:
    await review.refuse(case_id, reason=body.reason, by=request.ctx.principal)
    return await detail(case_id, request.ctx.principal)


async def _previous(case_id: UUID, *, by: Principal) -> tuple[UUID, licence_lookup.Facts] | None:
    """The licence the case renews or changes; None for a first issue."""
    case, item, _ = await queries.licence_input(case_id, by=by)
    if item.result.licence is None or item.result.action == "issue":
        return None
    return await licence_lookup.to_renew(
        case.subject_id,
        item.result.licence,
        reused=await papers.reused_licences(case_id),
    )


def _field(field: Field, facts: licence_lookup.Facts, missing: list[Field]) -> LicenceField:
    return LicenceField(
        key=field.key,
        label=field.label,
        type=str(field.type),
        required=field.required,
        options=list(field.options),
        note=field.note,
        value=facts.get(field.key),
        missing=field in missing,
    )
