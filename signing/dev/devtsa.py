"""A time-stamp authority for development, demonstrations and tests, with either curve suite.

Never for real documents: its keys lie in memory and its clock is the caller's `at`.
"""

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime

from signing import suites
from signing.errors import MalformedSignature
from signing.keys import SoftwareKeyStore
from signing.pki import asn1, certificates, cms_building, issuing, stamp_requests, timestamps
from signing.pki.certificates import Certificate
from signing.pki.issuing import Name, Request
from signing.pki.timestamps import Imprint
from signing.suites import SM2_SM3

ROOT_KEY, STAMP_KEY = "stamp-root", "stamp"
_POLICY = "1.3.6.1.4.1.55555.1.1"
_REFUSED, _BAD_REQUEST_BIT = 2, b"\x03\x02\x05\x20"


@dataclass(frozen=True, slots=True)
class DevelopmentStampAuthority:
    """Certificates are DER; trust `root_certificate` to believe its stamps."""

    root_certificate: bytes = field(repr=False)
    certificate: bytes = field(repr=False)
    keys: SoftwareKeyStore

    def answer(self, request: bytes, *, at: datetime) -> bytes:
        """The TimeStampResp to a TimeStampReq: a token, or a refusal when it cannot be read."""
        try:
            asked = stamp_requests.parse_request(request)
        except MalformedSignature:
            failure = asn1.sequence(asn1.integer(_REFUSED), _BAD_REQUEST_BIT)
            return asn1.sequence(failure)
        token = self.stamp(asked.imprint, at=at, nonce=asked.nonce or None)
        return asn1.sequence(asn1.sequence(asn1.integer(0)), token)

    def stamp(self, imprint: Imprint, *, at: datetime, nonce: int | None = None) -> bytes:
        """A token for this imprint at this time, to the second."""
        leaf = certificates.parse(self.certificate)
        suite = suites.by_public_key(leaf.spki)
        info = asn1.sequence(
            asn1.integer(1),
            asn1.oid(_POLICY),
            asn1.sequence(
                asn1.sequence(asn1.oid(imprint.digest_oid)), asn1.octet_string(imprint.digest)
            ),
            asn1.integer(secrets.randbits(63) | 1),
            asn1.generalized_time(at.astimezone(UTC)),
            asn1.integer(nonce) if nonce is not None else b"",
        )
        attributes = cms_building.signed_attributes(timestamps.TST_INFO, suite.digest(info), leaf)
        return cms_building.assemble(
            attributes,
            self.keys.sign_now(STAMP_KEY, attributes),
            signer=leaf,
            content_type=timestamps.TST_INFO,
            content=info,
        )


def make(
    *, organisation: str, begins: datetime, ends: datetime, suite: str = SM2_SM3.name
) -> DevelopmentStampAuthority:
    """A root and one stamping certificate, both valid from `begins` to `ends`."""
    keys = SoftwareKeyStore()
    root_spki = keys.create_now(ROOT_KEY, suite=suite)
    root_request = Request(
        Name(f"{organisation}开发测试时间戳根证书", f"{organisation}时间戳"),
        root_spki,
        secrets.randbits(126) | 1 << 126,
        begins,
        ends,
        frozenset({certificates.KEY_CERT_SIGN, certificates.CRL_SIGN}),
        path_length=0,
    )
    root = _issue(root_request, None, root_spki, keys)
    request = Request(
        Name(f"{organisation}开发测试时间戳服务", f"{organisation}时间戳"),
        keys.create_now(STAMP_KEY, suite=suite),
        secrets.randbits(126) | 1 << 126,
        begins,
        ends,
        frozenset({certificates.DIGITAL_SIGNATURE}),
        extended_usages=(certificates.TIME_STAMPING,),
    )
    leaf = _issue(request, root, root_spki, keys)
    keys.keep_certificate_now(ROOT_KEY, root.der)
    keys.keep_certificate_now(STAMP_KEY, leaf.der)
    return DevelopmentStampAuthority(root.der, leaf.der, keys)


def _issue(
    request: Request, issuer: Certificate | None, root_spki: bytes, keys: SoftwareKeyStore
) -> Certificate:
    tbs = issuing.signed_part(request, issuer, root_spki)
    return certificates.parse(issuing.assemble(tbs, keys.sign_now(ROOT_KEY, tbs), root_spki))
