"""Verify an offline pass, in a fixed order, every failure with its own reason.

Prefix, base45, CBOR → algorithm and key → certificate → signature → validity → the phone's proof
and its age → replay → status list → licence dates. What could not be checked is unknown.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from signing.errors import MalformedPass, UnknownSuite
from signing.passes import passes
from signing.passes.passes import Claims, ForeignCode, Offered
from signing.passes.statuslist import Status, StatusToken
from signing.pki import chains
from signing.pki.certificates import Certificate, display_name
from signing.pki.trust import TrustList
from signing.report.policy import DEFAULT_POLICY, Policy
from signing.report.report import Check, Outcome, Verdict, sum_up
from signing.seal.times import CHINA

SKEW = timedelta(seconds=60)
PROOF_AGE = timedelta(seconds=60)
EVIDENCE_AGE = timedelta(hours=24)
_STATUS_FINDINGS = {
    Status.VALID: "status-valid",
    Status.REVOKED: "status-revoked",
    Status.SUSPENDED: "status-suspended",
    Status.SUPERSEDED: "status-superseded",
}


@dataclass(frozen=True, slots=True)
class PassReport:
    """`claims` are there only when the issuer's signature is right."""

    verdict: Verdict
    reasons: tuple[str, ...]
    checks: tuple[Check, ...]
    claims: Claims | None = None
    replay_key: bytes = field(default=b"", repr=False)

    @classmethod
    def conclude(cls, checks: Sequence[Check], offered: Offered | None = None) -> "PassReport":
        verdict, reasons = sum_up(checks)
        if offered is None:
            return cls(verdict, reasons, tuple(checks))
        return cls(verdict, reasons, tuple(checks), offered.claims, offered.replay_key)

    def as_replayed(self, policy: Policy = DEFAULT_POLICY) -> "PassReport":
        """The report for a code that another look-up found to be read before."""
        kept = [check for check in self.checks if check.name != "replay"]
        checks = (*kept, policy.judge("replayed"))
        verdict, reasons = sum_up(checks)
        return replace(self, verdict=verdict, reasons=reasons, checks=checks)


def verify_pass(
    text: str,
    *,
    signers: Sequence[bytes],
    trust: TrustList,
    status_lists: Mapping[int, StatusToken],
    seen_before: Callable[[bytes], bool],
    at: datetime,
    evidence_age: timedelta = EVIDENCE_AGE,
    policy: Policy = DEFAULT_POLICY,
) -> PassReport:
    """Judge the text of a code at `at`.

    `signers` are the certificates that may sign passes. `status_lists` are verified tokens by
    number. `seen_before` is asked once, and only about a pass that has held so far; it should
    remember the key while the pass lives. A caller with an asynchronous memory passes one that says
    no, and looks up `replay_key` itself (`as_replayed`).
    """
    try:
        offered = passes.decode(text)
    except ForeignCode:
        return PassReport.conclude([policy.judge("pass-foreign")])
    except MalformedPass as problem:
        return PassReport.conclude([policy.judge("pass-unreadable", problem=str(problem))])
    signer = _signer(offered, signers, policy)
    if isinstance(signer, Check):
        return PassReport.conclude([signer])
    # At once, while the tables of libcrypto still lie in the first caches.
    proven = passes.proof_holds(offered)
    checks = _signature(offered, signer, trust, at, policy)
    checks += (_validity(offered.claims, at, policy), _proof(offered, proven, at, policy))
    if not _refused(checks):
        code = "replayed" if seen_before(offered.replay_key) else "not-replayed"
        checks.append(policy.judge(code))
    checks.append(_status(offered.claims, status_lists, at, evidence_age, policy))
    checks.append(_licence(offered.claims, at, policy))
    return PassReport.conclude(checks, offered)


def _refused(checks: Sequence[Check]) -> bool:
    return Outcome.FAIL in [check.outcome for check in checks]


def _signer(offered: Offered, signers: Sequence[bytes], policy: Policy) -> Certificate | Check:
    """The certificate whose key signed the pass, or why there is none."""
    try:
        signer = offered.message.signer(signers)
    except UnknownSuite as problem:
        return policy.judge("pass-issuer-unknown", problem=str(problem))
    return policy.judge("pass-signature-bad") if signer is None else signer


def _signature(
    offered: Offered, signer: Certificate, trust: TrustList, at: datetime, policy: Policy
) -> list[Check]:
    """Checks of the right signature and of the certificate."""
    name = display_name(signer.subject_names)
    moment = chains.Moment(used=offered.claims.issued_at, now=at)
    return [
        policy.judge("pass-signature-good", subject=name),
        *chains.judge(signer, chains.SIGNER, moment, trust=trust, policy=policy),
    ]


def _validity(claims: Claims, at: datetime, policy: Policy) -> Check:
    if at < claims.issued_at - SKEW:
        return policy.judge("pass-not-yet", begins=claims.issued_at.isoformat())
    code = "pass-expired" if at > claims.expires_at + SKEW else "pass-in-time"
    return policy.judge(code, ended=claims.expires_at.isoformat())


def _proof(offered: Offered, proven: bool, at: datetime, policy: Policy) -> Check:
    """A bound pass needs the phone's fresh proof; an unbound one must be short-lived."""
    claims = offered.claims
    if claims.phone_key is None:
        if offered.proof is not None:
            return policy.judge("proof-bad")
        long = claims.expires_at - claims.issued_at > passes.LONGEST_UNBOUND
        return policy.judge("unbound-long" if long else "unbound")
    if not proven:
        return policy.judge("proof-bad")
    age = at.timestamp() - (offered.shown_at or 0)
    if abs(age) > PROOF_AGE.total_seconds():
        return policy.judge("proof-late", age=str(round(age)))
    return policy.judge("proof-good", age=str(round(age)))


def _status(
    claims: Claims,
    status_lists: Mapping[int, StatusToken],
    at: datetime,
    evidence_age: timedelta,
    policy: Policy,
) -> Check:
    """The entry in the status list. Old evidence never turns a refusal into anything milder."""
    token = status_lists.get(claims.status_list)
    number = str(claims.status_list)
    try:
        status = None if token is None else token.statuses[claims.status_index]
    except IndexError:
        status = None
    if token is None or status is None:
        return policy.judge("status-absent", list=number)
    as_of = token.issued_at.isoformat()
    outdated = token.expires_at is not None and at > token.expires_at
    if status is Status.VALID and (outdated or at - token.issued_at > evidence_age):
        return policy.judge("status-old", as_of=as_of)
    return policy.judge(_STATUS_FINDINGS[status], as_of=as_of, list=number)


def _licence(claims: Claims, at: datetime, policy: Policy) -> Check:
    """Days are China's days: a licence runs to the end of its last day there."""
    ends = claims.licence.valid_until
    if ends is not None and at.astimezone(CHINA).date() > ends:
        return policy.judge("licence-expired", ended=ends.isoformat())
    return policy.judge("licence-in-time")
