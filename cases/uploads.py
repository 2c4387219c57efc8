"""Resumable uploads: open, append, finish, abandon, expire.

The bytes lie in one file per upload under `folder`; the offset is the size of that file, so that a
process that is killed, or another worker, goes on where the disk says. One connection at a time
appends: a file lock, which the kernel releases when its process dies. The row tells whose upload it
is and whether it is still open.
"""

import asyncio
import fcntl
import hashlib
import logging
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from cases import errors, materials
from cases.models import Upload
from core import clock
from core.blobs import Blobs
from core.database import transaction
from core.ids import new_id
from identity.principal import Principal

log = logging.getLogger(__name__)

LIFE = timedelta(hours=24)
"""An upload that is not finished by then is thrown away."""

MAX_OPEN = 30
"""Unfinished uploads of one person at a time; each may take disk up to its declared length."""

CHECKSUM_ALGORITHMS = ("sha1", "sha256", "sm3")
_MEBIBYTE = 1024 * 1024
_LOCK_TRIES = 50
_LOCK_PAUSE_SECONDS = 0.1


@dataclass(frozen=True, kw_only=True)
class UploadStatus:
    """How far an upload is."""

    id: UUID
    offset: int
    length: int
    expires_at: datetime
    file_id: UUID | None
    """The stored file, once everything arrived and was taken."""


@dataclass(frozen=True)
class Checksum:
    """What the sender says one request's bytes digest to."""

    algorithm: str
    digest: bytes


async def open_upload(
    case_id: UUID,
    *,
    code: str,
    length: int,
    filename: str,
    by: Principal,
    folder: Path,
    max_bytes: int,
) -> UploadStatus:
    """Begin an upload for a material of the caller's case.

    Raises `EmptyFile`, `FileTooLarge`, `TooManyUploads` and what `materials.open_requirement`
    raises.
    """
    _, requirement = await materials.open_requirement(case_id, code, by=by)
    if length <= 0:
        raise errors.EmptyFile()
    check_size(length, max_mb=requirement.max_mb, max_bytes=max_bytes)
    at = clock.now()
    unfinished = Upload.filter(person_id=by.person_id, state="open", expires_at__gt=at)
    if await unfinished.count() >= MAX_OPEN:
        raise errors.TooManyUploads()
    upload = Upload(
        id=new_id(),
        case_id=case_id,
        material_code=code,
        person_id=by.person_id,
        filename=filename[:200],
        length=length,
        state="open",
        created_at=at,
        expires_at=at + LIFE,
    )
    _create_empty(path_of(upload.id, folder))
    await upload.save(force_create=True)
    return _status(upload, folder)


def check_size(length: int, *, max_mb: int, max_bytes: int) -> None:
    """Raises `FileTooLarge` above the requirement's or the system's bound."""
    limit = min(max_mb * _MEBIBYTE, max_bytes)
    if length > limit:
        raise errors.FileTooLarge(f"这份材料最大 {limit // _MEBIBYTE} MB", max_bytes=limit)


async def get_status(upload_id: UUID, *, by: Principal, folder: Path) -> UploadStatus:
    """Where to go on; raises `UploadNotFound`, `UploadGone`."""
    return _status(await _get_own(upload_id, by=by), folder)


async def append(
    upload_id: UUID,
    *,
    offset: int,
    chunks: AsyncIterator[bytes],
    by: Principal,
    folder: Path,
    checksum: Checksum | None = None,
) -> UploadStatus:
    """Write the chunks at `offset` as they arrive; what arrived before a break is kept.

    With a checksum all of the request counts or none of it. Raises `WrongOffset`, `UploadBusy`,
    `FileTooLarge`, `ChecksumMismatch`.
    """
    if finished := await _find_finished(upload_id, by=by):
        _refuse_other_offset(offset, present=finished.length)
        return finished
    async with _exclusive(path_of(upload_id, folder)) as file:
        upload = await _get_own(upload_id, by=by)
        present = upload.length if upload.state == "finished" else os.fstat(file).st_size
        _refuse_other_offset(offset, present=present)
        os.lseek(file, 0, os.SEEK_END)
        await _write(file, chunks, room=upload.length - present, checksum=checksum)
        return _status(upload, folder)


