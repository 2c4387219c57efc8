"""Counter devices: enrolment codes, the device's public key, its signed requests.

The key pair is made inside the device's browser (WebCrypto, P-256) and never leaves it; we keep the
public point. An enrolment code is handed over by a person and is good once, for a short while.
"""

import base64
import binascii
import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from cryptography.exceptions import InvalidSignature as BadSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from core import clock
from core.data.spent import Spending
from core.database import Statement, transaction
from core.protection import audit
from identity import errors, queries
from identity.models import Counter, EnrolmentCode, State
from identity.principal import Principal, PrincipalKind
from identity.systems.signed_request import SignedRequest

CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Without 0 O 1 I L: the code is read out or typed from paper."""

CODE_GROUPS, CODE_GROUP_SIZE = 3, 4
CODE_LIFE = timedelta(hours=24)
POINT_SIZE = 65
SIGNATURE_SIZE = 64

_FIND = Statement(
    "SELECT id, name, department_id, hall, public_key FROM identity_counter"
    " WHERE id = ? AND state = 'active'"
)
_ACTIVE = Spending("identity_counter WHERE id = ? AND state = 'active'")


@dataclass(frozen=True, kw_only=True)
class EnrolledCounter:
    """What a device learns about itself when its key has been registered."""

    counter_id: UUID
    name: str
    department: str
    department_name: str
    hall: str


async def new_enrolment_code(
    *, department: str, hall: str, by: str, life: timedelta = CODE_LIFE
) -> str:
    """A fresh code such as `7KQ2-M9XW-4TBD`; only its digest is stored.

    Raises DepartmentNotFound.
    """
    await queries.get_department(department)
    code = "-".join(_code_group() for _ in range(CODE_GROUPS))
    async with transaction():
        row = await EnrolmentCode.create(
            code_digest=_code_digest(code),
            department_id=department,
            hall=hall,
            issued_by=by,
            expires_at=clock.now() + life,
        )
        await audit.record(
            actor=by,
            action="enrolment-code-issued",
            target=f"enrolment:{row.id}",
            detail={"department": department, "hall": hall},
        )
    return code


async def enrol(code: str, *, public_key: str, name: str) -> EnrolledCounter:
    """Register a device. `public_key`: base64url of the uncompressed P-256 point (65 bytes).

    Raises InvalidPublicKey, and EnrolmentCodeRefused for unknown, used and late codes alike.
    """
    point = _decoded_point(public_key)
    at = clock.now()
    async with transaction():
        row = await EnrolmentCode.get_or_none(code_digest=_code_digest(code))
        if row is None or row.expires_at <= at:
            raise errors.EnrolmentCodeRefused()
        if not await EnrolmentCode.filter(id=row.id, used_at=None).update(used_at=at):
            raise errors.EnrolmentCodeRefused()
        counter = await Counter.create(
            name=name, department_id=row.department_id, hall=row.hall, public_key=point
        )
        department = await queries.get_department(row.department_id)
        await audit.record(
            actor=f"enrolment:{row.id}",
            action="counter-enrolled",
            target=f"counter:{counter.id}",
            detail={"key_sha256": hashlib.sha256(point).hexdigest()},
        )
    return EnrolledCounter(
        counter_id=counter.id,
        name=counter.name,
        department=department.key,
        department_name=department.name,
        hall=counter.hall,
    )


@dataclass(frozen=True, kw_only=True)
class KnownCounter:
    """What of a device never changes, as long as it is not revoked."""

    id: UUID
    name: str
    department: str
    hall: str
    public_key: bytes


async def verify_request(request: SignedRequest, counter: KnownCounter) -> Principal:
    """The counter that signed the request; InvalidSignature for every flaw alike.

    `counter` is what `expect` gave. Whether it has been revoked since is asked with the nonce.
    """
    request.check_time()
    if not _signed_by(counter.public_key, request):
        raise errors.InvalidSignature()
    await request.use_nonce(counter.id, while_=_ACTIVE)
    return Principal(
        kind=PrincipalKind.COUNTER,
        id=counter.id,
        name=counter.name,
        department=counter.department,
        hall=counter.hall,
    )


async def expect(caller: str) -> KnownCounter:
    """Who claims to call. Raises InvalidSignature for one that is not enrolled, or was revoked:
    its signature cannot be good whatever it sends."""
    try:
        row = await _FIND.row(str(UUID(caller)))
    except ValueError:
        row = None
    if row is None:
        raise errors.InvalidSignature()
    return KnownCounter(
        id=UUID(str(row["id"])),
        name=row["name"],
        department=row["department_id"],
        hall=row["hall"],
        public_key=bytes(row["public_key"]),
    )


async def revoke(counter_id: UUID, *, by: str) -> None:
    """Refuse the device from its next request on. Repeating it changes nothing."""
    await queries.get_counter(counter_id)
    async with transaction():
        changed = await Counter.filter(id=counter_id, state=State.ACTIVE).update(
            state=State.REVOKED, revoked_at=clock.now()
        )
        if changed:
            await audit.record(actor=by, action="counter-revoked", target=f"counter:{counter_id}")


def _signed_by(point: bytes, request: SignedRequest) -> bool:
    """ECDSA P-256 with SHA-256 over the signed text; the signature is raw r||s (70 µs)."""
    signature = _from_base64url(request.signature)
    if signature is None or len(signature) != SIGNATURE_SIZE:
        return False
    half = SIGNATURE_SIZE // 2
    r, s = (int.from_bytes(part, "big") for part in (signature[:half], signature[half:]))
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    try:
        key.verify(encode_dss_signature(r, s), request.signed_text, ec.ECDSA(hashes.SHA256()))
    except BadSignature:
        return False
    return True


def _decoded_point(public_key: str) -> bytes:
    point = _from_base64url(public_key)
    if point is None or len(point) != POINT_SIZE or point[0] != 0x04:
        raise errors.InvalidPublicKey()
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError:
        raise errors.InvalidPublicKey() from None
    return point


def _from_base64url(text: str) -> bytes | None:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None


def _code_group() -> str:
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_GROUP_SIZE))


def _code_digest(code: str) -> str:
    plain = code.upper().replace("-", "").replace(" ", "")
    return hashlib.sha256(plain.encode()).hexdigest()
