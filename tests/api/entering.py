"""Our server among played platforms, and the steps by which a person comes in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from redis.asyncio import Redis

from core.settings import Settings
from miniapp_bridge.config import PlatformConfigs
from miniapp_bridge.payments import open_providers
from miniapp_bridge.platforms import open_connectors
from miniapp_bridge.standin.world import World
from tests.api.applicants import Caller, browser
from tests.conftest import serving
from tests.played import LI, ZHANG


@pytest.fixture
async def played_address(
    settings: Settings, resources: Any, redis: Redis, configs: PlatformConfigs
) -> AsyncIterator[str]:
    """Our server with every platform connected."""
    connectors = await open_connectors(settings, redis=redis, configs=configs)
    providers = open_providers(configs, redis=redis)
    async with serving(
        settings, replace(resources, connectors=connectors, providers=providers)
    ) as url:
        yield url
    for source in (*connectors.values(), *providers.values()):
        await source.close()


@pytest.fixture
async def phone(played_address: str) -> AsyncIterator[Caller]:
    async with browser(played_address) as session:
        yield Caller(session)


@pytest.fixture
async def stranger(played_address: str) -> AsyncIterator[Caller]:
    async with browser(played_address) as session:
        yield Caller(session)


async def ticket_of(caller: Caller, world: World, who: str = "zhang") -> str:
    """What the WeChat shell gets for its user."""
    code = world.new_code("mini", world.people[who])
    body = {"platform": "wechat", "code": code, "channel": "wechat-mini"}
    answer = await caller.ok("POST", "/api/citizen/tickets", body)
    return str(answer["ticket"])


async def enter_by_ticket(caller: Caller, ticket: str) -> tuple[int, Any]:
    return await caller.call(
        "POST", "/api/citizen/sessions", {"platform": "ticket", "code": ticket}
    )


async def bind(caller: Caller, ticket: str, person: dict[str, str]) -> Any:
    """Type name and number, look into the camera, confirm."""
    body = {"ticket": ticket, "name": person["name"], "id_no": person["id_no"]}
    return await caller.ok("POST", "/api/citizen/bindings", body)


async def confirm(caller: Caller, proof: Any) -> tuple[int, Any]:
    body = {"proof_id": proof["proof_id"]}
    return await caller.call("POST", "/api/citizen/bindings/confirmation", body)


async def first_time_by_wechat(caller: Caller, world: World, who: str = "zhang") -> None:
    person = {"zhang": ZHANG, "li": LI}[who]
    code = world.new_code("mini", world.people[who])
    status, refusal = await caller.call(
        "POST", "/api/citizen/sessions", {"platform": "wechat", "code": code}
    )
    assert (status, refusal["slug"]) == (403, "account-not-bound")
    proof = await bind(caller, refusal["binding"], person)
    status, answer = await confirm(caller, proof)
    assert status == 201, answer


async def by_redirect(
    caller: Caller, platform: str, who: str, *, next_path: str = "/wallet"
) -> aiohttp.ClientResponse:
    """Follow the browser to the platform and back, but not into our pages."""
    url = f"/api/citizen/sign-in/{platform}/start?next={next_path}"
    async with caller.http.get(url, allow_redirects=False) as away:
        target = away.headers["Location"].partition("#")[0]
    async with caller.http.get(f"{target}&pick={who}", allow_redirects=False) as back:
        home = back.headers["Location"]
    path = urlsplit(home)
    response = await caller.http.get(f"{path.path}?{path.query}", allow_redirects=False)
    response.release()
    return response


async def sms_code(caller: Caller, world: World, number: str) -> str:
    asked = await caller.ok("POST", "/api/citizen/sign-in/sms", {"phone": number})
    return f"{asked['challenge']}:{world.sms[-1]['code']}"
