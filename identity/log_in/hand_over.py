"""Small secrets that go from one place to another once: tickets, states, open proofs.

Kept in Redis under the digest of a random name, encrypted, for minutes. Taking one removes it in
the same step, so that of two takers one gets it.
"""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from core import ids
from core.errors import Problem
from core.protection.protect import open_note, seal_note

if TYPE_CHECKING:
    from redis.asyncio import Redis


async def leave(redis: "Redis", kind: str, value: dict[str, Any], *, seconds: int) -> str:
    """Keep `value` under a new random name; returns the name."""
    name = ids.new_token(24)
    await put_back(redis, kind, name, value, seconds=seconds)
    return name


async def take(redis: "Redis", kind: str, name: str) -> dict[str, Any] | None:
    """The value, once; None when it is not there (any more)."""
    key = _key(kind, name)
    return _opened(key, await redis.getdel(key))


@asynccontextmanager
async def taken(
    redis: "Redis", kind: str, name: str, *, seconds: int
) -> AsyncIterator[dict[str, Any] | None]:
    """Take the value for the length of an act; it is spent when the act ends or is refused.

    A refusal is an outcome. Anything else decided nothing (the caller hung up and its handler was
    cancelled, a store was away): the value is put back for `seconds`, and the act can be repeated.
    """
    taking = asyncio.ensure_future(take(redis, kind, name))
    value = None
    try:
        value = await asyncio.shield(taking)
        yield value
    except Problem:
        raise
    except BaseException:
        await asyncio.shield(_give_back(redis, kind, name, taking, seconds=seconds))
        raise


async def _give_back(
    redis: "Redis",
    kind: str,
    name: str,
    taking: "asyncio.Future[dict[str, Any] | None]",
    *,
    seconds: int,
) -> None:
    """Also what was just being taken when the caller went away."""
    value = await taking
    if value is not None:
        await put_back(redis, kind, name, value, seconds=seconds)


async def look(redis: "Redis", kind: str, name: str) -> dict[str, Any] | None:
    """The value without taking it."""
    key = _key(kind, name)
    return _opened(key, await redis.get(key))


async def put_back(
    redis: "Redis", kind: str, name: str, value: dict[str, Any], *, seconds: int
) -> None:
    """Keep `value` under a name that was used before."""
    key = _key(kind, name)
    await redis.set(key, seal_note(key, json.dumps(value, ensure_ascii=False)), ex=seconds)


def _opened(key: str, sealed: Any) -> dict[str, Any] | None:
    text = open_note(key, sealed)
    if text is None:
        return None
    value: dict[str, Any] = json.loads(text)
    return value


def _key(kind: str, name: str) -> str:
    return f"handover:{kind}:{hashlib.sha256(name.encode()).hexdigest()}"
