"""Sign-in by text message: which numbers, how often, how many guesses, and what is kept of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from redis.asyncio import Redis

from core.errors import Problem
from core.settings import Settings
from miniapp_bridge.config import PlatformConfigs
from miniapp_bridge.connector import Callback
from miniapp_bridge.errors import (
    CallbackRefused,
    CodeRefused,
    PhoneRefused,
    PlatformBusy,
    PlatformUnavailable,
    SmsTooSoon,
)
from miniapp_bridge.platforms import open_connectors
from miniapp_bridge.platforms.browser import GUESSES, LIFE_SECONDS, PER_DAY, BrowserConnector
from miniapp_bridge.sms import TRAY, TRAY_KEPT, GatewaySms, TraySms, open_sms
from miniapp_bridge.standin.world import World

PHONE, OTHER = "19900000001", "19900000002"
CALL = "/sms/send"


@pytest.fixture
def browser(connectors: dict[str, Any]) -> BrowserConnector:
    found = connectors["browser"]
    assert isinstance(found, BrowserConnector)
    return found


@pytest.fixture
async def tray(settings: Settings, redis: Redis) -> AsyncIterator[tuple[BrowserConnector, TraySms]]:
    """The same without a gateway: messages stay in the tray."""
    opened = await open_connectors(settings, redis=redis, configs=PlatformConfigs())
    found = opened["browser"]
    assert isinstance(found, BrowserConnector)
    assert isinstance(found.sms, TraySms)
    yield found, found.sms
    for connector in opened.values():
        await connector.close()


async def asked(browser: BrowserConnector, world: World, phone: str = PHONE) -> tuple[str, str]:
    """Challenge and the digits that reached the phone."""
    challenge = await browser.ask_code(phone)
    return challenge, world.sms[-1]["code"]


def wrong(digits: str) -> str:
    return f"{(int(digits) + 1) % 1_000_000:06d}"


NUMBERS = [
    "", "1", "12900000001", "1990000000", "199000000011", "+8619900000001", "199 0000 0001",
    "19900000001\n", "１９９０００００００１", "199٠٠٠٠٠٠٠١", "1990000000१", "1990000000a",
    "\ud800",
]  # fmt: skip


@pytest.mark.parametrize("phone", NUMBERS, ids=range(len(NUMBERS)))
async def test_what_is_no_mobile_number_is_sent_nothing(
    browser: BrowserConnector, world: World, redis: Redis, phone: str
) -> None:
    with pytest.raises(PhoneRefused):
        await browser.ask_code(phone)

    assert world.ledger == []
    assert await redis.keys("browser:*") == []


async def test_message_carries_six_digits_and_the_challenge(
    browser: BrowserConnector, world: World
) -> None:
    challenge, digits = await asked(browser, world)

    assert (len(digits), digits.isdigit()) == (6, True)
    assert world.sms[-1]["phone"] == PHONE
    assert world.sms[-1]["reference"] == challenge


async def test_one_number_gets_one_message_a_minute_and_others_their_own(
    browser: BrowserConnector, world: World
) -> None:
    await browser.ask_code(PHONE)

    for _ in range(3):
        with pytest.raises(SmsTooSoon) as refusal:
            await browser.ask_code(PHONE)
        assert refusal.value.members == {"retry_after": 60}
    await browser.ask_code(OTHER)
    assert [one["phone"] for one in world.sms] == [PHONE, OTHER]


async def forget_the_minute(redis: Redis) -> None:
    """As after a minute: the counter of the minute is gone, that of the day stays."""
    for key in [*await redis.keys("*sms:*")]:
        await redis.delete(key)


async def test_one_number_gets_ten_messages_a_day(
    browser: BrowserConnector, world: World, redis: Redis
) -> None:
    for _ in range(PER_DAY):
        await browser.ask_code(PHONE)
        await forget_the_minute(redis)

    with pytest.raises(SmsTooSoon) as refusal:
        await browser.ask_code(PHONE)
    assert refusal.value.members == {"retry_after": 3600}
    assert len(world.sms) == PER_DAY


async def test_two_wishes_at_once_send_one_message(browser: BrowserConnector, world: World) -> None:
    told = await asyncio.gather(
        *(browser.ask_code(PHONE) for _ in range(8)), return_exceptions=True
    )

    assert sum(isinstance(one, str) for one in told) == 1
    assert sum(isinstance(one, SmsTooSoon) for one in told) == 7
    assert len(world.sms) == 1


async def test_right_digits_tell_the_number_once(browser: BrowserConnector, world: World) -> None:
    challenge, digits = await asked(browser, world)

    identity = await browser.exchange_code(f"{challenge}:{digits}")

    assert (identity.user_id, identity.phone, identity.real_name) == (PHONE, PHONE, None)
    with pytest.raises(CodeRefused):
        await browser.exchange_code(f"{challenge}:{digits}")


async def test_fourth_wrong_guess_leaves_one_and_the_fifth_none(
    browser: BrowserConnector, world: World
) -> None:
    first, digits = await asked(browser, world)
    second, others = await asked(browser, world, OTHER)
    for challenge, right, guesses in ((first, digits, GUESSES - 1), (second, others, GUESSES)):
        for _ in range(guesses):
            with pytest.raises(CodeRefused):
                await browser.exchange_code(f"{challenge}:{wrong(right)}")

    assert (await browser.exchange_code(f"{first}:{digits}")).user_id == PHONE
    with pytest.raises(CodeRefused):
        await browser.exchange_code(f"{second}:{others}")


async def test_guesses_at_once_are_counted_one_by_one(
    browser: BrowserConnector, world: World
) -> None:
    challenge, digits = await asked(browser, world)
    guesses = [f"{challenge}:{wrong(digits)}"] * 20

    told = await asyncio.gather(*map(browser.exchange_code, guesses), return_exceptions=True)

    assert all(isinstance(one, CodeRefused) for one in told)
    with pytest.raises(CodeRefused):
        await browser.exchange_code(f"{challenge}:{digits}")


async def test_right_digits_at_once_are_taken_once(browser: BrowserConnector, world: World) -> None:
    challenge, digits = await asked(browser, world)
    told = await asyncio.gather(
        *(browser.exchange_code(f"{challenge}:{digits}") for _ in range(5)),
        return_exceptions=True,
    )

    assert sum(not isinstance(one, Exception) for one in told) == 1


async def test_digits_of_one_challenge_open_no_other(
    browser: BrowserConnector, world: World
) -> None:
    challenge, _ = await asked(browser, world)
    _, others = await asked(browser, world, OTHER)

    with pytest.raises(CodeRefused):
        await browser.exchange_code(f"{challenge}:{others}")


@pytest.mark.parametrize("digits", ["", "12345", "1234567", "１２３４５６", "12345a", "123456\n"])
async def test_implausible_digits_cost_no_guess(
    browser: BrowserConnector, world: World, redis: Redis, digits: str
) -> None:
    challenge, _ = await asked(browser, world)

    with pytest.raises(CodeRefused) as refusal:
        await browser.exchange_code(f"{challenge}:{digits}")

    assert refusal.value.vendor_code == "implausible"
    (name,) = await redis.keys("browser:challenge:*")
    assert await redis.hget(name, "tries") is None


async def test_challenge_lives_five_minutes_and_keeps_neither_number_nor_digits(
    browser: BrowserConnector, world: World, redis: Redis
) -> None:
    challenge, digits = await asked(browser, world)

    (name,) = await redis.keys("browser:challenge:*")

    assert 0 < await redis.ttl(name) <= LIFE_SECONDS == 300
    kept = repr(name) + repr(await redis.hgetall(name)) + repr(await redis.keys("*"))
    assert [one for one in (challenge, digits, PHONE) if one in kept] == []


async def test_note_of_another_challenge_opens_nothing(
    browser: BrowserConnector, world: World, redis: Redis
) -> None:
    """Who can write to Redis cannot put somebody else's number under his own code."""
    mine, digits = await asked(browser, world)
    (name,) = await redis.keys("browser:challenge:*")
    await browser.ask_code(OTHER)
    (other,) = [one for one in await redis.keys("browser:challenge:*") if one != name]
    stolen: Any = await redis.hget(other, "phone")
    await redis.hset(name, "phone", stolen)

    with pytest.raises(CodeRefused):
        await browser.exchange_code(f"{mine}:{digits}")


