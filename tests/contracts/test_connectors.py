"""What every connector promises, run over each of them. A new one adds a line to STAGES."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest
from redis.asyncio import Redis

from core.settings import Settings
from miniapp_bridge.connector import Callback, Connector, SendOutcome, SubscriptionMessage
from miniapp_bridge.errors import CallbackRefused, CodeRefused, MessageRejected
from miniapp_bridge.platforms import CONNECTORS, open_connectors
from miniapp_bridge.platforms.sandbox import SIGNATURE_HEADER, SandboxConnector


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A connector with what a test needs from the other side of the platform."""

    connector: Connector
    new_code: Callable[[str], Awaitable[str]]
    new_phone_code: Callable[[str], Awaitable[str]]
    refuse_messages: Callable[[str], Awaitable[None]]
    signed_callback: Callable[[bytes], Callback]


def sandbox_stage(connector: Connector) -> Stage:
    assert isinstance(connector, SandboxConnector)

    def signed_callback(body: bytes) -> Callback:
        headers = {SIGNATURE_HEADER: connector.sign_callback(body)}
        return Callback(query={}, headers=headers, body=body)

    return Stage(
        connector=connector,
        new_code=connector.new_code,
        new_phone_code=connector.new_phone_code,
        refuse_messages=connector.withdraw_consent,
        signed_callback=signed_callback,
    )


STAGES: dict[str, Callable[[Connector], Stage]] = {"sandbox": sandbox_stage}


@pytest.fixture(params=sorted(CONNECTORS))
async def stage(request: pytest.FixtureRequest, settings: Settings, redis: Redis) -> Stage:
    connectors = await open_connectors(settings, redis=redis)
    return STAGES[request.param](connectors[request.param])


def message(*, user_id: str = "u1", note: str = "材料已通过") -> SubscriptionMessage:
    return SubscriptionMessage(
        user_id=user_id,
        template="case-accepted",
        values={"title": "申请已受理", "note": note, "time": "2026年11月25日 10:00"},
        page="pages/h5/index",
    )


async def test_name_is_that_of_the_registry(stage: Stage) -> None:
    assert stage.connector.platform in CONNECTORS


async def test_code_tells_the_user(stage: Stage) -> None:
    identity = await stage.connector.exchange_code(await stage.new_code("u1"))

    assert (identity.platform, identity.user_id) == (stage.connector.platform, "u1")


async def test_code_is_good_once(stage: Stage) -> None:
    code = await stage.new_code("u1")
    await stage.connector.exchange_code(code)

    with pytest.raises(CodeRefused):
        await stage.connector.exchange_code(code)


@pytest.mark.parametrize("code", ["", "x", "不是登录码", "x" * 10_000, "a\x00b"])
async def test_unknown_code_is_refused(stage: Stage, code: str) -> None:
    with pytest.raises(CodeRefused):
        await stage.connector.exchange_code(code)


async def test_phone_code_gives_the_number_and_does_not_sign_in(stage: Stage) -> None:
    assert await stage.connector.phone_number(await stage.new_phone_code("19900000001")) == (
        "19900000001"
    )
    with pytest.raises(CodeRefused):
        await stage.connector.exchange_code(await stage.new_phone_code("19900000001"))
    with pytest.raises(CodeRefused):
        await stage.connector.phone_number(await stage.new_code("u1"))


async def test_message_is_sent(stage: Stage) -> None:
    assert await stage.connector.send_subscription_message(message()) is SendOutcome.SENT


async def test_refused_message_is_no_error(stage: Stage) -> None:
    await stage.refuse_messages("u1")

    sent = await stage.connector.send_subscription_message(message())

    assert sent is SendOutcome.NO_CONSENT


@pytest.mark.parametrize("note", ["", "长" * 21])
async def test_message_beyond_the_template_rules_is_rejected(stage: Stage, note: str) -> None:
    with pytest.raises(MessageRejected):
        await stage.connector.send_subscription_message(message(note=note))


async def test_mini_code_is_a_picture(stage: Stage) -> None:
    code = await stage.connector.mini_code(scene="k7Qm2xWp", page="pages/h5/index")

    assert code.media_type.startswith("image/")
    assert len(code.data) > 100


@pytest.mark.parametrize("scene", ["", "x" * 33, "证照", "100%", "a b"])
async def test_scene_that_cannot_be_carried_is_rejected(stage: Stage, scene: str) -> None:
    with pytest.raises(MessageRejected):
        await stage.connector.mini_code(scene=scene, page="pages/h5/index")


async def test_signed_callback_is_opened(stage: Stage) -> None:
    body = b'{"kind":"consent-given","user_id":"u1","data":{"template":"case-accepted"}}'

    (event,) = stage.connector.open_callback(stage.signed_callback(body))

    assert (event.kind, event.user_id) == ("consent-given", "u1")
    assert event.data == {"template": "case-accepted"}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"{}", b'{"kind":"x","data":7}'])
async def test_signed_nonsense_is_refused(stage: Stage, body: bytes) -> None:
    with pytest.raises(CallbackRefused):
        stage.connector.open_callback(stage.signed_callback(body))


async def test_altered_or_unsigned_callback_is_refused(stage: Stage) -> None:
    genuine = stage.signed_callback(b'{"kind":"consent-given"}')

    for forged in (
        Callback(query={}, headers=genuine.headers, body=genuine.body + b" "),
        Callback(query={}, headers={}, body=genuine.body),
        Callback(query={}, headers=dict.fromkeys(genuine.headers, "é"), body=genuine.body),
    ):
        with pytest.raises(CallbackRefused):
            stage.connector.open_callback(forged)


async def test_closing_twice_is_harmless(stage: Stage) -> None:
    await stage.connector.close()
    await stage.connector.close()


async def test_identity_does_not_print_the_user(stage: Stage) -> None:
    identity = await stage.connector.exchange_code(await stage.new_code("user-number-one"))

    assert "user-number-one" not in repr(identity)
    assert "user-number-one" not in repr(message(user_id="user-number-one"))
