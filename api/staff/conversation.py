"""The office's side of the conversation on a case.

A supervisor reads and writes but moves no mark: what 督办 has seen nobody has handled yet.
"""

from __future__ import annotations

from uuid import UUID

from sanic import Blueprint, HTTPResponse, Request

from api.edge import guards
from api.edge.endpoint import endpoint
from api.public import files
from api.shared import conversations
from api.shared.conversations import MessageQuery, NewMessage, ReadMark
from identity.staff.roles import Act
from services.cases import errors
from services.cases.files.addresses import Kind
from services.cases.shapes import ConversationView, MessagePictureView, MessageView, ReadMarks
from services.cases.talk import pictures

bp = Blueprint("staff-conversation", url_prefix="/api/staff")


@bp.get("/cases/<case_id:uuid>/messages")
@guards.officer_of_case(Act.READ_CASES)
@endpoint(
    summary="Messages of a case that follow a number",
    query=MessageQuery,
    returns=ConversationView,
    problems=(errors.CaseNotFound,),
)
async def list_messages(request: Request, case_id: UUID, query: MessageQuery) -> ConversationView:
    return await conversations.read(request, case_id, query)


@bp.post("/cases/<case_id:uuid>/messages")
@guards.officer_of_case(Act.WRITE_TO_APPLICANT)
@endpoint(
    summary="Write to the applicant; the same key again gives the message that is there",
    body=NewMessage,
    returns=MessageView,
    status=201,
    problems=conversations.WRITE_PROBLEMS,
)
async def write_message(request: Request, case_id: UUID, body: NewMessage) -> MessageView:
    return await conversations.write(request, case_id, body)


@bp.post("/cases/<case_id:uuid>/messages/read-mark")
@guards.officer_of_case(Act.ANSWER_APPLICANT)
@endpoint(
    summary="Everything up to this number has been read; a mark never goes back",
    body=ReadMark,
    returns=ReadMarks,
    problems=conversations.READ_PROBLEMS,
)
async def mark_read(request: Request, case_id: UUID, body: ReadMark) -> ReadMarks:
    return await conversations.mark_read(request, case_id, body)


@bp.put("/cases/<case_id:uuid>/message-pictures/<picture_id:uuid>", stream=True)
@guards.officer_of_case(Act.WRITE_TO_APPLICANT)
@endpoint(
    streams=True,
    summary="Keep a picture for a message; the page chooses its id, sending it again is harmless",
    accepts=conversations.PICTURE_TYPES,
    returns=MessagePictureView,
    problems=conversations.PICTURE_PROBLEMS,
)
async def keep_picture(request: Request, case_id: UUID, picture_id: UUID) -> MessagePictureView:
    return await conversations.keep_picture(request, case_id, picture_id)


@bp.get("/message-pictures/<picture_id:uuid>/content")
@guards.officer_of_case(Act.READ_CASES)
@endpoint(
    summary="A picture of a message: sends on to its signed address",
    raw=True,
    status=303,
    problems=(errors.FileNotFound,),
)
async def get_picture(request: Request, picture_id: UUID) -> HTTPResponse:
    await pictures.get_staff(picture_id, by=request.ctx.principal)
    return files.redirect(request, Kind.MESSAGE_PICTURE, picture_id)
