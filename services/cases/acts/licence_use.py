"""Which licence stands for a material of a case: what the annotated copy is made from."""

from dataclasses import dataclass
from uuid import UUID

from identity.principal import Principal
from identity.staff.roles import Act
from services.cases import doors, moves
from services.cases.lifecycle import CaseState
from services.cases.models import Case, Material

RUNNING = frozenset(
    {
        CaseState.SUBMITTED,
        CaseState.SUPPLEMENT_REQUESTED,
        CaseState.ACCEPTED,
        CaseState.APPROVED,
    }
)
"""An officer needs the licence while the case runs; once it is over there is no purpose left."""


@dataclass(frozen=True, kw_only=True)
class LicenceInUse:
    """The licence, and the words that say what it is used for."""

    licence_id: UUID
    case_no: str
    """The short one, as people read it; empty while the case is a draft."""
    item_code: str
    item_name: str
    material_name: str
    fields: tuple[str, ...]


async def for_officer(case_id: UUID, code: str, *, by: Principal) -> LicenceInUse | None:
    """The licence a material of a running case is replaced by, or None. Raises CaseNotFound."""
    case = await doors.get_for_officer(case_id, act=Act.CHECK_MATERIAL, by=by)
    return await _find(case, code) if case.state in RUNNING else None


async def _find(case: Case, code: str) -> LicenceInUse | None:
    row = await Material.get_or_none(case_id=case.id, code=code)
    if row is None or row.licence_id is None:
        return None
    item = await moves.item_of(case)
    requirement = next((entry for entry in item.materials if entry.code == code), None)
    if requirement is None:
        return None
    ways = [way for way in requirement.replace if way.type == row.licence_type]
    return LicenceInUse(
        licence_id=row.licence_id,
        case_no=case.short_no or "",
        item_code=case.item_code,
        item_name=case.item_name,
        material_name=requirement.name,
        fields=ways[0].fields if ways else (),
    )
