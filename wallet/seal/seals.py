"""The register of e-seals: which seal a department uses, with which key, and who may keep it.

A seal is made once by the seal maker (制章者) and binds the certificates that may use it (GB/T
38540). The private key never comes here: it is named by `key_id` and lives in the key store.
Proposals are in `seal_proposals`, freezing and destroying in `seal_life`.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.expressions import F

from core import clock, database, offload
from core.protection import audit
from identity.principal import Principal
from identity.staff import roles
from identity.staff.roles import Act
from papers import fonts
from signing import build_seal, draw_seal_picture, parse_seal
from signing.keys import MAKER_KEY, signer_key
from wallet.errors import NotASealKeeper, SealExpired, SealFrozen, SealNotFound, SealNotReady
from wallet.log import transparency
from wallet.log.transparency import EntryKind
from wallet.models import Seal
from wallet.models import SealState as SealState
from wallet.types import catalogue
from wallet.types.key_store import Signs as Signs

DIAMETER_MM = 42
VENDOR = "YUNJIAN"
UNIT_SEAL = 1


@dataclass(frozen=True, kw_only=True)
class SealView:
    """A registered seal as the acts use it."""

    id: UUID
    department: str
    key_id: str
    name: str
    seal: bytes
    certificate: bytes
    state: SealState
    valid_from: datetime
    valid_until: datetime
    uses: int
    state_by: str
    """The actor of the last change of state."""


@dataclass(frozen=True, kw_only=True)
class MadeSeal:
    """A seal fresh from its maker, not yet registered."""

    department: str
    name: str
    key_id: str
    seal: bytes
    certificate: bytes


def departments() -> dict[str, str]:
    """Key and full name of every department that issues licences."""
    return {type_.issuer: type_.issuer_name for type_ in catalogue.all_types()}


async def for_department(department: str) -> SealView:
    """The seal the department uses now.

    Raises SealNotReady when it never had one or it is destroyed, SealFrozen, or SealExpired.
    """
    living = [SealState.ACTIVE, SealState.FROZEN]
    rows = await Seal.filter(department=department, state__in=living).order_by("-created_at")
    found = [_view(row) for row in rows]
    now = clock.now()
    active = [seal for seal in found if seal.state is SealState.ACTIVE]
    for seal in active:
        if seal.valid_from <= now <= seal.valid_until:
            return seal
    if active:
        raise SealExpired()
    raise SealFrozen() if found else SealNotReady()


async def record_use(seal_id: UUID) -> None:
    """Count a use, in the current transaction; whoever freezes the seal comes before or after.

    Raises SealNotReady when the seal was frozen, replaced or destroyed in the meantime.
    """
    counted = await Seal.filter(id=seal_id, state=SealState.ACTIVE).update(uses=F("uses") + 1)
    if not counted:
        raise SealNotReady("签章期间印章状态已变化，系统会自动重试")


async def list_seals() -> list[SealView]:
    """Every registered seal, by department."""
    return [_view(seal) for seal in await Seal.all().order_by("department", "created_at")]


async def list_for(by: Principal) -> list[SealView]:
    """The seals that this officer may see. Raises NotASealKeeper."""
    insist_keeper(by)
    return [seal for seal in await list_seals() if by.covers(seal.department)]


async def get_for(seal_id: UUID, by: Principal) -> SealView:
    """One seal that this officer keeps; raises NotASealKeeper, SealNotFound."""
    row = await Seal.get_or_none(id=seal_id)
    insist_keeper(by)
    if row is None or not by.covers(row.department):
        raise SealNotFound()
    return _view(row)


def insist_keeper(by: Principal) -> None:
    """Raises NotASealKeeper for all but seal keepers and supervisors."""
    if not roles.allows(by, Act.KEEP_SEALS):
        raise NotASealKeeper()


async def register(
    *,
    department: str,
    name: str,
    key_id: str,
    seal: bytes,
    certificate: bytes,
    by: str,
) -> None:
    """Enter a finished seal; entering the same one again changes nothing."""
    made = MadeSeal(
        department=department, name=name, key_id=key_id, seal=seal, certificate=certificate
    )
    async with database.transaction():
        if not await Seal.filter(digest=_digest(seal)).exists():
            await add_row(made, by=by)


async def add_row(made: MadeSeal, *, by: str) -> UUID:
    """The row of a finished seal with its audit record, in the current transaction."""
    row = await Seal.create(
        department=made.department,
        name=made.name,
        key_id=made.key_id,
        seal=made.seal,
        certificate=made.certificate,
        digest=_digest(made.seal),
        state_by=by,
        created_at=clock.now(),
    )
    await transparency.enter(
        EntryKind.SEAL_REGISTERED, about=row.digest, facts={"department": made.department}
    )
    await audit.record(
        actor=by,
        action="seal.register",
        target=f"seal:{row.id}",
        detail={"department": made.department, "name": made.name},
    )
    return row.id


def _digest(seal: bytes) -> str:
    return hashlib.new("sm3", seal).hexdigest()


async def provision(
    *,
    keys: Signs,
    valid_until: datetime,
    by: str,
    valid_from: datetime | None = None,
    maker_key_id: str = MAKER_KEY,
) -> int:
    """Make and register a seal for every issuing department that has none. Returns how many.

    The maker's key signs each seal; the certificate of the department's own key goes into it.
    A seal is good from now on unless `valid_from` says otherwise.
    """
    term = (valid_from or clock.now(), valid_until)
    made = 0
    for department, name in departments().items():
        if await Seal.filter(department=department, state=SealState.ACTIVE).exists():
            continue
        sealed = await make(department, name, keys=keys, maker_key_id=maker_key_id, term=term)
        await register(**vars(sealed), by=by)
        made += 1
    return made


async def make(
    department: str,
    name: str,
    *,
    keys: Signs,
    term: tuple[datetime, datetime],
    maker_key_id: str = MAKER_KEY,
) -> MadeSeal:
    """Have the maker sign a seal for the department's own key, good for this term."""
    key_id = signer_key(department)
    certificate = await keys.certificate(key_id)
    picture = await offload.run(_picture, name)
    unsigned = build_seal(
        seal_id=f"{department}{clock.now():%Y%m%d%H%M%S%f}",
        vendor_id=VENDOR,
        name=name,
        kind=UNIT_SEAL,
        picture=picture,
        picture_type="PNG",
        width_mm=DIAMETER_MM,
        height_mm=DIAMETER_MM,
        signer_certificates=[certificate],
        maker_certificate=await keys.certificate(maker_key_id),
        created_at=clock.now(),
        valid_from=term[0],
        valid_until=term[1],
    )
    seal = unsigned.complete(await keys.sign(maker_key_id, unsigned.to_sign))
    return MadeSeal(
        department=department, name=name, key_id=key_id, seal=seal, certificate=certificate
    )


def _picture(name: str) -> bytes:
    return draw_seal_picture(name, font=fonts.data(fonts.Face.TITLE))


def _view(row: Seal) -> SealView:
    seal = bytes(row.seal)
    parsed = parse_seal(seal)
    return SealView(
        id=row.id,
        department=row.department,
        key_id=row.key_id,
        name=row.name,
        seal=seal,
        certificate=bytes(row.certificate),
        state=row.state,
        valid_from=parsed.valid_from,
        valid_until=parsed.valid_until,
        uses=row.uses,
        state_by=row.state_by,
    )