async def finish(upload_id: UUID, *, by: Principal, folder: Path, blobs: Blobs) -> UploadStatus:
    """Take a completely received upload as a file of its material.

    Does nothing for one that was taken before. A file that is refused ends the upload.
    """
    if finished := await _find_finished(upload_id, by=by):
        return finished
    path = path_of(upload_id, folder)
    async with _exclusive(path):
        upload = await _get_own(upload_id, by=by)
        status = _status(upload, folder)
        if upload.state == "finished" or status.offset != upload.length:
            return status
        try:
            await materials.attach_file(
                upload.case_id,
                upload.material_code,
                path=path,
                filename=upload.filename,
                by=by,
                blobs=blobs,
                upload_id=upload.id,
            )
        except (errors.NotAnAcceptedType, errors.UnreadableFile, errors.TooManyFiles):
            await _end(upload, state="refused", path=path)
            raise
        path.unlink(missing_ok=True)
    return _status(await _get_own(upload_id, by=by), folder)


async def abandon(upload_id: UUID, *, by: Principal, folder: Path) -> None:
    """The sender gives up; what was stored of a finished one stays."""
    upload = await _get_own(upload_id, by=by)
    if upload.state == "open":
        await _end(upload, state="abandoned", path=path_of(upload.id, folder))


async def expire(*, folder: Path) -> int:
    """Throw away uploads that were not finished in time; returns how many. For the timer."""
    at = clock.now()
    overdue = await Upload.filter(state="open", expires_at__lt=at).limit(500)
    for upload in overdue:
        await _end(upload, state="expired", path=path_of(upload.id, folder))
    _sweep(folder, before=(at - 2 * LIFE).timestamp())
    return len(overdue)


def path_of(upload_id: UUID, folder: Path) -> Path:
    """Where the bytes of an upload lie."""
    return folder / f"{upload_id.hex}.part"


def _sweep(folder: Path, *, before: float) -> None:
    """Files a killed process left behind: older than any upload can live."""
    for path in (*folder.glob("*.part"), *folder.glob("*.clean")):
        if path.stat().st_mtime < before:
            path.unlink(missing_ok=True)


async def _find_finished(upload_id: UUID, *, by: Principal) -> UploadStatus | None:
    """The upload, when it was taken already."""
    upload = await _get_own(upload_id, by=by)
    return _status(upload, Path()) if upload.state == "finished" else None


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


def _status(upload: Upload, folder: Path) -> UploadStatus:
    offset = upload.length
    if upload.state == "open":
        try:
            offset = path_of(upload.id, folder).stat().st_size
        except FileNotFoundError:
            raise errors.UploadGone() from None
    return UploadStatus(
        id=upload.id,
        offset=offset,
        length=upload.length,
        expires_at=upload.expires_at,
        file_id=upload.file_id,
    )


async def _end(upload: Upload, *, state: str, path: Path) -> None:
    async with transaction():
        await Upload.filter(id=upload.id, state="open").update(state=state)
    path.unlink(missing_ok=True)


async def _write(
    file: int, chunks: AsyncIterator[bytes], *, room: int, checksum: Checksum | None
) -> None:
    """Append while reading. Writes go to the page cache and take microseconds, so they stay on
    the event loop (measured: 660 MB/s in 64 KiB pieces)."""
    start = os.fstat(file).st_size
    digest = hashlib.new(checksum.algorithm) if checksum else None
    whole = False
    try:
        async for chunk in chunks:
            room -= len(chunk)
            if room < 0:
                raise errors.FileTooLarge("收到的数据比声明的长度多")
            _write_all(file, chunk)
            if digest is not None:
                digest.update(chunk)
        if digest is not None and checksum is not None and digest.digest() != checksum.digest:
            raise errors.ChecksumMismatch()
        whole = True
    finally:
        if checksum is not None and not whole:
            os.ftruncate(file, start)


def _write_all(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def _create_empty(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    try:
        file = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        raise errors.UploadGone() from None
    try:
        yield file
    finally:
        os.close(file)


@asynccontextmanager
async def _exclusive(path: Path) -> AsyncIterator[int]:
    """The open file, locked for this connection; raises `UploadBusy` when another keeps it.

    A broken connection may take a moment to be noticed by the worker that serves it, so a
    newcomer asks again for five seconds. Closing the file releases the lock.
    """
    with _opened(path) as file:
        for _ in range(_LOCK_TRIES):
            if _try_lock(file):
                break
            await asyncio.sleep(_LOCK_PAUSE_SECONDS)
        else:
            raise errors.UploadBusy()
        yield file


def _try_lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
