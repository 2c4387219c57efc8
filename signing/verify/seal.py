"""Judge an e-seal: the maker's signature and certificate, validity, the signer's place in it."""

from datetime import datetime

from signing import suites
from signing.errors import MalformedCertificate, MalformedSeal, UnknownSuite
from signing.judge.context import Context
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


def verify_seal(
    der: bytes, *, trust: TrustList, at: datetime, policy: Policy = DEFAULT_POLICY
) -> SealReport:
    """Judge a seal by itself, as if it were applied at `at`."""
    context = Context(trust, at, policy)
    try:
        seal = eseal.parse_seal(der)
    except MalformedSeal as problem:
        return SealReport.conclude([context.judge("seal-malformed", problem=str(problem))])
    checks = judge_seal(seal, context, chains.Moment(used=at, now=at))
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


def judge_seal(seal: Seal, context: Context, moment: chains.Moment) -> list[Check]:
    """Signature, maker and validity of a seal used at this moment."""
    checks = [context.judge(slip) for slip in seal.slips]
    checks += _signature(seal, context)
    checks += _maker(seal, context, moment)
    checks += _validity(seal, context, moment)
    if seal.timestamp is not None:
        stamped, _ = timestamps.judge(
            seal.timestamp,
            seal.signature,
            now=context.now,
            stated=seal.created_at,
            trust=context.trust,
            policy=context.policy,
            signature=context.signature,
        )
        checks += stamped
    return checks


def _signature(seal: Seal, context: Context) -> list[Check]:
    checks = []
    if seal.algorithm in NOT_ALGORITHMS:
        checks.append(context.judge("wrong-algorithm", oid=seal.algorithm))
    _, slip = suites.meant(seal.signature)
    if slip:
        checks.append(context.judge(slip, role="maker"))
    try:
        code = "seal-good" if seal.is_signed_by_maker else "seal-bad"
        checks.append(context.judge(code, seal=seal.seal_id))
    except UnknownSuite:
        checks.append(context.judge("algorithm-unsupported", oid=seal.algorithm))
    except MalformedCertificate as problem:
        checks.append(context.judge("seal-malformed", problem=str(problem)))
    return checks


def _maker(seal: Seal, context: Context, moment: chains.Moment) -> list[Check]:
    """The maker's certificate at the time of use; from v5 on it may have ended after the making."""
    try:
        maker = seal.maker
    except MalformedCertificate:
        return []
    checks = []
    if not context.trust.allows_maker(maker):
        name = certificates.display_name(maker.subject_names)
        checks.append(context.judge("maker-not-listed", subject=name))
    used = moment.used
    ended = used is not None and used > maker.not_after
    if seal.structure is Structure.V5 and ended and seal.created_at <= maker.not_after:
        checks.append(context.judge("maker-expired-later", created=seal.created_at.isoformat()))
        moment = chains.Moment(used=maker.not_after, now=moment.now, proven=moment.proven)
    elif not maker.not_before <= seal.created_at <= maker.not_after:
        checks.append(context.judge("seal-made-outside-maker"))
    return checks + chains.judge(
        maker,
        chains.MAKER,
        moment,
        trust=context.trust,
        policy=context.policy,
        signature=context.signature,
    )


def _validity(seal: Seal, context: Context, moment: chains.Moment) -> list[Check]:
    if moment.used is None:
        return []
    if moment.used < seal.valid_from:
        return [context.judge("seal-not-yet", begins=seal.valid_from.isoformat())]
    if moment.used > seal.valid_until:
        return [context.judge("seal-expired", ended=seal.valid_until.isoformat())]
    return [context.judge("seal-in-time", ended=seal.valid_until.isoformat())]
