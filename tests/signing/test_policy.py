"""Findings, policies and verdicts hold together."""

import json
import string

import pytest

from signing import POLICIES, REASONS, Check, Outcome, Policy, SealReport, verify_document
from signing.report.findings import FINDINGS
from tests.signing.makers import AT, authority


@pytest.mark.parametrize("code", sorted(FINDINGS))
def test_finding_speaks_both_languages_and_the_closed_list(code: str) -> None:
    finding = FINDINGS[code]

    assert finding.detail.endswith("。")
    assert finding.detail_en.endswith(".")
    assert finding.reason is None or finding.reason in REASONS
    if finding.outcome in (Outcome.FAIL, Outcome.UNKNOWN):
        assert finding.reason is not None


@pytest.mark.parametrize("policy", POLICIES.values(), ids=lambda policy: policy.name)
@pytest.mark.parametrize("code", sorted(FINDINGS))
def test_every_policy_gives_a_reason_for_what_it_refuses(policy: Policy, code: str) -> None:
    finding = FINDINGS[code]
    templates = (finding.check, finding.detail, finding.detail_en)
    fields = {
        name for text in templates for _, name, _, _ in string.Formatter().parse(text) if name
    }

    check = policy.judge(code, **{"role": "signer", **dict.fromkeys(fields - {"role"}, "x")})

    assert check.reason is None or check.reason in REASONS
    if check.outcome in (Outcome.FAIL, Outcome.UNKNOWN):
        assert check.reason in REASONS


def test_policy_cannot_speak_of_unknown_findings() -> None:
    with pytest.raises(ValueError, match="unknown findings"):
        Policy("odd", {"no-such-thing": Outcome.FAIL})


def check(outcome: Outcome, reason: str | None = None) -> Check:
    return Check("x", outcome, "。", ".", reason)


def test_unknown_never_adds_up_to_valid() -> None:
    report = SealReport.conclude([check(Outcome.PASS), check(Outcome.UNKNOWN, "unknown-issuer")])

    assert (report.verdict, report.reasons) == ("cannot_tell", ("unknown-issuer",))


def test_failure_outweighs_everything() -> None:
    checks = [check(Outcome.UNKNOWN, "unknown-issuer"), check(Outcome.FAIL, "bad-seal")]

    report = SealReport.conclude([*checks, check(Outcome.FAIL, "bad-seal")])

    assert (report.verdict, report.reasons) == ("invalid", ("bad-seal",))


def test_nothing_checked_is_not_valid() -> None:
    assert SealReport.conclude([]).verdict == "cannot_tell"
    assert SealReport.conclude([check(Outcome.WARNING)]).verdict == "cannot_tell"


def test_report_is_json(sealed: bytes) -> None:
    report = verify_document(sealed, trust=authority().trust, at=AT)

    written = json.loads(json.dumps(report.to_dict()))

    assert written["verdict"] == "valid"
    assert written["signatures"][0]["signed_at"] == "2026-12-01T04:00:00+00:00"
    assert {found["outcome"] for found in written["checks"]} == {"pass", "skipped"}
