"""Makers of OCSP answers, right or wrong, for the tests."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache

from signing import TrustList
from signing.dev import devca, devocsp
from signing.dev.devca import DevelopmentAuthority
from signing.dev.devocsp import DevelopmentStatusService
from signing.pki import asn1, certificates, chains, ocsp, ocsp_building
from signing.pki.crl import Revocation
from signing.pki.ocsp import Answer, CertificateId, State
from signing.report.policy import DEFAULT_POLICY, Policy
from signing.suites import SM2_SM3
from tests.signing.makers import AT, DEPARTMENT, OTHER

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def authority(suite: str = SM2_SM3.name) -> DevelopmentAuthority:
    """An authority of its own, since the service adds a key to it; nobody revokes in place."""
    return service(suite).authority


def service(suite: str = SM2_SM3.name) -> DevelopmentStatusService:
    return _service(suite)


@cache
def _service(suite: str) -> DevelopmentStatusService:
    departments = {DEPARTMENT: "云间市行政审批局", OTHER: "云间市公安局"}
    ca = devca.make(organisation="云间市", departments=departments, at=AT - 30 * DAY, suite=suite)
    return devocsp.make(ca, begins=AT - 30 * DAY, ends=AT + 300 * DAY)


def signer(ca: DevelopmentAuthority) -> bytes:
    return ca.signer_certificates[DEPARTMENT]


def without_lists(ca: DevelopmentAuthority, *answers: bytes) -> TrustList:
    return replace(ca.trust, crls=(), ocsp=answers)


def about(
    ca: DevelopmentAuthority, der: bytes | None = None, digest: str = ocsp.SHA1
) -> CertificateId:
    root = certificates.parse(ca.root_certificate)
    return CertificateId.of(certificates.parse(der or signer(ca)).serial, root, digest)


def good(
    ca: DevelopmentAuthority,
    der: bytes | None = None,
    *,
    begins: datetime = AT - HOUR,
    ends: datetime | None = AT + DAY,
) -> Answer:
    """That the department's certificate, or another one, is good."""
    return Answer(about(ca, der), State.GOOD, begins, ends)


def signed(
    ca: DevelopmentAuthority,
    *answers: Answer,
    key_id: str = devca.ROOT_KEY,
    certificate: bytes | None = None,
    produced_at: datetime = AT - HOUR,
    by_name: bool = False,
    change: Callable[[bytes], bytes] = lambda tbs: tbs,
) -> bytes:
    """A response by the root, or by the key and certificate given; `change` edits what is signed,
    before it is."""
    responder = certificates.parse(certificate or ca.root_certificate)
    tbs = ocsp_building.signed_part(responder, answers, produced_at=produced_at, by_name=by_name)
    tbs = change(tbs)
    sent = () if certificate is None else (certificate,)
    return ocsp_building.assemble(tbs, ca.keys.sign_now(key_id, tbs), responder, chain=sent)


def delegate(
    ca: DevelopmentAuthority,
    *,
    purposes: tuple[str, ...] = (certificates.OCSP_SIGNING,),
    unchecked: bool = True,
    begins: datetime = AT - 30 * DAY,
    ends: datetime = AT + 300 * DAY,
) -> bytes:
    """The certificate of a status service under devocsp.STATUS_KEY."""
    made = devocsp.make(ca, begins=begins, ends=ends, purposes=purposes, unchecked=unchecked)
    return made.certificate


def rewritten(der: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """A response whose basic part is changed after it was signed."""
    outer = asn1.parse(der).children()
    kind, basic = outer[1].only_child(0xA0).children()
    content = asn1.sequence(kind.der, asn1.octet_string(change(basic.octets())))
    return asn1.sequence(outer[0].der, asn1.explicit(0, content))


def judge(
    ca: DevelopmentAuthority,
    trust: TrustList,
    *,
    used: datetime = AT,
    now: datetime = AT,
    policy: Policy = DEFAULT_POLICY,
    proven: bool = False,
) -> tuple[str, str]:
    """The finding about revocation, and its outcome."""
    moment = chains.Moment(used, now, proven=proven)
    leaf = certificates.parse(signer(ca))
    checks = chains.judge(leaf, chains.SIGNER, moment, trust=trust, policy=policy)
    (found,) = (check for check in checks if check.name == "signer-revocation")
    return found.evidence["finding"], found.outcome.value


def revoked(ca: DevelopmentAuthority, at: datetime, reason: str = "unspecified") -> Answer:
    entry = Revocation(certificates.parse(signer(ca)).serial, at, reason)
    return replace(good(ca), state=State.REVOKED, revocation=entry)
