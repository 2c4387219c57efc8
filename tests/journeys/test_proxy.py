"""Behind a real proxy: limits and sign-in logs go by the citizen, whatever the citizen writes.

On PostgreSQL two workers serve, on SQLite one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest

from core.valkey.embedded import free_port
from tests.conftest import on_postgres
from tests.installation import Installation
from tests.journeys import proxy
from tests.journeys.actors import OWN_PAGE, Citizen
from tests.journeys.test_kill import own_database

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(proxy.program() is None, reason="no nginx: apt-get install nginx-light"),
]
LIMIT = 10
"""SMS codes a minute for one address (api/citizen/entry.py)."""


@pytest.fixture(scope="module")
async def behind(
    tmp_path_factory: pytest.TempPathFactory, redis_url: str, database_url: str, fresh_demo: Path
) -> AsyncIterator[tuple[str, str]]:
    """The address of the proxy, and that of the server behind it."""
    folder, front = tmp_path_factory.mktemp("proxy"), free_port()
    public = f"http://127.0.0.1:{front}"
    more = {"YUNJIAN_TRUSTED_PROXIES": f"{proxy.PROXY}/32", "YUNJIAN_PUBLIC_URL": public}
    if on_postgres():
        url = await own_database(database_url)
        served = Installation(folder, redis_url=redis_url, database_url=url, workers=2, more=more)
    else:
        served = Installation(folder, redis_url=redis_url, like=fresh_demo, more=more)
    try:
        served.start()
        behind_port = urlsplit(served.address).port
        assert behind_port is not None
        with proxy.nginx(folder, port=front, server=behind_port):
            yield public, served.address
    finally:
        served.stop()


async def ask_code(address: str, *, own: str, **headers: str) -> int:
    """The answer to somebody at the address `own` who asks for an SMS code."""
    connector = aiohttp.TCPConnector(local_addr=(own, 0), force_close=True)
    async with (
        aiohttp.ClientSession(address, connector=connector, headers=OWN_PAGE) as session,
        session.post(
            "/api/citizen/sign-in/sms",
            json={"phone": "12"},
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        ) as answer,
    ):
        return answer.status


async def test_each_citizen_has_limits_of_their_own(behind: tuple[str, str]) -> None:
    front, _ = behind

    many = [await ask_code(front, own=f"127.11.0.{place}") for place in range(1, 2 * LIMIT)]
    one = [await ask_code(front, own="127.12.0.1") for _ in range(LIMIT + 1)]

    assert 429 not in many
    assert one.count(429) == 1
    assert one[-1] == 429


async def test_forged_headers_give_no_further_tries(behind: tuple[str, str]) -> None:
    front, _ = behind

    answers = [
        await ask_code(
            front,
            own="127.13.0.1",
            X_Forwarded_For=f"203.0.113.{place}, {proxy.PROXY}",
            X_Real_IP=f"203.0.113.{place}",
            Forwarded=f"for=203.0.113.{place}",
            True_Client_IP=f"203.0.113.{place}",
        )
        for place in range(LIMIT + 1)
    ]

    assert answers[-1] == 429
    assert 429 not in answers[:-1]


async def test_who_goes_round_the_proxy_is_not_believed(behind: tuple[str, str]) -> None:
    _, server = behind

    answers = [
        await ask_code(server, own="127.14.0.1", X_Forwarded_For=f"203.0.113.{place}")
        for place in range(LIMIT + 1)
    ]

    assert answers[-1] == 429


async def test_sign_in_log_names_the_citizens_network(behind: tuple[str, str]) -> None:
    front, _ = behind
    async with Citizen(front) as citizen:
        await citizen.http.close()
        citizen.http = aiohttp.ClientSession(
            front,
            connector=aiohttp.TCPConnector(local_addr=("127.15.8.1", 0)),
            cookie_jar=aiohttp.CookieJar(unsafe=True),
            headers={**OWN_PAGE, "X-Forwarded-For": "203.0.113.99"},
        )
        await citizen.sign_in("zhang")
        newest = (await citizen.get("/api/citizen/sign-ins"))["sign_ins"][0]

    assert newest["address"] == "127.15.8.0/24"


async def test_live_page_is_reached_through_the_proxy(behind: tuple[str, str]) -> None:
    front, _ = behind
    async with Citizen(front) as citizen:
        await citizen.sign_in("zhang")
        socket = citizen.http.ws_connect("/api/citizen/live", headers={"Origin": front})
        async with asyncio.timeout(20), socket as live:
            hello = await live.receive_json()

    assert hello["type"] == "hello"
