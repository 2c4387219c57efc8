"""Judge a GB/T 35275 signed message, the signature of Type="Sign", in each of its real forms."""

import base64
from dataclasses import replace
from datetime import datetime

from signing.errors import MalformedData
from signing.judge.context import Context
from signing.judge.signer import judge_signer, judge_value, with_signer
from signing.ofd.signatures import Described
from signing.pki import certificates, chains, cms
from signing.pki.certificates import Certificate
from signing.pki.cms_evidence import Evidence
from signing.report.report import Check, SignatureReport
from signing.suites import SM2_SM3, SUITES

# GB/T 35275 names the algorithm of the value alone.
_MESSAGE_ALGORITHMS = frozenset({"1.2.156.10197.1.301.1", "1.2.840.10045.2.1"})


def judge_message(
    described: Described, value: bytes, report: SignatureReport, context: Context
) -> tuple[list[Check], SignatureReport]:
    """A GB/T 35275 signed message in one of its real forms."""
    try:
        message = cms.parse_signed_message(value)
        bound = is_bound(message, described.content)
        signed_at = message.signing_time
        der = cms.choose_certificate(message)
        signer = None if der is None else certificates.parse(der)
    except MalformedData as problem:
        return [context.judge("signed-value-malformed", problem=str(problem))], report
    checks = [context.judge("data-hash-good" if bound else "data-hash-bad")]
    if signer is None:
        return [*checks, context.judge("bare-signature")], report
    report = replace(with_signer(report, signer), signed_at=signed_at)
    checks += _message_value(message, signer, context)
    checks += _message_time(signed_at, context)
    moment = chains.Moment(used=signed_at, now=context.now)
    context = replace(context, trust=Evidence.of(message).added_to(context.trust))
    checks += judge_signer(signer, moment, context, message.certificates)
    return checks, report


def is_bound(message: cms.SignedMessage, content: bytes) -> bool:
    """Whether the message is about this Signature.xml, directly or through its attributes."""
    digest = SM2_SM3.digest(content)
    attached = message.content in (digest, base64.b64encode(digest))
    if message.attributes is None:
        return attached
    if message.content is None:
        return message.message_digest == digest
    return attached and message.message_digest == SM2_SM3.digest(message.content)


def _message_value(
    message: cms.SignedMessage, signer: Certificate, context: Context
) -> list[Check]:
    oid = message.signature_oid
    if oid not in SUITES and oid not in _MESSAGE_ALGORITHMS:
        return [context.judge("algorithm-unsupported", oid=oid)]
    strange = sorted({message.digest_oid, *message.digest_oids} - {SM2_SM3.digest_oid})
    if strange:
        # The value is over SM3 whatever the message announces: it must announce nothing else.
        return [context.judge("digest-unknown", method=strange[0])]
    signed = message.attributes if message.attributes is not None else message.content
    return judge_value(signer, oid, signed or b"", message.signature, context)


def _message_time(signed_at: datetime | None, context: Context) -> list[Check]:
    if signed_at is None:
        return [context.judge("time-unstated")]
    code = "time-known"
    if signed_at > context.now + context.policy.clock_skew:
        code = "time-future"
    return [context.judge(code, signed_at=signed_at.isoformat()), context.judge("timestamp-absent")]
