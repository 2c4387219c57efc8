"""Complaints of holders about looks of my department, and the answers."""

from typing import Annotated
from uuid import UUID

import msgspec
from sanic import Blueprint, Request

from api.citizen.looks import ComplaintList, answer_list
from api.edge import guards, paging
from api.edge.endpoint import endpoint
from core.data.pages import WrongPlace
from identity.staff.roles import Act
from wallet import errors
from wallet.log import complaints

bp = Blueprint("staff-complaints", url_prefix="/api/staff/complaints")


class ComplaintReply(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


@bp.get("/")
@guards.officer(Act.ANSWER_COMPLAINTS)
@endpoint(
    summary="Complaints that wait for my department, oldest first",
    query=paging.Page,
    returns=ComplaintList,
    problems=(WrongPlace,),
)
async def list_open(request: Request, query: paging.Page) -> ComplaintList:
    by = request.ctx.principal
    return answer_list(await complaints.list_for_staff(by=by, after=query.after, limit=query.limit))


@bp.post("/<complaint_id:uuid>/answer")
@guards.officer(Act.ANSWER_COMPLAINTS)
@endpoint(
    summary="Answer a complaint, once",
    body=ComplaintReply,
    problems=(errors.ComplaintNotFound, errors.ComplaintClosed),
)
async def answer(request: Request, complaint_id: UUID, body: ComplaintReply) -> None:
    await complaints.answer(complaint_id, text=body.text, by=request.ctx.principal)
