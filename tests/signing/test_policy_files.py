"""Policies as files: ours beside the code, and those an office writes."""

import json
from dataclasses import asdict
from importlib import resources

import pytest

from signing import (
    DEFAULT_POLICY,
    LENIENT_POLICY,
    POLICIES,
    STRICT_POLICY,
    Limits,
    MalformedData,
    Outcome,
)
from signing.report import policy_schema
from signing.report.findings import FINDINGS
from signing.report.policy_files import read_policy
from tests.signing.schema_checks import problems

FOLDER = resources.files("signing") / "policies"
RANK = [Outcome.PASS, Outcome.SKIPPED, Outcome.WARNING, Outcome.UNKNOWN, Outcome.FAIL]


@pytest.mark.parametrize("name", POLICIES)
def test_our_policies_are_files_that_follow_the_published_schema(name: str) -> None:
    content = json.loads((FOLDER / f"{name}.json").read_bytes())

    assert list(problems(content, *[policy_schema.json_schema()] * 2)) == []
    assert content["name"] == name
    assert content["description"]
    own = {code: Outcome(outcome) for code, outcome in content["outcomes"].items()}
    assert POLICIES[name].outcomes == own


def test_default_file_states_every_limit() -> None:
    content = json.loads((FOLDER / "default.json").read_bytes())

    assert content["limits"] == asdict(Limits()) == asdict(DEFAULT_POLICY.limits)
    assert content["clock_skew_seconds"] == DEFAULT_POLICY.clock_skew.total_seconds()


def test_strict_is_never_milder_and_lenient_never_harder() -> None:
    for code, finding in FINDINGS.items():
        usual = RANK.index(finding.outcome)
        assert RANK.index(STRICT_POLICY.outcomes.get(code, finding.outcome)) >= usual
        assert RANK.index(LENIENT_POLICY.outcomes.get(code, finding.outcome)) <= usual


def test_schema_refuses_what_the_reader_refuses() -> None:
    schema = policy_schema.json_schema()
    good = {"format": "yunjian-policy/1", "name": "ours", "outcomes": {"smuggled": "fail"}}
    slips = [
        {"outcomes": {"odd": "fail"}},
        {"outcomes": {"smuggled": "fine"}},
        {"limits": {"size": 1}},
        {"outcome": {}},
        {"based_on": "odd"},
    ]

    assert list(problems(good, schema, schema)) == []
    for slip in slips:
        assert list(problems({**good, **slip}, schema, schema))
        with pytest.raises(MalformedData):
            read_policy(json.dumps({**good, **slip}).encode(), known=POLICIES)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "[" * 100_000,
        '{"format": "yunjian-policy/1"}',
        '{"format": "yunjian-policy/1", "name": "strict"}',
        '{"format": "yunjian-policy/1", "name": "x", "outcome": {}}',
        '{"format": "yunjian-policy/1", "name": "x", "outcomes": {"odd": "fail"}}',
        '{"format": "yunjian-policy/1", "name": "x", "outcomes": {"smuggled": "fine"}}',
        '{"format": "yunjian-policy/1", "name": "x", "outcomes": []}',
        '{"format": "yunjian-policy/1", "name": "x", "based_on": ["strict"]}',
        '{"format": "yunjian-policy/1", "name": "x", "clock_skew_seconds": true}',
        '{"format": "yunjian-policy/1", "name": "x", "limits": {"package": 0}}',
        '{"format": "yunjian-policy/1", "name": "x", "limits": {"size": 1}}',
        '{"format": "yunjian-policy/1", "name": "x", "description": 1}',
        '{"format": "yunjian-policy/1", "name": "x", "outcomes":'
        ' {"smuggled": "fail", "smuggled": "pass"}}',
    ],
)
def test_policy_with_a_slip_is_refused(content: str) -> None:
    with pytest.raises(MalformedData):
        read_policy(content.encode(), known=POLICIES)


def test_policy_builds_on_another_one() -> None:
    ours = read_policy(
        b'{"format": "yunjian-policy/1", "name": "ours", "based_on": "strict",'
        b' "clock_skew_seconds": 5, "limits": {"entries": 9}, "outcomes": {"smuggled": "warning"}}',
        known=POLICIES,
    )

    assert ours.outcomes == {**STRICT_POLICY.outcomes, "smuggled": "warning"}
    assert (ours.clock_skew.total_seconds(), ours.limits.entries) == (5, 9)
    assert ours.limits.package == STRICT_POLICY.limits.package
