"""Reports as lines for a terminal, coloured only when somebody looks at them there.

Names come from files that may be hostile, so everything shown goes through `rendering.visible`.
"""

from collections.abc import Iterator
from pathlib import Path

from signing.report.rendering import MARKS, visible
from signing.report.report import Check, Outcome, SealReport, Verdict

_WORDS = {Verdict.VALID: "有效", Verdict.INVALID: "无效", Verdict.CANNOT_TELL: "无法判断"}
_GREEN, _RED, _YELLOW, _GREY = "32", "31", "33", "90"
_OF_VERDICT = {Verdict.VALID: _GREEN, Verdict.INVALID: _RED, Verdict.CANNOT_TELL: _YELLOW}
_OF_OUTCOME = {
    Outcome.PASS: _GREEN,
    Outcome.FAIL: _RED,
    Outcome.UNKNOWN: _YELLOW,
    Outcome.WARNING: _YELLOW,
    Outcome.SKIPPED: _GREY,
}


def lines(path: Path, report: SealReport, *, coloured: bool = False) -> Iterator[str]:
    """The verdict, then a line for each signature and for each check."""
    reasons = f" ({', '.join(report.reasons)})" if report.reasons else ""
    verdict = f"{report.verdict.value} {_WORDS[report.verdict]}"
    painted = _paint(verdict, _OF_VERDICT[report.verdict], coloured)
    yield f"{visible(str(path))}: {painted}{reasons}"
    for found in report.signatures:
        sealed = f"{found.seal_name} · {found.signer}" if found.seal_name else found.signer
        yield visible(f"  [{found.id or '-'}] {found.structure} {sealed} {found.signed_at or ''}")
    for check in report.checks:
        yield _check_line(check, coloured=coloured)


def _check_line(check: Check, *, coloured: bool) -> str:
    where = f"[{check.signature}] " if check.signature else ""
    mark = _paint(MARKS[check.outcome], _OF_OUTCOME[check.outcome], coloured)
    return f"  {mark} " + visible(f"{where}{check.name}: {check.detail} {check.detail_en}")


def _paint(text: str, colour: str, coloured: bool) -> str:
    return f"\x1b[{colour}m{text}\x1b[0m" if coloured else text
