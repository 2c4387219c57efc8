"""What every connector promises, run over each of them. A new one adds a line to STAGES.

The platforms are played by the stand-in, which shares no code with ours. What a platform does not
offer must be refused in the one agreed way.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest
from redis.asyncio import Redis

from core.settings import Settings
from miniapp_bridge.config import PlatformConfigs
from miniapp_bridge.connector import Callback, Connector, SendOutcome, SubscriptionMessage
from miniapp_bridge.errors import CallbackRefused, CodeRefused, MessageRejected, NotOffered
from miniapp_bridge.platforms import CONNECTORS, open_connectors
from miniapp_bridge.platforms.browser import BrowserConnector
from miniapp_bridge.platforms.sandbox import SIGNATURE_HEADER, SandboxConnector
from miniapp_bridge.standin import alipay as played_alipay
from miniapp_bridge.standin import wechat as played_wechat
from miniapp_bridge.standin.world import Keys, World
from tests.played import configs, folder, stage, standin_keys, world

__all__ = ["configs", "folder", "stage", "standin_keys", "world"]

PHONE = "19900000001"
EVENT = {"kind": "consent-given", "user_id": "u1", "data": {"template": "case-accepted"}}


@dataclass(frozen=True, kw_only=True)
class Platform:
    """A connector with what a test needs from the other side of the platform."""

    connector: Connector
    user_id: str
    new_code: Callable[[], Awaitable[str]]
    new_phone_code: Callable[[], Awaitable[str]] | None = None
    refuse_messages: Callable[[], Awaitable[None]] | None = None
    signed_callback: Callable[[], Callback] | None = None
    codes: bool = False


def sandbox_platform(connector: Connector, world: World) -> Platform:
    assert isinstance(connector, SandboxConnector)

    def signed_callback() -> Callback:
        body = json.dumps(EVENT).encode()
        headers = {SIGNATURE_HEADER: connector.sign_callback(body)}
        return Callback(query={}, headers=headers, body=body)

    return Platform(
        connector=connector,
        user_id="u1",
        new_code=lambda: connector.new_code("u1"),
        new_phone_code=lambda: connector.new_phone_code(PHONE),
        refuse_messages=lambda: connector.withdraw_consent("u1"),
        signed_callback=signed_callback,
        codes=True,
    )


def wechat_platform(connector: Connector, world: World) -> Platform:
    zhang = world.people["zhang"]

    async def refuse_messages() -> None:
        world.consent_withdrawn.add(zhang.openid)

    def signed_callback() -> Callback:
        message = {
            "FromUserName": zhang.openid,
            "CreateTime": 1,
            "MsgType": "event",
            "Event": "subscribe_msg_popup_event",
            "List": {"TemplateId": "T1", "SubscribeStatusString": "accept", "PopupScene": "0"},
        }
        query, body = played_wechat.sealed_push(world, message)
        return Callback(query=query, headers={}, body=body)

    async def new_code() -> str:
        return world.new_code("mini", zhang)

    async def new_phone_code() -> str:
        return world.new_code("phone", zhang)

    return Platform(
        connector=connector,
        user_id=zhang.openid,
        new_code=new_code,
        new_phone_code=new_phone_code,
        refuse_messages=refuse_messages,
        signed_callback=signed_callback,
        codes=True,
    )


def alipay_platform(connector: Connector, world: World) -> Platform:
    zhang = world.people["zhang"]

    async def new_code() -> str:
        return world.new_code("alipay", zhang)

    async def new_phone_code() -> str:
        return played_alipay.phone_answer(world, PHONE)

    async def refuse_messages() -> None:
        world.consent_withdrawn.add(zhang.open_id)

    def signed_callback() -> Callback:
        return Callback(query={}, headers={}, body=played_alipay.gateway_message(world))

    return Platform(
        connector=connector,
        user_id=f"open_id:{zhang.open_id}",
        new_code=new_code,
        new_phone_code=new_phone_code,
        refuse_messages=refuse_messages,
        signed_callback=signed_callback,
        codes=True,
    )


def browser_platform(connector: Connector, world: World) -> Platform:
    assert isinstance(connector, BrowserConnector)

    async def new_code() -> str:
        challenge = await connector.ask_code(PHONE)
        return f"{challenge}:{world.sms[-1]['code']}"

    return Platform(connector=connector, user_id=PHONE, new_code=new_code, new_phone_code=new_code)


STAGES: dict[str, Callable[[Connector, World], Platform]] = {
    "sandbox": sandbox_platform,
    "wechat": wechat_platform,
    "alipay": alipay_platform,
    "browser": browser_platform,
}
"""The city app's codes come with a state: tests/miniapp_bridge/test_city.py has its own stage."""


@pytest.fixture(params=sorted(STAGES))
async def platform(
    request: pytest.FixtureRequest,
    settings: Settings,
    redis: Redis,
    world: World,
    configs: PlatformConfigs,
    standin_keys: Keys,
) -> AsyncIterator[Platform]:
    connectors = await open_connectors(settings, redis=redis, configs=configs)
    yield STAGES[request.param](connectors[request.param], world)
    for connector in connectors.values():
        await connector.close()


def message(*, user_id: str, note: str = "材料已通过") -> SubscriptionMessage:
    return SubscriptionMessage(
        user_id=user_id,
        template="case-accepted",
        values={"title": "申请已受理", "note": note, "time": "2026年11月25日 10:00"},
        page="pages/h5/index",
    )


