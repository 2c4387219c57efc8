"""Content-addressed storage: a blob's name is the SM3 digest of its bytes.

Writing the same bytes twice is one blob; a crash between a blob and its row leaves an unreferenced
blob and nothing worse. `obstore` brings local folders, S3-compatible stores and memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import re
from collections.abc import AsyncIterator
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, MemoryStore, ObjectStore, from_url

from core.errors import NotFound
from core.files import full_disk
from core.ids import new_id

if TYPE_CHECKING:
    from obstore import GetResult

CHUNK = 1024 * 1024
_ASIDE = "aside"
_NAME = re.compile(r"[0-9a-f]{64}")

INLINE_BYTES = 256 * 1024
"""Up to here a digest takes less than a millisecond; beyond it a thread takes it, off the loop."""


class BlobNotFound(NotFound):
    slug = "blob-not-found"
    title = "文件不存在或已被清除"


class DamagedBlob(Exception):
    """The stored bytes do not have the digest they are filed under."""


class Blobs:
    def __init__(self, store: ObjectStore, *, folder: Path | None = None) -> None:
        self._store = store
        self._folder = folder
        """Where the blobs lie as files, if they do."""

    @classmethod
    def open(cls, url: str) -> Blobs:
        """`file:///folder`, `s3://bucket/prefix` or `memory:///`."""
        if url.startswith("memory:"):
            return cls(MemoryStore())
        if url.startswith("file://"):
            folder = Path(url.removeprefix("file://"))
            folder.mkdir(parents=True, exist_ok=True)
            return cls(LocalStore(folder), folder=folder)
        return cls(from_url(url))

    @property
    def folder(self) -> Path | None:
        """Where blobs lie as files; None in a store elsewhere."""
        return self._folder

    async def put(self, data: bytes) -> str:
        """Store `data`; returns its name, 64 hexadecimal characters. Raises StorageFull."""
        digest = await digest_of(data)
        with full_disk.refusing():
            await obstore.put_async(self._store, _path(digest), data)
        return digest

    async def is_writable(self) -> bool:
        """Whether a small object can be written now; it is taken away again."""
        name = f"probe/{new_id().hex}"
        try:
            await obstore.put_async(self._store, name, b"\0" * 4096)
            await obstore.delete_async(self._store, name)
        except (OSError, BaseError):
            return False
        return True

    async def put_file(self, path: Path) -> str:
        """Store a file without holding it in memory; returns its name. Nobody may write to it then.

        Digested in a thread: hashing lets go of the interpreter, and 50 MB of SM3 take 150 ms. A
        local folder takes the file itself, as one more link, if it is on the same disk; a large
        file goes to an S3-compatible store in parts. Raises StorageFull.
        """
        name = await asyncio.to_thread(_digest_of, path)
        if self._folder is None or not _link(path, self._folder / _path(name)):
            with full_disk.refusing():
                await obstore.put_async(self._store, _path(name), path)
        return name

    async def get(self, digest: str) -> bytes:
        """The bytes. Raises BlobNotFound, or DamagedBlob when they are not what was stored."""
        result = await self._found(digest)
        data = bytes(await result.bytes_async())
        if await digest_of(data) != digest:
            raise DamagedBlob(digest)
        return data

    async def fetch(self, digest: str, path: Path) -> None:
        """Write a blob to a file without holding it in memory. Raises as `get` does."""
        result = await self._found(digest)
        found = hashlib.new("sm3")
        with path.open("wb") as file:
            async for part in result.stream(min_chunk_size=CHUNK):
                found.update(part)
                file.write(part)
        if found.hexdigest() != digest:
            path.unlink()
            raise DamagedBlob(digest)

    async def exists(self, digest: str) -> bool:
        try:
            await obstore.head_async(self._store, _path(digest))
        except FileNotFoundError:
            return False
        return True

    async def delete(self, digest: str) -> None:
        await obstore.delete_async(self._store, _path(digest))

    async def stored_under(self, prefix: str) -> AsyncIterator[tuple[str, datetime]]:
        """Names that begin with two hexadecimal characters, and when each was stored last."""
        async for chunk in obstore.list(self._store, prefix=prefix):
            for one in chunk:
                name = one["path"].rpartition("/")[2]
                if _NAME.fullmatch(name):
                    yield name, one["last_modified"]

    async def set_aside(self, digest: str, *, on: date) -> bool:
        """Take a blob out of use without losing it; False when it is not there any more.

        Whoever stores the same bytes again, or asks for them, has them all the same: that makes it
        safe to set aside what a row is just about to name.
        """
        try:
            await obstore.rename_async(self._store, _path(digest), _aside(digest, on))
        except FileNotFoundError:
            return False
        return True

    async def aside_until(self, last: date) -> AsyncIterator[tuple[str, date]]:
        """What was set aside on `last` or before, with the day it was."""
        for day in await self._aside_days():
            if day > last:
                continue
            async for chunk in obstore.list(self._store, prefix=f"{_ASIDE}/{day.isoformat()}"):
                for one in chunk:
                    yield one["path"].rpartition("/")[2], day

    async def bring_back(self, digest: str) -> bool:
        """Put a blob that was set aside into use again; False when none was."""
        for day in await self._aside_days():
            try:
                await obstore.rename_async(self._store, _aside(digest, day), _path(digest))
            except FileNotFoundError:
                continue
            return True
        return False

    async def forget_aside(self, digest: str, *, on: date) -> None:
        """Delete for ever what was set aside on that day; what is in use stays. Harmless twice."""
        with contextlib.suppress(FileNotFoundError):
            await obstore.delete_async(self._store, _aside(digest, on))

    async def _aside_days(self) -> list[date]:
        listed = await obstore.list_with_delimiter_async(self._store, prefix=_ASIDE)
        return [date.fromisoformat(path.rpartition("/")[2]) for path in listed["common_prefixes"]]

    async def _found(self, digest: str) -> GetResult:
        try:
            return await obstore.get_async(self._store, _path(digest))
        except FileNotFoundError:
            if not await self.bring_back(digest):
                raise BlobNotFound() from None
        return await obstore.get_async(self._store, _path(digest))


async def digest_of(data: bytes) -> str:
    """SM3 in hexadecimal; of large data in a thread, since 50 MB take 150 ms."""
    if len(data) <= INLINE_BYTES:
        return _sm3(data)
    return await asyncio.to_thread(_sm3, data)


def _sm3(data: bytes) -> str:
    return hashlib.new("sm3", data).hexdigest()


def _digest_of(path: Path) -> str:
    digest = hashlib.new("sm3")
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _link(path: Path, target: Path) -> bool:
    """False when the disk does not allow it. A blob that is there already is the same one."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            os.link(path, target)
        os.utime(target)  # stored now, whenever its bytes were written: sweeping goes by this
    except OSError:
        return False
    return True


def _aside(digest: str, day: date) -> str:
    return f"{_ASIDE}/{day.isoformat()}/{digest}"


def _path(digest: str) -> str:
    return f"{digest[:2]}/{digest[2:4]}/{digest}"
