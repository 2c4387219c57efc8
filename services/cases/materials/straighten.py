"""A photographed page cut to its sheet and straightened: suggested, done, done again, taken back.

Always from what was handed in, so that nothing is lost by trying again. The file keeps its place
and address; what lies under them changes by compare-and-set, and the audit trail has both digests.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from core import clock, offload, outbox
from core.database import transaction
from core.files.blobs import Blobs
from core.protection import audit
from identity.principal import Principal
from services.cases import errors, events, moves, timeline
from services.cases.files import sheet
from services.cases.files.sheet import Point
from services.cases.materials import papers
from services.cases.models import Case, Material, MaterialFile
from services.cases.rules.completeness import MaterialStatus

_KINDS = {"image/jpeg": "jpg", "image/png": "png"}
_WHOLE: tuple[Point, ...] = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


@dataclass(frozen=True)
class Suggestion:
    corners: tuple[Point, ...]
    """Fractions of width and height, clockwise from the upper left."""
    found: bool
    """Whether a sheet was seen; else the corners are those of the picture."""


@dataclass(frozen=True)
class _Page:
    case: Case
    material: Material
    file: MaterialFile

    @property
    def handed_in(self) -> str:
        """The blob of what was handed in."""
        return self.file.original_digest or self.file.digest


async def suggest(
    case_id: UUID, code: str, file_id: UUID, *, by: Principal, blobs: Blobs
) -> Suggestion:
    """Where the corners of the sheet seem to be. Raises as `straighten` does, and TooMuchAtOnce."""
    async with offload.uploads.turn(str(by.person_id)):
        page = await _open(case_id, code, file_id, by=by)
        data = await blobs.get(page.handed_in)
        corners = await offload.uploads.run(sheet.find_corners, data)
    if corners is None or not sheet.is_usable(corners):
        return Suggestion(_WHOLE, found=False)
    return Suggestion(corners, found=True)


async def handed_in(
    case_id: UUID, code: str, file_id: UUID, *, by: Principal, blobs: Blobs
) -> tuple[bytes, str]:
    """The picture the corners lie on, and its media type. Raises as `straighten` does."""
    page = await _open(case_id, code, file_id, by=by)
    return await blobs.get(page.handed_in), page.file.media_type


async def straighten(
    case_id: UUID,
    code: str,
    file_id: UUID,
    *,
    corners: Sequence[Point],
    by: Principal,
    folder: Path,
    blobs: Blobs,
) -> None:
    """Cut a picture to the four corners and straighten it; it is checked again afterwards.

    Raises `BadCorners`, `CannotStraighten`, `FileNotFound`, `CaseChanged` when the file changed
    meanwhile, and what `materials.open_requirement` raises.
    """
    if not sheet.is_usable(corners):
        raise errors.BadCorners()
    folder.mkdir(parents=True, exist_ok=True)
    async with offload.uploads.turn(str(by.person_id)):
        page = await _open(case_id, code, file_id, by=by)
        size, digest = await _cut(page, tuple(corners), folder=folder, blobs=blobs)
    await _replace(page, digest=digest, size=size, original=page.handed_in, by=by)


async def _cut(
    page: _Page, corners: tuple[Point, ...], *, folder: Path, blobs: Blobs
) -> tuple[int, str]:
    """Size and digest of the straightened picture. Raises `BadCorners`."""
    data = await blobs.get(page.handed_in)
    with tempfile.TemporaryDirectory(dir=folder, suffix=".clean") as work:
        target = Path(work) / "straight"
        kind = _KINDS[page.file.media_type]
        done = await offload.uploads.run(
            sheet.straighten, data, kind=kind, corners=corners, target=str(target)
        )
        if not done:
            raise errors.BadCorners()
        return target.stat().st_size, await blobs.put_file(target)


async def restore(case_id: UUID, code: str, file_id: UUID, *, by: Principal, blobs: Blobs) -> None:
    """Back to what was handed in, where it was changed. Raises as `straighten` does."""
    page = await _open(case_id, code, file_id, by=by)
    if page.file.original_digest is None:
        return
    size = len(await blobs.get(page.handed_in))
    await _replace(page, digest=page.handed_in, size=size, original=None, by=by)


async def _open(case_id: UUID, code: str, file_id: UUID, *, by: Principal) -> _Page:
    """A picture of the present version of a material that may be changed now."""
    case, _ = await papers.open_requirement(case_id, code, by=by)
    material = await Material.get_or_none(case_id=case.id, code=code, way="upload")
    stored = await MaterialFile.get_or_none(id=file_id)
    if (
        material is None
        or stored is None
        or (stored.material_id, stored.version) != (material.id, material.version)
    ):
        raise errors.FileNotFound()
    # What was rejected stays as it was seen; the next picture begins a new version.
    if stored.media_type not in _KINDS or material.status == MaterialStatus.REJECTED:
        raise errors.CannotStraighten()
    return _Page(case, material, stored)


async def _replace(
    page: _Page, *, digest: str, size: int, original: str | None, by: Principal
) -> None:
    at = clock.now()
    case, material, stored = page.case, page.material, page.file
    async with transaction():
        await papers.touch(case, at=at)
        same = MaterialFile.filter(id=stored.id, version=material.version, digest=stored.digest)
        changes = {"digest": digest, "size": size, "original_digest": original}
        again = {"status": MaterialStatus.RECEIVED, "note": None, "thumbnail_digest": None}
        if not await same.update(**changes, **again):
            raise errors.CaseChanged()
        present = Material.filter(id=material.id, version=material.version, way="upload")
        waiting = {"status": MaterialStatus.RECEIVED, "note": None, "updated_at": at}
        if not await present.update(**waiting):
            raise errors.CaseChanged()
        await _tell(page, digest=digest, is_restored=original is None, by=by)


async def _tell(page: _Page, *, digest: str, is_restored: bool, by: Principal) -> None:
    case, code = page.case, page.material.code
    await timeline.append(
        case.id,
        kind="material-received",
        title="照片已恢复原样" if is_restored else "照片已裁切拉直",
        text=page.file.name,
        actor_text=timeline.APPLICANT,
        at=clock.now(),
    )
    detail = {"material": code, "file": str(page.file.id), "from": page.file.digest, "to": digest}
    await audit.record(
        actor=by.actor,
        action="material.restore" if is_restored else "material.straighten",
        target=moves.target_of(case),
        detail=detail,
    )
    received = events.MaterialReceived(
        **moves.event_facts(case), material_code=code, material_id=page.file.id
    )
    await outbox.publish(received, key=str(case.id))
