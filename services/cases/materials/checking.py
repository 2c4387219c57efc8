"""Whether a file that was handed in can be read and shows something."""

from datetime import datetime
from uuid import UUID

from core import clock, offload, outbox
from core.database import transaction
from core.files.blobs import Blobs
from core.protection.protect import for_row
from services.cases import events, moves, timeline
from services.cases.files import file_checks
from services.cases.models import Material, MaterialFile
from services.cases.rules.completeness import MaterialStatus


async def check_waiting(case_id: UUID, *, blobs: Blobs) -> None:
    """Check every file of the case that nobody has looked at yet."""
    waiting = MaterialFile.filter(material__case_id=case_id, status=MaterialStatus.RECEIVED)
    for stored in await waiting.order_by("created_at"):
        await check(stored.id, blobs=blobs)


async def check(file_id: UUID, *, blobs: Blobs) -> None:
    """Look whether a stored file can be read and shows something; repeats do nothing.

    A file that was removed meanwhile is nothing to check. A picture that could be better
    passes with a hint as its note. Publishes `MaterialChecked`.
    """
    stored = await MaterialFile.get_or_none(id=file_id).select_related("material__case")
    if stored is None or stored.status != MaterialStatus.RECEIVED:
        return
    data = await blobs.get(stored.digest)
    finding, hint = await offload.uploads.run(file_checks.look, data, media_type=stored.media_type)
    status = MaterialStatus.CHECKED if finding is None else MaterialStatus.REJECTED
    material, case, at = stored.material, stored.material.case, clock.now()
    async with transaction():
        # A picture that was cut anew meanwhile is looked at again, by the event of that.
        waiting = MaterialFile.filter(
            id=file_id, status=MaterialStatus.RECEIVED, digest=stored.digest
        )
        if not await waiting.update(status=status, note=finding or hint):
            return
        await _summarise(material, at=at)
        if finding is not None:
            await timeline.append(
                case.id, kind="material-rejected", title="材料需要重新上传", text=finding, at=at
            )
        checked = events.MaterialChecked(
            **moves.event_facts(case),
            material_code=material.code,
            material_id=file_id,
            ok=finding is None,
            note=finding or "",
        )
        await outbox.publish(checked, key=str(case.id))


async def _summarise(material: Material, *, at: datetime) -> None:
    """The material follows its files: one rejected page rejects it, all checked pages check it."""
    current = MaterialFile.filter(material_id=material.id, version=material.version)
    files = await current.order_by("page").values_list("status", "note")
    rejected = [note for status, note in files if status == MaterialStatus.REJECTED]
    if rejected:
        status, note = MaterialStatus.REJECTED, rejected[0]
    elif any(status == MaterialStatus.RECEIVED for status, _ in files):
        status, note = MaterialStatus.RECEIVED, None
    else:
        hints = [note for _, note in files if note]
        status, note = MaterialStatus.CHECKED, hints[0] if hints else None
    uploaded = Material.filter(id=material.id, version=material.version, way="upload")
    changes = {"status": status, "note": note, "updated_at": at}
    await uploaded.update(**for_row(Material, changes, material.case_id, material.code))
