"""Intake of existing licences: send a batch file, watch it, read the report line by line."""

import tempfile
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from uuid import UUID

import msgspec
from sanic import Blueprint, HTTPResponse, Request
from sanic.response import raw as raw_response

from api.edge import bodies, guards, paging
from api.edge.endpoint import JSON, decode_query, endpoint
from core.data.pages import WrongPlace
from core.errors import Forbidden
from identity.staff.roles import Act
from wallet import errors
from wallet.intake import batches as intake
from wallet.intake import shapes

bp = Blueprint("staff-intakes", url_prefix="/api/staff/intakes")

NDJSON, ZIP = "application/x-ndjson", "application/zip"


class DepartmentMissing(Forbidden):
    slug = "department-missing"
    title = "归集须由发证部门的工作人员办理"


class Form(StrEnum):
    LINES = "lines"
    DOCUMENTS = "documents"


class SendBatch(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    batch_no: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
    """The sender's number: the same file under it again changes nothing."""
    form: Form = Form.LINES
    """lines: one JSON object a line; documents: a ZIP of sealed OFDs."""


class BatchAnswer(msgspec.Struct, kw_only=True):
    id: UUID
    batch_no: str
    form: str
    state: str
    """waiting (for a second officer), received, running, finished or refused."""
    received_at: datetime
    finished_at: datetime | None
    progress: float
    """0 to 1."""
    lines: int
    taken: int
    duplicates: int
    conflicts: int
    invalid: int
    note: str
    may_approve: bool
    """Whether I may stand for it as the second officer."""


class SampleLineAnswer(msgspec.Struct, kw_only=True):
    line: int
    fault: str
    """Why it cannot be taken; empty for a good line."""
    licence_name: str
    number: str
    holder_name: str
    issued_on: date | None
    sensitive: bool


class Sample(msgspec.Struct, kw_only=True):
    lines: list[SampleLineAnswer]
    """The first ones."""


class Refusal(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    cause: Annotated[str, msgspec.Meta(min_length=1, max_length=150)]


class BatchList(msgspec.Struct, kw_only=True):
    batches: list[BatchAnswer]
    next: str | None
    """`after` of the next page; null on the last one."""


class LineAnswer(msgspec.Struct, kw_only=True):
    line: int
    outcome: str
    """duplicate, conflict or invalid; taken lines are counted only."""
    message: str


class LineReport(msgspec.Struct, kw_only=True):
    lines: list[LineAnswer]
    next: str | None


@bp.post("/", stream=True)
@guards.officer(Act.SEND_BATCHES)
@endpoint(
    streams=True,
    summary="Send a batch of existing licences (?batch_no=…&form=lines|documents)",
    raw=True,
    status=202,
    accepts=(NDJSON, ZIP, "application/octet-stream"),
    media_types=(JSON,),
    problems=(
        errors.BatchUnreadable,
        errors.BatchNumberReused,
        DepartmentMissing,
        bodies.UploadStalled,
    ),
)
async def send(request: Request) -> HTTPResponse:
    principal, resources = request.ctx.principal, request.app.ctx.resources
    wanted: SendBatch = decode_query(request, SendBatch)
    if principal.department is None:
        raise DepartmentMissing()
    folder: Path = resources.settings.upload_dir
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".intake") as file:
        size = 0
        async for chunk in bodies.chunks(request):
            size += len(chunk)
            if size > intake.LARGEST_FILE:
                raise errors.BatchUnreadable("文件超过 512 MB")
            file.write(chunk)
        file.flush()
        batch_id = await intake.receive(
            Path(file.name),
            batch_no=wanted.batch_no,
            form=wanted.form.value,
            by=principal,
            department=principal.department,
            blobs=resources.blobs,
        )
    shown = _answer(await intake.get_batch(batch_id, by=principal))
    return raw_response(msgspec.json.encode(shown), status=202, content_type=JSON)


@bp.get("/")
@guards.officer(Act.READ_BATCHES)
@endpoint(
    summary="The batches of my department, newest first",
    query=paging.Page,
    returns=BatchList,
    problems=(WrongPlace,),
)
async def list_batches(request: Request, query: paging.Page) -> BatchList:
    by = request.ctx.principal
    found = await intake.list_batches(by=by, after=query.after, limit=query.limit)
    return BatchList(batches=[_answer(one) for one in found], next=found.following)


@bp.get("/<batch_id:uuid>")
@guards.officer(Act.READ_BATCHES)
@endpoint(summary="How far a batch has come", returns=BatchAnswer, problems=(errors.BatchNotFound,))
async def get_batch(request: Request, batch_id: UUID) -> BatchAnswer:
    return _answer(await intake.get_batch(batch_id, by=request.ctx.principal))


@bp.get("/<batch_id:uuid>/sample")
@guards.officer(Act.READ_BATCHES)
@endpoint(
    summary="The first lines of a batch, for who is to stand for it; the look is recorded",
    returns=Sample,
    problems=(errors.BatchNotFound,),
)
async def read_sample(request: Request, batch_id: UUID) -> Sample:
    resources = request.app.ctx.resources
    folder: Path = resources.settings.upload_dir
    folder.mkdir(parents=True, exist_ok=True)
    found = await intake.sample(
        batch_id, by=request.ctx.principal, blobs=resources.blobs, folder=folder
    )
    lines = [msgspec.convert(one, SampleLineAnswer, from_attributes=True) for one in found]
    return Sample(lines=lines)


@bp.post("/<batch_id:uuid>/approval")
@guards.officer(Act.VOUCH)
@endpoint(
    summary="Stand for a batch of lines that another officer sent: it is taken in",
    returns=BatchAnswer,
    problems=(errors.BatchNotFound, errors.SecondPersonNeeded, errors.BatchDecided),
)
async def approve(request: Request, batch_id: UUID) -> BatchAnswer:
    await intake.approve(batch_id, by=request.ctx.principal)
    return _answer(await intake.get_batch(batch_id, by=request.ctx.principal))


@bp.post("/<batch_id:uuid>/refusal")
@guards.officer(Act.READ_BATCHES)
@endpoint(
    summary="Turn a batch that waits down, or take one's own back",
    body=Refusal,
    returns=BatchAnswer,
    problems=(errors.BatchNotFound, errors.BatchDecided),
)
async def refuse(request: Request, batch_id: UUID, body: Refusal) -> BatchAnswer:
    await intake.refuse(batch_id, cause=body.cause, by=request.ctx.principal)
    return _answer(await intake.get_batch(batch_id, by=request.ctx.principal))


@bp.get("/<batch_id:uuid>/lines")
@guards.officer(Act.READ_BATCHES)
@endpoint(
    summary="The lines of a batch that were not simply taken",
    query=paging.Page,
    returns=LineReport,
    problems=(errors.BatchNotFound, WrongPlace),
)
async def list_lines(request: Request, batch_id: UUID, query: paging.Page) -> LineReport:
    found = await intake.list_lines(
        batch_id, by=request.ctx.principal, after=query.after, limit=query.limit
    )
    lines = [msgspec.convert(one, LineAnswer, from_attributes=True) for one in found]
    return LineReport(lines=lines, next=found.following)


def _answer(found: shapes.BatchView) -> BatchAnswer:
    return msgspec.convert(found, BatchAnswer, from_attributes=True)
