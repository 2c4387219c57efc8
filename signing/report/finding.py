"""One thing a verification can find, before a policy has its say."""

from dataclasses import dataclass

from signing.report.report import Outcome

PASS, FAIL, UNKNOWN = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN
SKIPPED, WARNING = Outcome.SKIPPED, Outcome.WARNING


@dataclass(frozen=True, slots=True)
class Finding:
    """Name of the check, usual outcome, reason word if refused, sentences in two languages."""

    check: str
    outcome: Outcome
    reason: str | None
    detail: str
    detail_en: str
