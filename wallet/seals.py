"""The register of e-seals: which seal a department uses, and with which key.

A seal is made once by the seal maker (制章者) and binds the certificates that may use it (GB/T
38540). The private key never comes here: it is named by `key_id` and lives in the key store.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from core import audit, clock, database, offload
from identity.principal import Principal, PrincipalKind
from signing import build_seal, draw_seal_picture
from signing.devca import MAKER_KEY, signer_key
from wallet import catalogue, fonts
from wallet.errors import NotASealKeeper, SealNotReady
from wallet.models import Seal
from wallet.models import SealState as SealState

DIAMETER_MM = 42
VENDOR = "YUNJIAN"
UNIT_SEAL = 1


class Signs(Protocol):
    """The part of `signing.KeyStore` that making and using seals needs."""

    async def sign(self, key_id: str, message: bytes) -> bytes: ...

    async def certificate(self, key_id: str) -> bytes: ...


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


def departments() -> dict[str, str]:
    """Key and full name of every department that issues licences."""
    return {type_.issuer: type_.issuer_name for type_ in catalogue.all_types()}


async def for_department(department: str) -> SealView:
    """The department's newest active seal, or SealNotReady."""
    seal = (
        await Seal.filter(department=department, state=SealState.ACTIVE)
        .order_by("-created_at")
        .first()
    )
    if seal is None:
        raise SealNotReady()
    return _view(seal)


async def list_seals() -> list[SealView]:
    """Every registered seal, by department."""
    return [_view(seal) for seal in await Seal.all().order_by("department", "created_at")]


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
    digest = hashlib.new("sm3", seal).hexdigest()
    async with database.transaction():
        if await Seal.filter(digest=digest).exists():
            return
        await Seal.create(
            department=department,
            name=name,
            key_id=key_id,
            seal=seal,
            certificate=certificate,
            digest=digest,
            created_at=clock.now(),
        )
        await audit.record(
            actor=by,
            action="seal.register",
            target=f"department:{department}",
            detail={"name": name},
        )


async def set_state(seal_id: UUID, *, state: SealState, by: Principal) -> None:
    """Suspend a seal or put it back to use; only a seal keeper or supervisor may."""
    if by.kind is not PrincipalKind.OFFICER or by.roles.isdisjoint({"seal_keeper", "supervisor"}):
        raise NotASealKeeper()
    seal = await Seal.get_or_none(id=seal_id)
    if seal is None or not by.covers(seal.department):
        raise NotASealKeeper()
    async with database.transaction():
        await Seal.filter(id=seal_id).update(state=state)
        await audit.record(
            actor=by.actor,
            action=f"seal.{state.value}",
            target=f"department:{seal.department}",
            detail={"name": seal.name},
        )


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
        await _make(department, name, keys=keys, maker_key_id=maker_key_id, term=term, by=by)
        made += 1
    return made


async def _make(
    department: str,
    name: str,
    *,
    keys: Signs,
    maker_key_id: str,
    term: tuple[datetime, datetime],
    by: str,
) -> None:
    key_id = signer_key(department)
    certificate = await keys.certificate(key_id)
    picture = await offload.run(_picture, name)
    now = clock.now()
    unsigned = build_seal(
        seal_id=f"{department}{now:%Y%m%d%H%M%S}",
        vendor_id=VENDOR,
        name=name,
        kind=UNIT_SEAL,
        picture=picture,
        picture_type="PNG",
        width_mm=DIAMETER_MM,
        height_mm=DIAMETER_MM,
        signer_certificates=[certificate],
        maker_certificate=await keys.certificate(maker_key_id),
        created_at=now,
        valid_from=term[0],
        valid_until=term[1],
    )
    seal = unsigned.complete(await keys.sign(maker_key_id, unsigned.to_sign))
    await register(
        department=department, name=name, key_id=key_id, seal=seal, certificate=certificate, by=by
    )


def _picture(name: str) -> bytes:
    return draw_seal_picture(name, font=fonts.data(fonts.Face.TITLE))


def _view(seal: Seal) -> SealView:
    return SealView(
        id=seal.id,
        department=seal.department,
        key_id=seal.key_id,
        name=seal.name,
        seal=bytes(seal.seal),
        certificate=bytes(seal.certificate),
        state=seal.state,
    )
