"""A citizen's cases: open, answer, fill in, submit, withdraw, answer a supplement, follow."""

from typing import Annotated
from uuid import UUID

import msgspec
from sanic import Blueprint, Request

from api.edge import guards, idempotency, paging
from api.edge.bounds import Answers, Values
from api.edge.endpoint import endpoint
from api.shared import licence_lookup
from core.data.pages import WrongPlace
from identity.errors import ItemNotOffered, StepUpRequired
from identity.principal import Principal
from services.cases import errors
from services.cases.acts import apply, sign, supplement
from services.cases.lifecycle import CaseState
from services.cases.shapes import CaseDetail, CaseSummary
from services.cases.views import lists, queries
from services.guides import errors as guide_errors

bp = Blueprint("citizen-cases", url_prefix="/api/citizen")

Note = Annotated[str, msgspec.Meta(max_length=2000)]

_GUIDE_PROBLEMS = (
    guide_errors.UnknownQuestion,
    guide_errors.UnknownOption,
    guide_errors.InvalidAnswers,
    errors.GuideStopped,
)
_MOVE_PROBLEMS = (errors.CaseNotFound, errors.TransitionNotAllowed, errors.CaseChanged)


class OpenCase(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    item_code: Annotated[str, msgspec.Meta(max_length=50)]
    answers: Answers = {}


class ChangeAnswers(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    answers: Answers


class FillForm(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    form_revision: Annotated[str, msgspec.Meta(max_length=64)]
    """The `form_revision` of the case the values were typed into."""
    values: Values
    """Field key → value; the field's own type decides what is taken, hence Any."""


class Withdraw(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    reason: Note = ""


class AnswerSupplement(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    note: Note = ""


class CaseQuery(paging.Page, kw_only=True, forbid_unknown_fields=True):
    state: CaseState | None = None


class CaseList(msgspec.Struct, kw_only=True):
    items: list[CaseSummary]
    """What waits for me first, then drafts, then all others."""
    next: str | None
    """`after` of the next page; null on the last one."""
    waiting: int
    """Cases that wait for a supplement, whatever the filter says; 100 for as many or more."""


@bp.post("/cases")
@guards.citizen
@endpoint(
    summary="Open a draft with everything prefilled that is known",
    body=OpenCase,
    returns=CaseDetail,
    status=201,
    idempotent=True,
    problems=(guide_errors.ItemNotFound, errors.WrongApplicant, ItemNotOffered, *_GUIDE_PROBLEMS),
)
async def open_case(request: Request, body: OpenCase) -> CaseDetail:
    principal: Principal = request.ctx.principal
    wanted = await queries.prefill_of_item(body.item_code)
    case_id = await apply.open_draft(
        body.item_code,
        answers=body.answers,
        by=principal,
        request_key=idempotency.key_of(request),
        licences=await licence_lookup.prefill_facts(principal, wanted),
        licence_names=licence_lookup.names(),
    )
    return await detail(case_id, principal)


@bp.get("/cases")
@guards.citizen
@endpoint(
    summary="My cases: what waits for me, drafts, all others; newest change first",
    query=CaseQuery,
    returns=CaseList,
    problems=(WrongPlace,),
)
async def list_cases(request: Request, query: CaseQuery) -> CaseList:
    by = request.ctx.principal
    found = await lists.list_own(by=by, state=query.state, after=query.after, limit=query.limit)
    waiting = await lists.count_waiting(by=by)
    return CaseList(items=found, next=found.following, waiting=waiting)


@bp.get("/cases/<case_id:uuid>")
@guards.citizen
@endpoint(summary="One of my cases", returns=CaseDetail, problems=(errors.CaseNotFound,))
async def get_case(request: Request, case_id: UUID) -> CaseDetail:
    return await detail(case_id, request.ctx.principal)


@bp.put("/cases/<case_id:uuid>/answers")
@guards.citizen
@endpoint(
    summary="Answer the guide's questions differently",
    body=ChangeAnswers,
    returns=CaseDetail,
    problems=(*_MOVE_PROBLEMS, *_GUIDE_PROBLEMS),
)
async def change_answers(request: Request, case_id: UUID, body: ChangeAnswers) -> CaseDetail:
    principal: Principal = request.ctx.principal
    wanted = await queries.prefill_of_case(case_id, by=principal)
    await apply.change_answers(
        case_id,
        answers=body.answers,
        by=principal,
        licences=await licence_lookup.prefill_facts(principal, wanted),
        licence_names=licence_lookup.names(),
    )
    return await detail(case_id, principal)


@bp.put("/cases/<case_id:uuid>/form")
@guards.citizen
@endpoint(
    summary="Store form values; others keep theirs",
    body=FillForm,
    returns=CaseDetail,
    problems=(*_MOVE_PROBLEMS, errors.InvalidForm, errors.FormChanged),
)
async def fill_form(request: Request, case_id: UUID, body: FillForm) -> CaseDetail:
    await apply.fill(
        case_id, values=body.values, by=request.ctx.principal, revision=body.form_revision
    )
    return await detail(case_id, request.ctx.principal)


@bp.post("/cases/<case_id:uuid>/submission")
@guards.citizen
@endpoint(
    summary="Hand the case in",
    returns=CaseDetail,
    problems=(
        *_MOVE_PROBLEMS,
        StepUpRequired,
        errors.CaseIncomplete,
        errors.FormNotSigned,
        errors.GuideStopped,
        errors.WrongApplicant,
        errors.CalendarMissing,
        errors.NumbersExhausted,
    ),
)
async def submit_case(request: Request, case_id: UUID) -> CaseDetail:
    principal: Principal = request.ctx.principal
    await apply.submit(case_id, by=principal, blobs=request.app.ctx.resources.blobs)
    return await detail(case_id, principal)


@bp.post("/cases/<case_id:uuid>/form-signature")
@guards.citizen
@endpoint(
    summary="Sign the form as it stands",
    returns=CaseDetail,
    problems=(
        *_MOVE_PROBLEMS,
        StepUpRequired,
        errors.SignedForAnother,
        errors.CaseIncomplete,
        errors.GuideStopped,
    ),
)
async def sign_form(request: Request, case_id: UUID) -> CaseDetail:
    principal: Principal = request.ctx.principal
    await sign.sign(case_id, by=principal)
    return await detail(case_id, principal)


@bp.post("/cases/<case_id:uuid>/withdrawal")
@guards.citizen
@endpoint(
    summary="Take the application back",
    body=Withdraw,
    returns=CaseDetail,
    problems=(*_MOVE_PROBLEMS, StepUpRequired, errors.ReasonMissing),
)
async def withdraw_case(request: Request, case_id: UUID, body: Withdraw) -> CaseDetail:
    await apply.withdraw(case_id, reason=body.reason, by=request.ctx.principal)
    return await detail(case_id, request.ctx.principal)


@bp.post("/cases/<case_id:uuid>/supplements/<supplement_id:uuid>/answer")
@guards.citizen
@endpoint(
    summary="Everything asked for is there now",
    body=AnswerSupplement,
    returns=CaseDetail,
    problems=(
        *_MOVE_PROBLEMS,
        StepUpRequired,
        errors.SupplementNotFound,
        errors.CaseIncomplete,
        errors.CalendarMissing,
    ),
)
async def answer_supplement(
    request: Request, case_id: UUID, supplement_id: UUID, body: AnswerSupplement
) -> CaseDetail:
    principal: Principal = request.ctx.principal
    await supplement.answer(
        case_id,
        supplement_id,
        note=body.note,
        by=principal,
        blobs=request.app.ctx.resources.blobs,
    )
    return await detail(case_id, principal)


async def detail(case_id: UUID, by: Principal) -> CaseDetail:
    """The case with the licences that could stand for its materials; also for materials.py."""
    types = await queries.licence_types_for(case_id, by=by)
    return await queries.get_detail(case_id, by=by, licences=await licence_lookup.held(by, types))
