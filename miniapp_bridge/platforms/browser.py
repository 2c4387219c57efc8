"""A plain browser: no app vouches for anybody, so a text message with a one-time code does.

`ask_code` sends six digits and gives back a challenge; the sign-in code is `challenge:digits`. A
challenge lives five minutes, is spent by success and by the fifth wrong guess, and one number gets
one message a minute and ten a day. Only digests and encrypted numbers are kept.
"""

import hashlib
import hmac
import re
import secrets
from typing import TYPE_CHECKING, Any

from core import ids
from core.protection.protect import blind_index, derive, open_note, seal_note
from core.settings import Settings
from core.valkey.redis_client import allow
from miniapp_bridge.config import PlatformConfigs
from miniapp_bridge.connector import (
    Callback,
    Connector,
    MiniCode,
    PlatformEvent,
    PlatformIdentity,
    SendOutcome,
    SubscriptionMessage,
)
from miniapp_bridge.errors import (
    CallbackRefused,
    CodeRefused,
    NotOffered,
    PhoneRefused,
    SmsTooSoon,
)
from miniapp_bridge.sms import SmsPort, open_sms

if TYPE_CHECKING:
    from redis.asyncio import Redis

PLATFORM = "browser"
MOBILE = re.compile(r"1[3-9][0-9]{9}")
CODE = re.compile(r"([0-9A-Za-z_-]{16,64}):([0-9]{6})")
LIFE_SECONDS = 300
GUESSES = 5
APART_SECONDS = 60
PER_DAY = 10

GUESS = """
local tries = redis.call('HINCRBY', KEYS[1], 'tries', 1)
local kept = redis.call('HGET', KEYS[1], 'digest')
if not kept or tries > tonumber(ARGV[2]) then redis.call('DEL', KEYS[1]) return false end
if kept ~= ARGV[1] then return false end
local phone = redis.call('HGET', KEYS[1], 'phone')
redis.call('DEL', KEYS[1])
return phone
"""
"""Counts before it compares: two guesses at once are two guesses."""


async def open_connector(
    settings: Settings, configs: PlatformConfigs, *, redis: "Redis"
) -> Connector | None:
    """The connector, or None where no text messages can be sent."""
    sms = open_sms(settings, configs, redis=redis)
    if sms is None:
        return None
    return BrowserConnector(
        redis=redis, sms=sms, key=derive(settings.secret_key, b"browser-code", 32)
    )


class BrowserConnector:
    """See the module."""

    platform = PLATFORM

    def __init__(self, *, redis: "Redis", sms: SmsPort, key: bytes) -> None:
        self._redis = redis
        self._key = key
        self.sms = sms

    async def ask_code(self, phone: str) -> str:
        """Send a code; returns the challenge. Raises PhoneRefused, SmsTooSoon, PlatformUnavailable.

        No answer of the gateway counts as sent: a second message would only confuse.
        """
        if not MOBILE.fullmatch(phone):
            raise PhoneRefused()
        index = blind_index(phone, purpose="browser.phone")
        if not await allow(self._redis, f"sms:{index}", limit=1, seconds=APART_SECONDS):
            raise SmsTooSoon(retry_after=APART_SECONDS)
        if not await allow(self._redis, f"sms-day:{index}", limit=PER_DAY, seconds=86_400):
            raise SmsTooSoon(retry_after=3600)
        challenge, digits = ids.new_token(18), f"{secrets.randbelow(1_000_000):06d}"
        name = self._name(challenge)
        digest = self._digest(challenge, digits)
        kept: dict[Any, Any] = {"digest": digest, "phone": seal_note(name, phone)}
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.hset(name, mapping=kept)
            pipe.expire(name, LIFE_SECONDS)
            await pipe.execute()
        await self.sms.send_code(phone, digits, reference=challenge)
        return challenge

    async def exchange_code(self, code: str) -> PlatformIdentity:
        phone = await self._spend(code)
        return PlatformIdentity(platform=PLATFORM, user_id=phone, phone=phone)

    async def phone_number(self, code: str) -> str:
        return await self._spend(code)

    async def send_subscription_message(self, message: SubscriptionMessage) -> SendOutcome:
        """A browser has no messages of its own."""
        return SendOutcome.NO_CONSENT

    async def mini_code(self, *, scene: str, page: str) -> MiniCode:
        raise NotOffered()

    def open_callback(self, callback: Callback) -> list[PlatformEvent]:
        raise CallbackRefused()

    async def close(self) -> None:
        await self.sms.close()

    async def _spend(self, code: str) -> str:
        parts = CODE.fullmatch(code)
        if parts is None:
            raise CodeRefused(vendor_code="implausible")
        challenge, digits = parts.groups()
        sealed = await self._redis.eval(
            GUESS, 1, self._name(challenge), self._digest(challenge, digits), str(GUESSES)
        )
        phone = open_note(self._name(challenge), sealed)
        if phone is None:
            raise CodeRefused(vendor_code="wrong")
        return phone

    def _name(self, challenge: str) -> str:
        return f"browser:challenge:{hashlib.sha256(challenge.encode()).hexdigest()}"

    def _digest(self, challenge: str, digits: str) -> str:
        return hmac.new(self._key, f"{challenge}:{digits}".encode(), hashlib.sha256).hexdigest()
