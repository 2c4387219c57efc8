"""COSE_Sign1 (RFC 9052) in the one shape used here: algorithm and key id protected, nothing else.

CBOR is read strictly: definite lengths, no key twice, six levels, and the bytes must be the
deterministic encoding of what they mean, so that no two byte strings carry the same message.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import cbor2

from signing import suites
from signing.errors import (
    InvalidKey,
    InvalidSignature,
    MalformedCertificate,
    MalformedData,
    UnknownSuite,
)
from signing.passes import cbor
from signing.pki import certificates
from signing.pki.certificates import Certificate
from signing.suites import Suite

_SIGN1 = 18
_ALGORITHM, _KEY_ID = 1, 4
_DEEPEST = 6
# Tag 18 with an array of four; no header that is not signed.
_TAGGED, _NOTHING_OPEN, _SIGNATURE_SIZE = b"\xd2\x84", b"\xa0", 64
_SIGNED = b"\x84\x6aSignature1"


def encode(value: object) -> bytes:
    """Deterministic CBOR."""
    return cbor2.dumps(value, canonical=True)


def decode(data: bytes) -> Any:
    """The value of deterministic CBOR; raises MalformedData for every other form."""
    try:
        value = cbor2.loads(
            data, max_depth=_DEEPEST, allow_indefinite=False, allow_duplicate_keys=False
        )
        again = cbor2.dumps(value, canonical=True)
    except (cbor2.CBORError, ValueError, TypeError, OverflowError, RecursionError) as problem:
        raise MalformedData("not CBOR as it is used here") from problem
    if again != data:
        raise MalformedData("CBOR that is not deterministic")
    return value


def byte_string(content: bytes) -> bytes:
    """A CBOR byte string, without the way through an encoder for the usual lengths."""
    size = len(content)
    if size < 24:
        return bytes((0x40 | size,)) + content
    if size < 256:
        return bytes((0x58, size)) + content
    return encode(content)


@lru_cache(maxsize=256)
def key_id(certificate: bytes) -> bytes:
    """First 8 bytes of the SHA-256 of a signing certificate. Several may share it."""
    return hashlib.sha256(certificate).digest()[:8]


@dataclass(frozen=True, slots=True)
class Unsigned:
    """A message that lacks the signature over `to_sign`."""

    to_sign: bytes = field(repr=False)
    protected: bytes = field(repr=False)
    payload: bytes = field(repr=False)
    signer_certificate: bytes = field(repr=False)

    @property
    def size(self) -> int:
        """How many bytes the complete message will have: a raw signature always has 64."""
        return len(_assemble(self.protected, self.payload, bytes(64)))

    def complete(self, signature: bytes) -> bytes:
        """COSE_Sign1, tagged. Raises InvalidSignature unless it is the signer's DER signature."""
        signer = certificates.parse(self.signer_certificate)
        suite = suites.by_public_key(signer.spki)
        if not suite.verify(signer.spki, self.to_sign, signature):
            raise InvalidSignature("this is not the signer's signature of this message")
        return _assemble(self.protected, self.payload, suites.to_raw(signature))


def begin(payload: bytes, signer_certificate: bytes, *, content_type: str = "") -> Unsigned:
    """Prepare a message; the suite is that of the signer's key.

    Raises UnknownSuite for RSA, whose signatures are too long for what is carried in a QR code.
    """
    suite = suites.by_public_key(certificates.parse(signer_certificate).spki)
    if suite is suites.RSA_SHA256:
        raise UnknownSuite("messages are signed on a curve")
    header: dict[int, object] = {
        _ALGORITHM: suite.cose_algorithm,
        _KEY_ID: key_id(signer_certificate),
    }
    if content_type:
        header[16] = content_type
    protected = encode(header)
    return Unsigned(_to_sign(protected, payload), protected, payload, signer_certificate)


def _assemble(protected: bytes, payload: bytes, raw_signature: bytes) -> bytes:
    return encode(cbor2.CBORTag(_SIGN1, [protected, {}, payload, raw_signature]))


def _to_sign(protected: bytes, payload: bytes) -> bytes:
    """Sig_structure of RFC 9052, 4.4: ["Signature1", protected, external data, payload]."""
    return b"".join((_SIGNED, byte_string(protected), b"\x40", byte_string(payload)))


class Message(NamedTuple):
    """A message as read; nothing in it is verified yet."""

    algorithm: int
    key_id: bytes
    content_type: str
    payload: bytes
    to_sign: bytes
    signature: bytes

    def signer(self, known: Sequence[bytes]) -> Certificate | None:
        """The known certificate whose key made this signature, None when none did.

        Raises UnknownSuite when no known certificate has this key id or the algorithm is unknown.
        """
        suite = suites.by_cose_algorithm(self.algorithm)
        if suite is suites.RSA_SHA256:
            raise UnknownSuite("messages are signed on a curve")
        candidates = [der for der in known if key_id(der) == self.key_id]
        if not candidates:
            raise UnknownSuite("no known certificate has this key id")
        value = suites.from_raw(self.signature)
        for der in candidates:
            try:
                certificate, own = _signer(der)
                if own is suite and suite.verify(certificate.spki, self.to_sign, value):
                    return certificate
            except (MalformedCertificate, InvalidKey, UnknownSuite):
                continue
        return None


@lru_cache(maxsize=256)
def _signer(der: bytes) -> tuple[Certificate, Suite]:
    """A certificate with the suite of its key; raises MalformedCertificate and UnknownSuite."""
    certificate = certificates.parse(der)
    return certificate, suites.by_public_key(certificate.spki)


def parse(data: bytes) -> Message:
    """Read a tagged COSE_Sign1; raises MalformedData."""
    if data[:2] != _TAGGED:
        raise MalformedData("not a COSE_Sign1")
    protected, open_at = cbor.string_at(data, 2, cbor.BYTES)
    if data[open_at : open_at + 1] != _NOTHING_OPEN:
        raise MalformedData("a COSE_Sign1 of another shape")
    payload, signature_at = cbor.string_at(data, open_at + 1, cbor.BYTES)
    signature, end = cbor.string_at(data, signature_at, cbor.BYTES)
    if end != len(data) or len(signature) != _SIGNATURE_SIZE:
        raise MalformedData("a signature has 64 bytes and is the end")
    algorithm, identifier, content_type = _read_header(protected)
    # What `_to_sign` would encode stands here already, in its one encoding.
    to_sign = b"".join((_SIGNED, data[2:open_at], b"\x40", data[open_at + 1 : signature_at]))
    return Message(algorithm, identifier, content_type, payload, to_sign, signature)


@lru_cache(maxsize=256)
def _read_header(protected: bytes) -> tuple[int, bytes, str]:
    """Algorithm, key id and content type; the same few bytes in all messages of one signer."""
    header = decode(protected)
    if not isinstance(header, dict) or set(header) - {16} != {_ALGORITHM, _KEY_ID}:
        raise MalformedData("headers of another shape")
    algorithm, identifier = header[_ALGORITHM], header[_KEY_ID]
    content_type = header.get(16, "")
    shaped = type(algorithm) is int and isinstance(identifier, bytes) and len(identifier) == 8
    if not shaped or not isinstance(content_type, str):
        raise MalformedData("headers of another shape")
    return algorithm, identifier, content_type
