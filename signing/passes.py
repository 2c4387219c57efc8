"""Offline licence passes: CBOR with the issuer's signature, and the phone's own proof of now.

    envelope = [ pass, t, proof ]   bound to a phone; a new proof every 30 seconds
             | [ pass ]             unbound, five minutes at most
    pass     = COSE_Sign1 of a CWT; proof = P-256 over SHA-256 of ["EL1", SHA-256(pass), t]

The text in the QR is `EL1:` and the envelope in base45. Verifying is in `verify_pass`.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from signing import base45, cose
from signing.errors import InvalidKey, InvalidSignature, MalformedData, MalformedPass
from signing.suites import P256_SHA256, from_raw
from signing.suites.p256_sha256 import spki_of_point

PREFIX = "EL1:"
LONGEST_TEXT = 480
LARGEST_ENVELOPE = 1200
LONGEST_UNBOUND = timedelta(seconds=300)
_EXPIRES, _ISSUED, _ID = 4, 6, 7
_STATUS, _LICENCE, _PHONE_KEY = -70001, -70002, -70003
_EPOCH = date(1970, 1, 1)
_PROVED = b"\x83\x63EL1"
# Keys in the order of deterministic CBOR.
_UNBOUND_KEYS = (_EXPIRES, _ISSUED, _ID, _STATUS, _LICENCE)
_BOUND_KEYS = (*_UNBOUND_KEYS, _PHONE_KEY)
_LICENCE_KEYS = tuple(range(7))
_ONLY_INTEGERS, _ONLY_TEXTS = {int}, {str}


class ForeignCode(MalformedPass):
    """A text that does not begin as a pass at all."""

    slug = "foreign-code"


@dataclass(frozen=True, slots=True)
class Licence:
    """What is shown of the licence; number and holder are masked as its type says."""

    type_key: str
    number: str
    holder: str
    valid_until: date | None
    version: int
    identifier_digest: bytes
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Claims:
    """Everything that is signed. `phone_key` is a compressed P-256 point, None when unbound."""

    id: bytes
    issued_at: datetime
    expires_at: datetime
    status_list: int
    status_index: int
    licence: Licence
    phone_key: bytes | None = None

    def encode(self) -> bytes:
        """The CWT payload, deterministic."""
        shown = self.licence
        ends = shown.valid_until
        claims: dict[int, object] = {
            _EXPIRES: int(self.expires_at.timestamp()),
            _ISSUED: int(self.issued_at.timestamp()),
            _ID: self.id,
            _STATUS: [self.status_list, self.status_index],
            _LICENCE: {
                0: shown.type_key,
                1: shown.number,
                2: shown.holder,
                3: None if ends is None else (ends - _EPOCH).days,
                4: shown.version,
                5: shown.identifier_digest,
                6: dict(shown.fields),
            },
        }
        if self.phone_key is not None:
            claims[_PHONE_KEY] = self.phone_key
        return cose.encode(claims)


@dataclass(frozen=True, slots=True)
class Offered:
    """A pass as read from a code; nothing in it is verified yet."""

    pass_bytes: bytes = field(repr=False)
    shown_at: int | None
    proof: bytes | None = field(repr=False)
    message: cose.Message = field(repr=False)
    claims: Claims

    @property
    def replay_key(self) -> bytes:
        """What a reader remembers for three minutes: the pass and the moment it was shown."""
        return self.claims.id + (self.shown_at or 0).to_bytes(8, "big")


def begin_pass(claims: Claims, *, signer_certificate: bytes) -> cose.Unsigned:
    """Prepare a pass: sign `to_sign`, then `complete` gives the bytes the phone keeps.

    Raises MalformedPass for claims that no verifier would take.
    """
    lifetime = claims.expires_at - claims.issued_at
    if claims.phone_key is None and lifetime > LONGEST_UNBOUND:
        raise MalformedPass("an unbound pass lives five minutes at most")
    if claims.phone_key is not None:
        _phone_spki(claims.phone_key)
    payload = claims.encode()
    try:
        _read_claims(payload)
    except MalformedData as problem:
        raise MalformedPass(str(problem)) from problem
    return cose.begin(payload, signer_certificate)


def proof_message(pass_bytes: bytes, shown_at: int) -> bytes:
    """What the phone signs with its own key when it shows the pass at this Unix second."""
    digest = cose.byte_string(hashlib.sha256(pass_bytes).digest())
    return b"".join((_PROVED, digest, cose.encode(shown_at)))


def encode(pass_bytes: bytes, *, shown_at: int | None = None, proof: bytes | None = None) -> str:
    """The text of the QR code. Raises MalformedPass when it would be too long to read well."""
    parts: list[object] = [pass_bytes]
    if proof is not None and shown_at is not None:
        parts += [shown_at, proof]
    text = PREFIX + base45.encode(cose.encode(parts))
    if len(text) > LONGEST_TEXT:
        raise MalformedPass(f"a code of {len(text)} characters; {LONGEST_TEXT} is the most")
    return text


def decode(text: str) -> Offered:
    """Read the text of a QR code. Raises ForeignCode without the prefix, else MalformedPass."""
    if not text.startswith(PREFIX):
        raise ForeignCode("not an offline pass")
    if len(text) > LARGEST_ENVELOPE * 2:
        raise MalformedPass("more text than any pass has")
    try:
        return _read_envelope(base45.decode(text.removeprefix(PREFIX)))
    except MalformedPass:
        raise
    except MalformedData as problem:
        raise MalformedPass(str(problem)) from problem


def _read_envelope(data: bytes) -> Offered:
    if len(data) > LARGEST_ENVELOPE:
        raise MalformedPass("more bytes than any pass has")
    parts = cose.decode_shaped(data)
    if not isinstance(parts, list) or len(parts) not in (1, 3) or not isinstance(parts[0], bytes):
        raise MalformedPass("an envelope of another shape")
    shown_at, proof = (parts[1], parts[2]) if len(parts) == 3 else (None, None)
    if proof is not None or shown_at is not None:
        _whole(shown_at, 2**40)
        if not isinstance(proof, bytes) or len(proof) != 64:
            raise MalformedPass("a proof has 64 bytes")
    message = cose.parse(parts[0])
    if message.content_type:
        raise MalformedPass("a signed message of another kind")
    return Offered(parts[0], shown_at, proof, message, _read_claims(message.payload))


def _read_claims(payload: bytes) -> Claims:
    claims = cose.decode_shaped(payload)
    if not _has_keys(claims, _BOUND_KEYS, _UNBOUND_KEYS):
        raise MalformedPass("claims of another shape")
    status, phone_key = claims[_STATUS], claims.get(_PHONE_KEY)
    if type(status) is not list or len(status) != 2:
        raise MalformedPass("the status reference is not a pair")
    if _PHONE_KEY in claims:
        _sized(phone_key, 33)
    return Claims(
        id=_sized(claims[_ID], 8),
        issued_at=_instant(claims[_ISSUED]),
        expires_at=_instant(claims[_EXPIRES]),
        status_list=_whole(status[0], 2**32),
        status_index=_whole(status[1], 2**32),
        licence=_read_licence(claims[_LICENCE]),
        phone_key=phone_key,
    )


def _has_keys(value: object, *shapes: tuple[int, ...]) -> bool:
    """A map with one of these lists of keys. Types count: 4.0 and 4 are equal in Python."""
    return (
        type(value) is dict and tuple(value) in shapes and set(map(type, value)) == _ONLY_INTEGERS
    )


def _read_licence(value: Any) -> Licence:
    if not _has_keys(value, _LICENCE_KEYS):
        raise MalformedPass("a licence of another shape")
    fields = value[6]
    if type(fields) is not dict or not set(map(type, fields)) <= _ONLY_TEXTS:
        raise MalformedPass("the fields are not a map of texts")
    if len(fields) > 1 and list(fields) != sorted(fields, key=_encoded_order):
        raise MalformedPass("the fields are not in their order")
    for key, text in fields.items():
        _text(key)
        _text(text)
    days = value[3]
    ends = None if days is None else _EPOCH + timedelta(days=_whole(days, 200_000))
    return Licence(
        type_key=_text(value[0]),
        number=_text(value[1]),
        holder=_text(value[2]),
        valid_until=ends,
        version=_whole(value[4], 2**16),
        identifier_digest=_sized(value[5], 8),
        fields=fields,
    )


def _encoded_order(key: str) -> tuple[int, bytes]:
    """Shorter encodings first, then by their bytes (RFC 8949, 4.2.3)."""
    encoded = key.encode()
    return len(encoded), encoded


def _whole(value: object, limit: int) -> int:
    if type(value) is not int or not 0 <= value < limit:
        raise MalformedPass("not a whole number in its range")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > 200:
        raise MalformedPass("not a short text")
    return value


def _sized(value: object, size: int) -> bytes:
    if not isinstance(value, bytes) or len(value) != size:
        raise MalformedPass(f"not {size} bytes")
    return value


def _instant(value: object) -> datetime:
    return datetime.fromtimestamp(_whole(value, 2**36), UTC)


def _phone_spki(point: bytes) -> bytes:
    try:
        return spki_of_point(point)
    except InvalidKey as problem:
        raise MalformedPass("the phone's key is not a P-256 point") from problem


def proof_holds(offered: Offered) -> bool:
    """Whether the phone's proof is right for this pass and moment; its age is not judged."""
    key, proof, shown_at = offered.claims.phone_key, offered.proof, offered.shown_at
    if key is None or proof is None or shown_at is None:
        return False
    try:
        spki, value = _phone_spki(key), from_raw(proof)
        return P256_SHA256.verify(spki, proof_message(offered.pass_bytes, shown_at), value)
    except (MalformedPass, InvalidKey, InvalidSignature):
        return False
