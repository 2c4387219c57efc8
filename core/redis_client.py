"""Redis (or Valkey): connection and a limiter. Holds codes, bells and counters, never a fact."""

from __future__ import annotations

from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

MAX_CONNECTIONS = 64

REDIS_ERRORS = (RedisConnectionError, RedisTimeoutError)
"""What a caller sees when Redis is away; the edge answers 503."""


def connect(url: str) -> Redis:
    """A client with a bounded pool; the default one opens a connection per concurrent command."""
    pool = BlockingConnectionPool.from_url(
        url, max_connections=MAX_CONNECTIONS, timeout=5, health_check_interval=30
    )
    return Redis.from_pool(pool)


async def allow(redis: Redis, key: str, *, limit: int, seconds: int) -> bool:
    """Whether one more act under `key` fits into `limit` per window of `seconds`."""
    name = f"limit:{key}"
    async with redis.pipeline(transaction=True) as pipe:
        pipe.incr(name)
        pipe.expire(name, seconds, nx=True)
        count, _ = await pipe.execute()
    return int(count) <= limit
