"""From a certificate to an anchor: path, constraints, validity at a time, revocation.

Finding a path and checking its signatures does not depend on time and is cached by certificate
and trust list. What a chain in good order yields is kept with the times between which nothing about
it changes; outside of them, and for every other chain, everything is judged anew.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from signing.errors import MalformedCertificate, UnknownSuite
from signing.pki import certificates, revocation
from signing.pki.certificates import KEY_CERT_SIGN, Certificate, display_name
from signing.pki.revocation import Moment as Moment
from signing.pki.trust import TrustList
from signing.report.policy import Policy
from signing.report.report import Check, Outcome

_DEEPEST = 6
_MOST_EXTRA = 8
_LAST = datetime.max.replace(tzinfo=UTC)


class Purpose(NamedTuple):
    """What a certificate is needed for: a role for the report and the usages that allow it."""

    role: str
    usages: tuple[str, ...] = (certificates.DIGITAL_SIGNATURE, certificates.NON_REPUDIATION)
    extended_usage: str | None = None


SIGNER = Purpose("signer")
MAKER = Purpose("maker")
TSA = Purpose("tsa", extended_usage=certificates.TIME_STAMPING)


@dataclass(frozen=True, slots=True)
class Path:
    """Certificates from the leaf to the anchor, or as far as they lead with what is wrong."""

    certificates: tuple[Certificate, ...]
    finding: str = ""
    problem: str = ""

    @property
    def complete(self) -> bool:
        return not self.finding


def judge(
    leaf: Certificate,
    purpose: Purpose,
    moment: Moment,
    *,
    trust: TrustList,
    policy: Policy,
    extra: Sequence[bytes] = (),
    signature: str = "",
) -> list[Check]:
    """Every check of one certificate for one purpose; `extra` are certificates sent along."""
    sent = tuple(extra[:_MOST_EXTRA])
    steady = _steady(leaf.der, purpose, sent, trust, policy, signature)
    if steady is not None and steady.covers(moment):
        return list(steady.checks)
    return _judge_at(leaf, purpose, moment, sent, trust, policy, signature)


@dataclass(frozen=True, slots=True)
class _Steady:
    """The checks of a complete chain that is in no revocation list and about which no service
    answered, for all times up to `fresh` at which it was used between `begins` and `ends`."""

    checks: tuple[Check, ...]
    begins: datetime
    ends: datetime
    fresh: datetime

    def covers(self, moment: Moment) -> bool:
        used = moment.used or moment.now
        return self.begins <= used <= self.ends and moment.now <= self.fresh


@lru_cache(maxsize=1024)
def _steady(
    leaf_der: bytes,
    purpose: Purpose,
    extra: tuple[bytes, ...],
    trust: TrustList,
    policy: Policy,
    signature: str,
) -> _Steady | None:
    path = find_path(leaf_der, extra, trust)
    if not path.complete:
        return None
    fresh = _LAST
    for certificate, issuer in _links(path):
        try:
            newest = revocation.newest_list(issuer, trust)
        except UnknownSuite:
            return None
        if revocation.answers_about(certificate, issuer, trust):
            return None
        if newest is None and revocation.has_unverified_list(issuer, trust):
            return None
        if newest is not None and newest.find(certificate.serial) is not None:
            return None
        if newest is not None and newest.next_at is not None:
            fresh = min(fresh, newest.next_at)
    begins = max(certificate.not_before for certificate in path.certificates)
    ends = min(certificate.not_after for certificate in path.certificates)
    moment = Moment(used=begins, now=fresh)
    checks = _judge_at(path.certificates[0], purpose, moment, extra, trust, policy, signature)
    return _Steady(tuple(checks), begins, ends, fresh)


def _links(path: Path) -> Iterator[tuple[Certificate, Certificate]]:
    """Each certificate with its issuer."""
    return zip(path.certificates, path.certificates[1:], strict=False)


def _judge_at(
    leaf: Certificate,
    purpose: Purpose,
    moment: Moment,
    extra: tuple[bytes, ...],
    trust: TrustList,
    policy: Policy,
    signature: str,
) -> list[Check]:
    path = find_path(leaf.der, extra, trust)
    facts = {"role": purpose.role, "subject": display_name(leaf.subject_names)}
    checks = []
    if not path.complete:
        top = path.certificates[-1]
        issuer = display_name(top.issuer_names)
        checks.append(
            policy.judge(
                path.finding, signature=signature, issuer=issuer, problem=path.problem, **facts
            )
        )
    if not _fits(leaf, purpose):
        checks.append(policy.judge("key-usage-wrong", signature=signature, **facts))
    checks += _validity(path, purpose, moment, policy, signature)
    if not any(check.outcome in (Outcome.FAIL, Outcome.UNKNOWN) for check in checks):
        evidence = {"serial": leaf.serial_hex, "anchor": _anchor_name(path)}
        checks.append(policy.judge("certificate-good", signature=signature, **facts, **evidence))
    if path.complete:
        checks += _revocation(path, purpose, moment, trust, policy, signature)
    return checks


def _anchor_name(path: Path) -> str:
    return display_name(path.certificates[-1].subject_names)


def _fits(leaf: Certificate, purpose: Purpose) -> bool:
    if not leaf.may(*purpose.usages):
        return False
    extended = leaf.extensions.extended_key_usage
    if purpose.extended_usage is None:
        # An empty list allows nothing (RFC 5280, 4.2.1.12, forbids to write one).
        return extended is None or bool(extended)
    return extended is not None and purpose.extended_usage in extended


def _validity(
    path: Path, purpose: Purpose, moment: Moment, policy: Policy, signature: str
) -> Iterator[Check]:
    at = moment.used or moment.now
    for certificate in path.certificates:
        facts = {"role": purpose.role, "subject": display_name(certificate.subject_names)}
        inside = certificate.not_before <= at <= certificate.not_after
        if moment.used is None and not inside:
            yield policy.judge("certificate-window-unknown", signature=signature, **facts)
        elif at < certificate.not_before:
            begins = certificate.not_before.isoformat()
            yield policy.judge("certificate-not-yet", signature=signature, begins=begins, **facts)
        elif at > certificate.not_after:
            ended = certificate.not_after.isoformat()
            yield policy.judge("certificate-expired", signature=signature, ended=ended, **facts)


def _revocation(
    path: Path,
    purpose: Purpose,
    moment: Moment,
    trust: TrustList,
    policy: Policy,
    signature: str,
) -> Iterator[Check]:
    links = list(_links(path))
    found = [
        revocation.state_of(certificate, issuer, moment, trust=trust, skew=policy.clock_skew)
        for certificate, issuer in links
    ]
    # Without any evidence nobody asked for it. With some, the part that is missing was left out.
    looked = any(code != "revocation-unchecked" for code, _ in found)
    for (certificate, _), (code, facts) in zip(links, found, strict=True):
        if looked and code == "revocation-unchecked":
            code = "revocation-missing"
        facts["role"] = purpose.role
        facts["subject"] = display_name(certificate.subject_names)
        yield policy.judge(code, signature=signature, **facts)


@lru_cache(maxsize=1024)
def find_path(leaf_der: bytes, extra: tuple[bytes, ...], trust: TrustList) -> Path:
    """The path of a certificate to an anchor of this list, signatures checked."""
    leaf = certificates.parse(leaf_der)
    try:
        return _climb((leaf,), _pool(extra, trust), trust)
    except UnknownSuite as problem:
        return Path((leaf,), "chain-unsupported", str(problem))


def _pool(extra: tuple[bytes, ...], trust: TrustList) -> tuple[Certificate, ...]:
    found = [*trust.anchor_certificates, *trust.intermediate_certificates]
    for der in extra:
        try:
            found.append(certificates.parse(der))
        except MalformedCertificate:
            continue
    return tuple(found)


def _climb(below: tuple[Certificate, ...], pool: tuple[Certificate, ...], trust: TrustList) -> Path:
    """Depth-first from the leaf upwards; the first complete path wins."""
    top = below[-1]
    if trust.refuses(top):
        return Path(below, "certificate-refused")
    if top.extensions.unknown_critical:
        oid = top.extensions.unknown_critical[0]
        return Path(below, "chain-unsupported", f"critical extension {oid}")
    if top.der in trust.anchors:
        return Path(below)
    if not trust.anchors:
        return Path(below, "trust-absent")
    if len(below) >= _DEEPEST:
        return Path(below, "chain-broken", "the chain is too long")
    candidates = [issuer for issuer in pool if issuer.may_have_issued(top)]
    failure = _no_issuer(below, trust)
    for issuer in candidates:
        if issuer in below:
            continue
        problem = _link_problem(issuer, below)
        if problem:
            failure = Path(below, "chain-broken", problem)
            continue
        path = _climb((*below, issuer), pool, trust)
        if path.complete:
            return path
        failure = path
    return failure


def _link_problem(issuer: Certificate, below: tuple[Certificate, ...]) -> str:
    """Why this issuer cannot stand above this path, or the empty string."""
    name = display_name(issuer.subject_names)
    if not issuer.extensions.is_authority or not issuer.may(KEY_CERT_SIGN):
        return f"{name} is no certificate authority"
    longest = issuer.extensions.path_length
    between = sum(1 for link in below[1:] if link.issuer != link.subject)
    if longest is not None and between > longest:
        return f"{name} may not stand so high"
    if not issuer.issued(below[-1]):
        return f"the signature of {name} is wrong"
    return ""


def _no_issuer(below: tuple[Certificate, ...], trust: TrustList) -> Path:
    """No known issuer. One that bears a listed authority's organisation is a look-alike: the
    list names the authorities of that organisation, and this is none of them."""
    claimed = certificates.attribute(below[-1].issuer_names, certificates.ORGANISATION)
    listed = {anchor.organisation for anchor in trust.anchor_certificates}
    return Path(below, "issuer-lookalike" if claimed and claimed in listed else "issuer-unknown")
