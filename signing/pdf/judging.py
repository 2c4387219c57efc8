"""Verify a PDF: the same checks, order and words as an OFD (see `signing.verify.document`).

`references` says whether the signed bytes are unchanged, `coverage` whether everything a reader
shows is signed: no hole in the byte range but the signature, and nothing added afterwards save
evidence, time stamps and further signatures.
"""

from dataclasses import replace
from datetime import datetime

from signing.errors import MalformedData, MalformedSignature
from signing.judge.context import Context
from signing.judge.signer import judge_signer, judge_value, with_signer
from signing.pdf import messages
from signing.pdf.signatures import Broken, PdfDocument, PdfSignature
from signing.pki import asn1, certificates, chains, cms, timestamps
from signing.pki.certificates import Certificate
from signing.pki.cms_building import DATA
from signing.pki.cms_evidence import NOTHING, Evidence
from signing.pki.timestamps import DIGESTS
from signing.pki.trust import TrustList
from signing.report.policy import Policy
from signing.report.report import Check, Outcome, SealReport, SignatureReport
from signing.suites import SUITES

_STRUCTURES = {"ETSI.CAdES.detached": "pades", "adbe.pkcs7.detached": "pkcs7"}
_WEAK_FILTERS = frozenset({"adbe.pkcs7.sha1", "adbe.x509.rsa_sha1"})
_WEAK_DIGESTS = frozenset({"1.2.840.113549.2.5", "1.3.14.3.2.26"})
_Judged = tuple[list[Check], SignatureReport | None]


def verify(data: bytes, *, trust: TrustList, at: datetime, policy: Policy) -> SealReport:
    """The report on every signature and time stamp of a PDF; raises nothing about its content."""
    context = Context(trust, at, policy)
    try:
        return _verify(PdfDocument(data, policy.limits), context)
    except MalformedData as problem:
        return SealReport.conclude([context.judge("package-unsafe", problem=str(problem))])


def _verify(document: PdfDocument, context: Context) -> SealReport:
    checks = [context.judge("package-good", entries=str(document.revisions))]
    found = document.signatures()
    if all(isinstance(one, PdfSignature) and one.is_timestamp for one in found):
        checks.append(context.judge("no-signature"))
    else:
        checks.append(context.judge("signature-list-good", count=str(len(found))))
    kept = _Kept(document, context)
    reports, holds = [], False
    for signature in found:
        own = replace(kept.context, signature=signature.name)
        made, report = _judge(document, signature, kept, own)
        holds |= not any(check.outcome is Outcome.FAIL for check in made)
        checks += made
        reports += [report] if report is not None else []
    if holds:
        checks.append(context.judge("covered", count=str(document.revisions)))
    return SealReport.conclude(checks, reports)


class _Kept:
    """What the document brings along to be judged by: revocation lists, answers, certificates.

    Lists and answers are signed by their issuer, so their sender does not matter, and the newest
    wins: those of the document can only add to those of the trust list.
    """

    def __init__(self, document: PdfDocument, context: Context) -> None:
        kept = document.evidence()
        self.certificates = kept.certificates
        evidence = Evidence.readable(kept.lists, kept.answers)
        self.in_store = bool(evidence.lists or evidence.answers)
        self.context = replace(context, trust=evidence.added_to(context.trust))


def _as_of(proven: datetime | None, context: Context, *, kept: bool) -> datetime:
    """With a proven time, evidence kept in the document need be fresh only then (B-LT)."""
    return proven if proven is not None and kept and proven <= context.now else context.now


def _judge(
    document: PdfDocument, signature: PdfSignature | Broken, kept: _Kept, context: Context
) -> _Judged:
    if isinstance(signature, Broken):
        return [context.judge("signed-value-malformed", problem=signature.problem)], None
    report = SignatureReport(
        id=signature.name,
        type="Timestamp" if signature.is_timestamp else "Sign",
        structure=_STRUCTURES.get(signature.subfilter, signature.subfilter),
        covers_signature_list=signature.closes,
    )
    if signature.subfilter in _WEAK_FILTERS:
        return [context.judge("weak-digest", method=signature.subfilter)], report
    problem = document.range_problem(signature)
    if problem:
        return [context.judge("uncovered", files=problem)], report
    if signature.is_timestamp:
        checks, report = _judge_stamp(document, signature, report, context)
    elif signature.subfilter in _STRUCTURES:
        checks, report = _judge_message(document, signature, report, kept, context)
    else:
        return [context.judge("algorithm-unsupported", oid=signature.subfilter)], report
    if not any(check.outcome is Outcome.FAIL for check in checks):
        changed = document.changes_after(signature)
        if changed:
            checks.append(context.judge("reference-changed", files=changed))
    return checks, report


