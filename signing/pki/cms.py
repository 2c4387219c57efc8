"""Signed messages: GB/T 35275 (SM2) in the forms real OFD files carry, and RFC 5652 as RFC 3161
time stamps use it. One signer is read; more than one is refused.

The message that was really signed is either the content or the attributes re-tagged as SET, hashed
as they stand: their order in the file is not DER order in the wild.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from signing.errors import MalformedData, MalformedSignature
from signing.pki import asn1, ber, certificates

GB_DATA, GB_SIGNED_DATA = "1.2.156.10197.6.1.4.2.1", "1.2.156.10197.6.1.4.2.2"
SIGNED_DATA = "1.2.840.113549.1.7.2"
CONTENT_TYPE, MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
SIGNING_TIME = "1.2.840.113549.1.9.5"
SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12"
SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"


@dataclass(frozen=True, slots=True)
class SignedMessage:
    content_type: str
    content: bytes | None
    certificates: tuple[bytes, ...] = field(repr=False)
    issuer: bytes
    serial: int | None
    key_id: bytes
    digest_oid: str
    signature_oid: str
    signature: bytes
    attributes: bytes | None = field(repr=False)
    """The attributes re-tagged as SET, the message that was signed when they are there."""
    values: tuple[tuple[str, bytes], ...] = field(repr=False)
    digest_oids: tuple[str, ...] = ()
    """What digestAlgorithms announces for all signers."""
    revocation: tuple[bytes, ...] = field(default=(), repr=False)
    """What the sender put into the field crls, DER, unread: `cms_evidence` sorts it."""

    def attribute(self, oid: str) -> bytes | None:
        """DER of the only value of an attribute, None when absent."""
        found = [value for name, value in self.values if name == oid]
        return found[0] if len(found) == 1 else None

    @property
    def message_digest(self) -> bytes | None:
        """Raises MalformedData when the attribute is something else."""
        value = self.attribute(MESSAGE_DIGEST)
        return None if value is None else asn1.parse(value).octets()

    @property
    def signing_time(self) -> datetime | None:
        """Raises MalformedData when the attribute is something else."""
        value = self.attribute(SIGNING_TIME)
        return None if value is None else asn1.parse(value).time()


def is_signed_message(data: bytes) -> bool:
    """Whether SignedValue.dat is a ContentInfo: its first inner element is an identifier."""
    try:
        inside = asn1.parse_prefix(_definite(data)).children(asn1.SEQUENCE)
    except MalformedData:
        return False
    return bool(inside) and inside[0].tag == asn1.OID


def _definite(data: bytes) -> bytes:
    return ber.to_definite(data) if ber.is_indefinite(data) else data


def is_bare_signature(data: bytes) -> bool:
    """Whether SignedValue.dat is nothing but SEQUENCE { INTEGER, INTEGER }."""
    try:
        inside = asn1.parse_prefix(data).children(asn1.SEQUENCE)
    except MalformedData:
        return False
    return [element.tag for element in inside] == [asn1.INTEGER, asn1.INTEGER]


def parse_signed_message(data: bytes) -> SignedMessage:
    """Raises MalformedSignature."""
    try:
        return _read(_definite(bytes(data)))
    except MalformedSignature:
        raise
    except MalformedData as problem:
        raise MalformedSignature(str(problem)) from problem


def _read(data: bytes) -> SignedMessage:
    outer = asn1.parse(data).children(asn1.SEQUENCE)
    if len(outer) != 2 or outer[0].oid() not in (GB_SIGNED_DATA, SIGNED_DATA):
        raise MalformedSignature("not a signed message")
    fields = outer[1].only_child(0xA0).children(asn1.SEQUENCE)
    if len(fields) < 4:
        raise MalformedSignature("SignedData is incomplete")
    _, digests, content_info = fields[:3]
    announced = tuple(_algorithm(one) for one in digests.children(asn1.SET))
    content_type, content = _read_content(content_info)
    enclosed = [element for element in fields[3:-1] if element.tag == 0xA0]
    signers = fields[-1].children(asn1.SET)
    if len(signers) != 1:
        raise MalformedSignature(f"{len(signers)} signers, one is expected")
    inside = tuple(entry.der for entry in enclosed[0].children()) if enclosed else ()
    sent = [element for element in fields[3:-1] if element.tag == 0xA1]
    revocation = tuple(entry.der for entry in sent[0].children()) if sent else ()
    message = _read_signer(signers[0], content_type, content, inside)
    return replace(message, revocation=revocation, digest_oids=announced)


def _read_content(info: asn1.Element) -> tuple[str, bytes | None]:
    parts = info.children(asn1.SEQUENCE)
    if len(parts) not in (1, 2):
        raise MalformedSignature("malformed content")
    if len(parts) == 1:
        return parts[0].oid(), None
    return parts[0].oid(), parts[1].only_child(0xA0).octets()


def _read_signer(
    signer: asn1.Element, content_type: str, content: bytes | None, inside: tuple[bytes, ...]
) -> SignedMessage:
    parts = list(signer.children(asn1.SEQUENCE))
    attributes = [part for part in parts if part.tag == 0xA0 and part is not parts[1]]
    fixed = [part for part in parts if part not in attributes and part.tag != 0xA1]
    if len(fixed) != 5 or len(attributes) > 1:
        raise MalformedSignature("malformed SignerInfo")
    _, identity, digest, algorithm, value = fixed
    issuer, serial, key_id = _read_identity(identity)
    return SignedMessage(
        content_type=content_type,
        content=content,
        certificates=inside,
        issuer=issuer,
        serial=serial,
        key_id=key_id,
        digest_oid=_algorithm(digest),
        signature_oid=_algorithm(algorithm),
        signature=value.octets(),
        attributes=_as_set(attributes[0]) if attributes else None,
        values=_read_attributes(attributes[0]) if attributes else (),
    )


def _read_identity(identity: asn1.Element) -> tuple[bytes, int | None, bytes]:
    if identity.tag == 0x80:
        return b"", None, identity.content
    parts = identity.children(asn1.SEQUENCE)
    if len(parts) != 2:
        raise MalformedSignature("malformed issuerAndSerialNumber")
    return parts[0].der, parts[1].integer(), b""


def _algorithm(element: asn1.Element) -> str:
    parts = element.children(asn1.SEQUENCE)
    if not parts:
        raise MalformedSignature("empty AlgorithmIdentifier")
    return parts[0].oid()


def _as_set(attributes: asn1.Element) -> bytes:
    return bytes([asn1.SET]) + attributes.der[1:]


def _read_attributes(attributes: asn1.Element) -> tuple[tuple[str, bytes], ...]:
    found = []
    for attribute in attributes.children():
        parts = attribute.children(asn1.SEQUENCE)
        if len(parts) != 2:
            raise MalformedSignature("malformed attribute")
        oid = parts[0].oid()
        found += [(oid, value.der) for value in parts[1].children(asn1.SET)]
    return tuple(found)


def choose_certificate(message: SignedMessage, known: Sequence[bytes] = ()) -> bytes | None:
    """The signer's certificate among those sent along and those known, None when not there."""
    for der in (*message.certificates, *known):
        try:
            found = certificates.parse(der)
        except MalformedData:
            continue
        if message.serial is None:
            if message.key_id and message.key_id == found.extensions.subject_key_id:
                return der
        elif found.serial == message.serial and found.issuer == message.issuer:
            return der
    return None
