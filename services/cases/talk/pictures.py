"""Pictures of a conversation: kept before their message is sent, fetched by who may see the case.

They are made safe like materials: the content decides the type, every picture is written anew
without its metadata, the scanner is asked, and nobody can fetch it before. The writer's page
chooses the id, so that a picture that is sent again after a cut is stored once.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from tortoise.exceptions import IntegrityError

from core import clock, offload
from core.data import forgetting
from core.errors import Problem
from core.files.blobs import Blobs
from core.files.malware import Scanner
from core.protection import audit
from identity.principal import Principal
from identity.staff.roles import Act
from services.cases import doors, errors, moves
from services.cases.files import file_checks
from services.cases.materials.quotas import WINDOW
from services.cases.models import Case, MessagePicture
from services.cases.shapes import MessagePictureView
from services.cases.talk import conversation, views

LARGEST = 10 * 1024 * 1024
"""Bytes; the page makes pictures smaller first, a native page may send what the camera took."""

MOST_OF_A_CASE = 200
ACCEPTED = ("jpg", "png")
UNSENT_LIFE = timedelta(days=7)
"""A phone that was off for a weekend still finds the pictures of the message it will send."""


async def keep(
    case_id: UUID,
    picture_id: UUID,
    *,
    path: Path,
    by: Principal,
    a_day: int,
    blobs: Blobs,
    scanner: Scanner | None = None,
) -> MessagePictureView:
    """Take a complete local file as a picture for a message; the same id again changes nothing.

    Raises `ConversationClosed`, `EmptyFile`, `NotAnAcceptedType`, `UnreadableFile`, `HarmfulFile`,
    `ScannerUnavailable`, `QuotaReached`, and `UnknownPicture` for an id somebody else has used.
    """
    case = await require_room(case_id, by=by, a_day=a_day)
    kept = await _find_own(case, picture_id, by=by)
    if kept is None:
        media_type, size, digest = await _made_safe(path, by=by, blobs=blobs, scanner=scanner)
        kept = MessagePicture(
            id=picture_id,
            case_id=case.id,
            media_type=media_type,
            size=size,
            digest=digest,
            uploaded_by=by.id,
            created_at=clock.now(),
        )
        try:
            await kept.save(force_create=True)
        except IntegrityError:
            found = await _find_own(case, picture_id, by=by)
            if found is None:
                raise errors.UnknownPicture() from None
            kept = found
    return views.picture_view(kept, by=by)


async def require_room(case_id: UUID, *, by: Principal, a_day: int) -> Case:
    """The case, if one more picture may be kept for it; to be asked before bytes are read.

    `a_day` is how many bytes of pictures one person may have kept within 24 hours.
    """
    case, _ = await conversation.get_party(case_id, by=by, act=Act.WRITE_TO_APPLICANT)
    conversation.require_open(case)
    if await MessagePicture.filter(case_id=case.id).count() >= MOST_OF_A_CASE:
        raise errors.QuotaReached(f"这个办件的留言最多可以发 {MOST_OF_A_CASE} 张照片")
    recent = MessagePicture.filter(uploaded_by=by.id, created_at__gt=clock.now() - WINDOW)
    sizes: list[Any] = await recent.values_list("size", flat=True)
    if sum(sizes) >= a_day:
        raise errors.QuotaReached("您今天发送的照片总量已到上限，请明天再试")
    return case


async def get_own(picture_id: UUID, *, by: Principal) -> None:
    """Whether the applicant may see the picture; raises `FileNotFound`."""
    row = await MessagePicture.get_or_none(id=picture_id).select_related("case")
    if row is None or not await moves.is_own(row.case, by=by):
        raise errors.FileNotFound()
    _refuse_unsent(row, by=by)


async def get_staff(picture_id: UUID, *, by: Principal) -> None:
    """The same for an officer, whose look is recorded; raises `FileNotFound`, `RoleMissing`."""
    doors.insist_on_role(by, Act.READ_CASES)
    row = await MessagePicture.get_or_none(id=picture_id).select_related("case")
    if row is None:
        raise errors.FileNotFound()
    try:
        await doors.insist(row.case, act=Act.READ_CASES, by=by)
    except errors.CaseNotFound:
        raise errors.FileNotFound() from None
    _refuse_unsent(row, by=by)
    await audit.record_read(
        actor=by.actor, action="case.file-read", target=f"message-picture:{row.id}"
    )


async def forget_unsent() -> int:
    """Drop pictures whose message was never sent (a timer calls it); returns how many."""
    before = clock.now() - UNSENT_LIFE
    unsent = MessagePicture.filter(message_id=None, created_at__lt=before)
    return await forgetting.forget(unsent, by="created_at")


def _refuse_unsent(row: MessagePicture, *, by: Principal) -> None:
    """Until the message is sent, the picture is its writer's alone."""
    if row.message_id is None and row.uploaded_by != by.id:
        raise errors.FileNotFound()


async def _find_own(case: Case, picture_id: UUID, *, by: Principal) -> MessagePicture | None:
    """Raises `UnknownPicture` when the id is somebody else's, or of another case."""
    row = await MessagePicture.get_or_none(id=picture_id)
    if row is not None and (row.case_id, row.uploaded_by) != (case.id, by.id):
        raise errors.UnknownPicture()
    return row


async def _made_safe(
    path: Path, *, by: Principal, blobs: Blobs, scanner: Scanner | None
) -> tuple[str, int, str]:
    """Media type, size and digest of the picture as it is stored."""
    if path.stat().st_size == 0:
        raise errors.EmptyFile()
    clean = path.with_suffix(".clean")
    try:
        async with offload.uploads.turn(str(by.subject_id or by.id)):
            found = await offload.uploads.run(
                file_checks.inspect, str(path), accept=ACCEPTED, clean=str(clean)
            )
        if isinstance(found, file_checks.Refusal):
            raise _refusal(found)
        if scanner is not None and await scanner.scan(path) is not None:
            raise errors.HarmfulFile()
        size, digest = clean.stat().st_size, await blobs.put_file(clean)
    finally:
        clean.unlink(missing_ok=True)
    return found.media_type, size, digest


def _refusal(found: file_checks.Refusal) -> Problem:
    if found.slug == errors.NotAnAcceptedType.slug:
        return errors.NotAnAcceptedType("只能发送照片（JPG、PNG 或 HEIC 格式）")
    return errors.UnreadableFile(found.detail)
