"""X.509 certificates (RFC 5280, GB/T 20518): read them leniently in names, strictly in the rest;
build them with either suite.

Reading is our own, because `cryptography` refuses SM2 keys and because an oddly encoded name must
not abort a verification. Chains are judged in `chains`.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from signing import suites
from signing.errors import InvalidKey, MalformedCertificate, MalformedData
from signing.pki import asn1

COMMON_NAME, COUNTRY, ORGANISATION, UNIT = "2.5.4.3", "2.5.4.6", "2.5.4.10", "2.5.4.11"
_SUBJECT_KEY_ID, _KEY_USAGE, _BASIC_CONSTRAINTS = "2.5.29.14", "2.5.29.15", "2.5.29.19"
_AUTHORITY_KEY_ID, _EXTENDED_KEY_USAGE = "2.5.29.35", "2.5.29.37"
_AUTHORITY_INFORMATION, _OCSP_ACCESS = "1.3.6.1.5.5.7.1.1", "1.3.6.1.5.5.7.48.1"
TIME_STAMPING, OCSP_SIGNING = "1.3.6.1.5.5.7.3.8", "1.3.6.1.5.5.7.3.9"
OCSP_NO_CHECK = "1.3.6.1.5.5.7.48.1.5"

DIGITAL_SIGNATURE, NON_REPUDIATION = "digital-signature", "non-repudiation"
KEY_CERT_SIGN, CRL_SIGN = "key-cert-sign", "crl-sign"
_USAGES = (
    DIGITAL_SIGNATURE,
    NON_REPUDIATION,
    "key-encipherment",
    "data-encipherment",
    "key-agreement",
    KEY_CERT_SIGN,
    CRL_SIGN,
    "encipher-only",
    "decipher-only",
)
_LARGEST = 64 * 1024


@dataclass(frozen=True, slots=True)
class Extensions:
    key_usage: frozenset[str] | None = None
    extended_key_usage: frozenset[str] | None = None
    is_authority: bool = False
    path_length: int | None = None
    subject_key_id: bytes = b""
    authority_key_id: bytes = b""
    unknown_critical: tuple[str, ...] = ()
    ocsp_addresses: tuple[str, ...] = ()
    """Where the issuer answers questions about this certificate (RFC 5280, 4.2.2.1)."""
    is_unchecked: bool = False
    """id-pkix-ocsp-nocheck: nobody need ask whether this responder's certificate holds."""


@dataclass(frozen=True, slots=True)
class Certificate:
    der: bytes = field(repr=False)
    signed_part: bytes = field(repr=False)
    serial: int
    issuer: bytes = field(repr=False)
    subject: bytes = field(repr=False)
    issuer_names: tuple[tuple[str, str], ...]
    subject_names: tuple[tuple[str, str], ...]
    not_before: datetime
    not_after: datetime
    spki: bytes = field(repr=False)
    signature_oid: str
    signature: bytes = field(repr=False)
    extensions: Extensions

    @property
    def common_name(self) -> str:
        return attribute(self.subject_names, COMMON_NAME)

    @property
    def organisation(self) -> str:
        return attribute(self.subject_names, ORGANISATION)

    @property
    def serial_hex(self) -> str:
        return f"{self.serial:X}"

    @property
    def digest(self) -> bytes:
        """SHA-256 of the DER, the identity used by caches and refused lists."""
        return hashlib.sha256(self.der).digest()

    def may(self, *usages: str) -> bool:
        """Whether keyUsage allows one of these; a certificate without keyUsage may do all."""
        allowed = self.extensions.key_usage
        return allowed is None or not allowed.isdisjoint(usages)

    def may_have_issued(self, other: "Certificate") -> bool:
        """Whether the other certificate names this one as its issuer; proves nothing."""
        if self.subject != other.issuer:
            return False
        wanted, offered = other.extensions.authority_key_id, self.extensions.subject_key_id
        return not wanted or not offered or wanted == offered

    def issued(self, other: "Certificate") -> bool:
        """Whether this key signed the other certificate; raises UnknownSuite."""
        return verify_signed(self.spki, other.signature_oid, other.signed_part, other.signature)


