"""Time stamp tokens (RFC 3161, GB/T 20520) over a signature value: SM2 or P-256 authorities."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from signing import suites
from signing.errors import (
    InvalidKey,
    InvalidSignature,
    MalformedData,
    MalformedSignature,
    UnknownSuite,
)
from signing.pki import asn1, certificates, chains, cms
from signing.pki.certificates import Certificate
from signing.pki.cms_evidence import Evidence
from signing.pki.trust import TrustList
from signing.report.policy import Policy
from signing.report.report import Check, Outcome

TST_INFO = "1.2.840.113549.1.9.16.1.4"
# Names of key types that writers put where a signature algorithm belongs: EC, SM2, RSA.
KEY_TYPES = ("1.2.840.10045.2.1", "1.2.156.10197.1.301.1", "1.2.840.113549.1.1.1")

_Digest = Callable[[bytes], bytes]
DIGESTS: Mapping[str, _Digest] = MappingProxyType(
    {
        "1.2.156.10197.1.401": suites.SM2_SM3.digest,
        "2.16.840.1.101.3.4.2.1": lambda data: hashlib.sha256(data).digest(),
        "2.16.840.1.101.3.4.2.2": lambda data: hashlib.sha384(data).digest(),
        "2.16.840.1.101.3.4.2.3": lambda data: hashlib.sha512(data).digest(),
    }
)
_SHA1: _Digest = lambda data: hashlib.sha1(data, usedforsecurity=False).digest()  # noqa: E731


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a token says. The signature over it is checked by `judge`."""

    stamped_at: datetime
    imprint_oid: str
    imprint: bytes
    message: cms.SignedMessage
    nonce: int | None = None


@dataclass(frozen=True, slots=True)
class Imprint:
    """What a token is about: a digest and the identifier of its algorithm."""

    digest_oid: str
    digest: bytes


def imprint_of(data: bytes, digest_oid: str) -> Imprint:
    """The imprint of these bytes; raises UnknownSuite for a digest that is not in use."""
    digest = DIGESTS.get(digest_oid)
    if digest is None:
        raise UnknownSuite(f"digest {digest_oid}")
    return Imprint(digest_oid, digest(data))


def insist_about(token: bytes, stamped: bytes) -> None:
    """Raises InvalidSignature for a token about anything else, MalformedSignature for none."""
    stamp = parse_token(token)
    if imprint_of(stamped, stamp.imprint_oid).digest != stamp.imprint:
        raise InvalidSignature("the time stamp is about something else")


def parse_token(token: bytes) -> Stamp:
    """Read a TimeStampToken; raises MalformedSignature."""
    message = cms.parse_signed_message(token)
    if message.content_type != TST_INFO or message.content is None:
        raise MalformedSignature("not a time stamp token")
    try:
        fields = asn1.parse(message.content).children(asn1.SEQUENCE)
        if len(fields) < 5 or fields[0].integer() != 1:
            raise MalformedSignature("malformed TSTInfo")
        imprint = fields[2].children(asn1.SEQUENCE)
        if len(imprint) != 2:
            raise MalformedSignature("malformed imprint")
        algorithm = imprint[0].children(asn1.SEQUENCE)
        oid = algorithm[0].oid() if algorithm else ""
        nonces = [part.integer() for part in fields[5:] if part.tag == asn1.INTEGER]
        nonce = nonces[0] if nonces else None
        return Stamp(fields[4].time(), oid, imprint[1].octets(), message, nonce)
    except MalformedSignature:
        raise
    except MalformedData as problem:
        raise MalformedSignature(str(problem)) from problem


