"""The conversation on a case, as citizens and officers share it: its bodies and its pictures."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import IO, Annotated
from uuid import UUID

import msgspec
from sanic import Request

from api.edge import bodies
from api.edge.bounds import LARGEST_INT, Count
from core import offload
from core.files.malware import ScannerUnavailable
from services.cases import errors
from services.cases.shapes import ConversationView, MessagePictureView, MessageView, ReadMarks
from services.cases.talk import conversation
from services.cases.talk import pictures as conversation_pictures

PICTURE_TYPES = ("image/jpeg", "image/png", "image/heic", "application/octet-stream")

WRITE_PROBLEMS = (
    errors.CaseNotFound,
    errors.ConversationClosed,
    errors.EmptyMessage,
    errors.MessageKeyReused,
    errors.UnknownPicture,
    errors.TooManyMessages,
)
READ_PROBLEMS = (errors.CaseNotFound, errors.MessageNotFound)
PICTURE_PROBLEMS = (
    *offload.PROBLEMS,
    errors.CaseNotFound,
    errors.ConversationClosed,
    errors.UnknownPicture,
    errors.EmptyFile,
    errors.FileTooLarge,
    errors.QuotaReached,
    errors.NotAnAcceptedType,
    errors.UnreadableFile,
    errors.HarmfulFile,
    ScannerUnavailable,
    bodies.UploadStalled,
)


class MessageQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    after: Count = 0
    """The number of the last message at hand."""
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 100


class NewMessage(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    client_key: Annotated[str, msgspec.Meta(max_length=64, pattern=r"^[A-Za-z0-9_-]{8,64}$")]
    """Random, one for each message: the same key again gives the message that is there."""
    text: Annotated[str, msgspec.Meta(max_length=conversation.LONGEST_TEXT)] = ""
    pictures: Annotated[list[UUID], msgspec.Meta(max_length=conversation.MOST_PICTURES)] = []


class ReadMark(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    up_to: Annotated[int, msgspec.Meta(ge=1, le=LARGEST_INT)]


async def read(request: Request, case_id: UUID, query: MessageQuery) -> ConversationView:
    return await conversation.read(
        case_id, after=query.after, limit=query.limit, by=request.ctx.principal
    )


async def write(request: Request, case_id: UUID, body: NewMessage) -> MessageView:
    return await conversation.write(
        case_id,
        client_key=body.client_key,
        text=body.text,
        pictures=body.pictures,
        by=request.ctx.principal,
        redis=request.app.ctx.resources.redis,
    )


async def mark_read(request: Request, case_id: UUID, body: ReadMark) -> ReadMarks:
    return await conversation.mark_read(case_id, up_to=body.up_to, by=request.ctx.principal)


async def keep_picture(request: Request, case_id: UUID, picture_id: UUID) -> MessagePictureView:
    """The body is the picture itself; it is bounded while it is read."""
    resources = request.app.ctx.resources
    a_day = bodies.limits_of(resources.settings).person
    await conversation_pictures.require_room(case_id, by=request.ctx.principal, a_day=a_day)
    folder: Path = resources.settings.upload_dir
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".part") as file:
        await _receive(request, file, largest=conversation_pictures.LARGEST)
        return await conversation_pictures.keep(
            case_id,
            picture_id,
            path=Path(file.name),
            by=request.ctx.principal,
            a_day=a_day,
            blobs=resources.blobs,
            scanner=resources.scanner,
        )


async def _receive(request: Request, file: IO[bytes], *, largest: int) -> None:
    """Raises `FileTooLarge`, and `UploadStalled` for a sender that falls silent."""
    left = largest
    async for chunk in bodies.chunks(request):
        left -= len(chunk)
        if left < 0:
            detail = f"一张照片最大 {largest // 1024 // 1024} MB"
            raise errors.FileTooLarge(detail, max_bytes=largest)
        file.write(chunk)
    file.flush()
