"""One citizen's uploads, for the tests."""

from collections.abc import AsyncIterator
from uuid import UUID

from services.cases.files.staging import StagingStore
from services.cases.files.upload_files import Checksum, Folder
from services.cases.materials import uploads
from services.cases.materials.quotas import Limits
from services.cases.materials.uploads import UploadStatus
from tests.cases.factories import PHOTO, CaseMaker

MAX = 50 * 1024 * 1024
LIMITS = Limits(file=MAX, person=4 * MAX, case=2 * MAX)


async def pieces(*data: bytes) -> AsyncIterator[bytes]:
    for piece in data:
        yield piece


async def broken_off(data: bytes) -> AsyncIterator[bytes]:
    yield data
    raise ConnectionResetError


class Sender:
    """One citizen's uploads, in one line each."""

    def __init__(self, cases: CaseMaker, staging: StagingStore | None = None) -> None:
        self.cases = cases
        self.staging = staging or Folder(cases.folder)

    async def open(
        self,
        length: int,
        code: str = PHOTO,
        *,
        limits: Limits | None = None,
        case_id: UUID | None = None,
    ) -> UploadStatus:
        return await uploads.open_upload(
            case_id or await self.cases.draft(),
            code=code,
            length=length,
            filename="照片.jpg",
            by=self.cases.by,
            staging=self.staging,
            limits=limits or LIMITS,
        )

    async def append(
        self, upload_id: UUID, offset: int, *data: bytes, checksum: Checksum | None = None
    ) -> UploadStatus:
        return await uploads.append(
            upload_id,
            offset=offset,
            chunks=pieces(*data),
            by=self.cases.by,
            staging=self.staging,
            checksum=checksum,
        )

    async def status(self, upload_id: UUID) -> UploadStatus:
        return await uploads.get_status(upload_id, by=self.cases.by, staging=self.staging)

    async def finish(self, upload_id: UUID) -> UploadStatus:
        return await uploads.finish(
            upload_id, by=self.cases.by, staging=self.staging, blobs=self.cases.blobs
        )
