"""How often one network address, and beside it one account, may try something."""

from __future__ import annotations

from sanic import Request

from api.edge.addresses import address_of
from core.errors import TooMany
from core.protection.protect import blind_index
from core.valkey.redis_client import allow

WINDOW_SECONDS = 60


class TooManyTries(TooMany):
    """Member `retry_after`: seconds until the next try is looked at."""

    slug = "too-many-tries"
    title = "尝试次数过多，请一分钟后再试"


async def per_address(request: Request, act: str, *, limit: int) -> None:
    """Raises TooManyTries beyond `limit` tries of `act` per minute from one address."""
    await _count(request, f"{act}:{address_of(request)}", limit)


async def per_account(request: Request, act: str, account: str, *, limit: int) -> None:
    """Raises TooManyTries beyond `limit` tries of `act` per minute for one account.

    An address is a hall or a mobile network, or one of a thousand that a flood comes from; what is
    tried (a person, a staff number, an identity number) stays the same. Only a digest is kept.
    """
    digest = blind_index(account.strip().upper(), purpose=f"throttle.{act}")
    await _count(request, f"{act}=:{digest}", limit)


async def _count(request: Request, key: str, limit: int) -> None:
    redis = request.app.ctx.resources.redis
    if not await allow(redis, key, limit=limit, seconds=WINDOW_SECONDS):
        raise TooManyTries(retry_after=WINDOW_SECONDS)
