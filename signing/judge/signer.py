"""Judge whoever signed: the value under the key, the certificate, the facts for the report."""

from dataclasses import replace

from signing import suites
from signing.errors import InvalidKey, UnknownSuite
from signing.judge.context import Context
from signing.pki import chains
from signing.pki.certificates import Certificate
from signing.report.report import Check, SignatureReport
from signing.suites import SUITES


def with_signer(report: SignatureReport, signer: Certificate) -> SignatureReport:
    try:
        suite = suites.by_public_key(signer.spki).name
    except UnknownSuite:
        suite = ""
    return replace(
        report,
        signer=signer.common_name,
        organisation=signer.organisation,
        certificate_serial=signer.serial_hex,
        suite=suite,
    )


def judge_value(
    signer: Certificate, oid: str, message: bytes, value: bytes, context: Context
) -> list[Check]:
    """The value under the signer's key. A wrong identifier was reported before and does not stop
    the arithmetic, which then goes by the kind of key."""
    value, slip = suites.meant(value)
    checks = [context.judge(slip, role="signer")] if slip else []
    try:
        suite = suites.by_public_key(signer.spki)
    except UnknownSuite as problem:
        return [*checks, context.judge("algorithm-unsupported", oid=str(problem))]
    try:
        fits = oid not in SUITES or SUITES[oid] is suite
        good = fits and suite.verify(signer.spki, message, value)
    except InvalidKey:
        good = False
    return [*checks, context.judge("signature-good" if good else "signature-bad")]


def judge_signer(
    signer: Certificate,
    moment: chains.Moment,
    context: Context,
    extra: tuple[bytes, ...] = (),
) -> list[Check]:
    return chains.judge(
        signer,
        chains.SIGNER,
        moment,
        trust=context.trust,
        policy=context.policy,
        extra=extra,
        signature=context.signature,
    )
