"""Where the bytes of unfinished uploads lie: a folder of this machine, or a bucket for several.

A folder has a lock and its file's size is the offset (`services.cases.files.upload_files`). A
bucket needs no lock, since no part is written twice (`services.cases.files.upload_parts`).
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from pathlib import Path
from typing import Protocol
from uuid import UUID

from core.files.parts import Parts
from services.cases.files.upload_files import Checksum, Chunk, Folder
from services.cases.files.upload_parts import Bucket


class Held(Protocol):
    """One upload in the hands of one request."""

    async def size(self) -> int: ...

    async def append(
        self,
        chunks: AsyncIterator[Chunk],
        *,
        start: int,
        room: int,
        checksum: Checksum | None,
    ) -> int:
        """Keep what comes, from the offset `start` on; returns the new offset.

        With a checksum all of it counts or none. Raises `FileTooLarge`, `ChecksumMismatch`,
        `UploadBusy` when another connection went on.
        """

    def whole(self) -> AbstractAsyncContextManager[Path]:
        """All of it as a local file. Raises `UploadGone` when another took it away."""


class StagingStore(Protocol):
    async def create(self, upload_id: UUID) -> None: ...

    async def size(self, upload_id: UUID) -> int:
        """How much has been kept, in bytes. Raises `UploadGone`."""

    def hold(self, upload_id: UUID) -> AbstractAsyncContextManager[Held]:
        """Raises `UploadGone`, and `UploadBusy` when another keeps it."""

    async def remove(self, upload_id: UUID) -> None: ...

    async def sweep(self, *, before: datetime) -> None:
        """Remove what killed processes left behind: older than any upload can live."""


def open_staging(folder: Path, parts: Parts | None = None) -> StagingStore:
    """The bucket if there is one, else the folder; the folder serves the bucket as scratch."""
    return Folder(folder) if parts is None else Bucket(parts, scratch=folder)
