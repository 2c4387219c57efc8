"""Generated requests for one role: what the published document allows, and what it forbids.

Schemathesis draws them from `/api/openapi.json`. Each answer must be one that the document names,
of the form it names, and never a crash. A 503 is one too, unless its slug speaks of somebody else's
system.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from requests.auth import AuthBase
from schemathesis import Case, GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [status_code_conformance, content_type_conformance, response_schema_conformance]
SECONDS = 60.0

schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
"""The bytes of an upload (tus)."""

ENDING = {
    ("DELETE", "/api/citizen/sessions/current"),
    ("DELETE", "/api/staff/sessions/current"),
    ("DELETE", "/api/citizen/sessions/{session_id}"),
    ("DELETE", "/api/citizen/devices/{session_id}"),
    ("PUT", "/api/citizen/acting-for"),
}
"""Would end the session that all other requests use."""

OURS = {"unavailable", "internal-error"}
"""Slugs of 5xx answers that are never right here: everything the server needs is there."""


@dataclass
class Role:
    """Who asks: how requests are authorised, and ids that exist, by the parameter they stand in."""

    name: str
    guards: frozenset[str]
    headers: dict[str, str] = field(default_factory=dict)
    auth: AuthBase | None = None
    known: dict[str, list[str]] = field(default_factory=dict)


@dataclass
class Report:
    """What a run found."""

    cases: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    failures: dict[str, str] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(self.cases.values())


def operations(document: dict[str, Any], role: Role) -> list[Any]:
    """The operations of the role, in a fixed order; those that stay open are left out."""
    schema = schemathesis.openapi.from_dict(document)
    found = []
    for result in schema.get_all_operations():
        operation = result.ok()
        if (operation.method.upper(), operation.path) in ENDING or "/live" in operation.path:
            continue
        if _guard(document, operation) in role.guards:
            found.append(operation)
    return found


def run(
    address: str,
    document: dict[str, Any],
    role: Role,
    *,
    each: int,
    broken: int,
    report: Report,
    dice: int = 0,
) -> None:
    """`each` requests per operation, and `broken` more that break the document."""
    with requests.Session() as session:
        session.auth = role.auth
        for operation in operations(document, role):
            for mode, count in _modes(each, broken):
                _ask(address, operation, role, session, mode, count, report, dice)


def _modes(each: int, broken: int) -> Iterator[tuple[GenerationMode, int]]:
    yield GenerationMode.POSITIVE, each
    if broken:
        yield GenerationMode.NEGATIVE, broken


def _ask(
    address: str,
    operation: Any,
    role: Role,
    session: requests.Session,
    mode: GenerationMode,
    count: int,
    report: Report,
    dice: int,
) -> None:
    where = f"{role.name} {operation.method.upper()} {operation.path}"

    @seed(dice)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    @given(case=operation.as_strategy(generation_mode=mode), which=st.integers(0, 3))
    def ask(case: Case, which: int) -> None:
        for name, values in role.known.items():
            if name in (case.path_parameters or {}) and which:
                case.path_parameters[name] = random.Random(which).choice(values)
        answer = case.call(
            base_url=address,
            session=session,
            headers=role.headers,
            timeout=SECONDS,
            allow_redirects=False,
        )
        report.cases[role.name] += 1
        report.statuses[answer.status_code] += 1
        if answer.status_code >= 500:
            slug = answer.json().get("slug") if "json" in str(answer.headers) else None
            assert slug not in {None, *OURS}, f"{answer.status_code} {slug}"
        case.validate_response(answer, checks=CHECKS)

    try:
        ask()
    except Unsatisfiable:
        return  # an operation without parameters cannot be asked wrongly
    except (Exception, FailureGroup) as error:  # the group is no Exception
        report.failures[f"{where} ({mode.value})"] = _shown(error)


def _shown(error: BaseException) -> str:
    inner = getattr(error, "exceptions", None)
    text = "; ".join(_shown(one) for one in inner) if inner else f"{type(error).__name__}: {error}"
    return text[:1500]


def _guard(document: dict[str, Any], operation: Any) -> str:
    security = document["paths"][operation.path][operation.method.lower()]["security"]
    names = {name for one in security for name in one}
    if "counterKey" in names:
        return "counter"
    if "clientKey" in names:
        return "client"
    if "staffSession" in names:
        return "officer"
    if {} in security or not security:
        return "public"
    return "citizen"
