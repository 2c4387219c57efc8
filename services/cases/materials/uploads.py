"""Resumable uploads: open, append, finish, abandon, expire.

The bytes lie in a staging store (see `services.cases.files.staging`). The row tells whose upload it
is and whether it is still open.
"""

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from core import clock
from core.data import forgetting
from core.database import transaction
from core.files.blobs import Blobs
from core.files.malware import Scanner
from core.ids import new_id
from identity.principal import Principal
from services.cases import errors
from services.cases.files.staging import StagingStore
from services.cases.files.upload_files import Checksum, Chunk
from services.cases.materials import papers, quotas
from services.cases.materials.quotas import Limits
from services.cases.models import Upload

log = logging.getLogger(__name__)

LIFE = timedelta(hours=24)
"""An upload that is not finished by then is thrown away."""

KEPT = timedelta(days=7)
"""How long after that it is still told what became of one; longer than the shelf is swept late."""

_ENDED = ("finished", "refused", "abandoned", "expired")

_ENDING = (
    errors.NotAnAcceptedType,
    errors.UnreadableFile,
    errors.HarmfulFile,
    errors.TooManyFiles,
)
"""Refusals another try of the same bytes would not change."""

CHECKSUM_ALGORITHMS = ("sha1", "sha256", "sm3")


@dataclass(frozen=True, kw_only=True)
class UploadStatus:
    """How far an upload is."""

    id: UUID
    offset: int
    length: int
    expires_at: datetime
    file_id: UUID | None
    """The stored file, once everything arrived and was taken."""
    metadata: str | None
    """As the client wrote it."""


async def open_upload(
    case_id: UUID,
    *,
    code: str,
    length: int,
    filename: str,
    metadata: str | None = None,
    by: Principal,
    staging: StagingStore,
    limits: Limits,
) -> UploadStatus:
    """Begin an upload for a material of the caller's case.

    Raises `EmptyFile`, `FileTooLarge`, `TooManyUploads`, `QuotaReached` and what
    `materials.open_requirement` raises.
    """
    _, requirement = await papers.open_requirement(case_id, code, by=by)
    if length <= 0:
        raise errors.EmptyFile()
    quotas.check_size(length, max_mb=requirement.max_mb, limits=limits)
    await quotas.check_room(case_id, person_id=by.person_id, length=length, limits=limits)
    at = clock.now()
    upload = Upload(
        id=new_id(),
        case_id=case_id,
        material_code=code,
        person_id=by.person_id,
        filename=filename[:200],
        length=length,
        metadata=metadata,
        state="open",
        created_at=at,
        expires_at=at + LIFE,
    )
    await staging.create(upload.id)
    await upload.save(force_create=True)
    return _status(upload, offset=0)


async def get_status(upload_id: UUID, *, by: Principal, staging: StagingStore) -> UploadStatus:
    """Where to go on; raises `UploadNotFound`, `UploadGone`."""
    upload = await _get_own(upload_id, by=by)
    return _status(upload, offset=await _offset(upload, staging))


async def append(
    upload_id: UUID,
    *,
    offset: int,
    chunks: AsyncIterator[Chunk],
    by: Principal,
    staging: StagingStore,
    checksum: Checksum | None = None,
) -> UploadStatus:
    """Write the chunks at `offset` as they arrive; what arrived before a break is kept.

    With a checksum all of the request counts or none of it. Raises `WrongOffset`, `UploadBusy`,
    `FileTooLarge`, `ChecksumMismatch`.
    """
    if finished := await _find_finished(upload_id, by=by):
        _refuse_other_offset(offset, present=finished.length)
        return finished
    try:
        async with staging.hold(upload_id) as held:
            upload = await _get_own(upload_id, by=by)
            present = upload.length if upload.state == "finished" else await held.size()
            _refuse_other_offset(offset, present=present)
            room = upload.length - present
            end = await held.append(chunks, start=present, room=room, checksum=checksum)
            return _status(upload, offset=end)
    except errors.UploadGone:
        # Another request with the same last part was before us and has finished the upload.
        finished = await _find_finished(upload_id, by=by)
        if finished is None:
            raise
        _refuse_other_offset(offset, present=finished.length)
        return finished


