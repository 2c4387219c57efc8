"""Real servers under load whose workers are killed: answers go on, or the program ends aloud."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.conftest import on_postgres
from tests.installation import Installation
from tests.journeys.test_kill import own_database
from tests.waiting import until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not on_postgres(), reason="SQLite is served by one worker: run with TEST_DATABASE=postgres"
    ),
]
WORKERS = 3
CALLERS = 6
PAUSE_SECONDS = 0.02
"""Between the calls of one caller: callers that never pause would keep the machine from starting
anything, which says nothing about workers."""

WITHIN_SECONDS = 5.0


@pytest.fixture(scope="module")
async def prepared(
    tmp_path_factory: pytest.TempPathFactory, redis_url: str, database_url: str
) -> AsyncIterator[Installation]:
    url = f"{await own_database(database_url)}?maxsize=5"
    folder = tmp_path_factory.mktemp("workers")
    installation = Installation(
        folder,
        redis_url=redis_url,
        database_url=url,
        workers=WORKERS,
        more={"YUNJIAN_LOG_LEVEL": "INFO"},  # it says which worker is ready
    )
    yield installation
    installation.kill()


@pytest.fixture
def installation(prepared: Installation) -> Installation:
    if not prepared.running or prepared.code is not None:
        prepared.start()
    return prepared


def workers_of(installation: Installation) -> set[int]:
    """Process numbers of the workers that run now."""
    keeper = Path(f"/proc/{installation.pid}")
    found = set()
    with contextlib.suppress(FileNotFoundError):  # the keeper is gone
        for child in (keeper / "task" / keeper.name / "children").read_text().split():
            with contextlib.suppress(FileNotFoundError):
                if b"spawn_main" in (Path("/proc") / child / "cmdline").read_bytes():
                    found.add(int(child))
    return found


class Load:
    """Callers that ask without end, each time on a connection of its own."""

    def __init__(self, address: str) -> None:
        self._address = address
        self.answered = self.broken = 0

    async def __aenter__(self) -> Load:
        self._tasks = [asyncio.create_task(self._call()) for _ in range(CALLERS)]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _call(self) -> None:
        connector = aiohttp.TCPConnector(force_close=True)
        async with aiohttp.ClientSession(self._address, connector=connector) as session:
            while True:
                try:
                    async with session.get("/api/status") as answer:
                        assert answer.status == 200
                    self.answered += 1
                except aiohttp.ClientError:
                    self.broken += 1
                await asyncio.sleep(PAUSE_SECONDS)

    async def further(self, count: int = 50) -> None:
        """Wait for so many more answers."""
        wanted = self.answered + count
        await until(lambda: self.answered >= wanted, seconds=60)


def are_all_up(installation: Installation, *, but: set[int]) -> bool:
    output, running = installation.output(), workers_of(installation) - but
    return sum(f"Worker ready [{number}]" in output for number in running) == WORKERS


async def all_up(installation: Installation, *, but: set[int]) -> None:
    async with asyncio.timeout(200):
        while not are_all_up(installation, but=but):
            assert installation.code is None, installation.output()[-2000:]
            await asyncio.sleep(0.1)


async def all_up_or_ended(installation: Installation, *, but: set[int]) -> None:
    """A worker may answer a moment before its keeper hears of it, and has given up by then."""
    async with asyncio.timeout(200):
        while installation.code is None and not are_all_up(installation, but=but):  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def test_workers_killed_in_turn_under_load_are_replaced(installation: Installation) -> None:
    await all_up(installation, but=set())
    first = workers_of(installation)
    async with Load(installation.address) as load:
        await load.further()
        for number in first:
            os.kill(number, signal.SIGKILL)
            async with asyncio.timeout(20):
                await load.further()
            await all_up(installation, but={number})
        await load.further()

    assert first.isdisjoint(workers_of(installation))
    assert load.broken <= WORKERS * CALLERS  # what a killed worker had in its hands


async def test_all_workers_killed_at_once_are_replaced_or_the_program_ends(
    installation: Installation,
) -> None:
    await all_up(installation, but=set())
    killed = workers_of(installation)
    for number in killed:
        os.kill(number, signal.SIGKILL)

    end = time.monotonic() + WITHIN_SECONDS
    answered = False
    async with aiohttp.ClientSession(
        installation.address, timeout=aiohttp.ClientTimeout(total=2)
    ) as session:
        while time.monotonic() < end and installation.code is None and not answered:
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                async with session.get("/api/status") as answer:
                    answered = answer.status == 200
            await asyncio.sleep(0.05)

    assert answered or installation.code not in (None, 0)
    await all_up_or_ended(installation, but=killed)
