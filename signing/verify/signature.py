"""Judge one signature of an OFD: references, the description file, the value, seal and signer."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import MappingProxyType

from cryptography.hazmat.primitives import hashes

from signing import suites
from signing.errors import (
    MalformedCertificate,
    MalformedData,
    MalformedSeal,
    UnsafeDocument,
)
from signing.judge.context import Context
from signing.judge.message import judge_message
from signing.judge.signer import judge_signer, judge_value, with_signer
from signing.ofd import signatures
from signing.ofd.container import Package
from signing.ofd.signatures import Described, Listed
from signing.ofd.stamps import Stamp
from signing.pki import certificates, chains, cms, timestamps
from signing.pki.certificates import Certificate
from signing.report.report import Check, Outcome, SignatureReport
from signing.seal import eseal, esignature
from signing.seal.eseal import Structure
from signing.seal.esignature import SealSignature
from signing.suites import SM2_SM3, SUITES
from signing.verify.seal import NOT_ALGORITHMS, judge_seal

_SM3, _SHA256 = hashes.SM3(), hashes.SHA256()
_MD5, _SHA1 = hashes.MD5(), hashes.SHA1()  # noqa: S303 - recognised to be refused by name

# CheckMethod as files spell it, in lower case. Absent means MD5 by the schema of GB/T 33190.
_METHODS: Mapping[str, hashes.HashAlgorithm] = MappingProxyType(
    {
        SM2_SM3.digest_oid: _SM3,
        "sm3": _SM3,
        suites.P256_SHA256.digest_oid: _SHA256,
        "sha256": _SHA256,
        "sha-256": _SHA256,
    }
)
_WEAK_METHODS: Mapping[str, hashes.HashAlgorithm] = MappingProxyType(
    {
        "": _MD5,
        "md5": _MD5,
        "1.2.840.113549.2.5": _MD5,
        "sha1": _SHA1,
        "sha-1": _SHA1,
        "1.3.14.3.2.26": _SHA1,
    }
)
_SHOWN = 5
_LARGEST_KEPT = 256 << 10


@dataclass
class Judgement:
    """What was found about one signature, and the files that it vouches for."""

    listed: Listed
    list_file: str = ""
    checks: list[Check] = field(default_factory=list)
    report: SignatureReport | None = None
    covered: frozenset[str] = frozenset()
    own_files: frozenset[str] = frozenset()
    stamps: tuple[Stamp, ...] = ()

    @property
    def failed(self) -> bool:
        return any(check.outcome is Outcome.FAIL for check in self.checks)


def judge_signature(
    package: Package, listed: Listed, list_file: str, context: Context
) -> Judgement:
    """Every check of one entry of Signatures.xml; the first failure does not stop the rest."""
    judged = Judgement(listed, list_file)
    judged.report = SignatureReport(id=listed.id, type=listed.type, structure="")
    if listed.file is None:
        judged.checks.append(context.judge("signature-file-missing", file=listed.stated))
        return judged
    judged.own_files = frozenset({listed.file})
    try:
        described = signatures.read_signature(package, listed.file)
    except UnsafeDocument as problem:
        judged.checks.append(context.judge("signature-file-unreadable", problem=str(problem)))
        return judged
    judged.stamps = described.stamps
    own = (listed.file, described.signed_value, described.seal_file)
    judged.own_files = frozenset(name for name in own if name is not None)
    checks, judged.covered = _references(package, described, context)
    judged.checks += checks
    if described.signed_value is None:
        judged.checks.append(context.judge("signature-file-missing", file="SignedValue.dat"))
    else:
        value = package.read(described.signed_value)
        checks, facts = _value(package, described, value, judged.report, context)
        judged.checks += checks
        judged.report = facts
    covers = list_file in judged.covered
    judged.report = replace(judged.report, covers_signature_list=covers)
    return judged


def judge_detached(value: bytes, description: bytes, context: Context) -> Judgement:
    """A signature value with its Signature.xml, away from the package."""
    judged = Judgement(Listed("", "Seal", None, "", ""))
    report = SignatureReport(id="", type="Seal", structure="")
    try:
        described = signatures.read_detached(description)
    except UnsafeDocument as problem:
        judged.checks.append(context.judge("signature-file-unreadable", problem=str(problem)))
        return judged
    judged.checks.append(context.judge("references-unchecked"))
    nothing = Package(b"", {}, context.policy.limits)
    checks, judged.report = _value(nothing, described, value, report, context)
    judged.checks += checks
    return judged


def _references(
    package: Package, described: Described, context: Context
) -> tuple[list[Check], frozenset[str]]:
    """Digest checks, and the files whose digest is right."""
    checks = []
    method = described.check_method.lower()
    if method not in _METHODS:
        code = "weak-digest" if method in _WEAK_METHODS else "digest-unknown"
        checks.append(context.judge(code, method=described.check_method or "MD5"))
        if method not in _WEAK_METHODS:
            return checks, frozenset()
    missing, changed, right = [], [], set()
    for reference in described.references:
        if reference.file is None:
            missing.append(reference.stated)
        elif _digest(package, reference.file, method, described) != reference.digest:
            changed.append(reference.file)
        else:
            right.add(reference.file)
    if missing:
        checks.append(context.judge("reference-missing", files=_shown(missing)))
    if changed:
        checks.append(context.judge("reference-changed", files=_shown(changed)))
    if not described.references:
        checks.append(context.judge("references-empty"))
    elif not missing and not changed:
        checks.append(context.judge("references-good", count=str(len(right))))
    return checks, frozenset(right)


def _digest(package: Package, file: str, method: str, described: Described) -> bytes:
    """The digest of a file. That of a seal is kept, since all documents of an office carry it."""
    if file == described.seal_file and package.size(file) <= _LARGEST_KEPT:
        return _digest_of_seal(package.read(file), method)
    return package.digest(file, _hasher(method))


@lru_cache(maxsize=64)
def _digest_of_seal(content: bytes, method: str) -> bytes:
    hasher = _hasher(method)
    hasher.update(content)
    return hasher.finalize()


def _hasher(method: str) -> hashes.Hash:
    return hashes.Hash(_METHODS.get(method) or _WEAK_METHODS[method])


def _shown(names: list[str]) -> str:
    """The first names of a list, for a sentence."""
    rest = f" (+{len(names) - _SHOWN})" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + rest


def _value(
    package: Package,
    described: Described,
    value: bytes,
    report: SignatureReport,
    context: Context,
) -> tuple[list[Check], SignatureReport]:
    """Judge SignedValue.dat by the kind of data it is (sheet 4.5)."""
    if cms.is_signed_message(value):
        return judge_message(described, value, replace(report, structure="p7"), context)
    if cms.is_bare_signature(value):
        return [context.judge("bare-signature")], replace(report, structure="bare")
    try:
        signature = esignature.parse_seal_signature(value)
    except MalformedData as problem:
        return [context.judge("signed-value-malformed", problem=str(problem))], report
    return _sealed(package, described, signature, report, context)


def _sealed(
    package: Package,
    described: Described,
    signature: SealSignature,
    report: SignatureReport,
    context: Context,
) -> tuple[list[Check], SignatureReport]:
    """A seal signature: v1, v4 or v5."""
    report = replace(report, structure=signature.structure.value, signed_at=signature.signed_at)
    checks = [context.judge(slip) for slip in signature.slips]
    if signature.trailing:
        checks.append(context.judge("trailing-bytes", count=str(signature.trailing)))
    checks += _binding(described, signature, context)
    moment, timed = _moment(signature, context)
    checks += timed
    try:
        signer = certificates.parse(signature.signer_certificate)
    except MalformedCertificate as problem:
        checks.append(context.judge("certificate-malformed", role="signer", problem=str(problem)))
        signer = None
    if signer is not None:
        report = with_signer(report, signer)
        checks += _signature_value(signature, signer, described, context)
        checks += judge_signer(signer, moment, context)
    seal_checks, report = _seal(package, described, signature, moment, report, context)
    return checks + seal_checks, report


def _binding(described: Described, signature: SealSignature, context: Context) -> list[Check]:
    """dataHash and propertyInfo tie the signature to this Signature.xml."""
    suite = SUITES.get(signature.algorithm, SM2_SM3)
    good = suite.digest(described.content) == signature.data_hash
    checks = [context.judge("data-hash-good" if good else "data-hash-bad")]
    stated = signature.property_info.strip().lstrip("/")
    if stated and described.file and stated != described.file:
        checks.append(
            context.judge("property-info-differs", stated=stated[:200], file=described.file)
        )
    return checks


def _moment(signature: SealSignature, context: Context) -> tuple[chains.Moment, list[Check]]:
    """The signing time to judge by, with what speaks for it."""
    checks = []
    used, proven = signature.signed_at, None
    if used is None:
        checks.append(context.judge("time-unknown", stated=signature.stated_time))
    elif used > context.now + context.policy.clock_skew:
        checks.append(context.judge("time-future", signed_at=used.isoformat()))
    else:
        checks.append(context.judge("time-known", signed_at=used.isoformat()))
    if signature.timestamp is None:
        checks.append(context.judge("timestamp-absent"))
    else:
        stamped, proven = timestamps.judge(
            signature.timestamp,
            signature.signature,
            now=context.now,
            stated=used,
            trust=context.trust,
            policy=context.policy,
            signature=context.signature,
        )
        checks += stamped
    return chains.Moment(used or proven, context.now, proven=proven is not None), checks


def _signature_value(
    signature: SealSignature, signer: Certificate, described: Described, context: Context
) -> list[Check]:
    checks = []
    oid = signature.algorithm
    if oid in NOT_ALGORITHMS:
        checks.append(context.judge("wrong-algorithm", oid=oid))
    elif oid not in SUITES:
        return [context.judge("algorithm-unsupported", oid=oid)]
    stated = described.signature_method
    if stated and stated != oid and oid in SUITES:
        checks.append(context.judge("algorithm-differs", stated=stated[:64], oid=oid))
    return checks + judge_value(signer, oid, signature.signed_part, signature.signature, context)


def _seal(
    package: Package,
    described: Described,
    signature: SealSignature,
    moment: chains.Moment,
    report: SignatureReport,
    context: Context,
) -> tuple[list[Check], SignatureReport]:
    """The seal inside the signature, the file beside it, and the signer's place in its list."""
    checks = [_seal_file(package, described, signature, context)]
    try:
        seal = eseal.parse_seal(signature.seal)
    except MalformedSeal as problem:
        return [*checks, context.judge("seal-malformed", problem=str(problem))], report
    if (seal.structure is Structure.V1) != (signature.structure is Structure.V1):
        versions = {"seal": seal.structure.value, "around": signature.structure.value}
        checks.append(context.judge("seal-version-differs", **versions))
    listed = seal.lists(signature.signer_certificate)
    checks.append(context.judge("signer-listed" if listed else "signer-not-listed"))
    if seal.maker_certificate == signature.signer_certificate:
        checks.append(context.judge("maker-is-signer"))
    checks += judge_seal(seal, context, moment)
    try:
        maker = seal.maker.common_name
    except MalformedCertificate:
        maker = ""
    report = replace(
        report,
        seal_id=seal.seal_id,
        seal_name=seal.name,
        maker=maker,
        seal_digest=seal.digest,
    )
    return checks, report


def _seal_file(
    package: Package, described: Described, signature: SealSignature, context: Context
) -> Check:
    if not described.names_seal_file:
        return context.judge("seal-file-unnamed")
    if described.seal_file is None:
        return context.judge("seal-file-missing", file="Seal.esl")
    same = package.read(described.seal_file) == signature.seal
    return context.judge("seal-file-good" if same else "seal-file-differs")
