"""Client systems: their secrets, their signed requests, their daily quota.

A request is signed with HMAC-SHA256 under the shared secret over the text of `signed_request.py`.
The quota counts calls per calendar day in Shanghai, in Redis.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from core import clock, ids
from core.data.spent import Spending
from core.database import transaction
from core.protection import audit
from identity import errors
from identity.models import ClientApp, State
from identity.principal import Principal, PrincipalKind
from identity.systems.signed_request import SignedRequest

if TYPE_CHECKING:
    from redis.asyncio import Redis

QUOTA_KEY_LIFE = timedelta(days=2)


class Scope(StrEnum):
    """What a client system may ask for."""

    LICENCES = "licences"
    """Verdicts on numbers of licences."""
    SEALS = "seals"
    """Verdicts on sealed documents."""
    DEPARTMENTS = "departments"
    """Events of departments, by webhook or stream, that it was given."""


_ACTIVE = Spending("identity_client_app WHERE id = ? AND state = 'active'")


@dataclass(frozen=True, kw_only=True)
class Usage:
    """How much of today's quota is spent. `reset_at` is the next midnight in Shanghai."""

    limit: int
    used: int
    reset_at: datetime


async def register(
    client_id: str, *, name: str, daily_quota: int, by: str, secret: str | None = None
) -> str | None:
    """Register a client system once; returns its secret, or None when it was there already."""
    secret = secret or ids.new_token()
    async with transaction():
        _, created = await ClientApp.get_or_create(
            {"name": name, "secret": secret, "daily_quota": daily_quota}, client_id=client_id
        )
        if not created:
            return None
        await audit.record(actor=by, action="client-registered", target=f"client:{client_id}")
    return secret


async def find(client_id: str) -> UUID | None:
    """The row of an active client system, for operators who know its name."""
    client = await ClientApp.get_or_none(client_id=client_id, state=State.ACTIVE)
    return None if client is None else client.id


async def is_active(row_id: UUID) -> bool:
    """Whether the client system with this row may still be told and answered."""
    return await ClientApp.exists(id=row_id, state=State.ACTIVE)


async def revoke(client_id: str, *, by: str) -> None:
    """Refuse the client system from its next request on. Repeating it changes nothing."""
    async with transaction():
        changed = await ClientApp.filter(client_id=client_id, state=State.ACTIVE).update(
            state=State.REVOKED
        )
        if changed:
            await audit.record(actor=by, action="client-revoked", target=f"client:{client_id}")


async def verify_request(request: SignedRequest, client: ClientApp) -> Principal:
    """The client that signed the request; InvalidSignature for every flaw alike.

    `client` is what `expect` gave. Whether it has been revoked since is asked with the nonce.
    """
    request.check_time()
    if not any(_fits(secret, request) for secret in _secrets(client)):
        raise errors.InvalidSignature()
    await request.use_nonce(client.id, while_=_ACTIVE)
    return Principal(kind=PrincipalKind.CLIENT, id=client.id, name=client.name)


def insist_scope(client: ClientApp, scope: Scope) -> None:
    """Raises ScopeMissing; after the signature only, so that strangers learn nothing."""
    if client.scopes is not None and scope not in client.scopes:
        raise errors.ScopeMissing(needed=scope.value)


def _secrets(client: ClientApp) -> list[str]:
    """The key, and the one before while both are good."""
    former = client.former_secret
    if former is None or client.former_until is None or client.former_until <= clock.now():
        return [client.secret]
    return [client.secret, former]


def _fits(secret: str, request: SignedRequest) -> bool:
    expected = hmac.new(secret.encode(), request.signed_text, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), request.signature.lower().encode())


async def expect(caller: str) -> ClientApp:
    """Who claims to call. Raises InvalidSignature for one that is not known, or was revoked: its
    signature cannot be good whatever it sends."""
    client = await ClientApp.get_or_none(client_id=caller, state=State.ACTIVE)
    if client is None:
        raise errors.InvalidSignature()
    return client


async def spend(principal: Principal, *, redis: "Redis") -> Usage:
    """Count one call. Raises QuotaSpent(limit, reset_at) when the day's calls are used up."""
    limit = await _limit(principal)
    key = _quota_key(principal)
    async with redis.pipeline(transaction=True) as pipe:
        pipe.incr(key)
        pipe.expire(key, QUOTA_KEY_LIFE, nx=True)
        used, _ = await pipe.execute()
    reset_at = _next_midnight()
    if used > limit:
        raise errors.QuotaSpent(limit=limit, reset_at=reset_at.isoformat())
    return Usage(limit=limit, used=used, reset_at=reset_at)


async def usage(principal: Principal, *, redis: "Redis") -> Usage:
    """Today's use, without counting this look."""
    limit = await _limit(principal)
    used = int(await redis.get(_quota_key(principal)) or 0)
    return Usage(limit=limit, used=min(used, limit), reset_at=_next_midnight())


async def _limit(principal: Principal) -> int:
    client = await ClientApp.get(id=principal.id)
    return client.daily_quota


def _quota_key(principal: Principal) -> str:
    return f"quota:{principal.id}:{clock.today():%Y%m%d}"


def _next_midnight() -> datetime:
    tomorrow = clock.today() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), tzinfo=clock.SHANGHAI)
