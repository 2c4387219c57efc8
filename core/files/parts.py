"""Small objects of an S3-compatible store that are written once and never over one another.

Writing is the lock: of two who write the same name one is told that it is there already. That
needs a store that heeds `If-None-Match: *`, as AWS S3, MinIO and Ceph do; `prepare` asks it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import MemoryStore, ObjectStore, from_url

from core.errors import Unavailable
from core.ids import new_id

_CHUNK = 1024 * 1024
_PROBES = "probes"


class PartExists(Exception):
    """Another has written it."""


class PartMissing(Exception):
    """Another has taken it away."""


class UnsuitableStore(Exception):
    """The store writes over what is there although it was asked not to."""


class StoreUnavailable(Unavailable):
    slug = "upload-store-unavailable"
    title = "文件服务暂时繁忙，请稍后继续上传"


@dataclass(frozen=True, kw_only=True)
class Part:
    name: str
    size: int
    """Bytes."""
    modified_at: datetime


class Parts:
    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    @classmethod
    def open(cls, url: str) -> Parts:
        """`s3://bucket/prefix`, with credentials from the environment, or `memory:///`."""
        return cls(MemoryStore() if url.startswith("memory:") else from_url(url))

    async def prepare(self) -> None:
        """Raises `UnsuitableStore`, `StoreUnavailable`."""
        name = f"{_PROBES}/{new_id().hex}"
        await self.put(name, b"first")
        try:
            await self.put(name, b"second")
        except PartExists:
            return
        finally:
            await self.delete([name])
        raise UnsuitableStore()

    async def put(self, name: str, data: bytes | bytearray) -> None:
        """Raises `PartExists`, `StoreUnavailable`."""
        try:
            await obstore.put_async(self._store, name, data, mode="create", use_multipart=False)
        except AlreadyExistsError:
            raise PartExists() from None
        except BaseError as failure:
            raise StoreUnavailable() from failure

    async def list(self, prefix: str = "") -> list[Part]:
        """All below `prefix`, in the order of their names. Raises `StoreUnavailable`."""
        found: list[Part] = []
        try:
            async for page in obstore.list(self._store, prefix or None):
                found += [
                    Part(name=one["path"], size=one["size"], modified_at=one["last_modified"])
                    for one in page
                ]
        except BaseError as failure:
            raise StoreUnavailable() from failure
        return sorted(found, key=lambda part: part.name)

    async def read(self, name: str) -> AsyncIterator[bytes]:
        """The bytes, a MiB at a time. Raises `PartMissing`, `StoreUnavailable`."""
        try:
            found = await obstore.get_async(self._store, name)
            async for chunk in found.stream(min_chunk_size=_CHUNK):
                yield bytes(chunk)
        except FileNotFoundError:
            raise PartMissing() from None
        except BaseError as failure:
            raise StoreUnavailable() from failure

    async def delete(self, names: Sequence[str]) -> None:
        """What is not there is no matter. Raises `StoreUnavailable`."""
        try:
            if names:
                await obstore.delete_async(self._store, names)
        except FileNotFoundError:
            return
        except BaseError as failure:
            raise StoreUnavailable() from failure
