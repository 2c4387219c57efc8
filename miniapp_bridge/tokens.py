"""Access tokens that many workers share: one refresh at a time, and never an older over a newer.

A token lies in Redis with a generation number. Whoever renews it holds a lock, reads again after
gaining it, and writes only when the generation is still the one it read: a worker that slept over
its lock cannot put its old token over a newer one. A token about to end is used on while one worker
renews it. After "token not valid" (40001, 40014, 42001) the stored token is compared with the one
that failed: when they differ somebody has mended it already and nothing is fetched.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from core import clock, ids
from core.protection.protect import open_note, seal_note
from core.valkey.redis_client import REDIS_ERRORS
from miniapp_bridge.errors import TokenUnavailable

if TYPE_CHECKING:
    from redis.asyncio import Redis

log = logging.getLogger(__name__)

MEMORY_SECONDS = 60.0
FRESH_SECONDS = 300
"""What must be left of a token kept in a worker's memory."""
DUE_SECONDS = 600
USABLE_SECONDS = 30
LOCK_MILLISECONDS = 10_000
"""Longer than the time limit of the call that is made under it."""
WAIT_SECONDS = 6.0
FIRST_POLL_SECONDS = 0.05
LONGEST_POLL_SECONDS = 0.2
ALONE_SECONDS = 30.0
"""Without Redis a worker fetches for itself, at most this often; the stable token allows it."""

REPAIRS_PER_MINUTE = 5
BLOCKED_SECONDS = 60.0
FORCED_PER_DAY = 15
FORCED_APART_SECONDS = 30

STORE = """
if (redis.call('HGET', KEYS[1], 'gen') or '0') ~= ARGV[1] then return 0 end
local gen = tonumber(ARGV[1]) + 1
redis.call('HSET', KEYS[1], 'token', ARGV[2], 'gen', gen, 'exp', ARGV[3], 'at', ARGV[4])
redis.call('EXPIRE', KEYS[1], 604800)
return gen
"""
"""The key outlives the token, so that the generation never starts over under a slow worker."""

RELEASE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """What the platform gave: the value and the seconds it lives."""

    value: str = field(repr=False)
    seconds: int


@dataclass(frozen=True, kw_only=True)
class Token:
    """A token as it is stored."""

    value: str = field(repr=False)
    generation: int
    expires_at: float
    """Seconds since 1970."""
    fetched_at: float = 0.0


@dataclass(frozen=True, kw_only=True)
class TokenAge:
    """What the operator's page may know of a token."""

    kind: str
    generation: int
    age_seconds: int
    left_seconds: int


Fetch = Callable[[bool], Awaitable[Fetched]]
"""Ask the platform; True forces a new token (the old one dies at once)."""


