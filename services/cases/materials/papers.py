"""Materials of a case: attach a file, reuse a licence, promise, check, reject, remove."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from tortoise.expressions import F

from core import clock, offload, outbox
from core.database import transaction
from core.files.blobs import Blobs
from core.files.malware import Scanner
from core.protection import audit
from core.protection.protect import for_row
from identity.log_in import assurance
from identity.principal import Principal
from identity.staff.roles import Act
from services.cases import doors, errors, events, lifecycle, moves, timeline
from services.cases.files import file_checks
from services.cases.lifecycle import CaseState, Move
from services.cases.materials import content_checks
from services.cases.models import Case, Material, MaterialFile, Upload
from services.cases.rules.completeness import HandedIn, MaterialStatus
from services.guides.definitions import MaterialRequirement

_REFUSALS = {refusal.slug: refusal for refusal in (errors.NotAnAcceptedType, errors.UnreadableFile)}
_REJECTABLE = frozenset({CaseState.SUBMITTED, CaseState.ACCEPTED})
_PICTURE_PREFIX = "image/"


@dataclass(frozen=True, kw_only=True)
class ReusedLicence:
    """What the wallet hands over so that a licence may stand for a material."""

    id: UUID
    type: str
    name: str
    number_masked: str
    identifier: str
    face: Mapping[str, object]
    """Only the fields the requirement asks for."""


async def open_requirement(
    case_id: UUID, code: str, *, by: Principal
) -> tuple[Case, MaterialRequirement]:
    """The caller's case and the requirement, if materials may be changed now.

    Raises `CaseNotFound`, `MaterialsLocked`, `MaterialNotFound`, `MaterialNotApplicable`.
    """
    case = await moves.get_own(case_id, by=by)
    if case.state not in lifecycle.MATERIALS_OPEN:
        detail = f"办件现在是“{lifecycle.TEXTS[case.state]}”，不能再改动材料"
        raise errors.MaterialsLocked(detail, state=str(case.state))
    item = await moves.item_of(case)
    if not any(entry.code == code for entry in item.materials):
        raise errors.MaterialNotFound(f"没有材料 {code}")
    requirement = (await moves.guide_of(case)).material(code)
    if requirement is None:
        raise errors.MaterialNotApplicable()
    return case, requirement


async def attach_file(
    case_id: UUID,
    code: str,
    *,
    path: Path,
    filename: str,
    by: Principal,
    blobs: Blobs,
    scanner: Scanner | None = None,
    upload_id: UUID | None = None,
) -> UUID:
    """Take a complete local file as the next page of a material; returns the stored file's id.

    The content decides the type; pictures are written anew. Until all checks have passed, the
    scanner's too, the file lies where nobody can fetch it. The blob is stored first, then
    everything else in one transaction: a crash in between leaves an unreferenced blob only. Raises
    `EmptyFile`, `NotAnAcceptedType`, `UnreadableFile`, `HarmfulFile`, `ScannerUnavailable`,
    `TooManyFiles`, `TooMuchAtOnce`.
    """
    case, requirement = await open_requirement(case_id, code, by=by)
    if path.stat().st_size == 0:
        raise errors.EmptyFile()
    clean = path.with_suffix(".clean")
    try:
        async with offload.uploads.turn(str(by.person_id)):
            found = await offload.uploads.run(
                file_checks.inspect, str(path), accept=requirement.accept, clean=str(clean)
            )
        if isinstance(found, file_checks.Refusal):
            raise _REFUSALS[found.slug](found.detail)
        if scanner is not None and await scanner.scan(path) is not None:
            raise errors.HarmfulFile()
        kept = clean if found.rewritten else path
        size = kept.stat().st_size
        digest = await blobs.put_file(kept)
    finally:
        clean.unlink(missing_ok=True)
    stored = MaterialFile(
        name=_safe_name(filename, found.kind),
        media_type=found.media_type,
        size=size,
        digest=digest,
        status=MaterialStatus.RECEIVED,
        uploaded_by=by.person_id,
        created_at=clock.now(),
    )
    await _store_file(case, requirement, stored, by=by, upload_id=upload_id)
    return stored.id


async def _store_file(
    case: Case,
    requirement: MaterialRequirement,
    stored: MaterialFile,
    *,
    by: Principal,
    upload_id: UUID | None,
) -> None:
    at = stored.created_at
    async with transaction():
        await touch(case, at=at)
        if upload_id is not None:
            finished = Upload.filter(id=upload_id, state="open")
            if not await finished.update(state="finished", file_id=stored.id):
                raise errors.UploadGone()
        material, pages = await _material_for_page(case, requirement, at=at)
        if pages >= requirement.max_pages:
            raise errors.TooManyFiles(f"最多 {requirement.max_pages} 个文件")
        stored.material_id = material.id
        stored.version, stored.page = material.version, pages + 1
        await stored.save(force_create=True)
        await content_checks.note_picture(stored, case_id=case.id, by=by)
        await timeline.append(
            case.id,
            kind="material-received",
            title="材料已上传",
            text=requirement.name,
            actor_text=timeline.APPLICANT,
            at=at,
        )
        received = events.MaterialReceived(
            **moves.event_facts(case), material_code=requirement.code, material_id=stored.id
        )
        await outbox.publish(received, key=str(case.id))


async def _material_for_page(
    case: Case, requirement: MaterialRequirement, *, at: datetime
) -> tuple[Material, int]:
    """The material in the version the new page belongs to, and how many pages that has.

    A rejected, reused or promised material starts a new version; its old files stay as history.
    """
    material = await Material.get_or_none(case_id=case.id, code=requirement.code)
    if material is None:
        material = await Material.create(
            case_id=case.id,
            code=requirement.code,
            way="upload",
            status=MaterialStatus.RECEIVED,
            updated_at=at,
        )
        return material, 0
    same_version = material.way == "upload" and material.status != MaterialStatus.REJECTED
    material.version += 0 if same_version else 1
    await Material.filter(id=material.id).update(
        version=material.version, **_EMPTY_LICENCE, way="upload", status="received", updated_at=at
    )
    pages = await MaterialFile.filter(material_id=material.id, version=material.version).count()
    return material, pages


_EMPTY_LICENCE: dict[str, None] = dict.fromkeys(
    (
        "note",
        "licence_id",
        "licence_type",
        "licence_name",
        "licence_number_masked",
        "licence_identifier",
        "licence_face",
    )
)


async def reuse_licence(case_id: UUID, code: str, *, licence: ReusedLicence, by: Principal) -> None:
    """Let an e-licence of the applicant stand for a material (免提交). Raises `StepUpRequired`."""
    assurance.require(by, assurance.Act.SHARE_LICENCE)
    case, requirement = await open_requirement(case_id, code, by=by)
    types = {way.type for way in requirement.replace if way.by == "licence"}
    if licence.type not in types:
        raise errors.WayNotOffered("这份材料不能用这种电子证照代替")
    values = {
        "licence_id": licence.id,
        "licence_type": licence.type,
        "licence_name": licence.name,
        "licence_number_masked": licence.number_masked,
        "licence_identifier": licence.identifier,
        "licence_face": moves.to_text(dict(licence.face)),
    }
    text = f"{requirement.name}：使用电子证照《{licence.name}》，无需上传"
    used = events.LicenceUsed(
        **moves.event_facts(case),
        licence_id=licence.id,
        material_code=requirement.code,
        material_name=requirement.name,
        fields=_fields_asked(requirement, licence.type),
        actor=by.actor,
        actor_name=by.name,
    )
    async with transaction():
        await outbox.publish(used, key=str(case.id))
        await _replace(
            case, requirement, by=by, way="licence", status="reused", text=text, **values
        )


def _fields_asked(requirement: MaterialRequirement, licence_type: str) -> list[str]:
    ways = [way for way in requirement.replace if way.type == licence_type]
    return list(ways[0].fields or ()) if ways else []


async def commit(case_id: UUID, code: str, *, by: Principal) -> None:
    """Promise in writing instead of handing in (告知承诺)."""
    case, requirement = await open_requirement(case_id, code, by=by)
    if not any(way.by == "commitment" for way in requirement.replace):
        raise errors.WayNotOffered("这份材料不适用告知承诺")
    text = f"{requirement.name}：已作出书面承诺，无需上传"
    await _replace(case, requirement, by=by, way="commitment", status="committed", text=text)


async def _replace(
    case: Case,
    requirement: MaterialRequirement,
    *,
    by: Principal,
    way: str,
    status: str,
    text: str,
    **values: object,
) -> None:
    at = clock.now()
    common = {"way": way, "status": status, "updated_at": at}
    changes: dict[str, Any] = {**_EMPTY_LICENCE, **common, **values}
    async with transaction():
        await touch(case, at=at)
        existing = Material.filter(case_id=case.id, code=requirement.code)
        sealed = for_row(Material, changes, case.id, requirement.code)
        if not await existing.update(version=F("version") + 1, **sealed):
            await Material.create(case_id=case.id, code=requirement.code, **changes)
        await timeline.append(
            case.id,
            kind=f"material-{status}",
            title="材料已提供",
            text=text,
            actor_text=timeline.APPLICANT,
            at=at,
        )
        detail = {"material": requirement.code, "way": way}
        if licence_id := values.get("licence_id"):
            detail["licence"] = str(licence_id)
        await audit.record(
            actor=by.actor,
            action="material.replace",
            target=moves.target_of(case),
            detail=detail,
        )


async def remove(case_id: UUID, code: str, *, by: Principal) -> None:
    """Take back what was attached; what a finished supplement or rejection said is kept apart."""
    case, requirement = await open_requirement(case_id, code, by=by)
    async with transaction():
        await touch(case, at=clock.now())
        await Material.filter(case_id=case.id, code=requirement.code).delete()
        await audit.record(
            actor=by.actor,
            action="material.remove",
            target=moves.target_of(case),
            detail={"material": requirement.code},
        )


async def reject(case_id: UUID, code: str, *, reason: str, by: Principal) -> None:
    """An officer marks a material as not good enough, for the one notice that names everything."""
    case = await doors.get_for_officer(case_id, act=Act.CHECK_MATERIAL, by=by)
    reason = moves.require_reason(reason, longest=300)
    if case.state not in _REJECTABLE:
        raise lifecycle.not_allowed(case.state, Move.REQUEST_SUPPLEMENT)
    if (await moves.guide_of(case)).material(code) is None:
        raise errors.MaterialNotFound(f"没有材料 {code}")
    at = clock.now()
    async with transaction():
        basis = await doors.authorise(case, act=Act.CHECK_MATERIAL, by=by)
        touched = Case.filter(id=case.id, state=case.state)
        if not await touched.update(revision=F("revision") + 1, updated_at=at):
            raise errors.CaseChanged()
        await mark_rejected(case.id, code, reason=reason, at=at)
        await audit.record(
            actor=by.actor,
            action="material.reject",
            target=moves.target_of(case),
            detail={"material": code} | basis.facts(),
        )


async def mark_rejected(case_id: UUID, code: str, *, reason: str, at: datetime) -> None:
    """Mark what was handed in as rejected; call it inside `transaction()`.

    A material the platform makes itself has no row and gets none: there the form is to be mended.
    """
    handed = Material.filter(case_id=case_id, code=code)
    changes = {"status": MaterialStatus.REJECTED, "note": reason[:300], "updated_at": at}
    await handed.update(**for_row(Material, changes, case_id, code))


async def handed_in(case_id: UUID) -> dict[str, HandedIn]:
    """What was done about each material, by code."""
    rows = await Material.filter(case_id=case_id)
    return {row.code: HandedIn(MaterialStatus(row.status), row.note) for row in rows}


async def reused_licences(case_id: UUID) -> list[UUID]:
    """The licences that stand for materials of the case."""
    rows = await Material.filter(case_id=case_id, licence_id__isnull=False)
    return [row.licence_id for row in rows if row.licence_id is not None]


def licence_face(material: Material) -> dict[str, object]:
    """The face fields of a reused licence, for the officer."""
    face: dict[str, object] = json.loads(material.licence_face) if material.licence_face else {}
    return face


async def touch(case: Case, *, at: datetime) -> None:
    """Materials change only while the state lets them; a submit that runs now will notice."""
    still_open = Case.filter(id=case.id, state=case.state)
    if not await still_open.update(revision=F("revision") + 1, updated_at=at):
        raise errors.MaterialsLocked()


def _safe_name(filename: str, kind: str) -> str:
    """A display name without path or control characters, ending in what the file really is."""
    base = filename.replace("\\", "/").rsplit("/", 1)[-1]
    stem = base.rsplit(".", 1)[0] if "." in base else base
    printable = "".join(ch for ch in stem if ch.isprintable()).strip(" .")[:120]
    return f"{printable or '材料'}.{kind}"
