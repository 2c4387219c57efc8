"""What an algorithm suite must offer. One file per suite beside this one."""

from typing import Protocol

from cryptography.hazmat.primitives import hashes

from signing.errors import SigningError


class Suite(Protocol):
    """A signature algorithm with its digest, curve and identifiers.

    Private keys are 32 raw bytes, public keys are DER SubjectPublicKeyInfo, signatures are
    minimal DER SEQUENCE { r, s }; RSA differs as its file says.
    """

    @property
    def name(self) -> str:
        """Stable name, as stored beside keys."""

    @property
    def signature_oid(self) -> str: ...

    @property
    def digest_oid(self) -> str: ...

    @property
    def cose_algorithm(self) -> int:
        """The COSE `alg` number of offline passes."""

    @property
    def spki_prefix(self) -> bytes | tuple[bytes, ...]:
        """What every SubjectPublicKeyInfo of this suite begins with: one of these."""

    def digest(self, data: bytes) -> bytes: ...

    def hasher(self) -> hashes.Hash:
        """The digest in steps: `update` takes any buffer, `finalize` gives the value."""

    def generate(self) -> bytes:
        """A new private key."""

    def public_key(self, secret: bytes) -> bytes:
        """SubjectPublicKeyInfo of a private key; raises InvalidKey."""

    def sign(self, secret: bytes, message: bytes) -> bytes: ...

    def verify(self, spki: bytes, message: bytes, signature: bytes) -> bool:
        """False for every signature that is not right; raises InvalidKey for a bad key."""


def is_raw(signature: bytes) -> bool:
    """Whether this is r ‖ s. A DER value of 64 bytes exists and begins with its own length."""
    return len(signature) == 64 and signature[:2] != b"\x30\x3e"


def meant(signature: bytes) -> tuple[bytes, str]:
    """The DER value a writer meant, and the finding about how it was written, "" for plain DER.

    Some write r ‖ s bare; others take both for 32 plain octets and leave out the zero octet that
    keeps an INTEGER positive, so that r or s would be negative.
    """
    if is_raw(signature):
        return from_raw(signature), "raw-signature"
    numbers = _integers(signature)
    if any(len(number) == 32 and number[0] & 0x80 for number in numbers):
        raw = b"".join(number[-32:].rjust(32, b"\x00") for number in numbers)
        return from_raw(raw), "sign-octet-missing"
    return signature, ""


def _integers(signature: bytes) -> tuple[bytes, ...]:
    """The contents of SEQUENCE { INTEGER, INTEGER } of at most 33 octets each; nothing for
    anything else."""
    if not 8 <= len(signature) <= 72 or signature[:2] != bytes([0x30, len(signature) - 2]):
        return ()
    found, position = [], 2
    while position + 2 <= len(signature):
        tag, size = signature[position : position + 2]
        number = signature[position + 2 : position + 2 + size]
        if tag != 0x02 or not 1 <= size <= 33 or len(number) != size:
            return ()
        if size == 33 and number[0]:
            return ()
        found.append(number)
        position += 2 + size
    return tuple(found) if len(found) == 2 and position == len(signature) else ()


def to_raw(signature: bytes) -> bytes:
    """DER SEQUENCE { r, s } → r ‖ s, 64 bytes, as COSE wants it."""
    first = 4 + signature[3]
    r = int.from_bytes(signature[4:first], "big")
    s = int.from_bytes(signature[first + 2 :], "big")
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def from_raw(raw: bytes) -> bytes:
    """r ‖ s, 64 bytes → minimal DER."""
    if len(raw) != 64:
        raise SigningError("a raw signature has 64 bytes")
    body = _integer(raw[:32]) + _integer(raw[32:])
    return b"\x30" + bytes([len(body)]) + body


def _integer(number: bytes) -> bytes:
    """INTEGER of 32 bytes; the first two lines are for all but one in 256."""
    if number[0] & 0x80:
        return b"\x02\x21\x00" + number
    if number[0]:
        return b"\x02\x20" + number
    body = number.lstrip(b"\x00") or b"\x00"
    if body[0] & 0x80:
        body = b"\x00" + body
    return b"\x02" + bytes([len(body)]) + body
