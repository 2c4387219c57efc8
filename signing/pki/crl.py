"""Certificate revocation lists (RFC 5280 chapter 5): read, judge, build, with both suites."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

from cryptography import x509

from signing import suites
from signing.errors import MalformedCertificate, MalformedData
from signing.pki import asn1, issuing
from signing.pki.certificates import CRL_SIGN, Certificate, verify_signed

_CRL_NUMBER, _REASON_CODE = "2.5.29.20", "2.5.29.21"
_REASONS = {
    "unspecified": 0,
    "key-compromise": 1,
    "ca-compromise": 2,
    "affiliation-changed": 3,
    "superseded": 4,
    "cessation-of-operation": 5,
    "certificate-hold": 6,
}


@dataclass(frozen=True, slots=True)
class Revocation:
    serial: int
    revoked_at: datetime
    reason: str = "unspecified"

    @property
    def key_was_stolen(self) -> bool:
        """Then the key's own statement of a signing time proves nothing."""
        return self.reason in ("key-compromise", "ca-compromise")

    @property
    def may_end(self) -> bool:
        """Every other revocation is for ever."""
        return self.reason == "certificate-hold"


@dataclass(frozen=True, slots=True)
class RevocationList:
    der: bytes = field(repr=False)
    digest: bytes
    signed_part: bytes = field(repr=False)
    issuer: bytes = field(repr=False)
    issued_at: datetime
    next_at: datetime | None
    signature_oid: str
    signature: bytes = field(repr=False)
    unsupported: tuple[str, ...]

    def signed_by(self, issuer: Certificate) -> bool:
        """Whether this issuer, allowed to sign lists, signed it; raises UnknownSuite."""
        if issuer.subject != self.issuer or not issuer.may(CRL_SIGN):
            return False
        return _signed_by(self, issuer.spki)

    def find(self, serial: int) -> Revocation | None:
        """The entry for this serial number, or None."""
        loaded = _loaded(self.der)
        if serial > 0:
            found = loaded.get_revoked_certificate_by_serial_number(serial)
        else:
            # The index knows positive numbers only (RFC 5280, 4.1.2.2); others were issued.
            found = next((entry for entry in loaded if entry.serial_number == serial), None)
        if found is None:
            return None
        return Revocation(serial, found.revocation_date_utc, _reason(found))


def parse(der: bytes) -> RevocationList:
    """Read a DER revocation list; raises MalformedCertificate. Parsed ones are cached."""
    try:
        return _read(bytes(der))
    except MalformedCertificate:
        raise
    except MalformedData as problem:
        raise MalformedCertificate(str(problem)) from problem


@lru_cache(maxsize=32)
def _read(der: bytes) -> RevocationList:
    outer = asn1.parse(der).children(asn1.SEQUENCE)
    if len(outer) != 3:
        raise MalformedCertificate("a revocation list has three parts")
    tbs, algorithm, signature = outer
    fields = list(tbs.children(asn1.SEQUENCE))
    if len(fields) < 4 or fields[0].integer() != 1 or fields[1].der != algorithm.der:
        raise MalformedCertificate("not a version 2 revocation list")
    _loaded(der)
    times = [part for part in fields[3:5] if part.tag in (asn1.UTC_TIME, asn1.GENERALIZED_TIME)]
    if not times:
        raise MalformedCertificate("a revocation list without its time")
    algorithm_parts = algorithm.children(asn1.SEQUENCE)
    if not algorithm_parts:
        raise MalformedCertificate("no algorithm")
    return RevocationList(
        der=der,
        digest=hashlib.sha256(der).digest(),
        signed_part=tbs.der,
        issuer=fields[2].der,
        issued_at=times[0].time(),
        next_at=times[1].time() if len(times) == 2 else None,
        signature_oid=algorithm_parts[0].oid(),
        signature=signature.bits(),
        unsupported=_critical_extensions(fields),
    )


def _critical_extensions(fields: Sequence[asn1.Element]) -> tuple[str, ...]:
    """Critical extensions change what a list covers (delta, partial, indirect): none is used."""
    if fields[-1].tag != 0xA0:
        return ()
    found = []
    for extension in fields[-1].only_child(0xA0).children(asn1.SEQUENCE):
        parts = extension.children(asn1.SEQUENCE)
        if len(parts) == 3 and parts[1].boolean():
            found.append(parts[0].oid())
    return tuple(found)


@lru_cache(maxsize=32)
def _loaded(der: bytes) -> x509.CertificateRevocationList:
    """The list as `cryptography` indexes it: look-up in 10,000 entries within a millisecond."""
    try:
        return x509.load_der_x509_crl(der)
    except ValueError as problem:
        raise MalformedCertificate(str(problem)) from problem


@lru_cache(maxsize=64)
def _signed_by(revocations: RevocationList, spki: bytes) -> bool:
    return verify_signed(
        spki, revocations.signature_oid, revocations.signed_part, revocations.signature
    )


def _reason(entry: x509.RevokedCertificate) -> str:
    try:
        flag = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.name
    except (x509.ExtensionNotFound, ValueError):
        return "unspecified"
    return flag.replace("_", "-")


def signed_part(
    issuer: Certificate,
    revoked: Mapping[int, Revocation],
    *,
    number: int,
    issued_at: datetime,
    next_at: datetime,
) -> bytes:
    """TBSCertList to be signed by the issuer; `issuing.assemble` makes the list of it."""
    suite = suites.by_public_key(issuer.spki)
    entries = asn1.sequence(*(_entry(revoked[serial]) for serial in sorted(revoked)))
    extensions = asn1.sequence(
        issuing.authority_key_identifier(issuer.spki),
        issuing.extension(_CRL_NUMBER, asn1.integer(number)),
    )
    return asn1.sequence(
        asn1.integer(1),
        asn1.sequence(asn1.oid(suite.signature_oid)),
        issuer.subject,
        asn1.x509_time(issued_at),
        asn1.x509_time(next_at),
        entries if revoked else b"",
        asn1.explicit(0, extensions),
    )


def _entry(revocation: Revocation) -> bytes:
    reason = asn1.element(0x0A, bytes([_REASONS[revocation.reason]]))
    extensions = asn1.sequence(issuing.extension(_REASON_CODE, reason))
    return asn1.sequence(
        asn1.integer(revocation.serial),
        asn1.x509_time(revocation.revoked_at.astimezone(UTC)),
        extensions if revocation.reason != "unspecified" else b"",
    )
