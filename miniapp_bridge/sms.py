"""Text messages with one-time codes: the port, a gateway over HTTPS, and the demo's tray.

A code is never sent twice for one wish: after a time-out the person asks anew.
"""

import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Protocol

from core import clock
from core.settings import Settings
from miniapp_bridge.client import Outgoing, PlatformClient, Retry
from miniapp_bridge.config import PlatformConfigs, SmsConfig
from miniapp_bridge.errors import OutcomeUnknown, PlatformBusy, PlatformUnavailable
from miniapp_bridge.meter import Meter

if TYPE_CHECKING:
    from redis.asyncio import Redis

TRAY = "sms:tray"
TRAY_KEPT = 50
TRAY_SECONDS = 600


class SmsPort(Protocol):
    """Brings one text message to one phone."""

    async def send_code(self, phone: str, code: str, *, reference: str) -> bool:
        """Send once; False when there was no answer (it may have arrived).

        Raises PlatformUnavailable (nothing was sent), PlatformBusy.
        """

    async def close(self) -> None:
        """Give connections back."""


class GatewaySms:
    """A gateway that takes signed JSON: `X-Account`, `X-Time` and `X-Signature` (HMAC-SHA256)."""

    def __init__(self, config: SmsConfig, *, redis: "Redis") -> None:
        self._config = config
        self._client = PlatformClient(config.base_url, meter=Meter(redis, "sms"))

    async def send_code(self, phone: str, code: str, *, reference: str) -> bool:
        body = {"phone": phone, "template": "sign-in-code", "code": code, "reference": reference}
        try:
            answer = await self._client.call(
                "POST", "/sms/send", retry=Retry.SEND, body=body, headers=self._signed
            )
            fields = answer.json()
        except OutcomeUnknown:
            return False
        if answer.status == 429:
            raise PlatformBusy(vendor_code="429")
        if answer.status >= 400 or str(fields.get("code")) != "0":
            raise PlatformUnavailable(vendor_code=str(fields.get("code")))
        return True

    async def close(self) -> None:
        await self._client.close()

    def _signed(self, outgoing: Outgoing) -> dict[str, str]:
        at = str(int(clock.now().timestamp()))
        text = f"{self._config.account}\n{at}\n".encode() + (outgoing.data or b"")
        signature = hmac.new(self._config.secret.encode(), text, hashlib.sha256).hexdigest()
        return {"X-Account": self._config.account, "X-Time": at, "X-Signature": signature}


class TraySms:
    """Keeps messages for whoever runs the demo or a test; nobody is sent anything."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis

    async def send_code(self, phone: str, code: str, *, reference: str) -> bool:
        record = json.dumps({"phone": phone, "code": code, "reference": reference})
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.lpush(TRAY, record)
            pipe.ltrim(TRAY, 0, TRAY_KEPT - 1)
            pipe.expire(TRAY, TRAY_SECONDS)
            await pipe.execute()
        return True

    async def newest(self, phone: str) -> str | None:
        """The last code sent to a phone."""
        for record in await self._redis.lrange(TRAY, 0, -1):
            kept = json.loads(record)
            if kept["phone"] == phone:
                return str(kept["code"])
        return None

    async def close(self) -> None:
        """Nothing to give back."""


def open_sms(settings: Settings, configs: PlatformConfigs, *, redis: "Redis") -> SmsPort | None:
    """The gateway of the settings; without one, the tray outside production, else None."""
    if configs.sms is not None:
        return GatewaySms(configs.sms, redis=redis)
    return None if settings.environment == "production" else TraySms(redis)
