"""Two counters read one code at the same instant: exactly one wins, each time; workers stop well.

With PostgreSQL two workers serve them, 500 times; with SQLite one does, a few times.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from redis.asyncio import Redis

from core.protection import protect
from core.settings import Settings
from core.valkey import redis_client
from tests.conftest import on_postgres
from tests.installation import Installation
from tests.journeys.actors import Citizen, CounterDevice
from tests.journeys.test_kill import own_database
from wallet.show import present
from wallet.types import codes

TIMES, WORKERS = (500, 2) if on_postgres() else (40, 1)
AT_A_TIME = 4


@pytest.fixture(scope="module")
async def prepared(
    tmp_path_factory: pytest.TempPathFactory, redis_url: str, database_url: str
) -> AsyncIterator[Installation]:
    url = await own_database(database_url) if on_postgres() else None
    folder = tmp_path_factory.mktemp("race")
    installation = Installation(folder, redis_url=redis_url, database_url=url, workers=WORKERS)
    yield installation
    installation.stop()


@pytest.fixture
def installation(prepared: Installation) -> Installation:
    """Running, also after a test that stopped it."""
    if not prepared.running:
        prepared.start()
    return prepared


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """The server's own Valkey, not emptied."""
    client = redis_client.connect(redis_url)
    yield client
    await client.aclose()


@pytest.mark.slow
async def test_of_two_counters_at_the_same_instant_exactly_one_wins(
    installation: Installation, redis: Redis, session_settings: Settings
) -> None:
    async with (
        Citizen(installation.address) as citizen,
        CounterDevice(installation.address) as first,
        CounterDevice(installation.address) as second,
    ):
        await first.enrol(installation.enrolment_code())
        await second.enrol(installation.manage("counter-code", "SCJG", "二楼").split()[-1])
        await citizen.sign_in("zhang")
        person_id = UUID((await citizen.get("/api/citizen/me"))["id"])
        licences = [UUID(one["id"]) for one in await citizen.licences() if one["showable"]]
        protect.use(session_settings.secret_key)
        gate = asyncio.Semaphore(AT_A_TIME)

        async def race(number: int) -> tuple[str, ...]:
            licence_id = licences[number % len(licences)]
            async with gate:
                running = await present.start(licence_id, person_id=person_id, redis=redis)
                text = codes.text_of(running.code, public_url=installation.address)
                answers = await asyncio.gather(first.verify(text), second.verify(text))
            return tuple(sorted(word(answer) for answer in answers))

        outcomes = Counter(await asyncio.gather(*(race(number) for number in range(TIMES))))
        uses = await citizen.get("/api/citizen/uses?limit=1")

    assert outcomes == {("code-used", "valid"): TIMES}
    assert uses["uses"][0]["n"] == TIMES
    assert "follows" not in installation.manage("check-uses")


def word(answer: dict[str, Any]) -> str:
    return ",".join(answer["reasons"]) or str(answer["verdict"])


@pytest.mark.slow
async def test_workers_whose_helpers_have_worked_stop_when_asked(
    installation: Installation, redis: Redis
) -> None:
    """Ctrl-C reaches every process at once; `stop` raises when one of them stays."""
    async for key in redis.scan_iter("seal-checks:*"):
        await redis.delete(key)
    async with Citizen(installation.address) as citizen:
        await citizen.sign_in("zhang")
        pages = [f"/api/citizen/licences/{one['id']}" for one in await citizen.licences()]
        shown = await asyncio.gather(*(citizen.get(page) for page in pages))
    assert {page["seal"]["verdict"] for page in shown} == {"valid"}

    installation.stop()


@pytest.mark.slow
@pytest.mark.skipif(
    WORKERS == 1, reason="SQLite is served by one worker: run with TEST_DATABASE=postgres"
)
def test_workers_that_are_still_starting_stop_when_asked(installation: Installation) -> None:
    installation.stop()
    for _ in range(2):
        installation.start("serve")  # one worker answers, the other may not be up yet

        installation.stop()  # raises when anything stays

        assert not installation.running
