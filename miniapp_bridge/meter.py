"""How the platforms answer: calls by outcome and their time, per hour, for the operator's page.

Counters live in Redis for two days. Losing some of them loses nothing but a number on a page, so a
Redis that is away never disturbs a call.
"""

import contextlib
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from core import clock
from core.valkey.redis_client import REDIS_ERRORS

if TYPE_CHECKING:
    from redis.asyncio import Redis

KEPT = timedelta(days=2)
HOURS_SHOWN = 24


@dataclass(frozen=True, kw_only=True)
class CallCount:
    """One kind of call over the hours asked for."""

    call: str
    total: int
    failed: int
    milliseconds: int
    """Mean time of a call."""
    outcomes: dict[str, int] = field(default_factory=dict)


class Meter:
    """Counts the calls to one platform."""

    def __init__(self, redis: "Redis", platform: str) -> None:
        self._redis = redis
        self._platform = platform

    async def note(self, call: str, outcome: str, milliseconds: float) -> None:
        """One call ended with `outcome` (`ok` or the slug of a refusal)."""
        key = self._key(clock.now())
        with contextlib.suppress(*REDIS_ERRORS):
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.hincrby(key, f"{call}|{outcome}", 1)
                pipe.hincrby(key, f"{call}|ms", round(milliseconds))
                pipe.expire(key, int(KEPT.total_seconds()))
                await pipe.execute()

    async def read(self, *, hours: int = HOURS_SHOWN) -> list[CallCount]:
        """The calls of the last `hours`, by name."""
        counts: dict[str, Counter[str]] = {}
        for back in range(hours):
            stored: dict[Any, Any] = await self._redis.hgetall(
                self._key(clock.now() - timedelta(hours=back))
            )
            for name, value in stored.items():
                call, _, outcome = name.decode().rpartition("|")
                counts.setdefault(call, Counter())[outcome] += int(value)
        return [_count(call, found) for call, found in sorted(counts.items())]

    def _key(self, at: datetime) -> str:
        return f"bridge:calls:{self._platform}:{at:%Y%m%d%H}"


def _count(call: str, found: Counter[str]) -> CallCount:
    spent = found.pop("ms", 0)
    total = sum(found.values())
    return CallCount(
        call=call,
        total=total,
        failed=total - found.get("ok", 0),
        milliseconds=round(spent / total) if total else 0,
        outcomes=dict(found),
    )
