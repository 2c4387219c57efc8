"""Offline licence passes: CBOR with the issuer's signature, and the phone's own proof of now.

    envelope = [ pass, t, proof ]   bound to a phone; a new proof every 30 seconds
             | [ pass ]             unbound, five minutes at most
    pass     = COSE_Sign1 of a CWT; proof = P-256 over SHA-256 of ["EL1", SHA-256(pass), t]

The text in the QR is `EL1:` and the envelope in base45. Verifying is in `verify_pass`.
"""

import hashlib
from datetime import timedelta
from typing import NamedTuple

from signing.errors import InvalidKey, InvalidSignature, MalformedData, MalformedPass
from signing.passes import base45, cbor, cose
from signing.passes.pass_claims import Claims as Claims
from signing.passes.pass_claims import Licence as Licence
from signing.passes.pass_claims import read_claims
from signing.suites import P256_SHA256, from_raw
from signing.suites.p256_sha256 import spki_of_point

PREFIX = "EL1:"
LONGEST_TEXT = 480
LARGEST_ENVELOPE = 1200
LONGEST_UNBOUND = timedelta(seconds=300)
_LATEST_SECOND, _PROOF_SIZE = 2**40, 64
_PROVED = b"\x83\x63EL1\x58\x20"
_UNBOUND_ENVELOPE, _BOUND_ENVELOPE = b"\x81", b"\x83"


class ForeignCode(MalformedPass):
    """A text that does not begin as a pass at all."""

    slug = "foreign-code"


class Offered(NamedTuple):
    """A pass as read from a code; nothing in it is verified yet."""

    pass_bytes: bytes
    shown_at: int | None
    proof: bytes | None
    message: cose.Message
    claims: Claims

    @property
    def replay_key(self) -> bytes:
        """What a reader remembers while the pass lives: the pass and the moment it was shown."""
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
        read_claims(payload)
    except MalformedData as problem:
        raise MalformedPass(str(problem)) from problem
    return cose.begin(payload, signer_certificate)


def fits(claims: Claims, *, signer_certificate: bytes) -> bool:
    """Whether the code of this pass, shown with a proof, will be short enough to be read well."""
    unsigned = begin_pass(claims, signer_certificate=signer_certificate)
    size = len(cose.encode([unsigned.size * b"\0", int(claims.issued_at.timestamp()), bytes(64)]))
    return len(PREFIX) + base45.encoded_length(size) <= LONGEST_TEXT


def compressed_point(point: bytes) -> bytes:
    """A P-256 point in 33 bytes, from 33 or 65; raises MalformedPass."""
    if len(point) == 65 and point[0] == 4:
        compressed = bytes([2 + point[64] % 2]) + point[1:33]
        if _phone_spki(compressed)[-64:] != point[1:]:
            raise MalformedPass("the phone's key is not a P-256 point")
        return compressed
    _phone_spki(point)
    return point


def proof_message(pass_bytes: bytes, shown_at: int) -> bytes:
    """What the phone signs with its own key when it shows the pass at this Unix second."""
    return b"".join((_PROVED, hashlib.sha256(pass_bytes).digest(), cose.encode(shown_at)))


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
    shape, shown_at, proof = data[:1], None, None
    if shape not in (_UNBOUND_ENVELOPE, _BOUND_ENVELOPE):
        raise MalformedPass("an envelope of another shape")
    pass_bytes, position = cbor.string_at(data, 1, cbor.BYTES)
    if shape == _BOUND_ENVELOPE:
        shown_at, position = cbor.uint_at(data, position)
        proof, position = cbor.string_at(data, position, cbor.BYTES)
        if shown_at >= _LATEST_SECOND or len(proof) != _PROOF_SIZE:
            raise MalformedPass("a proof has 64 bytes and a time")
    if position != len(data):
        raise MalformedPass("bytes after the envelope")
    message = cose.parse(pass_bytes)
    if message.content_type:
        raise MalformedPass("a signed message of another kind")
    return Offered(pass_bytes, shown_at, proof, message, read_claims(message.payload))


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
