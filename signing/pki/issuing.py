"""Build X.509 certificates with either suite: the authority's side of `certificates`."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from signing import suites
from signing.errors import InvalidSignature
from signing.pki import asn1, certificates
from signing.pki.certificates import Certificate

_USAGE_BITS = {
    certificates.DIGITAL_SIGNATURE: 0x80,
    certificates.NON_REPUDIATION: 0x40,
    "key-encipherment": 0x20,
    "data-encipherment": 0x10,
    certificates.KEY_CERT_SIGN: 0x04,
    certificates.CRL_SIGN: 0x02,
}


@dataclass(frozen=True, slots=True)
class Name:
    """A distinguished name as GB/T 20518 wants it: country, organisation, unit, common name."""

    common_name: str
    organisation: str = ""
    unit: str = ""
    country: str = "CN"

    @property
    def der(self) -> bytes:
        parts = (
            (certificates.COUNTRY, self.country and asn1.printable(self.country)),
            (certificates.ORGANISATION, self.organisation and asn1.utf8(self.organisation)),
            (certificates.UNIT, self.unit and asn1.utf8(self.unit)),
            (certificates.COMMON_NAME, asn1.utf8(self.common_name)),
        )
        return asn1.sequence(
            *(
                asn1.set_of([asn1.sequence(asn1.oid(oid), value)])
                for oid, value in parts
                if isinstance(value, bytes)
            )
        )


@dataclass(frozen=True, slots=True)
class Request:
    """What goes into a certificate. `path_length` makes it an authority."""

    subject: Name
    spki: bytes
    serial: int
    not_before: datetime
    not_after: datetime
    usages: frozenset[str]
    extended_usages: tuple[str, ...] = ()
    path_length: int | None = None
    extra_extensions: tuple[bytes, ...] = field(default=())


def signed_part(request: Request, issuer: Certificate | None, issuer_spki: bytes) -> bytes:
    """TBSCertificate, ready to be signed by the issuer's key; no issuer means self-signed."""
    suite = suites.by_public_key(issuer_spki)
    issuer_name = request.subject.der if issuer is None else issuer.subject
    return asn1.sequence(
        asn1.explicit(0, asn1.integer(2)),
        asn1.integer(request.serial),
        asn1.sequence(asn1.oid(suite.signature_oid)),
        issuer_name,
        asn1.sequence(asn1.x509_time(request.not_before), asn1.x509_time(request.not_after)),
        request.subject.der,
        request.spki,
        asn1.explicit(3, asn1.sequence(*_extensions(request, issuer_spki))),
    )


def assemble(tbs: bytes, signature: bytes, issuer_spki: bytes) -> bytes:
    """The certificate (or revocation list) from its signed part; raises InvalidSignature."""
    suite = suites.by_public_key(issuer_spki)
    if not suite.verify(issuer_spki, tbs, signature):
        raise InvalidSignature("the signature does not belong to this issuer and content")
    return asn1.sequence(
        tbs, asn1.sequence(asn1.oid(suite.signature_oid)), asn1.bit_string(signature)
    )


def key_identifier(spki: bytes) -> bytes:
    """SHA-1 of the key bits, method 1 of RFC 5280 4.2.1.2; an identifier, not a protection."""
    return hashlib.sha1(certificates.key_bits(spki), usedforsecurity=False).digest()


def extension(oid: str, value: bytes, *, critical: bool = False) -> bytes:
    flag = asn1.boolean(True) if critical else b""
    return asn1.sequence(asn1.oid(oid), flag, asn1.octet_string(value))


def authority_key_identifier(issuer_spki: bytes) -> bytes:
    identifier = asn1.element(0x80, key_identifier(issuer_spki))
    return extension("2.5.29.35", asn1.sequence(identifier))


def _extensions(request: Request, issuer_spki: bytes) -> Iterable[bytes]:
    constraints = b""
    if request.path_length is not None:
        constraints = asn1.boolean(True) + asn1.integer(request.path_length)
    yield extension("2.5.29.19", asn1.sequence(constraints), critical=True)
    yield extension("2.5.29.15", _key_usage(request.usages), critical=True)
    if request.extended_usages:
        purposes = (asn1.oid(purpose) for purpose in request.extended_usages)
        yield extension("2.5.29.37", asn1.sequence(*purposes), critical=True)
    yield extension("2.5.29.14", asn1.octet_string(key_identifier(request.spki)))
    yield authority_key_identifier(issuer_spki)
    yield from request.extra_extensions


def _key_usage(usages: frozenset[str]) -> bytes:
    """BIT STRING with trailing zero bits cut, as DER wants for named bits."""
    octet = sum(_USAGE_BITS[usage] for usage in usages)
    unused = (octet & -octet).bit_length() - 1 if octet else 0
    return asn1.element(asn1.BIT_STRING, bytes((unused, octet)))
