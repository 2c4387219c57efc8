"""kill -9 between approval and issue: after the restart the licence is there exactly once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from core.ids import new_id
from tests.conftest import on_postgres
from tests.installation import Installation
from tests.journeys import plausible
from tests.journeys.actors import Citizen, Officer
from tests.journeys.preparing import prepare
from tests.journeys.test_road import RESIDENCE_PERMIT

DELAYS = (0.0, 0.06)
"""Seconds from the answer of the approval to the kill: before the issuing, and within it."""


@pytest.fixture(scope="module")
async def installation(
    tmp_path_factory: pytest.TempPathFactory,
    redis_url: str,
    database_url: str,
    request: pytest.FixtureRequest,
) -> Installation:
    folder = tmp_path_factory.mktemp("city")
    if not on_postgres():
        like = request.getfixturevalue("fresh_demo")
        return Installation(folder, redis_url=redis_url, like=like)
    url = await own_database(database_url)
    installation = Installation(folder, redis_url=redis_url, database_url=url)
    installation.start()
    installation.kill()
    return installation


@pytest.fixture
def stopped(installation: Installation) -> Iterator[Installation]:
    """Demo data in place, no process running; whatever the test started is ended."""
    yield installation
    installation.kill()


async def own_database(database_url: str) -> str:
    """A database of its own in the server that the other tests use."""
    name = f"kill_{new_id().hex[:8]}"
    connection = await asyncpg.connect(database_url.replace("asyncpg://", "postgresql://"))
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    return urlunsplit(urlsplit(database_url)._replace(path=f"/{name}"))


async def test_approved_before_the_relay_ran_is_issued_after_the_restart(
    stopped: Installation,
) -> None:
    stopped.start("serve", YUNJIAN_RELAY="off")
    async with Citizen(stopped.address) as citizen, Officer(stopped.address) as officer:
        await citizen.sign_in("sun")
        before = await citizen.licences()
        case_id = await approve_a_case(stopped, citizen, officer)
        assert (await citizen.case(case_id))["state"] == "approved"
        assert await citizen.licences() == before

        stopped.kill()
        stopped.start("serve")
        await heard_once_and_held_once(citizen, case_id, licences=len(before) + 1)


@pytest.mark.slow
async def test_killed_at_any_moment_of_the_issuing_it_is_issued_once(
    stopped: Installation,
) -> None:
    stopped.start("serve")
    async with Citizen(stopped.address) as citizen, Officer(stopped.address) as officer:
        await citizen.sign_in("sun")
        held = len(await citizen.licences())
        for number, delay in enumerate(DELAYS, start=held + 1):
            case_id = await approve_a_case(stopped, citizen, officer)
            await asyncio.sleep(delay)
            stopped.kill()
            stopped.start("serve")
            await heard_once_and_held_once(citizen, case_id, licences=number)


async def approve_a_case(installation: Installation, citizen: Citizen, officer: Officer) -> str:
    await officer.sign_in("GA-01", installation.password("GA-01"))
    case = await prepare(citizen, RESIDENCE_PERMIT)
    await citizen.post(f"/api/citizen/cases/{case['id']}/submission")
    await officer.act(case["id"], "acceptance")
    draft = await officer.get(f"/api/staff/cases/{case['id']}/licence-draft")
    await officer.approve(case["id"], plausible.facts(draft))
    return str(case["id"])


async def heard_once_and_held_once(citizen: Citizen, case_id: str, *, licences: int) -> None:
    """The phone hears of it, from the beginning of its stream on, and the wallet has one."""
    async with citizen.live(after=0) as live:
        told = []
        async with asyncio.timeout(90):
            while not (told and told[-1]["kind"] == "case-closed"):
                frame = await live.next(seconds=90)
                if frame.get("data", {}).get("case_id") == case_id:
                    told.append(frame)

    kinds = [frame["kind"] for frame in told]
    assert kinds.count("licence-issued") == 1
    assert kinds.count("case-approved") == 1
    assert len(await citizen.licences()) == licences
    assert (await citizen.case(case_id))["state"] == "closed"
