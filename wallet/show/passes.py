"""离线亮证: a pass the phone keeps and shows without network, bound to a key the phone made.

The holder chooses the fields before signing; nothing else is inside. The pass is signed with the
key of the issuing department's seal and lives a day at most. A pass dies with the session and the
phone's key it was made in, and with the right to act for its holder, for every reader with network
(`pass_origins`); a reader without network hears of the licence's state only, by the status list.
"""

import base64
import binascii
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from uuid import UUID

from core import clock, database
from core.errors import TooMany
from core.protection import audit
from core.valkey import redis_client
from identity.log_in import assurance
from identity.log_in.assurance import Act
from identity.principal import Principal
from signing import MalformedPass
from signing.passes import passes
from signing.passes.passes import Claims
from signing.passes.passes import Licence as ShownOnPass
from wallet.desk import Desk
from wallet.errors import FieldNotOffered, InvalidPhoneKey, LicenceNotInForce, PhoneKeyMissing
from wallet.models import Licence, PhoneKey
from wallet.register import status, taken_in
from wallet.register.queries import facts_from, holder_masked
from wallet.seal import seals
from wallet.show import pass_origins, status_lists
from wallet.types import catalogue, masking
from wallet.types import facts as facts_of
from wallet.types.facts import Facts
from wallet.types.key_store import Signs
from wallet.types.licence_types import LicenceType

LIFE = timedelta(hours=24)
MADE_PER_MINUTE = 30
CUT = "…"
SHORTEST = 4
"""Characters that are left of a value that had to be cut."""
EVIDENCE_AGE = timedelta(hours=24)
EVIDENCE_AGE_SENSITIVE = timedelta(hours=4)


@dataclass(frozen=True, kw_only=True)
class PassField:
    """A field as the pass says it: masked, and cut where it would have been too long."""

    key: str
    label: str
    value: str


@dataclass(frozen=True, kw_only=True)
class OfflinePass:
    """What the phone keeps. `text` is the whole code of an unbound pass, "" for a bound one."""

    licence_id: UUID
    data: bytes
    text: str
    issued_at: datetime
    expires_at: datetime
    fields: tuple[PassField, ...]


async def register_phone(public_key: str, *, by: Principal) -> None:
    """Keep the public half of the phone's key for this session; a new one takes its place.

    `public_key` is base64url of a P-256 point of 65 or 33 bytes. Passes bound to the former key are
    refused from now on. Raises StepUpRequired, InvalidPhoneKey.
    """
    assurance.require(by, Act.SHOW_LICENCE)
    point = _compressed(public_key)
    if by.session_id is None:
        raise PhoneKeyMissing()
    async with database.transaction():
        await PhoneKey.update_or_create(
            session_id=by.session_id,
            defaults={
                "person_id": by.person_id,
                "point": point,
                "registered_at": clock.now(),
            },
        )
        await audit.record(
            actor=by.actor,
            action="phone-key.register",
            target=f"session:{by.session_id}",
            detail={"key": hashlib.sha256(point).hexdigest()[:16]},
        )


async def make(
    licence_id: UUID,
    *,
    fields: Sequence[str] | None,
    bound: bool,
    by: Principal,
    desk: Desk,
) -> OfflinePass:
    """A pass for a licence in the caller's wallet with these fields; None means all on offer.

    An unbound pass is for phones that cannot keep a key and lives five minutes. Raises
    StepUpRequired, LicenceNotFound, LicenceNotInForce, FieldNotOffered, PhoneKeyMissing,
    OnlyData, SealNotReady, TooMany.
    """
    assurance.require(by, Act.SHOW_LICENCE)
    licence = await status.own_licence(licence_id, by=by)
    state = status.state_of(licence, clock.today())
    if not state.in_force:
        raise LicenceNotInForce(f"证照{state.text}", state=state.value)
    taken_in.insist_on_more(licence)
    offered = offered_fields(licence)
    chosen = _chosen(offered, fields)
    if not await redis_client.allow(
        desk.redis, f"pass:{by.person_id}", limit=MADE_PER_MINUTE, seconds=60
    ):
        raise TooMany(retry_after=60)
    phone_key = await _phone_key(by) if bound else None
    claims = await _claims(licence, chosen, phone_key)
    seal = await seals.for_department(licence.department)
    data, claims = await _signed(claims, seal.key_id, seal.certificate, desk.keys)
    async with database.transaction():
        await pass_origins.keep(claims, licence, by=by)
        await audit.record(
            actor=by.actor,
            action="pass.make",
            target=f"licence:{licence.id}",
            detail={"pass": claims.id.hex(), "fields": sorted(chosen), "bound": bound},
        )
    return OfflinePass(
        licence_id=licence.id,
        data=data,
        text="" if bound else passes.encode(data),
        issued_at=claims.issued_at,
        expires_at=claims.expires_at,
        fields=_labelled(licence, claims.licence.fields),
    )


async def list_fields(licence_id: UUID, *, by: Principal) -> tuple[PassField, ...]:
    """What a pass of the caller's licence may hold. Raises LicenceNotFound."""
    licence = await status.own_licence(licence_id, by=by)
    return _labelled(licence, offered_fields(licence))


