"""One-time tickets: open a stream where no header can be set, without a token in the address.

`EventSource` and some sockets of mini-app frames can send neither a bearer token nor, from another
origin, a cookie. They ask for a ticket over an ordinary authorised request and put it into the
address: it is good once and for half a minute, so what a log of a proxy keeps opens nothing.
A ticket stands for the session that asked for it and ends with it.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from core import clock, ids
from identity.errors import SignInRequired
from identity.principal import Principal, PrincipalKind

if TYPE_CHECKING:
    from redis.asyncio import Redis

LIFE = timedelta(seconds=30)


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """`ticket` is not kept anywhere: Valkey holds its digest only."""

    ticket: str
    expires_at: datetime


async def issue(principal: Principal, *, redis: "Redis") -> Ticket:
    """A ticket for the caller's own session. Raises SignInRequired for callers without one."""
    if principal.session_id is None:
        raise SignInRequired()
    ticket = ids.new_token()
    value = f"{principal.kind.value} {principal.session_id}"
    await redis.set(_key(ticket), value, ex=int(LIFE.total_seconds()))
    return Ticket(ticket=ticket, expires_at=clock.now() + LIFE)


async def redeem(ticket: str, *, kind: PrincipalKind, redis: "Redis") -> UUID:
    """The session a ticket stands for, once. Raises SignInRequired for every other ticket."""
    value: Any = await redis.getdel(_key(ticket))
    if value is None:
        raise SignInRequired()
    of_kind, _, session_id = bytes(value).decode().partition(" ")
    if of_kind != kind.value:
        raise SignInRequired()
    return UUID(session_id)


def _key(ticket: str) -> str:
    return f"ticket:{hashlib.sha256(ticket.encode()).hexdigest()}"