def verify_signed(spki: bytes, oid: str, signed_part: bytes, signature: bytes) -> bool:
    """Whether this key signed these bytes with this algorithm; raises UnknownSuite."""
    suite = suites.by_oid(oid)
    if suites.by_public_key(spki) is not suite:
        return False
    try:
        return suite.verify(spki, signed_part, signature)
    except InvalidKey:
        return False


@lru_cache(maxsize=512)
def key_bits(spki: bytes) -> bytes:
    """The public key without its algorithm, as key identifiers hash it; raises MalformedData."""
    parts = asn1.parse(spki).children(asn1.SEQUENCE)
    if len(parts) != 2:
        raise MalformedCertificate("a public key has two parts")
    return parts[1].bits()


def attribute(names: tuple[tuple[str, str], ...], oid: str) -> str:
    """The last value of this attribute, or the empty string."""
    values = [value for found, value in names if found == oid]
    return values[-1] if values else ""


@lru_cache(maxsize=512)
def display_name(names: tuple[tuple[str, str], ...]) -> str:
    """`CN, O` as people read it."""
    parts = (attribute(names, COMMON_NAME), attribute(names, ORGANISATION))
    return ", ".join(part for part in parts if part) or "(no name)"


def parse(der: bytes) -> Certificate:
    """Read a DER certificate; raises MalformedCertificate. Parsed ones are cached."""
    if len(der) > _LARGEST:
        raise MalformedCertificate("a certificate of more than 64 KiB")
    return _parse(bytes(der))


@lru_cache(maxsize=512)
def _parse(der: bytes) -> Certificate:
    try:
        return _read(der)
    except MalformedCertificate:
        raise
    except MalformedData as problem:
        raise MalformedCertificate(str(problem)) from problem


def _read(der: bytes) -> Certificate:
    outer = asn1.parse(der).children(asn1.SEQUENCE)
    if len(outer) != 3:
        raise MalformedCertificate("a certificate has three parts")
    tbs, algorithm, signature = outer
    fields = list(tbs.children(asn1.SEQUENCE))
    if fields and fields[0].tag == 0xA0:
        fields.pop(0)
    if len(fields) < 6:
        raise MalformedCertificate("fields are missing")
    serial, inner_algorithm, issuer, validity, subject, spki = fields[:6]
    if inner_algorithm.der != algorithm.der:
        raise MalformedCertificate("the two algorithm identifiers differ")
    times = validity.children(asn1.SEQUENCE)
    if len(times) != 2:
        raise MalformedCertificate("validity is not two times")
    spki.expect(asn1.SEQUENCE)
    return Certificate(
        der=der,
        signed_part=tbs.der,
        serial=serial.integer(),
        issuer=issuer.der,
        subject=subject.der,
        issuer_names=read_names(issuer),
        subject_names=read_names(subject),
        not_before=times[0].time(),
        not_after=times[1].time(),
        spki=spki.der,
        signature_oid=_first(algorithm).oid(),
        signature=signature.bits(),
        extensions=_extensions(fields[6:]),
    )


def _first(element: asn1.Element) -> asn1.Element:
    inside = element.children(asn1.SEQUENCE)
    if not inside:
        raise MalformedCertificate("empty SEQUENCE")
    return inside[0]


def read_names(name: asn1.Element) -> tuple[tuple[str, str], ...]:
    """Attributes of a Name; a value of an unforeseen type reads as empty."""
    found = []
    for relative in name.children(asn1.SEQUENCE):
        for pair in relative.children(asn1.SET):
            parts = pair.children(asn1.SEQUENCE)
            if len(parts) != 2:
                raise MalformedCertificate("a name attribute is not a pair")
            found.append((parts[0].oid(), _lenient_text(parts[1])))
    return tuple(found)


