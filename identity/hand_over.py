"""Small secrets that go from one place to another once: tickets, states, open proofs.

Kept in Redis under the digest of a random name, encrypted, for minutes. Taking one removes it in
the same step, so that of two takers one gets it.
"""

import hashlib
import json
from typing import TYPE_CHECKING, Any

from core import ids
from core.protect import vault

if TYPE_CHECKING:
    from redis.asyncio import Redis


async def leave(redis: "Redis", kind: str, value: dict[str, Any], *, seconds: int) -> str:
    """Keep `value` under a new random name; returns the name."""
    name = ids.new_token(24)
    sealed = vault().seal(json.dumps(value, ensure_ascii=False))
    await redis.set(_key(kind, name), sealed, ex=seconds)
    return name


async def take(redis: "Redis", kind: str, name: str) -> dict[str, Any] | None:
    """The value, once; None when it is not there (any more)."""
    return _opened(await redis.getdel(_key(kind, name)))


async def look(redis: "Redis", kind: str, name: str) -> dict[str, Any] | None:
    """The value without taking it."""
    return _opened(await redis.get(_key(kind, name)))


async def put_back(
    redis: "Redis", kind: str, name: str, value: dict[str, Any], *, seconds: int
) -> None:
    """Keep `value` under a name that was used before."""
    sealed = vault().seal(json.dumps(value, ensure_ascii=False))
    await redis.set(_key(kind, name), sealed, ex=seconds)


def _opened(sealed: Any) -> dict[str, Any] | None:
    if sealed is None:
        return None
    value: dict[str, Any] = json.loads(vault().open(sealed.decode()))
    return value


def _key(kind: str, name: str) -> str:
    return f"handover:{kind}:{hashlib.sha256(name.encode()).hexdigest()}"