async def test_every_platform_has_a_stage(settings: Settings, redis: Redis) -> None:
    assert set(STAGES) | {"city"} == set(CONNECTORS)


async def test_name_is_that_of_the_registry(platform: Platform) -> None:
    assert platform.connector.platform in CONNECTORS


async def test_code_tells_the_user(platform: Platform) -> None:
    identity = await platform.connector.exchange_code(await platform.new_code())

    assert identity.platform == platform.connector.platform
    assert identity.user_id == platform.user_id


async def test_code_is_good_once(platform: Platform) -> None:
    code = await platform.new_code()
    await platform.connector.exchange_code(code)

    with pytest.raises(CodeRefused):
        await platform.connector.exchange_code(code)


@pytest.mark.parametrize("code", ["", "x", "不是登录码", "x" * 10_000, "a\x00b"])
async def test_unknown_code_is_refused(platform: Platform, code: str) -> None:
    with pytest.raises(CodeRefused):
        await platform.connector.exchange_code(code)


async def test_phone_code_gives_the_number(platform: Platform) -> None:
    if platform.new_phone_code is None:
        with pytest.raises(NotOffered):
            await platform.connector.phone_number("x")
        return
    assert await platform.connector.phone_number(await platform.new_phone_code()) == PHONE


async def test_phone_code_does_not_sign_in(platform: Platform) -> None:
    assert platform.new_phone_code is not None
    if platform.connector.platform == "browser":  # the number is the account: one code serves both
        signed_in = await platform.connector.exchange_code(await platform.new_phone_code())
        assert signed_in.user_id == signed_in.phone == PHONE
        return
    with pytest.raises(CodeRefused):
        await platform.connector.exchange_code(await platform.new_phone_code())
    with pytest.raises(CodeRefused):
        await platform.connector.phone_number(await platform.new_code())


async def test_message_is_sent(platform: Platform) -> None:
    sent = await platform.connector.send_subscription_message(message(user_id=platform.user_id))

    offered = platform.refuse_messages is not None
    assert sent is (SendOutcome.SENT if offered else SendOutcome.NO_CONSENT)


async def test_refused_message_is_no_error(platform: Platform) -> None:
    if platform.refuse_messages is not None:
        await platform.refuse_messages()

    sent = await platform.connector.send_subscription_message(message(user_id=platform.user_id))

    assert sent is SendOutcome.NO_CONSENT


async def test_empty_value_is_rejected_before_it_is_sent(platform: Platform, world: World) -> None:
    empty = message(user_id=platform.user_id, note="")
    if platform.refuse_messages is None:  # it takes no messages at all
        sent = await platform.connector.send_subscription_message(empty)
        assert sent is SendOutcome.NO_CONSENT
    else:
        with pytest.raises(MessageRejected):
            await platform.connector.send_subscription_message(empty)
    assert world.messages == []


async def test_mini_code_is_a_picture(platform: Platform) -> None:
    if not platform.codes:
        with pytest.raises(NotOffered):
            await platform.connector.mini_code(scene="k7Qm2xWp", page="pages/h5/index")
        return
    code = await platform.connector.mini_code(scene="k7Qm2xWp", page="pages/h5/index")

    assert code.media_type.startswith("image/")
    assert len(code.data) > 100


@pytest.mark.parametrize("scene", ["", "x" * 33, "证照", "100%", "a b"])
async def test_scene_that_cannot_be_carried_is_rejected(platform: Platform, scene: str) -> None:
    with pytest.raises(MessageRejected if platform.codes else NotOffered):
        await platform.connector.mini_code(scene=scene, page="pages/h5/index")


async def test_signed_callback_is_opened(platform: Platform) -> None:
    if platform.signed_callback is None:  # it calls nobody back: whoever calls is somebody else
        body = json.dumps(EVENT).encode()
        with pytest.raises(CallbackRefused):
            platform.connector.open_callback(Callback(query={}, headers={}, body=body))
        return
    (event,) = platform.connector.open_callback(platform.signed_callback())

    assert event.kind
    assert event.data


async def test_altered_or_unsigned_callback_is_refused(platform: Platform) -> None:
    callback = Callback(query={}, headers={}, body=b'{"kind":"consent-given"}')
    with pytest.raises(CallbackRefused):
        platform.connector.open_callback(callback)
    if platform.signed_callback is None:
        return
    genuine = platform.signed_callback()
    for forged in (
        Callback(
            query=genuine.query, headers=genuine.headers, body=genuine.body[:-9] + b"123456789"
        ),
        Callback(query={}, headers={}, body=genuine.body[: len(genuine.body) // 2]),
        Callback(query=dict.fromkeys(genuine.query, "é"), headers={}, body=b"{}"),
    ):
        with pytest.raises(CallbackRefused):
            platform.connector.open_callback(forged)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"{}", b"a=b", b"\xff\xfe"])
async def test_nonsense_is_refused(platform: Platform, body: bytes) -> None:
    with pytest.raises(CallbackRefused):
        platform.connector.open_callback(Callback(query={}, headers={}, body=body))


async def test_closing_twice_is_harmless(platform: Platform) -> None:
    await platform.connector.close()
    await platform.connector.close()


async def test_identity_does_not_print_the_user(platform: Platform) -> None:
    identity = await platform.connector.exchange_code(await platform.new_code())

    assert platform.user_id not in repr(identity)
    assert platform.user_id not in repr(message(user_id=platform.user_id))
