"""Judge an e-seal: the maker's signature and certificate, validity, the signer's place in it."""

from dataclasses import dataclass
from datetime import datetime

from signing import suites
from signing.errors import MalformedCertificate, MalformedSeal, UnknownSuite
from signing.pki import certificates, chains, timestamps
from signing.pki.cms import GB_DATA, GB_SIGNED_DATA
from signing.pki.trust import TrustList
from signing.report.policy import DEFAULT_POLICY, Policy
from signing.report.report import Check, SealReport, SignatureReport
from signing.seal import eseal
from signing.seal.eseal import Seal, Structure
from signing.suites import P256_SHA256, SM2_SM3

# Identifiers of messages and digests that careless writers put where an algorithm belongs.
NOT_ALGORITHMS = frozenset({GB_DATA, GB_SIGNED_DATA, SM2_SM3.digest_oid, P256_SHA256.digest_oid})


@dataclass(frozen=True, slots=True)
class Bench:
    """What every judgement needs: by whom to believe, at what time, how strictly, about what."""

    trust: TrustList
    now: datetime
    policy: Policy
    signature: str = ""

    def judge(self, code: str, **facts: str) -> Check:
        return self.policy.judge(code, signature=self.signature, **facts)


def verify_seal(
    der: bytes, *, trust: TrustList, at: datetime, policy: Policy = DEFAULT_POLICY
) -> SealReport:
    """Judge a seal by itself, as if it were applied at `at`."""
    bench = Bench(trust, at, policy)
    try:
        seal = eseal.parse_seal(der)
    except MalformedSeal as problem:
        return SealReport.conclude([bench.judge("seal-malformed", problem=str(problem))])
    checks = judge_seal(seal, bench, chains.Moment(used=at, now=at))
    return SealReport.conclude(checks, [describe(seal)])


def describe(seal: Seal) -> SignatureReport:
    """The facts of a seal that stands alone."""
    try:
        maker = seal.maker.common_name
    except MalformedCertificate:
        maker = ""
    return SignatureReport(
        id="",
        type="Seal",
        structure=seal.structure.value,
        seal_id=seal.seal_id,
        seal_name=seal.name,
        maker=maker,
        seal_digest=seal.digest,
    )


def judge_seal(seal: Seal, bench: Bench, moment: chains.Moment) -> list[Check]:
    """Signature, maker and validity of a seal used at this moment."""
    checks = [bench.judge(slip) for slip in seal.slips]
    checks += _signature(seal, bench)
    checks += _maker(seal, bench, moment)
    checks += _validity(seal, bench, moment)
    if seal.timestamp is not None:
        stamped, _ = timestamps.judge(
            seal.timestamp,
            seal.signature,
            now=bench.now,
            stated=seal.created_at,
            trust=bench.trust,
            policy=bench.policy,
            signature=bench.signature,
        )
        checks += stamped
    return checks


def _signature(seal: Seal, bench: Bench) -> list[Check]:
    checks = []
    if seal.algorithm in NOT_ALGORITHMS:
        checks.append(bench.judge("wrong-algorithm", oid=seal.algorithm))
    _, slip = suites.meant(seal.signature)
    if slip:
        checks.append(bench.judge(slip, role="maker"))
    try:
        code = "seal-good" if seal.is_signed_by_maker else "seal-bad"
        checks.append(bench.judge(code, seal=seal.seal_id))
    except UnknownSuite:
        checks.append(bench.judge("algorithm-unsupported", oid=seal.algorithm))
    except MalformedCertificate as problem:
        checks.append(bench.judge("seal-malformed", problem=str(problem)))
    return checks


def _maker(seal: Seal, bench: Bench, moment: chains.Moment) -> list[Check]:
    """The maker's certificate at the time of use; from v5 on it may have ended after the making."""
    try:
        maker = seal.maker
    except MalformedCertificate:
        return []
    checks = []
    if not bench.trust.allows_maker(maker):
        name = certificates.display_name(maker.subject_names)
        checks.append(bench.judge("maker-not-listed", subject=name))
    used = moment.used
    ended = used is not None and used > maker.not_after
    if seal.structure is Structure.V5 and ended and seal.created_at <= maker.not_after:
        checks.append(bench.judge("maker-expired-later", created=seal.created_at.isoformat()))
        moment = chains.Moment(used=maker.not_after, now=moment.now, proven=moment.proven)
    elif not maker.not_before <= seal.created_at <= maker.not_after:
        checks.append(bench.judge("seal-made-outside-maker"))
    return checks + chains.judge(
        maker,
        chains.MAKER,
        moment,
        trust=bench.trust,
        policy=bench.policy,
        signature=bench.signature,
    )


def _validity(seal: Seal, bench: Bench, moment: chains.Moment) -> list[Check]:
    if moment.used is None:
        return []
    if moment.used < seal.valid_from:
        return [bench.judge("seal-not-yet", begins=seal.valid_from.isoformat())]
    if moment.used > seal.valid_until:
        return [bench.judge("seal-expired", ended=seal.valid_until.isoformat())]
    return [bench.judge("seal-in-time", ended=seal.valid_until.isoformat())]
