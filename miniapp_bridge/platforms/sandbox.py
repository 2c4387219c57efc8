"""Sandbox: a platform without a vendor, for the demo and the tests.

It behaves as a platform does: codes are random, live five minutes and are spent by their first use;
messages need consent and obey the template limits; callbacks are signed. It is opened in the
environments demo and test only, so that no production system can be entered through it.
"""

import hashlib
import hmac
import html
import json
import re
from typing import TYPE_CHECKING, Any

from core import clock, ids
from core.protection.protect import derive
from core.settings import Settings
from miniapp_bridge.config import PlatformConfigs
from miniapp_bridge.connector import (
    Callback,
    Connector,
    MiniCode,
    PlatformEvent,
    PlatformIdentity,
    RealName,
    SendOutcome,
    SubscriptionMessage,
)
from miniapp_bridge.errors import CallbackRefused, CodeRefused, MessageRejected
from miniapp_bridge.signed import is_same

if TYPE_CHECKING:
    from redis.asyncio import Redis

PLATFORM = "sandbox"
CODE_LIFE_SECONDS = 300
SENT_KEPT = 200
SENT_KEY = "sandbox:sent"
NO_CONSENT_KEY = "sandbox:no-consent"
LONGEST_VALUE = 20
SCENE = re.compile(r"[0-9A-Za-z!#$&'()*+,/:;=?@\-._~]{1,32}")
PLACARD = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 430 430" font-size="20">'
    '<rect width="430" height="430" fill="#fff" stroke="#000"/>'
    '<text x="215" y="200" text-anchor="middle">小程序码（演示）</text>'
    '<text x="215" y="240" text-anchor="middle">{target}</text></svg>'
)
"""Nothing could open a real code: the sandbox has no app. The placard names what it would open."""

SIGNATURE_HEADER = "x-sandbox-signature"


async def open_connector(
    settings: Settings, configs: PlatformConfigs, *, redis: "Redis"
) -> Connector | None:
    """The sandbox, or None in production."""
    del configs
    if settings.environment == "production":
        return None
    return SandboxConnector(
        redis=redis,
        callback_key=derive(settings.secret_key, b"sandbox-callback", 32),
    )


class SandboxConnector:
    """See the module."""

    platform = PLATFORM

    def __init__(self, *, redis: "Redis", callback_key: bytes) -> None:
        self._redis = redis
        self._callback_key = callback_key

    async def new_code(self, user_id: str, *, real_name: RealName | None = None) -> str:
        """A one-time sign-in code for a sandbox user: what `wx.login` would give the client."""
        identity: dict[str, Any] = {"user_id": user_id}
        if real_name is not None:
            identity |= {
                "id_type": real_name.id_type,
                "id_no": real_name.id_no,
                "name": real_name.name,
            }
        return await self._keep("login", identity)

    async def new_phone_code(self, phone: str) -> str:
        """A one-time phone code; it does not sign in."""
        return await self._keep("phone", {"phone": phone})

    async def exchange_code(self, code: str) -> PlatformIdentity:
        kept = await self._spend("login", code)
        real_name = None
        if "id_no" in kept:
            real_name = RealName(id_type=kept["id_type"], id_no=kept["id_no"], name=kept["name"])
        return PlatformIdentity(platform=PLATFORM, user_id=kept["user_id"], real_name=real_name)

    async def phone_number(self, code: str) -> str:
        kept = await self._spend("phone", code)
        return str(kept["phone"])

    async def withdraw_consent(self, user_id: str) -> None:
        """Let later messages to this user come back as NO_CONSENT."""
        await self._redis.sadd(NO_CONSENT_KEY, user_id)

    async def send_subscription_message(self, message: SubscriptionMessage) -> SendOutcome:
        for value in message.values.values():
            if not 0 < len(value) <= LONGEST_VALUE:
                raise MessageRejected(vendor_code="47003")
        if await self._redis.sismember(NO_CONSENT_KEY, message.user_id):
            return SendOutcome.NO_CONSENT
        record = {
            "user_id": message.user_id,
            "template": message.template,
            "values": dict(message.values),
            "page": message.page,
            "at": clock.now().isoformat(),
        }
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.lpush(SENT_KEY, json.dumps(record, ensure_ascii=False))
            pipe.ltrim(SENT_KEY, 0, SENT_KEPT - 1)
            await pipe.execute()
        return SendOutcome.SENT

    async def list_sent(self) -> list[dict[str, Any]]:
        """The newest messages first."""
        records = await self._redis.lrange(SENT_KEY, 0, -1)
        return [json.loads(record) for record in records]

    async def mini_code(self, *, scene: str, page: str) -> MiniCode:
        if not SCENE.fullmatch(scene):
            raise MessageRejected(vendor_code="40169")
        target = html.escape(f"{page}?scene={scene}")
        return MiniCode(media_type="image/svg+xml", data=PLACARD.format(target=target).encode())

    def sign_callback(self, body: bytes) -> str:
        """The signature header the sandbox puts on its own callbacks."""
        return hmac.new(self._callback_key, body, hashlib.sha256).hexdigest()

    def open_callback(self, callback: Callback) -> list[PlatformEvent]:
        given = callback.headers.get(SIGNATURE_HEADER, "")
        if not is_same(self.sign_callback(callback.body), given):
            raise CallbackRefused()
        try:
            event = json.loads(callback.body)
            data = {str(key): str(value) for key, value in event.get("data", {}).items()}
            return [PlatformEvent(kind=event["kind"], user_id=event.get("user_id"), data=data)]
        except (ValueError, KeyError, AttributeError, TypeError):
            raise CallbackRefused() from None

    async def close(self) -> None:
        """Nothing to give back: the Redis client belongs to whoever opened it."""

    async def _keep(self, kind: str, value: dict[str, Any]) -> str:
        code = ids.new_token(24)
        await self._redis.set(_code_key(kind, code), json.dumps(value), ex=CODE_LIFE_SECONDS)
        return code

    async def _spend(self, kind: str, code: str) -> dict[str, Any]:
        kept = await self._redis.getdel(_code_key(kind, code))
        if kept is None:
            raise CodeRefused(vendor_code="40029")
        value: dict[str, Any] = json.loads(kept)
        return value


def _code_key(kind: str, code: str) -> str:
    return f"sandbox:{kind}:{hashlib.sha256(code.encode()).hexdigest()}"