def _judge_stamp(
    document: PdfDocument,
    signature: PdfSignature,
    report: SignatureReport,
    context: Context,
) -> tuple[list[Check], SignatureReport]:
    """A document time stamp (ETSI EN 319 142-1, 5.4.3): a token over the signed bytes."""
    try:
        token, rest = messages.split(signature.contents)
    except MalformedSignature as problem:
        return [context.judge("timestamp-bad", problem=str(problem))], report
    checks = [context.judge("trailing-bytes", count=str(rest))] if rest else []
    stamped, proven = timestamps.judge(
        token,
        signature.signed_bytes(document.data),
        now=context.now,
        stated=None,
        trust=context.trust,
        policy=context.policy,
        signature=context.signature,
    )
    return checks + stamped, replace(report, signed_at=proven)


def _judge_message(
    document: PdfDocument,
    signature: PdfSignature,
    report: SignatureReport,
    kept: _Kept,
    context: Context,
) -> tuple[list[Check], SignatureReport]:
    try:
        contents, rest = messages.split(signature.contents)
        message = cms.parse_signed_message(contents)
        signed_at = message.signing_time or signature.stated_at
        der = cms.choose_certificate(message, kept.certificates)
        signer = None if der is None else certificates.parse(der)
        stamp = messages.signature_timestamp(contents)
        checks = _binding(document, signature, message, context)
        checks += [context.judge("trailing-bytes", count=str(rest))] if rest else []
        if signer is not None:
            checks += _naming(signature, message, signer, context)
    except MalformedData as problem:
        return [context.judge("signed-value-malformed", problem=str(problem))], report
    level = "b" if stamp is None else ("lt" if kept.in_store else "t")
    structure = f"pades-b-{level}" if report.structure == "pades" else report.structure
    report = replace(report, signed_at=signed_at, structure=structure)
    if signer is None:
        return [*checks, context.judge("bare-signature")], report
    sent = Evidence.of(message)
    context = replace(context, trust=sent.added_to(context.trust))
    has_evidence = kept.in_store or sent != NOTHING
    moment, timing = _moment(message, signed_at, stamp, has_evidence, context)
    checks += timing
    checks += _value(message, signer, context)
    extra = (*message.certificates, *kept.certificates)
    return checks + judge_signer(signer, moment, context, extra), with_signer(report, signer)


def _binding(
    document: PdfDocument,
    signature: PdfSignature,
    message: cms.SignedMessage,
    context: Context,
) -> list[Check]:
    """The digest in the message is that of the signed bytes."""
    if message.content is not None or message.attributes is None:
        raise MalformedSignature("not a detached message with signed attributes")
    if message.attribute(cms.CONTENT_TYPE) not in (asn1.oid(DATA), asn1.oid(cms.GB_DATA)):
        raise MalformedSignature("the message is not about data")
    if message.digest_oid in _WEAK_DIGESTS:
        return [context.judge("weak-digest", method=message.digest_oid)]
    digest = DIGESTS.get(message.digest_oid)
    if digest is None:
        return [context.judge("digest-unknown", method=message.digest_oid)]
    if digest(signature.signed_bytes(document.data)) == message.message_digest:
        return [context.judge("references-good", count="1")]
    return [context.judge("reference-changed", files="ByteRange")]


def _naming(
    signature: PdfSignature,
    message: cms.SignedMessage,
    signer: Certificate,
    context: Context,
) -> list[Check]:
    """PAdES signs the certificate along with the content, so that it cannot be exchanged."""
    names = (cms.SIGNING_CERTIFICATE, cms.SIGNING_CERTIFICATE_V2)
    stated = any(message.attribute(oid) is not None for oid in names)
    needed = stated or _STRUCTURES[signature.subfilter] == "pades"
    if not needed or timestamps.names_certificate(message, signer):
        return []
    problem = "the signed attributes name another certificate or none"
    return [context.judge("signed-value-malformed", problem=problem)]


def _moment(
    message: cms.SignedMessage,
    signed_at: datetime | None,
    stamp: bytes | None,
    has_evidence: bool,
    context: Context,
) -> tuple[chains.Moment, list[Check]]:
    if signed_at is None:
        checks = [context.judge("time-unstated")]
    else:
        future = signed_at > context.now + context.policy.clock_skew
        code = "time-future" if future else "time-known"
        checks = [context.judge(code, signed_at=signed_at.isoformat())]
    if stamp is None:
        checks.append(context.judge("timestamp-absent"))
        return chains.Moment(signed_at, context.now), checks
    now = _as_of(messages.stamped_at(stamp), context, kept=has_evidence)
    stamped, proven = timestamps.judge(
        stamp,
        message.signature,
        now=now,
        stated=signed_at,
        trust=context.trust,
        policy=context.policy,
        signature=context.signature,
        checked_at=context.now,
    )
    used = signed_at or proven
    fresh_at = _as_of(proven, context, kept=has_evidence)
    moment = chains.Moment(used, fresh_at, proven=proven is not None, checked_at=context.now)
    return moment, checks + stamped


def _value(message: cms.SignedMessage, signer: Certificate, context: Context) -> list[Check]:
    oid = message.signature_oid
    try:
        suite = messages.suite_of(message, signer)
    except MalformedSignature:
        return [context.judge("algorithm-unsupported", oid=oid)]
    if oid in SUITES and SUITES[oid] is not suite:
        return [context.judge("signature-bad")]
    return judge_value(signer, oid, message.attributes or b"", message.signature, context)
