"""A status service (OCSP) of the development authority, for demonstrations and tests.

It answers from the authority's own key store: certificates kept there are known, others are not.
Never for real documents: its clock is the caller's `at`.
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from signing.dev.devca import DevelopmentAuthority
from signing.errors import MalformedCertificate
from signing.keys import ROOT_KEY, SoftwareKeyStore
from signing.pki import asn1, certificates, issuing, ocsp_building
from signing.pki.certificates import Certificate
from signing.pki.issuing import Name, Request
from signing.pki.ocsp import Answer, CertificateId, State

STATUS_KEY = "status"
FRESH_FOR = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DevelopmentStatusService:
    """Answers are signed by a delegate of the authority, whose certificate (DER) they carry."""

    authority: DevelopmentAuthority = field(repr=False)
    certificate: bytes = field(repr=False)

    def answer(self, request: bytes, *, at: datetime, fresh_for: timedelta = FRESH_FOR) -> bytes:
        """OCSPResponse to an OCSPRequest: a refusal when the request cannot be read."""
        try:
            asked = ocsp_building.parse_request(request)
        except MalformedCertificate:
            return ocsp_building.MALFORMED_REQUEST
        moment = at.replace(microsecond=0)
        answers = [self._about(one, moment, fresh_for) for one in asked.about]
        responder = certificates.parse(self.certificate)
        tbs = ocsp_building.signed_part(responder, answers, produced_at=moment, nonce=asked.nonce)
        signature = self.authority.keys.sign_now(STATUS_KEY, tbs)
        return ocsp_building.assemble(tbs, signature, responder, chain=[self.certificate])

    def _about(self, about: CertificateId, at: datetime, fresh_for: timedelta) -> Answer:
        issuer = certificates.parse(self.authority.root_certificate)
        known = any(about.names(one, issuer) for one in _kept(self.authority.keys))
        entry = self.authority.revoked.get(about.serial)
        state = State.UNKNOWN
        if known:
            state = State.GOOD if entry is None else State.REVOKED
        revocation = entry if state is State.REVOKED else None
        return Answer(about, state, at, at + fresh_for, revocation)


def make(
    authority: DevelopmentAuthority,
    *,
    begins: datetime,
    ends: datetime,
    purposes: tuple[str, ...] = (certificates.OCSP_SIGNING,),
    unchecked: bool = True,
) -> DevelopmentStatusService:
    """A service with a key of its own, certified by the authority from `begins` to `ends`.

    `unchecked` puts id-pkix-ocsp-nocheck into its certificate.
    """
    root = certificates.parse(authority.root_certificate)
    suite = authority.keys.suite_of(ROOT_KEY)
    no_check = issuing.extension(certificates.OCSP_NO_CHECK, asn1.element(asn1.NULL, b""))
    request = Request(
        Name("开发测试证书状态服务", root.organisation, "仅供开发测试"),
        authority.keys.create_now(STATUS_KEY, suite=suite),
        secrets.randbits(126) | 1 << 126,
        begins,
        ends,
        frozenset({certificates.DIGITAL_SIGNATURE}),
        extended_usages=purposes,
        extra_extensions=(no_check,) if unchecked else (),
    )
    tbs = issuing.signed_part(request, root, root.spki)
    der = issuing.assemble(tbs, authority.keys.sign_now(ROOT_KEY, tbs), root.spki)
    authority.keys.keep_certificate_now(STATUS_KEY, der)
    return DevelopmentStatusService(authority, der)


def _kept(keys: SoftwareKeyStore) -> list[Certificate]:
    return [certificates.parse(keys.certificate_now(key_id)) for key_id in keys.key_ids]
