"""The city app by its profile: states, tickets, levels, key roll-over, signed requests."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from redis.asyncio import Redis

from core.settings import Settings, SettingsError
from miniapp_bridge.city import profile
from miniapp_bridge.client import Outgoing
from miniapp_bridge.config import PlatformConfigs
from miniapp_bridge.errors import CodeRefused, NotOffered
from miniapp_bridge.platforms import city
from miniapp_bridge.platforms.city import CityConnector
from miniapp_bridge.standin import codec
from miniapp_bridge.standin.world import World
from resources import SIGNERS
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


def sm2_pem(secret: bytes) -> bytes:
    """A private key of the curve SM2 as PKCS #8 (RFC 5208), built by hand."""
    algorithm = bytes.fromhex("301306072a8648ce3d020106082a811ccf5501822d")
    key = bytes.fromhex("04273025020101") + b"\x04\x20" + secret
    text = base64.encodebytes(bytes.fromhex("3041020100") + algorithm + key)
    return b"-----BEGIN PRIVATE KEY-----\n" + text + b"-----END PRIVATE KEY-----\n"


def signing_city(configs: PlatformConfigs, **changes: Any) -> PlatformConfigs:
    table = {**(configs.city or {}), **ticket_profile(configs), "client_auth": "hook", **changes}
    return msgspec.structs.replace(configs, city=table)


async def test_profile_chooses_the_sm2_signer_and_its_key(
    configs: PlatformConfigs, folder: Path, settings: Settings, redis: Redis, world: World
) -> None:
    key = sm2.PrivateKey.generate()
    (folder / "city-sm2.pem").write_bytes(sm2_pem(key.secret))
    connector = await city.open_connector(
        settings, signing_city(configs, key_file="city-sm2.pem"), redis=redis, signers=SIGNERS
    )
    assert isinstance(connector, CityConnector)
    headers = connector._signed_headers(Outgoing(method="POST", target="http://h/t?a=1", data=b"x"))
    await connector.close()

    digest = hashlib.sha256(b"x").hexdigest()
    at = headers["X-Access-Time"]
    text = "\n".join(("POST", "/t?a=1", headers["X-Access-Key"], at, digest)).encode()
    assert key.public.verify(base64.b64decode(headers["X-Access-Signature"]), text)


@pytest.mark.parametrize(
    "changes",
    [{}, {"key_file": "absent.pem"}, {"key_file": "own.pem"}, {"hook": "x", "key_file": "own.pem"}],
    ids=["no key", "no file", "RSA key", "unknown signer"],
)
async def test_signer_that_cannot_work_is_named_at_the_start(
    configs: PlatformConfigs, settings: Settings, redis: Redis, changes: dict[str, Any]
) -> None:
    with pytest.raises(SettingsError, match=r"city|absent\.pem"):
        await city.open_connector(
            settings, signing_city(configs, **changes), redis=redis, signers=SIGNERS
        )


def url_profile(configs: PlatformConfigs) -> dict[str, Any]:
    changes = {**ticket_profile(configs), "kind": "token_in_url", "token_url": ""}
    return {**changes, "code_param": "token", "accept_token_in_url": True}


async def test_token_in_the_address_names_its_person_once(
    make: Make, world: World, configs: PlatformConfigs
) -> None:
    connector = make(**url_profile(configs))
    token = world.new_code("city-token", world.people["li"])

    identity = await exchange(connector, token)

    assert identity.user_id == "city-li"
    assert connector.code_parameter == "token"
    assert world.count("/city/token") == 0
    world.codes[token]["used"] = False
    with pytest.raises(CodeRefused):
        await exchange(connector, token)


async def test_unknown_token_in_the_address_is_a_spent_code(
    make: Make, configs: PlatformConfigs
) -> None:
    with pytest.raises(CodeRefused):
        await exchange(make(**url_profile(configs)), "f" * 32)


def test_token_in_the_address_must_be_asked_for_twice(configs: PlatformConfigs) -> None:
    table = {**(configs.city or {}), **url_profile(configs), "accept_token_in_url": False}
    with pytest.raises(SettingsError, match="accept_token_in_url"):
        profile.read(table)


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
