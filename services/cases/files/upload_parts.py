"""Unfinished uploads in a bucket, so that machines need no folder in common.

An upload is a row of objects, each named by the offset at which it begins; as many as follow one
another without a gap count. A part is written only where none is: a connection that was thought
dead and wakes up cannot spoil what a newer one has written, and there is no lock to hand over.
Nothing else is kept, so that any worker goes on after a killed one.

Not S3's own multipart upload: its parts have 5 MiB at least, and telephones send half a MiB at a
time over lines that break (docs/adr/0016).
"""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from uuid import UUID

from core import tasks
from core.files.parts import Part, PartExists, PartMissing, Parts
from services.cases import errors
from services.cases.files import upload_files
from services.cases.files.upload_files import Checksum, Chunk

PART_BYTES = 4 * 1024 * 1024
"""What a connection gathers before it writes; what arrived before a break is written too."""

_DIGITS = 15
_TAKEN_OVER = "另一个连接已经接着上传"


class Bucket:
    def __init__(self, parts: Parts, *, scratch: Path) -> None:
        self._parts = parts
        self._scratch = scratch

    async def create(self, upload_id: UUID) -> None:
        """Nothing lies there before the first byte; the row says that the upload exists."""

    async def size(self, upload_id: UUID) -> int:
        return sum(part.size for part in await self.chain(upload_id))

    @asynccontextmanager
    async def hold(self, upload_id: UUID) -> AsyncIterator["HeldParts"]:
        yield HeldParts(self, upload_id)

    async def remove(self, upload_id: UUID) -> None:
        found = await self._parts.list(upload_id.hex)
        await self._parts.delete([part.name for part in found])

    async def sweep(self, *, before: datetime) -> None:
        old = [part.name for part in await self._parts.list() if part.modified_at < before]
        await self._parts.delete(old)
        upload_files.sweep(self._scratch, before=before.timestamp())

    # For those who hold one upload

    async def chain(self, upload_id: UUID) -> list[Part]:
        """The parts that follow one another from the beginning."""
        chain: list[Part] = []
        end = 0
        for part in await self._parts.list(upload_id.hex):
            if part.name != _name(upload_id, end):
                break
            chain.append(part)
            end += part.size
        return chain

    async def put(self, upload_id: UUID, start: int, data: bytearray) -> None:
        try:
            await self._parts.put(_name(upload_id, start), data)
        except PartExists:
            raise errors.UploadBusy(_TAKEN_OVER) from None

    @asynccontextmanager
    async def scratch_file(self) -> AsyncIterator[Path]:
        """A file of this machine; a process that is killed leaves it to the sweep."""
        self._scratch.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self._scratch, suffix=".part") as file:
            yield Path(file.name)

    async def fetch(self, upload_id: UUID, path: Path) -> None:
        with path.open("wb") as file:
            for part in await self.chain(upload_id):
                async for chunk in self._parts.read(part.name):
                    await asyncio.to_thread(file.write, chunk)


class HeldParts:
    def __init__(self, bucket: Bucket, upload_id: UUID) -> None:
        self._bucket = bucket
        self._id = upload_id

    async def size(self) -> int:
        return await self._bucket.size(self._id)

    async def append(
        self, chunks: AsyncIterator[Chunk], *, start: int, room: int, checksum: Checksum | None
    ) -> int:
        """See `services.cases.files.staging`. What has a checksum waits on the disk until that was
        compared.
        """
        if checksum is None:
            return await self._append(chunks, start=start, room=room)
        async with self._bucket.scratch_file() as path:
            file = os.open(path, os.O_RDWR)
            try:
                await upload_files.write(file, chunks, room=room, checksum=checksum)
            finally:
                os.close(file)
            return await self._append(_of_file(path), start=start, room=room)

    async def _append(self, chunks: AsyncIterator[Chunk], *, start: int, room: int) -> int:
        gathered = bytearray()
        try:
            async for chunk in chunks:
                room -= len(chunk)
                if room < 0:
                    raise errors.FileTooLarge("收到的数据比声明的长度多")
                gathered += chunk
                if len(gathered) >= PART_BYTES:
                    full, gathered = gathered, bytearray()
                    await self._bucket.put(self._id, start, full)
                    start += len(full)
        finally:
            if gathered:
                rest = asyncio.create_task(self._bucket.put(self._id, start, gathered))
                await tasks.finish(rest)
                start += len(gathered)
        return start

    @asynccontextmanager
    async def whole(self) -> AsyncIterator[Path]:
        async with self._bucket.scratch_file() as path:
            try:
                await self._bucket.fetch(self._id, path)
            except PartMissing:
                raise errors.UploadGone() from None
            yield path


async def _of_file(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while chunk := await asyncio.to_thread(file.read, PART_BYTES):
            yield chunk


def _name(upload_id: UUID, start: int) -> str:
    return f"{upload_id.hex}/{start:0{_DIGITS}d}"
