"""Redis (or Valkey): connection and a limiter. Holds codes, bells and counters, never a fact."""

from __future__ import annotations

import re
import time
from typing import Any
from weakref import WeakKeyDictionary

from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

MAX_CONNECTIONS = 64

REDIS_ERRORS = (RedisConnectionError, RedisTimeoutError)
"""What a caller sees when Redis is away; the edge answers 503."""

_RUN_ID = re.compile(rb"^run_id:(\w+)", re.MULTILINE)


class Lives:
    """Which run of the server our connections have met: another one has forgotten all counts."""

    def __init__(self) -> None:
        self._run_id: bytes | None = None
        self._changed_at: float | None = None

    async def greet(self, connection: Any) -> None:
        """What a fresh connection does first."""
        await connection.on_connect()
        await connection.send_command("INFO", "server")
        try:
            told = await connection.read_response()
        except ResponseError:  # a server that does not say it: we learn of no restart
            return
        found = _RUN_ID.search(told if isinstance(told, bytes) else str(told).encode())
        self.met(found[1] if found else None)

    def met(self, run_id: bytes | None) -> None:
        if run_id is None or run_id == self._run_id:
            return
        if self._run_id is not None:
            self._changed_at = time.monotonic()
        self._run_id = run_id

    def began_within(self, seconds: float) -> bool:
        """Whether the server was restarted, under our eyes, not longer ago than this."""
        return self._changed_at is not None and time.monotonic() - self._changed_at < seconds


_lives: WeakKeyDictionary[Any, Lives] = WeakKeyDictionary()


def connect(url: str) -> Redis:
    """A client with a bounded pool; the default one opens a connection per concurrent command."""
    lives = Lives()
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=MAX_CONNECTIONS,
        timeout=5,
        health_check_interval=30,
        redis_connect_func=lives.greet,
    )
    _lives[pool] = lives
    return Redis.from_pool(pool)


async def allow(redis: Redis, key: str, *, limit: int, seconds: int) -> bool:
    """Whether one more act under `key` fits into `limit` per window of `seconds`.

    In the first window after a restart of the server, which has forgotten what was counted, half
    of the limit is all there is.
    """
    name = f"limit:{key}"
    async with redis.pipeline(transaction=True) as pipe:
        pipe.incr(name)
        pipe.expire(name, seconds, nx=True)
        count, _ = await pipe.execute()
    lives = _lives.get(redis.connection_pool)
    if lives is not None and lives.began_within(seconds):
        limit = max(1, limit // 2)
    return int(count) <= limit