class TokenStore:
    """The token of one kind of one application."""

    def __init__(self, redis: "Redis", *, app: str, kind: str, fetch: Fetch) -> None:
        self._redis = redis
        self._fetch = fetch
        self.kind = kind
        self._key = f"tok:{{{app}:{kind}}}"
        self._lock_key = f"tok:lock:{{{app}:{kind}}}"
        self._limits_key = f"tok:limits:{{{app}:{kind}}}"
        self._local = asyncio.Lock()
        self._kept: Token | None = None
        self._kept_at = 0.0
        self._alone_at = float("-inf")
        self._blocked_until = float("-inf")

    async def get(self) -> Token:
        """A token that is good now. Raises TokenUnavailable, and what fetching raises."""
        self._refuse_while_blocked()
        if self._kept is not None and self._is_fresh(self._kept):
            return self._kept
        try:
            stored = await self._read()
            if stored is not None and _left(stored) > DUE_SECONDS + random.uniform(-60, 60):  # noqa: S311
                return self._keep(stored)
            if stored is not None and _left(stored) > USABLE_SECONDS:
                return self._keep(await self._renew_early(stored))
            async with self._local:
                return self._keep(await self._renew(lambda token: _left(token) > USABLE_SECONDS))
        except REDIS_ERRORS:
            return await self._alone()

    async def report_bad(self, used: Token) -> Token:
        """The platform refused `used`: the token to repeat the call with, once.

        Raises TokenUnavailable when the platform keeps handing out tokens it then refuses.
        """
        self._kept = None
        try:
            async with self._local:
                self._refuse_while_blocked()
                stored = await self._read()
                if stored is not None and stored.value != used.value:
                    return self._keep(stored)
                return self._keep(
                    await self._renew(lambda token: token.value != used.value, used=used)
                )
        except REDIS_ERRORS:
            return await self._alone()

    async def age(self) -> TokenAge | None:
        """How old the stored token is, without the token; None when none was fetched yet."""
        stored = await self._read()
        if stored is None:
            return None
        now = clock.now().timestamp()
        return TokenAge(
            kind=self.kind,
            generation=stored.generation,
            age_seconds=round(now - stored.fetched_at),
            left_seconds=round(stored.expires_at - now),
        )

    async def _renew_early(self, stored: Token) -> Token:
        """Renew when nobody else does; a token that still works is used on meanwhile."""
        lock = await self._try_lock()
        if lock is None:
            return stored
        try:
            return await self._fetch_and_store(stored)
        except TokenUnavailable:
            raise
        except Exception:  # the old token works; the next caller tries again
            log.warning("renewing the %s token failed", self.kind, exc_info=True)
            return stored
        finally:
            await self._unlock(lock)

    async def _renew(self, is_good: Callable[[Token], bool], *, used: Token | None = None) -> Token:
        """Wait for somebody else's renewal or make it; at most WAIT_SECONDS."""
        loop = asyncio.get_running_loop()
        end = loop.time() + WAIT_SECONDS
        pause = FIRST_POLL_SECONDS
        while True:
            lock = await self._try_lock()
            if lock is not None:
                try:
                    stored = await self._read()
                    if stored is not None and is_good(stored):
                        return stored
                    return await self._fetch_and_store(stored, refused=used)
                finally:
                    await self._unlock(lock)
            if loop.time() >= end:
                raise TokenUnavailable(retry_after=5)
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, LONGEST_POLL_SECONDS)
            stored = await self._read()
            if stored is not None and is_good(stored):
                return stored

    async def _fetch_and_store(
        self, stored: Token | None, *, refused: Token | None = None
    ) -> Token:
        """Called under the lock. Keeps what is newer when somebody was faster all the same."""
        if refused is not None:
            await self._count_repair()
        fetched = await self._fetch(False)
        if refused is not None and fetched.value == refused.value:
            await self._allow_force()
            fetched = await self._fetch(True)
        return await self._store(fetched, expected=stored.generation if stored else 0)

    async def _store(self, fetched: Fetched, *, expected: int) -> Token:
        now = clock.now().timestamp()
        expires_at = now + fetched.seconds
        sealed = seal_note(self._key, fetched.value)
        generation = int(
            await self._redis.eval(STORE, 1, self._key, str(expected), sealed, expires_at, now)
        )
        if generation:
            return Token(
                value=fetched.value, generation=generation, expires_at=expires_at, fetched_at=now
            )
        newer = await self._read()
        if newer is None:
            raise TokenUnavailable(retry_after=1)
        return newer

    async def _read(self) -> Token | None:
        stored: list[Any] = await self._redis.hmget(self._key, ["token", "gen", "exp", "at"])
        sealed, generation, expires_at, at = stored
        if sealed is None:
            return None
        value = open_note(self._key, sealed)
        if value is None:  # of a time before the master key was changed
            await self._redis.delete(self._key)
            return None
        return Token(
            value=value,
            generation=int(generation),
            expires_at=float(expires_at),
            fetched_at=float(at),
        )

    async def _count_repair(self) -> None:
        """Bounds what a platform that refuses its own tokens can make us do."""
        key = f"{self._limits_key}:repairs"
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.incr(key)
            pipe.expire(key, 60, nx=True)
            count, _ = await pipe.execute()
        if int(count) > REPAIRS_PER_MINUTE:
            log.error("the %s token is refused again and again", self.kind)
            self._blocked_until = asyncio.get_running_loop().time() + BLOCKED_SECONDS
            self._refuse_while_blocked()

    def _refuse_while_blocked(self) -> None:
        left = self._blocked_until - asyncio.get_running_loop().time()
        if left > 0:
            raise TokenUnavailable(retry_after=max(1, round(left)))

    async def _allow_force(self) -> None:
        day_key = f"{self._limits_key}:forced:{clock.today():%Y%m%d}"
        if not await self._redis.set(
            f"{self._limits_key}:force", "1", nx=True, ex=FORCED_APART_SECONDS
        ):
            raise TokenUnavailable(retry_after=FORCED_APART_SECONDS)
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.incr(day_key)
            pipe.expire(day_key, 2 * 86_400)
            count, _ = await pipe.execute()
        if int(count) > FORCED_PER_DAY:
            raise TokenUnavailable(retry_after=3600)

    async def _try_lock(self) -> str | None:
        owner = ids.new_token(12)
        gained = await self._redis.set(self._lock_key, owner, nx=True, px=LOCK_MILLISECONDS)
        return owner if gained else None

    async def _unlock(self, owner: str) -> None:
        with contextlib.suppress(*REDIS_ERRORS):
            await self._redis.eval(RELEASE, 1, self._lock_key, owner)

    async def _alone(self) -> Token:
        """Redis is away: the stable token is the same for everybody who asks."""
        now = asyncio.get_running_loop().time()
        if now - self._alone_at < ALONE_SECONDS:
            if self._kept is not None:
                return self._kept
            raise TokenUnavailable(retry_after=round(ALONE_SECONDS))
        self._alone_at = now
        fetched = await self._fetch(False)
        at = clock.now().timestamp()
        return self._keep(
            Token(value=fetched.value, generation=0, expires_at=at + fetched.seconds, fetched_at=at)
        )

    def _keep(self, token: Token) -> Token:
        self._kept = token
        self._kept_at = asyncio.get_running_loop().time()
        return token

    def _is_fresh(self, token: Token) -> bool:
        age = asyncio.get_running_loop().time() - self._kept_at
        return age < MEMORY_SECONDS and _left(token) > FRESH_SECONDS


def _left(token: Token) -> float:
    return token.expires_at - clock.now().timestamp()
