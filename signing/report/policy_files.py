"""A policy as a JSON file, so that an office can be stricter or laxer without changing the program.

    {"format": "yunjian-policy/1", "name": "ours", "based_on": "strict",
     "outcomes": {"smuggled": "fail", "timestamp-absent": "unknown"},
     "clock_skew_seconds": 60, "limits": {"package": 10485760}}

Only `format` and `name` must be there. `outcomes` are by the codes of `signing/report/findings.py`;
`limits` are those of `Limits`, sizes in bytes; what a file does not state is as in the policy it is
based on, the default one when it names none. `description` is for people.
`docs/schemas/policy.schema.json` says the same to machines.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import timedelta

from signing.errors import MalformedData
from signing.report.policy_model import Limits, Policy
from signing.report.report import Outcome

FORMAT = "yunjian-policy/1"
_KEYS = {"format", "name", "description", "based_on", "outcomes", "clock_skew_seconds", "limits"}
LONGEST_SKEW = 86_400


def read_policy(data: bytes, *, known: Mapping[str, Policy]) -> Policy:
    """A policy of a name of its own that may build on one of the known ones.

    Raises MalformedData for anything it does not know: a slip must not make a policy laxer.
    """
    try:
        content = json.loads(data, object_pairs_hook=_without_doubles)
    except (ValueError, RecursionError) as problem:
        raise MalformedData("a policy is a JSON object") from problem
    if not isinstance(content, dict) or content.get("format") != FORMAT or set(content) - _KEYS:
        raise MalformedData(f"not a policy of the format {FORMAT}")
    name = content.get("name")
    base = _base(content, known)
    if not isinstance(name, str) or not name or name in known:
        raise MalformedData("a policy needs a name of its own")
    if not isinstance(content.get("description", ""), str):
        raise MalformedData("a description is a text")
    changed = _outcomes(content.get("outcomes", {}))
    try:
        return Policy(
            name,
            {**base.outcomes, **changed},
            _limits(content.get("limits", {}), base.limits),
            _skew(content.get("clock_skew_seconds"), base.clock_skew),
        )
    except ValueError as problem:
        raise MalformedData(str(problem)) from problem


def _without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A key that stands twice would leave the reader of the file with the wrong one."""
    content = dict(pairs)
    if len(content) != len(pairs):
        raise MalformedData("a policy says something twice")
    return content


def _base(content: Mapping[str, object], known: Mapping[str, Policy]) -> Policy:
    """The first of all policies is based on nothing but what this program was built with."""
    based_on = content.get("based_on", "default")
    base = known.get(based_on) if isinstance(based_on, str) else None
    if base is None and known:
        raise MalformedData("a policy is based on a known one")
    return base or Policy("")


def _outcomes(value: object) -> dict[str, Outcome]:
    if not isinstance(value, dict):
        raise MalformedData("outcomes are findings with what they count as")
    try:
        return {code: Outcome(outcome) for code, outcome in value.items()}
    except ValueError as problem:
        raise MalformedData(str(problem)) from problem


def _limits(value: object, base: Limits) -> Limits:
    if not isinstance(value, dict) or set(value) - set(asdict(base)):
        raise MalformedData("limits that nobody knows")
    if not all(type(number) is int and number > 0 for number in value.values()):
        raise MalformedData("a limit is a whole number")
    return replace(base, **value)


def _skew(value: object, base: timedelta) -> timedelta:
    if value is None:
        return base
    if type(value) is not int or not 0 <= value <= LONGEST_SKEW:
        raise MalformedData("clock_skew_seconds is a whole number up to one day")
    return timedelta(seconds=value)
