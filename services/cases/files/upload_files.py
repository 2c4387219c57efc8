"""The file in which the bytes of one unfinished upload lie, and who may write to it.

The offset of an upload is the size of its file, so that a process that is killed, or another
worker, goes on where the disk says. While bytes with a checksum come in, a note beside the file
says where they begin: until they were compared, and for ever if the process dies, they do not
count.

One connection at a time writes: a file lock, which the kernel releases when its process dies. A
connection that has died without a word still holds it; a newcomer therefore lays a note beside the
file, and a holder that hears nothing from its sender lets go when it sees one.
"""

import asyncio
import fcntl
import hashlib
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from core import tasks
from services.cases import errors

SILENT_SECONDS = 0.5
"""A holder whose sender was silent for so long lets go when another connection asks."""

_LOOK_SECONDS = 0.2
_SMALL_BYTES = 64 * 1024
_SLOW_WRITE_SECONDS = 0.02
_SLOW_FOR_SECONDS = 60.0
_LOCK_TRIES = 50
_LOCK_PAUSE_SECONDS = 0.1
_LEFT_BEHIND = ("*.part", "*.clean", "*.ask", "*.unproven")


Chunk = bytes | memoryview
"""A memoryview is ours until the next one is asked for."""


@dataclass(frozen=True)
class Checksum:
    """What the sender says one request's bytes digest to."""

    algorithm: str
    digest: bytes


def path_of(upload_id: UUID, folder: Path) -> Path:
    """Where the bytes of an upload lie."""
    return folder / f"{upload_id.hex}.part"