def judge(
    token: bytes,
    stamped: bytes,
    *,
    now: datetime,
    stated: datetime | None,
    trust: TrustList,
    policy: Policy,
    signature: str = "",
    checked_at: datetime | None = None,
) -> tuple[list[Check], datetime | None]:
    """Checks of a token over `stamped`, and the proven time when every check passed.

    `checked_at` is the true time of the check when `now` is when kept evidence must be fresh.
    `stated` is the time the signer names. The imprint proves that the signature existed when it
    was stamped; a stated time after that is the signer's slip or lie.
    """
    try:
        stamp = parse_token(token)
        problem = _problem(stamp, stamped, now, policy)
        leaf = None if problem else _signer(stamp)
    except UnknownSuite as unknown:
        return [
            policy.judge("timestamp-unsupported", signature=signature, problem=str(unknown))
        ], None
    except MalformedData as malformed:
        problem, leaf = str(malformed), None
    if leaf is None:
        found = problem or "its signature does not verify"
        return [policy.judge("timestamp-bad", signature=signature, problem=found)], None
    moment = chains.Moment(stamp.stamped_at, now, proven=True, checked_at=checked_at)
    stamped_at = stamp.stamped_at.isoformat()
    checks = [policy.judge("timestamp-good", signature=signature, stamped_at=stamped_at)]
    checks += _authority(stamp, leaf, moment, trust, policy, signature)
    if stated is not None and stamp.stamped_at < stated - policy.clock_skew:
        facts = {"stamped_at": stamped_at, "stated": stated.isoformat()}
        checks.append(policy.judge("timestamp-older", signature=signature, **facts))
    proven = all(check.outcome not in (Outcome.FAIL, Outcome.UNKNOWN) for check in checks)
    return checks, stamp.stamped_at if proven else None


def _authority(
    stamp: Stamp,
    leaf: Certificate,
    moment: chains.Moment,
    trust: TrustList,
    policy: Policy,
    signature: str,
) -> list[Check]:
    """Checks of the authority's certificate, with what the token brings along for it."""
    return chains.judge(
        leaf,
        chains.TSA,
        moment,
        trust=Evidence.of(stamp.message).added_to(trust),
        policy=policy,
        extra=stamp.message.certificates,
        signature=signature,
    )


def _problem(stamp: Stamp, stamped: bytes, now: datetime, policy: Policy) -> str:
    if imprint_of(stamped, stamp.imprint_oid).digest != stamp.imprint:
        return "it is about something else"
    if stamp.stamped_at > now + policy.clock_skew:
        return "it lies in the future"
    return ""


def _signer(stamp: Stamp) -> Certificate | None:
    """The authority's certificate when its signature over the token is right, else None."""
    message = stamp.message
    der = cms.choose_certificate(message)
    if der is None or message.attributes is None or message.content is None:
        return None
    leaf = certificates.parse(der)
    digest = DIGESTS.get(message.digest_oid)
    if digest is None:
        raise UnknownSuite(f"digest {message.digest_oid}")
    suite = suites.by_public_key(leaf.spki)
    if message.signature_oid not in (suite.signature_oid, *KEY_TYPES):
        raise UnknownSuite(f"signature algorithm {message.signature_oid}")
    content_type = message.attribute(cms.CONTENT_TYPE)
    about_this = (
        content_type == asn1.oid(TST_INFO)
        and message.message_digest == digest(message.content)
        and names_certificate(message, leaf)
    )
    try:
        right = about_this and suite.verify(leaf.spki, message.attributes, message.signature)
    except InvalidKey:
        return None
    return leaf if right else None


def names_certificate(message: cms.SignedMessage, leaf: Certificate) -> bool:
    """ESSCertID (RFC 2634, RFC 5816): the signed attributes must name this certificate."""
    version_2 = message.attribute(cms.SIGNING_CERTIFICATE_V2)
    version_1 = message.attribute(cms.SIGNING_CERTIFICATE)
    if version_2 is not None:
        digest, identifier = _first_identifier(version_2)
        return digest is not None and digest(leaf.der) == identifier
    if version_1 is not None:
        return _SHA1(leaf.der) == _first_identifier(version_1)[1]
    return False


def _first_identifier(value: bytes) -> tuple[_Digest | None, bytes]:
    certificates_named = asn1.parse(value).children(asn1.SEQUENCE)
    listed = certificates_named[0].children(asn1.SEQUENCE) if certificates_named else ()
    parts = listed[0].children(asn1.SEQUENCE) if listed else ()
    if not parts:
        raise MalformedSignature("malformed SigningCertificate")
    if parts[0].tag == asn1.SEQUENCE:
        algorithm = parts[0].children()
        oid = algorithm[0].oid() if algorithm else ""
        return DIGESTS.get(oid), parts[1].octets() if len(parts) > 1 else b""
    return DIGESTS["2.16.840.1.101.3.4.2.1"], parts[0].octets()