async def finish(
    upload_id: UUID,
    *,
    by: Principal,
    staging: StagingStore,
    blobs: Blobs,
    scanner: Scanner | None = None,
) -> UploadStatus:
    """Take a completely received upload as a file of its material.

    Does nothing for one that was taken before. A file that is refused ends the upload.
    """
    if finished := await _find_finished(upload_id, by=by):
        return finished
    try:
        async with staging.hold(upload_id) as held:
            upload = await _get_own(upload_id, by=by)
            offset = upload.length if upload.state == "finished" else await held.size()
            if upload.state == "finished" or offset != upload.length:
                return _status(upload, offset=offset)
            async with held.whole() as path:
                await _take(upload, path, staging=staging, by=by, blobs=blobs, scanner=scanner)
            await staging.remove(upload_id)
    except errors.UploadGone:
        # Where no lock keeps two requests apart, the other one may have taken it meanwhile.
        if finished := await _find_finished(upload_id, by=by):
            return finished
        raise
    return _status(await _get_own(upload_id, by=by), offset=upload.length)


async def _take(
    upload: Upload,
    path: Path,
    *,
    staging: StagingStore,
    by: Principal,
    blobs: Blobs,
    scanner: Scanner | None,
) -> None:
    try:
        await papers.attach_file(
            upload.case_id,
            upload.material_code,
            path=path,
            filename=upload.filename,
            by=by,
            blobs=blobs,
            scanner=scanner,
            upload_id=upload.id,
        )
    except _ENDING:
        await _end(upload, state="refused", staging=staging)
        raise


async def abandon(upload_id: UUID, *, by: Principal, staging: StagingStore) -> None:
    """The sender gives up; the file a finished one has become stays until it is removed."""
    upload = await _get_own(upload_id, by=by)
    await _end(upload, state="abandoned", staging=staging)


async def expire(*, staging: StagingStore) -> int:
    """Throw away uploads that were not finished in time; returns how many. For a timer."""
    overdue = await Upload.filter(state="open", expires_at__lt=clock.now()).limit(500)
    for upload in overdue:
        await _end(upload, state="expired", staging=staging)
    return len(overdue)


async def forget_old() -> int:
    """Delete the rows of uploads that ended long ago (a timer calls it); returns how many.

    Nothing refers to them: the file that one became names its case itself, and the bytes of the
    others are off the shelf by now. Who asks after one is told to choose the file again.
    """
    before = clock.now() - KEPT
    gone = 0
    for state in _ENDED:  # one after the other: each is the beginning of the index
        old = Upload.filter(state=state, expires_at__lt=before)
        gone += await forgetting.forget(old, by="expires_at")
    return gone


async def sweep(*, staging: StagingStore) -> None:
    """Remove bytes that no upload can want any more. For a timer; it looks through all."""
    await staging.sweep(before=clock.now() - 2 * LIFE)


async def _find_finished(upload_id: UUID, *, by: Principal) -> UploadStatus | None:
    """The upload, when it was taken already."""
    upload = await _get_own(upload_id, by=by)
    return _status(upload, offset=upload.length) if upload.state == "finished" else None


def _refuse_other_offset(offset: int, *, present: int) -> None:
    if offset != present:
        raise errors.WrongOffset(f"已收到 {present} 字节", offset=present)


async def _get_own(upload_id: UUID, *, by: Principal) -> Upload:
    upload = await Upload.get_or_none(id=upload_id)
    if upload is None or upload.person_id != by.subject_id:
        raise errors.UploadNotFound()
    expired = upload.state == "open" and upload.expires_at < clock.now()
    if expired or upload.state not in ("open", "finished"):
        raise errors.UploadGone()
    return upload


async def _offset(upload: Upload, staging: StagingStore) -> int:
    return upload.length if upload.state == "finished" else await staging.size(upload.id)


def _status(upload: Upload, *, offset: int) -> UploadStatus:
    return UploadStatus(
        id=upload.id,
        offset=offset,
        length=upload.length,
        expires_at=upload.expires_at,
        file_id=upload.file_id,
        metadata=upload.metadata,
    )


async def _end(upload: Upload, *, state: str, staging: StagingStore) -> None:
    async with transaction():
        await Upload.filter(id=upload.id, state=upload.state).update(state=state)
    await staging.remove(upload.id)
