"""Notices of payment platforms: verified, settled, answered in the platform's own words."""

from __future__ import annotations

import logging

from sanic import Blueprint, HTTPResponse, Request
from sanic.response import raw

from api.callbacks.platforms import callback_of
from api.edge import guards
from api.edge.endpoint import endpoint
from core.errors import NotFound, Problem
from miniapp_bridge import errors as platform_errors
from payments import errors, settle

bp = Blueprint("payment-callbacks", url_prefix="/api/callbacks/payments")

log = logging.getLogger(__name__)


@bp.post("/<provider:str>")
@guards.public
@endpoint(
    summary="A payment platform tells how an order stands",
    raw=True,
    media_types=("application/json", "text/plain"),
    problems=(platform_errors.CallbackRefused, NotFound),
)
async def hear(request: Request, provider: str) -> HTTPResponse:
    chosen = request.app.ctx.resources.providers.get(provider)
    if chosen is None:
        raise NotFound()
    notice = chosen.open_notice(callback_of(request))
    taken = True
    try:
        if notice is not None:
            await settle.notice(notice, provider=provider)
    except errors.WrongAmount:
        # Repeating will not make it right: an operator reads the log and the reconciliation.
        taken = True
    except Problem as problem:
        log.warning("notice of %s was not taken: %s", provider, problem.slug)
        taken = False
    answer = chosen.acknowledge(taken=taken)
    return raw(answer.body, status=answer.status, content_type=answer.media_type)
