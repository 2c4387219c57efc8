"""The stand-in for an SMS provider: keeps what would have been sent, for demos and tests."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core import clock
from identity.numbers import mask_phone

if TYPE_CHECKING:
    from redis.asyncio import Redis

KEPT = 200
KEY = "stand-in:sms"
LIFE_SECONDS = 24 * 3600


@dataclass(frozen=True, kw_only=True)
class SentText:
    """`to` is masked: the stand-in is for looking at, not for collecting numbers."""

    to: str
    text: str
    reference: str
    at: str


class StandInSms:
    """See the module."""

    name = "stand-in"

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis

    async def send(self, *, to: str, title: str, text: str, reference: str) -> None:
        entry = {
            "to": mask_phone(to),
            "text": text,
            "reference": reference,
            "at": clock.now().isoformat(),
        }
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.lpush(KEY, json.dumps(entry, ensure_ascii=False))
            pipe.ltrim(KEY, 0, KEPT - 1)
            pipe.expire(KEY, LIFE_SECONDS)
            await pipe.execute()

    async def list_sent(self) -> list[SentText]:
        """What would have been sent, newest first."""
        kept = await self._redis.lrange(KEY, 0, KEPT - 1)
        return [SentText(**json.loads(entry)) for entry in kept]
