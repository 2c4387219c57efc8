"""A client system looks at its own account and quota. Costs nothing of the quota."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sanic import Blueprint, Request

from api.edge import guards
from api.edge.endpoint import endpoint
from identity import errors
from identity.systems import clients

bp = Blueprint("enterprise-account", url_prefix="/api/enterprise/v1")


class Quota(msgspec.Struct, kw_only=True):
    limit: int
    """Calls a calendar day in Shanghai."""
    used: int
    reset_at: datetime


class ClientAccount(msgspec.Struct, kw_only=True):
    name: str
    quota: Quota


@bp.get("/me")
@guards.client_uncounted
@endpoint(
    summary="This client system and its quota",
    returns=ClientAccount,
    problems=(errors.InvalidSignature,),
)
async def get_account(request: Request) -> ClientAccount:
    principal = request.ctx.principal
    usage = await clients.usage(principal, redis=request.app.ctx.resources.redis)
    quota = Quota(limit=usage.limit, used=usage.used, reset_at=usage.reset_at)
    return ClientAccount(name=principal.name, quota=quota)
