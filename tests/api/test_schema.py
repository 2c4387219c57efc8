"""The published document is the whole truth: generated requests of every role find nothing else.

Requests that break the document take most of the time; here only officers, counters and systems
send them.

`python -m bench.schema` asks ten thousand of them, on PostgreSQL.
"""

import asyncio
from functools import partial
from typing import Any

import aiohttp
import pytest

from identity.staff.roles import Role as Duty
from tests.api import people
from tests.api.applicants import Applicant
from tests.identity import factories
from tests.schema import cases
from tests.schema.signing import Signed

Client = aiohttp.ClientSession
pytestmark = [pytest.mark.slow, pytest.mark.one_database]


async def asked(address: str, client: Client, role: cases.Role, *, broken: int = 1) -> cases.Report:
    """The server answers in this loop, so whoever asks sits in a thread."""
    async with client.get("/api/openapi.json") as response:
        document = await response.json()
    report = cases.Report()
    ask = partial(cases.run, address, document, role, each=1, broken=broken, report=report)
    await asyncio.to_thread(ask)
    return report


def check(report: cases.Report, at_least: int) -> None:
    assert not report.failures, "\n".join(f"{at}: {what}" for at, what in report.failures.items())
    assert report.total >= at_least


async def test_nobody_finds_what_is_not_described(address: str, client: Client) -> None:
    role = cases.Role("anonymous", frozenset({"public", "citizen", "officer", "counter", "client"}))

    check(await asked(address, client, role, broken=0), 150)


async def test_citizen_finds_nothing_that_is_not_described(
    address: str, applicant: Applicant, resources: Any
) -> None:
    case = await applicant.draft()
    async with aiohttp.ClientSession(address) as other:
        token = (await people.citizen(other, resources, await factories.person()))["token"]
        role = cases.Role(
            "citizen",
            frozenset({"public", "citizen"}),
            headers={"Authorization": f"Bearer {token}"},
            known={"case_id": [case["id"]], "code": ["photo"]},
        )
        check(await asked(address, applicant.http, role, broken=0), 60)


async def test_officer_finds_nothing_that_is_not_described(address: str, client: Client) -> None:
    token = (await people.officer(client, roles=tuple(Duty)))["token"]
    role = cases.Role(
        "officer",
        frozenset({"officer"}),
        headers={"Authorization": f"Bearer {token}"},
        known={"department": ["SCJG"]},
    )

    check(await asked(address, client, role), 50)


@pytest.mark.usefixtures("db")
async def test_counter_finds_nothing_that_is_not_described(address: str, client: Client) -> None:
    device = await factories.CounterDevice().enrol()
    role = cases.Role(
        "counter",
        frozenset({"counter"}),
        auth=Signed(lambda method, target, body: device.headers(method, target, body)),
    )

    check(await asked(address, client, role), 5)


@pytest.mark.usefixtures("db")
async def test_client_finds_nothing_that_is_not_described(address: str, client: Client) -> None:
    system = await factories.ClientSystem().register(daily_quota=10_000)
    role = cases.Role(
        "client",
        frozenset({"client"}),
        auth=Signed(lambda method, target, body: system.headers(method, target, body)),
    )

    check(await asked(address, client, role), 10)