async def test_gateway_that_does_not_answer_counts_as_sent(
    browser: BrowserConnector, world: World
) -> None:
    world.fail(CALL, "cut")
    challenge, digits = await asked(browser, world)

    assert (await browser.exchange_code(f"{challenge}:{digits}")).user_id == PHONE
    assert len(world.sms) == 1


@pytest.mark.parametrize(
    ("code", "problem"), [("busy", PlatformBusy), ("account", PlatformUnavailable)]
)
async def test_refusal_of_the_gateway_is_told(
    browser: BrowserConnector, world: World, code: str, problem: type[Problem]
) -> None:
    world.fail(CALL, "errcode", times=9, value=code)

    with pytest.raises(problem):
        await browser.ask_code(PHONE)
    assert (world.sms, world.count(CALL)) == ([], 1)


async def test_no_callback_is_anybodys(browser: BrowserConnector) -> None:
    with pytest.raises(CallbackRefused):
        browser.open_callback(Callback(query={}, headers={}, body=b"{}"))


async def test_tray_keeps_the_newest_for_the_one_who_tries(
    tray: tuple[BrowserConnector, TraySms], redis: Redis
) -> None:
    browser, messages = tray
    challenge = await browser.ask_code(PHONE)
    for _ in range(TRAY_KEPT):
        await messages.send_code(OTHER, "000000", reference="r")

    assert await messages.newest(OTHER) == "000000"
    assert await messages.newest(PHONE) is None
    assert await redis.llen(TRAY) == TRAY_KEPT
    assert await redis.ttl(TRAY) > 0
    await messages.send_code(PHONE, "123456", reference=challenge)
    assert await messages.newest(PHONE) == "123456"


async def test_production_has_a_gateway_or_no_messages(
    settings: Settings, configs: PlatformConfigs, redis: Redis
) -> None:
    production = replace(settings, environment="production")

    assert open_sms(production, PlatformConfigs(), redis=redis) is None
    gateway = open_sms(production, configs, redis=redis)
    assert isinstance(gateway, GatewaySms)
    await gateway.close()