def offered_fields(licence: Licence) -> dict[str, str]:
    """Key → masked value of what the holder may put into a pass.

    Name, number and last day stand in every pass anyway and are not said twice.
    """
    type_ = catalogue.get_type(licence.licence_type)
    facts = facts_from(licence)
    said = {licence.holder_name, licence.number}
    if licence.valid_to is not None:
        said.add(licence.valid_to.isoformat())
    return {
        key: _shown(type_, key, facts)
        for key in type_.offline_claims
        if key in facts and str(facts[key]) not in said
    }


def evidence_age(type_code: str) -> timedelta:
    """How old a status list may be for a reader to rely on it."""
    sensitive = catalogue.get_type(type_code).sensitivity == "sensitive"
    return EVIDENCE_AGE_SENSITIVE if sensitive else EVIDENCE_AGE


def identifier_digest(identifier: str) -> bytes:
    """The eight bytes that stand for a licence's identifier in a pass."""
    return hashlib.sha256(identifier.encode()).digest()[:8]


def _labelled(licence: Licence, values: Mapping[str, str]) -> tuple[PassField, ...]:
    return tuple(
        PassField(key=field.key, label=field.label, value=values[field.key])
        for field in catalogue.get_type(licence.licence_type).fields
        if field.key in values
    )


def _shown(type_: LicenceType, key: str, facts: Facts) -> str:
    field = type_.field(key)
    if field is None:
        raise LookupError(f"{type_.code} has no field {key}")
    return facts_of.show(field, facts[key], masked=True)


def _chosen(offered: Mapping[str, str], fields: Sequence[str] | None) -> dict[str, str]:
    if fields is None:
        return dict(offered)
    unknown = sorted(set(fields) - offered.keys())
    if unknown:
        raise FieldNotOffered(fields={key: "不在可选内容之内" for key in unknown})
    return {key: value for key, value in offered.items() if key in fields}


async def _phone_key(by: Principal) -> bytes:
    row = await PhoneKey.get_or_none(session_id=by.session_id) if by.session_id else None
    if row is None or row.person_id != by.person_id:
        raise PhoneKeyMissing()
    return bytes(row.point)


async def _claims(licence: Licence, chosen: Mapping[str, str], phone_key: bytes | None) -> Claims:
    now = clock.now().replace(microsecond=0)
    life = LIFE if phone_key is not None else passes.LONGEST_UNBOUND
    ends = now + life
    if licence.valid_to is not None:
        last_moment = datetime.combine(licence.valid_to, time.max, tzinfo=clock.SHANGHAI)
        ends = min(ends, last_moment.replace(microsecond=0))
    place = await status_lists.reference(licence.id)
    return Claims(
        id=secrets.token_bytes(8),
        issued_at=now,
        expires_at=ends,
        status_list=place.list_no,
        status_index=place.place,
        licence=ShownOnPass(
            type_key=licence.licence_type,
            number=masking.number(licence.number),
            holder=holder_masked(licence),
            valid_until=licence.valid_to,
            version=licence.version,
            identifier_digest=identifier_digest(licence.identifier),
            fields=dict(chosen),
        ),
        phone_key=phone_key,
    )


async def _signed(
    claims: Claims, key_id: str, certificate: bytes, keys: Signs
) -> tuple[bytes, Claims]:
    """The pass, its longest values cut as far as the budget of the code asks for."""
    fitted = fit(claims, certificate)
    unsigned = passes.begin_pass(fitted, signer_certificate=certificate)
    return unsigned.complete(await keys.sign(key_id, unsigned.to_sign)), fitted


def fit(claims: Claims, certificate: bytes) -> Claims:
    """The claims with values shortened until the code can be read well (480 characters).

    Where cutting is not enough the longest field is left out, so that a name stays readable.
    """
    while True:
        fitted = _cut(claims, certificate)
        if fitted is not None:
            return fitted
        fields = dict(claims.licence.fields)
        if not fields:
            raise MalformedPass("a licence too long for a pass")
        del fields[max(fields, key=lambda key: len(fields[key].encode()))]
        claims = replace(claims, licence=replace(claims.licence, fields=fields))


def _cut(claims: Claims, certificate: bytes) -> Claims | None:
    """With its longest values cut as far as needed; None when that is not enough."""
    shorter: Claims | None = claims
    while shorter is not None and not passes.fits(shorter, signer_certificate=certificate):
        shorter = _shortened(shorter)
    return shorter


def _shortened(claims: Claims) -> Claims | None:
    """The longest value one character shorter; None when nothing is left to cut."""
    shown = claims.licence
    values = {"": shown.holder, **shown.fields}
    longest = max(values, key=lambda key: len(values[key].encode()))
    kept = values[longest].removesuffix(CUT)
    if len(kept) <= SHORTEST:
        return None
    shorter = kept[:-1] + CUT
    if longest == "":
        return replace(claims, licence=replace(shown, holder=shorter))
    return replace(claims, licence=replace(shown, fields={**shown.fields, longest: shorter}))


def _compressed(public_key: str) -> bytes:
    try:
        raw = base64.urlsafe_b64decode(public_key + "=" * (-len(public_key) % 4))
        return passes.compressed_point(raw)
    except (binascii.Error, ValueError, MalformedPass):
        raise InvalidPhoneKey() from None
