"""What a policy is: outcomes that differ from `findings`, limits, tolerances. `policy` has ours."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from types import MappingProxyType
from typing import NamedTuple

from signing.report.findings import FINDINGS
from signing.report.report import Check, Outcome

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """What a package may cost to read. Sizes in bytes."""

    package: int = 128 * MIB
    entries: int = 4096
    entry: int = 64 * MIB
    total: int = 256 * MIB
    xml: int = 16 * MIB
    ratio: int = 200
    """Highest expansion of an entry that unpacks to more than `ratio_floor`."""
    ratio_floor: int = MIB
    name: int = 512
    signatures: int = 64
    references: int = 8192


@dataclass(frozen=True)
class Policy:
    name: str
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    limits: Limits = Limits()
    clock_skew: timedelta = timedelta(minutes=5)
    """How far a stated time may lie ahead of the time of the check."""

    def __post_init__(self) -> None:
        unheard = set(self.outcomes) - set(FINDINGS)
        if unheard:
            raise ValueError(f"policy {self.name!r} speaks of unknown findings {sorted(unheard)}")
        object.__setattr__(self, "outcomes", dict(self.outcomes))

    def __hash__(self) -> int:
        return hash(self.name)

    def judge(self, code: str, *, signature: str = "", **facts: str) -> Check:
        """The check for a finding, with this policy's outcome and the facts in its sentences."""
        found = self._prepared.get(code) or self._prepare(code)
        name, detail, detail_en, outcome, reason = found
        if "{" in name:
            name = name.format(**facts)
        if "{" in detail:
            detail = detail.format(**facts)
        if "{" in detail_en:
            detail_en = detail_en.format(**facts)
        evidence = {"finding": code, **facts}
        return Check(name, outcome, detail, detail_en, reason, signature, evidence)

    @cached_property
    def _prepared(self) -> "dict[str, _Prepared]":
        return {}

    def _prepare(self, code: str) -> "_Prepared":
        finding = FINDINGS[code]
        outcome = self.outcomes.get(code, finding.outcome)
        reason = finding.reason
        if reason is None and outcome in (Outcome.FAIL, Outcome.UNKNOWN):
            reason = _REASON_WHEN_REFUSED.get(finding.check, "unsupported")
        self._prepared[code] = found = _Prepared(
            finding.check,
            finding.detail,
            finding.detail_en,
            outcome,
            reason if outcome is not Outcome.PASS else None,
        )
        return found


class _Prepared(NamedTuple):
    """A finding under one policy, as far as it is the same every time."""

    name: str
    detail: str
    detail_en: str
    outcome: Outcome
    reason: str | None


# The word for a finding that is usually a warning but that a stricter policy refuses.
_REASON_WHEN_REFUSED: Mapping[str, str] = MappingProxyType(
    {
        "coverage": "not-covered",
        "encoding": "bad-signature",
        "algorithm": "bad-signature",
        "signature-file": "content-changed",
        "seal": "bad-seal",
        "seal-validity": "bad-seal",
        "signing-time": "clock-unsure",
        "timestamp": "bad-timestamp",
        "stamps": "bad-seal",
        "proof": "unbound",
        "package": "unreadable",
        "signer-revocation": "certificate-revoked",
        "maker-revocation": "certificate-revoked",
        "tsa-revocation": "certificate-revoked",
    }
)