def create_empty(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def sweep(folder: Path, *, before: float) -> None:
    """Remove files a killed process left behind: older than any upload can live."""
    for pattern in _LEFT_BEHIND:
        for path in folder.glob(pattern):
            if path.stat().st_mtime < before:
                path.unlink(missing_ok=True)


@asynccontextmanager
async def exclusive(path: Path) -> AsyncIterator[int]:
    """The open file, locked for this connection; raises `UploadBusy` when another keeps it.

    Raises `UploadGone` when there is no file. Closing the file releases the lock.
    """
    with _opened(path) as file:
        if not _try_lock(file):
            await _wait_for_lock(file, ask=_note(path))
        if not path.exists():
            raise errors.UploadGone()  # whoever held it before has finished it and taken it away
        os.ftruncate(file, _proven_size(path))
        _unproven(path).unlink(missing_ok=True)
        yield file


async def append(
    file: int,
    chunks: AsyncIterator[Chunk],
    *,
    path: Path,
    room: int,
    checksum: Checksum | None,
) -> None:
    """Append while reading; with a checksum all of it counts or none.

    Raises `FileTooLarge`, `ChecksumMismatch`, and `UploadBusy` when a newcomer took over.
    """
    heard = _Heard()
    if checksum is not None:
        _unproven(path).write_text(str(os.fstat(file).st_size))
    try:
        async with asyncio.timeout(None) as patience:
            watch = asyncio.create_task(_let_go_when_asked(_note(path), heard, patience))
            try:
                await write(file, _noting(chunks, heard), room=room, checksum=checksum)
            finally:
                await tasks.end(watch)
    except TimeoutError:
        raise errors.UploadBusy("另一个连接已经接着上传") from None
    finally:
        # Compared, or cut off again: either way what is there counts.
        _unproven(path).unlink(missing_ok=True)


class Folder:
    """Unfinished uploads of one machine; see `services.cases.files.staging` for what the functions
    promise.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def create(self, upload_id: UUID) -> None:
        create_empty(path_of(upload_id, self._folder))

    async def size(self, upload_id: UUID) -> int:
        try:
            return _proven_size(path_of(upload_id, self._folder))
        except FileNotFoundError:
            raise errors.UploadGone() from None

    @asynccontextmanager
    async def hold(self, upload_id: UUID) -> AsyncIterator["HeldFile"]:
        path = path_of(upload_id, self._folder)
        async with exclusive(path) as file:
            yield HeldFile(path, file)

    async def remove(self, upload_id: UUID) -> None:
        path = path_of(upload_id, self._folder)
        path.unlink(missing_ok=True)
        _unproven(path).unlink(missing_ok=True)

    async def sweep(self, *, before: datetime) -> None:
        sweep(self._folder, before=before.timestamp())


class HeldFile:
    def __init__(self, path: Path, file: int) -> None:
        self._path = path
        self._file = file

    async def size(self) -> int:
        return os.fstat(self._file).st_size

    async def append(
        self, chunks: AsyncIterator[Chunk], *, start: int, room: int, checksum: Checksum | None
    ) -> int:
        await append(self._file, chunks, path=self._path, room=room, checksum=checksum)
        return await self.size()

    @asynccontextmanager
    async def whole(self) -> AsyncIterator[Path]:
        yield self._path


class _Heard:
    """When the sender was last heard, in seconds of the event loop."""

    def __init__(self) -> None:
        self.at = asyncio.get_running_loop().time()

    def now(self) -> None:
        self.at = asyncio.get_running_loop().time()

    @property
    def silent_seconds(self) -> float:
        return asyncio.get_running_loop().time() - self.at


async def _noting(chunks: AsyncIterator[Chunk], heard: _Heard) -> AsyncIterator[Chunk]:
    async for chunk in chunks:
        heard.now()
        yield chunk


async def _let_go_when_asked(ask: Path, heard: _Heard, patience: asyncio.Timeout) -> None:
    # The note comes from another process: there is nothing here that could be waited for.
    while heard.silent_seconds < SILENT_SECONDS or not ask.exists():  # noqa: ASYNC110
        await asyncio.sleep(_LOOK_SECONDS)
    patience.reschedule(asyncio.get_running_loop().time())


async def _wait_for_lock(file: int, *, ask: Path) -> None:
    try:
        for _ in range(_LOCK_TRIES):
            ask.touch()
            await asyncio.sleep(_LOCK_PAUSE_SECONDS)
            if _try_lock(file):
                return
    finally:
        ask.unlink(missing_ok=True)
    raise errors.UploadBusy()


async def write(
    file: int, chunks: AsyncIterator[Chunk], *, room: int, checksum: Checksum | None
) -> None:
    """Write the chunks behind what is there. Raises `FileTooLarge`, `ChecksumMismatch`."""
    start = os.lseek(file, 0, os.SEEK_END)
    digest = hashlib.new(checksum.algorithm) if checksum else None
    whole = False
    try:
        async for chunk in chunks:
            room -= len(chunk)
            if room < 0:
                raise errors.FileTooLarge("收到的数据比声明的长度多")
            await _keep(file, chunk, digest)
        if digest and checksum and digest.digest() != checksum.digest:
            raise errors.ChecksumMismatch()
        whole = True
    finally:
        if checksum is not None and not whole:
            os.ftruncate(file, start)


class _Pace:
    """How the disk takes writes: at once, as a page cache does, or slowly.

    A write on the event loop takes 0.2 ms a MiB and its bytes are still in the core's cache; a
    thread costs as much again (measured: a quarter of the throughput). When a write was slow all
    of the next minute's go to threads, so that a full disk queue or a network drive holds up only
    those who upload.
    """

    def __init__(self) -> None:
        self._slow_until = 0.0

    @property
    def is_slow(self) -> bool:
        return asyncio.get_running_loop().time() < self._slow_until

    async def write(self, file: int, data: Chunk) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        if self.is_slow:
            await tasks.finish(loop.run_in_executor(None, _write_all, file, data))
        else:
            _write_all(file, data)
        if loop.time() - began > _SLOW_WRITE_SECONDS:
            self._slow_until = loop.time() + _SLOW_FOR_SECONDS


_pace = _Pace()


async def _keep(file: int, chunk: Chunk, digest: "hashlib._Hash | None") -> None:
    """Write and digest one chunk, side by side, while the next one is being received.

    SM3 takes 3 ms a MiB, as long as receiving does, and lets go of the interpreter.
    """
    if digest is None or len(chunk) <= _SMALL_BYTES:
        await _pace.write(file, chunk)
        if digest is not None:
            digest.update(chunk)
        return
    hashing = asyncio.get_running_loop().run_in_executor(None, digest.update, chunk)
    try:
        await _pace.write(file, chunk)
    finally:
        await tasks.finish(hashing)


def _write_all(file: int, data: Chunk) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


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


def _try_lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _proven_size(path: Path) -> int:
    """What counts of the file, in bytes."""
    size = path.stat().st_size
    try:
        return min(size, int(_unproven(path).read_text()))
    except (FileNotFoundError, ValueError):  # no note, or killed while it was written
        return size


def _unproven(path: Path) -> Path:
    return path.with_suffix(".unproven")


def _note(path: Path) -> Path:
    return path.with_suffix(".ask")
