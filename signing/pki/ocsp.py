"""Answers of online status services (OCSP, RFC 6960): read them strictly, tell who signed them.

An answer counts when the issuer of the certificate signed it, or somebody whom the issuer certified
for exactly this (id-kp-OCSPSigning). What it then says at a time is judged in `revocation`, beside
the revocation lists. Signatures are checked over the original bytes, with every suite. Nonces are
read and mean nothing here: an answer may come from a file, and its times tell how old it is.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

from signing import suites
from signing.errors import MalformedCertificate, MalformedData
from signing.pki import asn1, certificates
from signing.pki.certificates import Certificate, verify_signed
from signing.pki.crl import Revocation

BASIC = "1.3.6.1.5.5.7.48.1.1"
NONCE = "1.3.6.1.5.5.7.48.1.2"
ARCHIVE_CUTOFF = "1.3.6.1.5.5.7.48.1.6"
ENUMERATED = 0x0A
SHA1, SHA256 = "1.3.14.3.2.26", "2.16.840.1.101.3.4.2.1"
REASONS = (
    "unspecified",
    "key-compromise",
    "ca-compromise",
    "affiliation-changed",
    "superseded",
    "cessation-of-operation",
    "certificate-hold",
    "",
    "remove-from-crl",
    "privilege-withdrawn",
    "aa-compromise",
)
_STATUS_WORDS = {
    1: "the request was malformed",
    2: "the service has an internal error",
    3: "the service asks to try later",
    5: "the service wants a signed request",
    6: "the service refuses the request",
}
_LARGEST, _MOST_ANSWERS, _MOST_CERTIFICATES = 256 * 1024, 64, 4
# Several certificates of one name are a service that renews, or somebody who wants us to work.
_MOST_TRIED = 2
_SIGNERS = (certificates.DIGITAL_SIGNATURE, certificates.NON_REPUDIATION)

# Identifiers of an issuer, not protections: what protects an answer is its signature. SHA-1 is
# what nearly all services use.
DIGESTS: Mapping[str, Callable[[bytes], bytes]] = MappingProxyType(
    {
        SHA1: lambda data: hashlib.sha1(data, usedforsecurity=False).digest(),
        SHA256: lambda data: hashlib.sha256(data).digest(),
        suites.SM2_SM3.digest_oid: suites.SM2_SM3.digest,
    }
)


class State(StrEnum):
    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class CertificateId:
    """Which certificate is asked about: digests of its issuer's name and key, and its serial."""

    digest_oid: str
    issuer_name: bytes
    issuer_key: bytes
    serial: int

    @classmethod
    def of(cls, serial: int, issuer: Certificate, digest_oid: str) -> "CertificateId":
        digest = DIGESTS[digest_oid]
        key = digest(certificates.key_bits(issuer.spki))
        return cls(digest_oid, digest(issuer.subject), key, serial)

    def names_issuer(self, issuer: Certificate) -> bool:
        """Whether the digests are those of this issuer; an unknown algorithm names nobody."""
        if self.digest_oid not in DIGESTS:
            return False
        return self == CertificateId.of(self.serial, issuer, self.digest_oid)

    def names(self, certificate: Certificate, issuer: Certificate) -> bool:
        return self.serial == certificate.serial and self.names_issuer(issuer)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said about one certificate. `revocation` is there when the state is revoked."""

    about: CertificateId
    state: State
    this_update: datetime
    next_update: datetime | None
    revocation: Revocation | None = None
    archive_cutoff: datetime | None = None
    """The service still knows certificates that ended after this time."""
    unsupported: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Response:
    """A basic response. Either `responder_name` or `responder_key` is empty."""

    der: bytes = field(repr=False)
    signed_part: bytes = field(repr=False)
    responder_name: bytes = field(repr=False)
    responder_key: bytes
    produced_at: datetime
    answers: tuple[Answer, ...]
    nonce: bytes
    unsupported: tuple[str, ...]
    signature_oid: str
    signature: bytes = field(repr=False)
    certificates: tuple[bytes, ...] = field(repr=False)

    def about(self, certificate: Certificate, issuer: Certificate) -> tuple[Answer, ...]:
        """The answers about this certificate of this issuer; nobody has vouched for them yet."""
        return tuple(one for one in self.answers if one.about.names(certificate, issuer))

    def is_about_issuer(self, issuer: Certificate) -> bool:
        """Whether every answer is about certificates of this issuer."""
        return all(one.about.names_issuer(issuer) for one in self.answers)

    def signer(self, issuer: Certificate, known: Iterable[Certificate] = ()) -> Certificate | None:
        """Who may speak for this issuer and signed: the issuer, or a delegate among those sent
        along and those known. None when nobody did; raises UnknownSuite."""
        if self._is_by(issuer) and issuer.may(*_SIGNERS, certificates.CRL_SIGN):
            return issuer if _signed_by(self, issuer.spki) else None
        candidates = [one for one in (*self._sent(), *known) if self._is_by(one)]
        for candidate in candidates[:_MOST_TRIED]:
            if self._may_speak(candidate, issuer) and _signed_by(self, candidate.spki):
                return candidate
        return None

    def _sent(self) -> Iterable[Certificate]:
        for der in self.certificates:
            try:
                yield certificates.parse(der)
            except MalformedCertificate:
                continue

    def _is_by(self, candidate: Certificate) -> bool:
        if self.responder_name:
            return self.responder_name == candidate.subject
        return self.responder_key == DIGESTS[SHA1](certificates.key_bits(candidate.spki))

    def _may_speak(self, delegate: Certificate, issuer: Certificate) -> bool:
        """RFC 6960, 4.2.2.2: certified by the issuer itself, and for nothing less than this."""
        extensions = delegate.extensions
        purposes = extensions.extended_key_usage or ()
        return (
            certificates.OCSP_SIGNING in purposes
            and delegate.may(*_SIGNERS)
            and not extensions.unknown_critical
            and delegate.not_before <= self.produced_at <= delegate.not_after
            and issuer.may_have_issued(delegate)
            and issuer.issued(delegate)
        )


@lru_cache(maxsize=128)
def _signed_by(response: Response, spki: bytes) -> bool:
    return verify_signed(spki, response.signature_oid, response.signed_part, response.signature)


def parse(der: bytes) -> Response:
    """Read an OCSPResponse; raises MalformedCertificate, also for one that carries no answer
    because the service refused to give any. Parsed ones are cached."""
    if len(der) > _LARGEST:
        raise MalformedCertificate("an OCSP response of more than 256 KiB")
    try:
        return _read(bytes(der))
    except MalformedCertificate:
        raise
    except MalformedData as problem:
        raise MalformedCertificate(str(problem)) from problem


@lru_cache(maxsize=64)
def _read(der: bytes) -> Response:
    outer = asn1.parse(der).children(asn1.SEQUENCE)
    status = _enumerated(outer[0]) if outer else -1
    if status in _STATUS_WORDS and len(outer) == 1:
        raise MalformedCertificate(f"no OCSP answer: {_STATUS_WORDS[status]}")
    if status != 0 or len(outer) != 2:
        raise MalformedCertificate("not an OCSP response")
    content = outer[1].only_child(0xA0).children(asn1.SEQUENCE)
    if len(content) != 2 or content[0].oid() != BASIC:
        raise MalformedCertificate("an OCSP response of another kind")
    basic = asn1.parse(content[1].octets()).children(asn1.SEQUENCE)
    if len(basic) not in (3, 4):
        raise MalformedCertificate("a basic OCSP response has three or four parts")
    tbs, algorithm, signature = basic[:3]
    sent = basic[3].only_child(0xA0).children(asn1.SEQUENCE) if len(basic) == 4 else ()
    named = algorithm.children(asn1.SEQUENCE)
    if not named or len(sent) > _MOST_CERTIFICATES:
        raise MalformedCertificate("no algorithm, or too many certificates")
    name, key, fields = _responder(tbs)
    produced_at, answers, extensions = _response_data(fields)
    found, unsupported = read_extensions(extensions, 0xA1, known=frozenset({NONCE}))
    return Response(
        der=der,
        signed_part=tbs.der,
        responder_name=name,
        responder_key=key,
        produced_at=produced_at,
        answers=answers,
        nonce=found[NONCE].octets() if NONCE in found else b"",
        unsupported=unsupported,
        signature_oid=named[0].oid(),
        signature=signature.bits(),
        certificates=tuple(one.der for one in sent),
    )


def _enumerated(element: asn1.Element) -> int:
    element.expect(ENUMERATED)
    if len(element.content) != 1 or element.content[0] > 0x7F:
        raise MalformedCertificate("an enumeration of another size")
    return element.content[0]


def _responder(tbs: asn1.Element) -> tuple[bytes, bytes, Sequence[asn1.Element]]:
    """Name or key digest of the responder, and the fields that follow. A version that is written
    out must be the first one; DER leaves it out, some services write it."""
    fields = list(tbs.children(asn1.SEQUENCE))
    if fields and fields[0].tag == 0xA0 and fields.pop(0).only_child(0xA0).integer() != 0:
        raise MalformedCertificate("an OCSP response of another version")
    if len(fields) not in (3, 4):
        raise MalformedCertificate("response data is incomplete")
    responder = fields[0]
    if responder.tag == 0xA1:
        name = responder.only_child(0xA1)
        name.expect(asn1.SEQUENCE)
        return name.der, b"", fields[1:]
    digest = responder.only_child(0xA2).octets()
    if len(digest) != 20:
        raise MalformedCertificate("a responder's key digest has 20 bytes")
    return b"", digest, fields[1:]


def _response_data(
    fields: Sequence[asn1.Element],
) -> tuple[datetime, tuple[Answer, ...], asn1.Element | None]:
    produced, responses = fields[:2]
    produced.expect(asn1.GENERALIZED_TIME)
    singles = responses.children(asn1.SEQUENCE)
    if not 0 < len(singles) <= _MOST_ANSWERS:
        raise MalformedCertificate(f"{len(singles)} answers in one OCSP response")
    answers = tuple(_answer(single) for single in singles)
    return produced.time(), answers, fields[2] if len(fields) == 3 else None


def _answer(single: asn1.Element) -> Answer:
    fields = list(single.children(asn1.SEQUENCE))
    if not 3 <= len(fields) <= 5:
        raise MalformedCertificate("an OCSP answer of another shape")
    about = read_certificate_id(fields[0])
    state, revocation = _state(fields[1], about.serial)
    fields[2].expect(asn1.GENERALIZED_TIME)
    begins, rest = fields[2].time(), fields[3:]
    ends = None
    if rest and rest[0].tag == 0xA0:
        stated = rest.pop(0).only_child(0xA0)
        stated.expect(asn1.GENERALIZED_TIME)
        ends = stated.time()
        if ends < begins:
            raise MalformedCertificate("an OCSP answer ends before it begins")
    if len(rest) > 1:
        raise MalformedCertificate("an OCSP answer of another shape")
    known = frozenset({ARCHIVE_CUTOFF})
    found, unsupported = read_extensions(rest[0] if rest else None, 0xA1, known=known)
    cutoff = None
    if ARCHIVE_CUTOFF in found:
        value = asn1.parse(found[ARCHIVE_CUTOFF].octets())
        value.expect(asn1.GENERALIZED_TIME)
        cutoff = value.time()
    return Answer(about, state, begins, ends, revocation, cutoff, unsupported)


def read_certificate_id(element: asn1.Element) -> CertificateId:
    """A CertID of a request or an answer; raises MalformedData."""
    parts = element.children(asn1.SEQUENCE)
    algorithm = parts[0].children(asn1.SEQUENCE) if len(parts) == 4 else ()
    if len(algorithm) not in (1, 2) or (len(algorithm) == 2 and algorithm[1].der != b"\x05\x00"):
        raise MalformedCertificate("a CertID of another shape")
    _, name, key, serial = parts
    return CertificateId(algorithm[0].oid(), name.octets(), key.octets(), serial.integer())


def _state(element: asn1.Element, serial: int) -> tuple[State, Revocation | None]:
    if element.tag in (0x80, 0x82) and not element.content:
        return State.GOOD if element.tag == 0x80 else State.UNKNOWN, None
    parts = element.children(0xA1)
    if len(parts) not in (1, 2):
        raise MalformedCertificate("a revocation of another shape")
    parts[0].expect(asn1.GENERALIZED_TIME)
    number = _enumerated(parts[1].only_child(0xA0)) if len(parts) == 2 else 0
    if number >= len(REASONS) or not REASONS[number]:
        raise MalformedCertificate(f"revocation reason {number}")
    return State.REVOKED, Revocation(serial, parts[0].time(), REASONS[number])


def read_extensions(
    element: asn1.Element | None, tag: int, *, known: frozenset[str]
) -> tuple[dict[str, asn1.Element], tuple[str, ...]]:
    """Values by identifier, and critical ones that nobody here knows."""
    found: dict[str, asn1.Element] = {}
    unsupported = []
    if element is None:
        return found, ()
    for extension in element.only_child(tag).children(asn1.SEQUENCE):
        parts = extension.children(asn1.SEQUENCE)
        if not 2 <= len(parts) <= 3:
            raise MalformedCertificate("malformed extension")
        oid = parts[0].oid()
        if oid in found:
            raise MalformedCertificate(f"extension {oid} twice")
        found[oid] = parts[-1]
        if len(parts) == 3 and parts[1].boolean() and oid not in known:
            unsupported.append(oid)
    return found, tuple(unsupported)
