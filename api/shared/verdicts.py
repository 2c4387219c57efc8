"""How verdicts of the wallet look in an answer, at counters and for enterprises alike."""

from datetime import datetime

import msgspec

from wallet.types.verdict import CHECK_TITLES, Check, Verdict


class CheckAnswer(msgspec.Struct, kw_only=True):
    name: str
    title: str
    outcome: str
    """pass, fail, unknown, skipped or warning."""
    detail: str
    reason: str | None
    as_of: datetime | None
    """How recent the evidence is; null where it is the code or document itself."""


def checks_of(verdict: Verdict) -> list[CheckAnswer]:
    """Every check that ran, in the order it ran."""
    return [_check(check) for check in verdict.checks]


def _check(check: Check) -> CheckAnswer:
    return CheckAnswer(
        name=check.name,
        title=CHECK_TITLES.get(check.name, check.name),
        outcome=check.outcome.value,
        detail=check.detail,
        reason=check.reason,
        as_of=check.as_of,
    )
