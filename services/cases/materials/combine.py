"""Several photographs of a material put together to one PDF."""

import tempfile
from pathlib import Path
from uuid import UUID

from PIL import Image
from tortoise.expressions import F

from core import clock, offload, outbox
from core.database import transaction
from core.files.blobs import Blobs
from identity.principal import Principal
from services.cases import errors, events, moves, timeline
from services.cases.materials import content_checks, papers
from services.cases.models import Case, Material, MaterialFile
from services.cases.rules.completeness import MaterialStatus

MEDIA_TYPE = "application/pdf"
_DOTS_PER_INCH = 150


async def combine_pictures(
    case_id: UUID, code: str, *, by: Principal, folder: Path, blobs: Blobs
) -> UUID:
    """The pictures of the material become the pages of one PDF, which is its next version.

    The pictures stay as history. Raises `NothingToCombine`, `CaseChanged` when a page came or went
    meanwhile, and what `materials.open_requirement` raises.
    """
    case, requirement = await papers.open_requirement(case_id, code, by=by)
    material = await Material.get_or_none(case_id=case.id, code=code, way="upload")
    pages = await _pages_of(material)
    pictures = [page for page in pages if page.media_type.startswith("image/")]
    if material is None or "pdf" not in requirement.accept or len(pictures) < 2:
        raise errors.NothingToCombine()
    if len(pictures) < len(pages):
        raise errors.NothingToCombine("材料里已有文档，不能再合成")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, suffix=".clean") as work:
        sources = await _fetch(pictures, Path(work), blobs)
        target = Path(work) / "combined.pdf"
        async with offload.uploads.turn(str(by.person_id)):
            await offload.uploads.run(write_pdf, sources, str(target))
        size, digest = target.stat().st_size, await blobs.put_file(target)
    combined = MaterialFile(
        name=f"{requirement.name[:120]}.pdf",
        media_type=MEDIA_TYPE,
        size=size,
        digest=digest,
        status=MaterialStatus.RECEIVED,
        uploaded_by=by.person_id,
        created_at=clock.now(),
    )
    await _replace_pages(case, material, combined, expected=len(pages))
    return combined.id


def write_pdf(sources: list[str], target: str) -> None:
    """One page a picture, in this order. Pure CPU work."""
    first, *rest = [_page(source) for source in sources]
    first.save(
        target,
        format="PDF",
        save_all=True,
        append_images=rest,
        resolution=_DOTS_PER_INCH,
        quality=85,
    )


def _page(source: str) -> Image.Image:
    with Image.open(source, formats=["JPEG", "PNG"]) as picture:
        return picture.convert("L" if picture.mode == "L" else "RGB")


async def _pages_of(material: Material | None) -> list[MaterialFile]:
    if material is None:
        return []
    pages = MaterialFile.filter(material_id=material.id, version=material.version)
    return list(await pages.order_by("page"))


async def _fetch(pages: list[MaterialFile], folder: Path, blobs: Blobs) -> list[str]:
    sources = []
    for page in pages:
        path = folder / page.id.hex
        path.write_bytes(await blobs.get(page.digest))
        sources.append(str(path))
    return sources


async def _replace_pages(
    case: Case, material: Material, combined: MaterialFile, *, expected: int
) -> None:
    at = combined.created_at
    async with transaction():
        await papers.touch(case, at=at)
        same = Material.filter(id=material.id, version=material.version, way="upload")
        changes = {"version": F("version") + 1, "status": "received", "note": None}
        if not await same.update(**changes, updated_at=at):
            raise errors.CaseChanged()
        pages = MaterialFile.filter(material_id=material.id, version=material.version)
        pictures = await pages.values_list("id", flat=True)
        if len(pictures) != expected:
            raise errors.CaseChanged()
        combined.material_id, combined.version, combined.page = material.id, material.version + 1, 1
        await combined.save(force_create=True)
        await content_checks.follow([UUID(str(one)) for one in pictures], into=combined.id)
        await timeline.append(
            case.id,
            kind="material-received",
            title="照片已合成 PDF",
            text=combined.name.removesuffix(".pdf"),
            actor_text=timeline.APPLICANT,
            at=at,
        )
        received = events.MaterialReceived(
            **moves.event_facts(case), material_code=material.code, material_id=combined.id
        )
        await outbox.publish(received, key=str(case.id))