def _lenient_text(element: asn1.Element) -> str:
    try:
        return element.text()
    except MalformedData:
        return ""


def _extensions(fields: Sequence[asn1.Element]) -> Extensions:
    tagged = [element for element in fields if element.tag == 0xA3]
    if not tagged:
        return Extensions()
    found: dict[str, asn1.Element] = {}
    critical = set()
    for extension in tagged[0].only_child(0xA3).children(asn1.SEQUENCE):
        parts = extension.children(asn1.SEQUENCE)
        if not 2 <= len(parts) <= 3:
            raise MalformedCertificate("malformed extension")
        oid = parts[0].oid()
        if oid in found:
            raise MalformedCertificate(f"extension {oid} twice")
        found[oid] = parts[-1]
        if len(parts) == 3 and parts[1].boolean():
            critical.add(oid)
    known = {_SUBJECT_KEY_ID, _KEY_USAGE, _BASIC_CONSTRAINTS, _AUTHORITY_KEY_ID}
    known |= {_EXTENDED_KEY_USAGE, OCSP_NO_CHECK}
    is_authority, path_length = _basic_constraints(found.get(_BASIC_CONSTRAINTS))
    return Extensions(
        key_usage=_key_usage(found.get(_KEY_USAGE)),
        extended_key_usage=_extended_key_usage(found.get(_EXTENDED_KEY_USAGE)),
        is_authority=is_authority,
        path_length=path_length,
        subject_key_id=_subject_key_id(found.get(_SUBJECT_KEY_ID)),
        authority_key_id=_authority_key_id(found.get(_AUTHORITY_KEY_ID)),
        unknown_critical=tuple(sorted(critical - known)),
        ocsp_addresses=_ocsp_addresses(found.get(_AUTHORITY_INFORMATION)),
        is_unchecked=OCSP_NO_CHECK in found,
    )


def _value(element: asn1.Element) -> asn1.Element:
    return asn1.parse(element.octets())


def _key_usage(element: asn1.Element | None) -> frozenset[str] | None:
    if element is None:
        return None
    octets, _ = _value(element).bits_and_unused()
    bits = "".join(f"{octet:08b}" for octet in octets[:2])
    return frozenset(usage for usage, bit in zip(_USAGES, bits, strict=False) if bit == "1")


def _extended_key_usage(element: asn1.Element | None) -> frozenset[str] | None:
    if element is None:
        return None
    return frozenset(purpose.oid() for purpose in _value(element).children(asn1.SEQUENCE))


def _basic_constraints(element: asn1.Element | None) -> tuple[bool, int | None]:
    if element is None:
        return False, None
    is_authority, path_length = False, None
    for part in _value(element).children(asn1.SEQUENCE):
        if part.tag == asn1.BOOLEAN:
            is_authority = part.boolean()
        else:
            path_length = part.integer()
    return is_authority, path_length


def _subject_key_id(element: asn1.Element | None) -> bytes:
    return b"" if element is None else _value(element).octets()


def _authority_key_id(element: asn1.Element | None) -> bytes:
    """The keyIdentifier field [0], when there is one."""
    if element is None:
        return b""
    for part in _value(element).children(asn1.SEQUENCE):
        if part.tag == 0x80:
            return part.content
    return b""


def _ocsp_addresses(element: asn1.Element | None) -> tuple[str, ...]:
    """The addresses of status services. One that cannot be read is no reason to refuse."""
    found = []
    try:
        for description in () if element is None else _value(element).children(asn1.SEQUENCE):
            method, place = description.children(asn1.SEQUENCE)
            if method.oid() == _OCSP_ACCESS and place.tag == 0x86:
                found.append(place.content.decode("ascii"))
    except (MalformedData, ValueError):
        return ()
    return tuple(found)
