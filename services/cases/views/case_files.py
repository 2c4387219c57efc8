"""Files of a case, for those who may see them."""

from dataclasses import dataclass
from uuid import UUID

from core.protection import audit
from identity.principal import Principal
from identity.staff.roles import Act
from services.cases import doors, errors, moves
from services.cases.models import MaterialFile, MessagePicture


@dataclass(frozen=True, kw_only=True)
class StoredFile:
    """A stored file or picture, for sending its bytes."""

    name: str
    media_type: str
    size: int
    digest: str


async def get_own_file(file_id: UUID, *, by: Principal) -> StoredFile:
    """A file of the caller's own case; raises `FileNotFound`."""
    stored = await MaterialFile.get_or_none(id=file_id).select_related("material__case")
    if stored is None or not await moves.is_own(stored.material.case, by=by):
        raise errors.FileNotFound()
    await moves.note_agent(stored.material.case, "case.file-read", by=by)
    return _stored_file(stored)


async def get_staff_file(file_id: UUID, *, by: Principal, as_handed_in: bool = False) -> StoredFile:
    """A file of a submitted case of the officer's department; raises `FileNotFound`.

    `as_handed_in`: a photograph before the applicant cut it. Raises `RoleMissing` too.
    """
    doors.insist_on_role(by, Act.READ_CASES)
    stored = await MaterialFile.get_or_none(id=file_id).select_related("material__case")
    if stored is None:
        raise errors.FileNotFound()
    try:
        await doors.insist(stored.material.case, act=Act.READ_CASES, by=by)
    except errors.CaseNotFound:
        raise errors.FileNotFound() from None
    await audit.record_read(
        actor=by.actor, action="case.file-read", target=f"case-file:{stored.id}"
    )
    if as_handed_in and stored.original_digest is not None:
        stored.digest = stored.original_digest
    return _stored_file(stored)


async def get_signed_material(file_id: UUID) -> StoredFile:
    """A material's file by an address somebody who may see it was given; raises `FileNotFound`."""
    stored = await MaterialFile.get_or_none(id=file_id)
    if stored is None:
        raise errors.FileNotFound()
    return _stored_file(stored)


async def get_signed_picture(picture_id: UUID) -> StoredFile:
    """A message's picture by an address somebody who may see it was given; `FileNotFound`."""
    picture = await MessagePicture.get_or_none(id=picture_id)
    if picture is None:
        raise errors.FileNotFound()
    suffix = "png" if picture.media_type == "image/png" else "jpg"
    return StoredFile(
        name=f"照片.{suffix}",
        media_type=picture.media_type,
        size=picture.size,
        digest=picture.digest,
    )


def _stored_file(row: MaterialFile) -> StoredFile:
    return StoredFile(name=row.name, media_type=row.media_type, size=row.size, digest=row.digest)
