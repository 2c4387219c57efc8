"""How often one network address may try something that needs no session."""

from __future__ import annotations

from sanic import Request

from core.errors import TooMany
from core.redis_client import allow

WINDOW_SECONDS = 60


class TooManyTries(TooMany):
    """Member `retry_after`: seconds until the next try is looked at."""

    slug = "too-many-tries"
    title = "尝试次数过多，请一分钟后再试"


async def per_address(request: Request, act: str, *, limit: int) -> None:
    """Raises TooManyTries beyond `limit` tries of `act` per minute from one address."""
    address = request.remote_addr or request.ip
    redis = request.app.ctx.resources.redis
    if not await allow(redis, f"{act}:{address}", limit=limit, seconds=WINDOW_SECONDS):
        raise TooManyTries(retry_after=WINDOW_SECONDS)
