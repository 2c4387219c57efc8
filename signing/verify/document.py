"""Verify an OFD document: package, signature lists, every signature, coverage of what is shown.

Every finding is reported, not only the first. Validity is judged at the signing time; `at` is the
time of the check. Only bytes that are no OFD at all raise.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from signing.errors import UnsafeDocument
from signing.judge.context import Context
from signing.ofd import document, signatures
from signing.ofd.container import ROOT, Package, open_package
from signing.ofd.signatures import SignatureList
from signing.pdf import is_pdf, verify_pdf
from signing.pki.trust import TrustList
from signing.report.policy import DEFAULT_POLICY, Policy
from signing.report.report import Check, SealReport
from signing.verify.signature import Judgement, judge_detached, judge_signature
from signing.verify.stamps import judge_stamps

_SHOWN = 10


def verify_document(
    data: bytes, *, trust: TrustList, at: datetime, policy: Policy = DEFAULT_POLICY
) -> SealReport:
    """The report on every seal and signature of an OFD or a PDF.

    Raises MalformedDocument when the bytes are neither (no %PDF header, no zip, no OFD.xml). A
    document without a signature is invalid with the reason no-seal.
    """
    if is_pdf(data):
        return verify_pdf(data, trust=trust, at=at, policy=policy)
    context = Context(trust, at, policy)
    try:
        report, _ = examine(open_package(data, policy.limits), context)
    except UnsafeDocument as problem:
        return SealReport.conclude([context.judge("package-unsafe", problem=str(problem))])
    return report


def verify_detached(
    value: bytes,
    description: bytes,
    *,
    trust: TrustList,
    at: datetime,
    policy: Policy = DEFAULT_POLICY,
) -> SealReport:
    """Judge SignedValue.dat with its Signature.xml. The files it refers to are not compared, so
    valid means: this signer sealed this description."""
    judged = judge_detached(value, description, Context(trust, at, policy))
    reports = [judged.report] if judged.report is not None else []
    return SealReport.conclude(judged.checks, reports)


def examine(package: Package, context: Context) -> tuple[SealReport, list[Judgement]]:
    """The report on an open package, and the judgement of each signature with what it covers.

    Raises UnsafeDocument.
    """
    checks = [context.judge("package-good", entries=str(len(package.names)))]
    bodies = document.bodies(package)
    lists, list_checks = _lists(package, bodies, context)
    checks += list_checks
    judged: list[Judgement] = []
    for body, found in lists:
        judged += _judge_list(package, body, found, context)
    for judgement in judged:
        checks += judgement.checks
    if any(not judgement.failed for judgement in judged):
        checks += _coverage(package, bodies, judged, context)
        package.unpack_rest()
    reports = [judgement.report for judgement in judged if judgement.report is not None]
    return SealReport.conclude(checks, reports), judged


def _lists(
    package: Package, bodies: Sequence[document.Body], context: Context
) -> tuple[list[tuple[document.Body, SignatureList]], list[Check]]:
    """The signature lists of all documents in the package, each with its document."""
    lists, checks = [], []
    for body in bodies:
        if body.signatures is None:
            continue
        if body.signatures not in package:
            checks.append(context.judge("signature-list-missing", file=body.signatures))
            continue
        lists.append((body, signatures.read_list(package, body.signatures)))
    count = sum(len(found.entries) for _, found in lists)
    if count:
        checks.append(context.judge("signature-list-good", count=str(count)))
    elif not checks:
        checks.append(context.judge("no-signature"))
    return lists, checks


def _judge_list(
    package: Package, body: document.Body, found: SignatureList, context: Context
) -> list[Judgement]:
    judged = [
        judge_signature(package, entry, found.file, replace(context, signature=entry.id))
        for entry in found.entries
    ]
    # GM/T 0099: a signature may rest on another one, by identifier or by path. It falls with it,
    # and also when the other one was dropped from the list.
    good = {name for one in judged if not one.failed for name in _names(one)}
    for one in judged:
        if not one.failed:
            own = replace(context, signature=one.listed.id)
            one.checks += judge_stamps(package, body, one.stamps, own)
        if one.listed.relative and one.listed.relative not in good:
            own = replace(context, signature=one.listed.id)
            one.checks.append(own.judge("base-invalid", base=one.listed.relative))
    return judged


def _names(judgement: Judgement) -> tuple[str, ...]:
    return judgement.listed.id, judgement.listed.stated


def _coverage(
    package: Package,
    bodies: Sequence[document.Body],
    judged: Sequence[Judgement],
    context: Context,
) -> list[Check]:
    """Whether everything a reader shows is covered by a signature that holds."""
    covered: set[str] = set()
    own: set[str] = {body.signatures for body in bodies if body.signatures is not None}
    for judgement in judged:
        own |= judgement.own_files
        if not judgement.failed:
            covered |= judgement.covered
    reached = document.reach(package)
    checks = []
    for name, problem in reached.unsafe.items():
        checks.append(context.judge("xml-unreadable", file=name, problem=problem))
    for name, problem in reached.broken.items():
        code = "xml-slip" if name in covered else "xml-unreadable"
        checks.append(context.judge(code, file=name, problem=problem))
    bare = sorted(reached.files - covered - own)
    if bare == [ROOT]:
        checks.append(context.judge("ofdxml-uncovered"))
    elif bare:
        checks.append(context.judge("uncovered", files=_shown(bare)))
    if not bare or bare == [ROOT]:
        checks.append(context.judge("covered", count=str(len(reached.files))))
    shown = (reached.files & covered) - {ROOT}
    checks += _each(bodies, judged, shown, context)
    loose = set(package.names) - reached.files - own
    struck = sorted(name for name in loose if signatures.is_description(package, name))
    if struck:
        checks.append(context.judge("seal-struck", files=_shown(struck)))
    smuggled = sorted(loose - covered)
    if smuggled:
        checks.append(context.judge("smuggled", files=_shown(smuggled)))
    return checks


def _each(
    bodies: Sequence[document.Body],
    judged: Sequence[Judgement],
    shown: set[str],
    context: Context,
) -> Iterator[Check]:
    """What each signature that holds leaves out. Whoever may sign at all could otherwise lend a
    page of his own the looks of being sealed by somebody else."""
    roots = {body.signatures: body.root for body in bodies}
    for judgement in judged:
        if judgement.failed:
            continue
        own = replace(context, signature=judgement.listed.id)
        root = roots.get(judgement.list_file)
        missing = sorted(shown - judgement.covered)
        if root is not None and root not in judgement.covered:
            yield own.judge("document-uncovered", file=root)
        elif missing:
            yield own.judge("partly-covered", files=_shown(missing))


def _shown(names: Sequence[str]) -> str:
    rest = f" (+{len(names) - _SHOWN})" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + rest
