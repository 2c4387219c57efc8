"""`python -m bench.schema [CASES]`: generated requests of every role against a demo on PostgreSQL.

Ends with status 1 when an answer was a crash, a 503 of our own, not described, or of another form
than described (tests/schema/cases.py). The suite asks a few hundred; this asks ten thousand.
"""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Mapping
from typing import Any

import requests

from bench.stack import running
from tests.identity.factories import ClientSystem
from tests.installation import Installation
from tests.journeys.actors import Citizen, CounterDevice
from tests.schema import cases
from tests.schema.signing import Signed

CASES = 10_000
EACH, BROKEN = 6, 2
"""Requests per operation in one round: as described, and not."""

OFFICERS = ("ZWB-90", "GA-01", "WJW-21")
"""A supervisor, a reviewer, a seal keeper."""


def main() -> int:
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else CASES
    report = cases.Report()
    with running() as installation:
        document: dict[str, Any] = requests.get(
            f"{installation.address}/api/openapi.json", timeout=30
        ).json()
        counter = asyncio.run(_counter(installation))  # its code is good for one enrolment
        dice = random.SystemRandom().randrange(2**32)
        while report.total < wanted:
            for role in roles(installation, counter):
                cases.run(
                    installation.address,
                    document,
                    role,
                    each=EACH,
                    broken=BROKEN,
                    report=report,
                    dice=dice,
                )
                failed = len(report.failures)
                print(f"{role.name}: {report.cases[role.name]} asked, {failed} failed", flush=True)
            dice += 1
    print(f"{report.total} requests, dice {dice - 1}")
    print(", ".join(f"{status}: {count}" for status, count in sorted(report.statuses.items())))
    for where, what in sorted(report.failures.items()):
        print(f"\n{where}\n    {what}")
    return 1 if report.failures else 0


def roles(installation: Installation, counter: CounterDevice) -> list[cases.Role]:
    """Everybody there is; people are signed in anew."""
    client_id, secret = installation.client()
    system = ClientSystem(client_id=client_id, secret=secret)
    return [
        cases.Role("anonymous", frozenset({"public", "citizen", "officer", "counter", "client"})),
        _citizen(installation),
        *(_officer(installation, staff_no) for staff_no in OFFICERS),
        cases.Role("counter", frozenset({"counter"}), auth=Signed(counter.signed_headers)),
        cases.Role("client", frozenset({"client"}), auth=Signed(system.headers)),
    ]


async def _counter(installation: Installation) -> CounterDevice:
    async with CounterDevice(installation.address) as counter:
        await counter.enrol(installation.enrolment_code())
        return counter


def _citizen(installation: Installation) -> cases.Role:
    token = asyncio.run(_token(installation))
    headers = {"Authorization": f"Bearer {token}"}
    case = _ask(
        installation,
        "POST",
        "/api/citizen/cases",
        headers,
        {"item_code": "SJ-YBJ-01", "answers": {}},
    )
    wallet = _ask(installation, "GET", "/api/citizen/licences", headers, None)
    known = {
        "case_id": [case["id"]] if "id" in case else [],
        "licence_id": [one["id"] for one in wallet.get("licences", [])],
        "code": ["SJ-YBJ-01", "SJ-GA-01", *(one["code"] for one in case.get("materials", []))],
    }
    return cases.Role(
        "citizen",
        frozenset({"public", "citizen"}),
        headers=headers,
        known={name: values for name, values in known.items() if values},
    )


async def _token(installation: Installation) -> str:
    async with Citizen(installation.address) as citizen:
        found = await citizen.get("/api/citizen/sign-in/demo")
        code = next(one["code"] for one in found["accounts"] if one["key"] == "zhang")
        answer = await citizen.post("/api/citizen/sessions", {"code": code})
        token: str = answer["token"]
        return token


def _officer(installation: Installation, staff_no: str) -> cases.Role:
    body = {"staff_no": staff_no, "password": installation.password(staff_no)}
    token = _ask(installation, "POST", "/api/staff/sessions", {}, body)["token"]
    headers = {"Authorization": f"Bearer {token}"}
    found = _ask(installation, "GET", "/api/staff/cases", headers, None)
    known = {"case_id": [one["id"] for one in found.get("items", [])]}
    return cases.Role(
        f"officer {staff_no}",
        frozenset({"officer"}),
        headers=headers,
        known={
            "department": [staff_no.partition("-")[0]],
            **{name: values for name, values in known.items() if values},
        },
    )


def _ask(
    installation: Installation,
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: object | None,
) -> dict[str, Any]:
    answer = requests.request(
        method, installation.address + path, headers=dict(headers), json=body, timeout=30
    )
    found: dict[str, Any] = answer.json()
    return found


if __name__ == "__main__":
    sys.exit(main())
