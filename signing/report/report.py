"""What a verification says: checks, facts about each signature, one verdict.

Unknown never adds up to valid, and a failure outweighs everything.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple


class Verdict(StrEnum):
    VALID = "valid"
    INVALID = "invalid"
    CANNOT_TELL = "cannot_tell"


class Outcome(StrEnum):
    PASS = "pass"  # noqa: S105 - a result, not a secret
    FAIL = "fail"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"
    WARNING = "warning"


_PASS, _FAIL, _UNKNOWN = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN


class Check(NamedTuple):
    """One thing that was looked at. `signature` names the signature it belongs to, "" the file."""

    name: str
    outcome: Outcome
    detail: str
    detail_en: str
    reason: str | None = None
    signature: str = ""
    evidence: Mapping[str, str] = MappingProxyType({})

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "outcome": self.outcome.value,
            "detail": self.detail,
            "detail_en": self.detail_en,
            "reason": self.reason,
            "signature": self.signature,
            "evidence": dict(self.evidence),
        }


@dataclass(frozen=True, slots=True)
class SignatureReport:
    """Who sealed, with what, when. Facts as the file states them: trust them by the verdict."""

    id: str
    type: str
    structure: str
    signer: str = ""
    organisation: str = ""
    certificate_serial: str = ""
    seal_id: str = ""
    seal_name: str = ""
    maker: str = ""
    signed_at: datetime | None = None
    suite: str = ""
    covers_signature_list: bool = False
    seal_digest: str = ""

    def to_dict(self) -> dict[str, Any]:
        stated = self.signed_at.isoformat() if self.signed_at else None
        return {
            "id": self.id,
            "type": self.type,
            "structure": self.structure,
            "signer": self.signer,
            "organisation": self.organisation,
            "certificate_serial": self.certificate_serial,
            "seal_id": self.seal_id,
            "seal_name": self.seal_name,
            "maker": self.maker,
            "signed_at": stated,
            "suite": self.suite,
            "covers_signature_list": self.covers_signature_list,
            "seal_digest": self.seal_digest,
        }


def sum_up(checks: Sequence[Check]) -> tuple[Verdict, tuple[str, ...]]:
    """The verdict these checks add up to, and the reasons that explain it: each once, in the order
    found. A check without a word of its own says unsupported."""
    failed: dict[str, None] = {}
    unknown: dict[str, None] = {}
    passed = False
    for check in checks:
        outcome = check.outcome
        if outcome is _PASS:
            passed = True
        elif outcome is _FAIL:
            failed[check.reason or "unsupported"] = None
        elif outcome is _UNKNOWN:
            unknown[check.reason or "unsupported"] = None
    if failed:
        return Verdict.INVALID, tuple(failed)
    if unknown:
        return Verdict.CANNOT_TELL, tuple(unknown)
    if not passed:
        return Verdict.CANNOT_TELL, ("unsupported",)
    return Verdict.VALID, ()


@dataclass(frozen=True, slots=True)
class SealReport:
    verdict: Verdict
    reasons: tuple[str, ...]
    checks: tuple[Check, ...]
    signatures: tuple[SignatureReport, ...]

    @classmethod
    def conclude(
        cls, checks: Sequence[Check], signatures: Sequence[SignatureReport] = ()
    ) -> "SealReport":
        """The report with the verdict these checks add up to."""
        verdict, reasons = sum_up(checks)
        return cls(verdict, reasons, tuple(checks), tuple(signatures))

    def to_dict(self) -> dict[str, Any]:
        return {
            "verdict": self.verdict.value,
            "reasons": list(self.reasons),
            "checks": [check.to_dict() for check in self.checks],
            "signatures": [signature.to_dict() for signature in self.signatures],
        }
