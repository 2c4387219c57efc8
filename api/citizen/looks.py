"""Who looked at my licences: the log as a file that proves itself, and complaints about a look."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from sanic import Blueprint, HTTPResponse, Request
from sanic.response import raw as raw_response

from api.edge import guards, idempotency, paging
from api.edge.endpoint import JSON, endpoint
from core.data.pages import Page, WrongPlace
from wallet import errors
from wallet.log import complaints, log_export, savings

bp = Blueprint("citizen-looks", url_prefix="/api/citizen")

Words = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class Complain(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    text: Words


class MadeComplaint(msgspec.Struct, kw_only=True):
    id: UUID


class ComplaintAnswer(msgspec.Struct, kw_only=True):
    id: UUID
    use_id: UUID
    made_at: datetime
    text: str
    state: str
    """open or answered."""
    answer: str
    answered_at: datetime | None
    department: str
    use_at: datetime
    use_who: str
    use_purpose: str
    licence_name: str


class ComplaintList(msgspec.Struct, kw_only=True):
    complaints: list[ComplaintAnswer]
    next: str | None
    """`after` of the next page; null on the last one."""


class SavingsAnswer(msgspec.Struct, kw_only=True):
    materials: int
    """Documents I did not have to bring."""
    cases: int


@bp.get("/uses/export")
@guards.citizen
@endpoint(
    summary="The whole log of my licences with the signed days that prove it",
    raw=True,
    media_types=(JSON,),
)
async def export(request: Request) -> HTTPResponse:
    exported = await log_export.export(by=request.ctx.principal)
    headers = {
        "Content-Disposition": 'attachment; filename="licence-uses.json"',
        "Cache-Control": "private, no-store",
    }
    return raw_response(msgspec.json.encode(exported), content_type=JSON, headers=headers)


@bp.post("/uses/<use_id:uuid>/complaint")
@guards.citizen
@endpoint(
    summary="Ask why somebody looked at my licence; the department must answer",
    body=Complain,
    returns=MadeComplaint,
    status=201,
    problems=(errors.UseNotFound, errors.AlreadyComplained),
    idempotent=True,
)
async def complain(request: Request, use_id: UUID, body: Complain) -> MadeComplaint:
    by = request.ctx.principal
    made = await idempotency.effect(
        request,
        lambda asked: complaints.complain(use_id, text=body.text, by=by, asked=asked),
        UUID,
    )
    return MadeComplaint(id=made)


@bp.get("/complaints")
@guards.citizen
@endpoint(
    summary="My complaints and their answers, newest first",
    query=paging.Page,
    returns=ComplaintList,
    problems=(WrongPlace,),
)
async def list_complaints(request: Request, query: paging.Page) -> ComplaintList:
    by = request.ctx.principal
    return answer_list(await complaints.list_own(by=by, after=query.after, limit=query.limit))


@bp.get("/savings")
@guards.citizen
@endpoint(summary="Documents I did not have to bring, thanks to licences", returns=SavingsAnswer)
async def get_savings(request: Request) -> SavingsAnswer:
    found = await savings.of_subject(request.ctx.principal.applicant_id)
    return SavingsAnswer(materials=found.materials, cases=found.cases)


def answer_list(found: Page[complaints.ComplaintView]) -> ComplaintList:
    """How complaints look in an answer, for holders and officers alike."""
    return ComplaintList(
        complaints=[msgspec.convert(one, ComplaintAnswer, from_attributes=True) for one in found],
        next=found.following,
    )
