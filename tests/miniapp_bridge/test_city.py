"""The city app by its profile: states, tickets, levels, key roll-over, signed requests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from redis.asyncio import Redis

from core.settings import SettingsError
from miniapp_bridge.city import profile
from miniapp_bridge.client import Outgoing
from miniapp_bridge.config import PlatformConfigs
from miniapp_bridge.errors import CodeRefused, NotOffered
from miniapp_bridge.platforms.city import CityConnector
from miniapp_bridge.standin import codec
from miniapp_bridge.standin.world import World
from signing import sm2

HOME = "https://zwfw.example.gov.cn/return"
KEY = bytes(32)

Make = Callable[..., CityConnector]


@pytest.fixture
async def make(configs: PlatformConfigs, redis: Redis) -> AsyncIterator[Make]:
    made: list[CityConnector] = []

    def build(hook: Any = None, **changes: Any) -> CityConnector:
        table = {**(configs.city or {}), **changes}
        connector = CityConnector(profile.read(table), redis=redis, state_key=KEY, hook=hook)
        made.append(connector)
        return connector

    yield build
    for connector in made:
        await connector.close()


def new_code(world: World, connector: CityConnector, *, state: str = "s1", **extra: Any) -> str:
    query = parse_qs(urlsplit(connector.authorize_url(redirect_uri=HOME, state=state)).query)
    return world.new_code(
        "city",
        world.people["zhang"],
        nonce=query["nonce"][0],
        code_challenge=query["code_challenge"][0],
        **extra,
    )


async def exchange(connector: CityConnector, code: str, *, state: str = "s1") -> Any:
    return await connector.exchange_page_code(code, redirect_uri=HOME, state=state)


async def test_code_with_its_state_gives_the_real_name(make: Make, world: World) -> None:
    connector = make()

    identity = await exchange(connector, new_code(world, connector))

    assert identity.user_id == "city-zhang"
    assert identity.real_name.id_no == world.people["zhang"].id_no
    assert world.people["zhang"].id_no not in repr(identity)


@pytest.mark.parametrize("extra", [{"level": "L2"}, {"level": "L9"}, {"no_level": True}])
async def test_real_name_below_the_level_is_not_taken(
    make: Make, world: World, extra: dict[str, Any]
) -> None:
    connector = make()

    identity = await exchange(connector, new_code(world, connector, **extra))

    assert identity.real_name is None


async def test_stolen_code_is_worth_nothing_without_its_state(make: Make, world: World) -> None:
    connector = make()
    code = new_code(world, connector)

    with pytest.raises(CodeRefused):
        await exchange(connector, code, state="s2")


async def test_code_is_spent_here_even_if_the_app_would_take_it_again(
    make: Make, world: World
) -> None:
    connector = make()
    code = new_code(world, connector)
    await exchange(connector, code)
    world.codes[code]["used"] = False

    with pytest.raises(CodeRefused):
        await exchange(connector, code)


async def test_key_roll_over_is_followed_without_a_restart(make: Make, world: World) -> None:
    connector = make()
    await exchange(connector, new_code(world, connector))
    world.keys = type(world.keys)(**{**vars(world.keys), "city": codec.new_rsa_key()})
    world.city_kid = "key-2"

    identity = await exchange(connector, new_code(world, connector))

    assert identity.user_id == "city-zhang"


async def test_token_under_a_foreign_key_is_refused(make: Make, world: World) -> None:
    connector = make()
    await exchange(connector, new_code(world, connector))
    world.keys = type(world.keys)(**{**vars(world.keys), "city": codec.new_rsa_key()})

    with pytest.raises(CodeRefused):
        await exchange(connector, new_code(world, connector))


def ticket_profile(configs: PlatformConfigs) -> dict[str, Any]:
    base = str((configs.city or {})["token_url"]).removesuffix("/city/token")
    return {
        "kind": "ticket",
        "userinfo_url": f"{base}/city/userinfo",
        "names": {"code": "smyToken"},
        "success_path": "code",
        "success_value": "0",
        "data_path": "data",
        "client_auth": "hmac",
    }


async def test_ticket_is_exchanged_by_the_back_channel_and_once(
    make: Make, world: World, configs: PlatformConfigs
) -> None:
    connector = make(**ticket_profile(configs))
    ticket = world.new_code("city", world.people["li"])

    identity = await connector.exchange_code(ticket)

    assert identity.real_name is not None
    assert identity.real_name.name == "李样例"
    with pytest.raises(CodeRefused):
        await connector.exchange_code(ticket)


async def test_request_can_be_signed_with_sm2_by_a_hook(
    make: Make, world: World, configs: PlatformConfigs
) -> None:
    key = sm2.PrivateKey.generate()
    signed: list[tuple[bytes, bytes]] = []

    def hook(text: bytes) -> bytes:
        signature = key.sign(text)
        signed.append((text, signature))
        return signature

    connector = make(hook, **{**ticket_profile(configs), "client_auth": "hook"})
    await connector.exchange_code(world.new_code("city", world.people["li"]))

    assert len(signed) == 2
    text, signature = signed[0]
    assert text.startswith(b"POST\n/city/token\n")
    assert key.public.verify(signature, text)


async def test_what_a_city_app_has_not_is_refused(make: Make) -> None:
    with pytest.raises(NotOffered):
        await make().phone_number("x")
    assert Outgoing(method="GET", target="/secret").__repr__().find("secret") == -1


@pytest.mark.parametrize(
    "changes",
    [{"kind": "saml"}, {"jwks_url": ""}, {"token_url": ""}, {"least_level": 0}, {"surprise": 1}],
)
def test_unusable_profile_is_named(configs: PlatformConfigs, changes: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        profile.read({**(configs.city or {}), **changes})
