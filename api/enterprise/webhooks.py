"""A client system looks after the addresses an operator has set up for it.

Whose events an address is told is a matter of law, not of self-service: an operator sets it up
by `manage.py webhook`.
"""

from __future__ import annotations

from uuid import UUID

from sanic import Blueprint, Request

from api.edge import guards
from api.edge.endpoint import endpoint
from api.shared import webhooks
from api.shared.webhooks import (
    CallQuery,
    NewKey,
    WebhookCalls,
    WebhookList,
    WebhookState,
    WebhookTest,
)
from core.data.pages import WrongPlace
from identity.systems.clients import Scope
from push import errors
from push.webhooks import calls

bp = Blueprint("enterprise-webhooks", url_prefix="/api/enterprise/v1/webhooks")

REFUSED = (errors.WebhookNotFound,)


@bp.get("/")
@guards.client_uncounted
@endpoint(summary="My webhooks and how they do", returns=WebhookList)
async def list_webhooks(request: Request) -> WebhookList:
    return await webhooks.list_own(_owner(request))


@bp.post("/<webhook_id:uuid>/key")
@guards.client(Scope.DEPARTMENTS)
@endpoint(
    summary="A new key; the former one signs along for a day",
    returns=NewKey,
    status=201,
    problems=REFUSED,
    idempotent=True,
)
async def rotate_key(request: Request, webhook_id: UUID) -> NewKey:
    return await webhooks.rotate_key(request, webhook_id, owner=_owner(request))


@bp.put("/<webhook_id:uuid>/state")
@guards.client(Scope.DEPARTMENTS)
@endpoint(
    summary="Pause or resume; what happens meanwhile waits", body=WebhookState, problems=REFUSED
)
async def set_state(request: Request, webhook_id: UUID, body: WebhookState) -> None:
    await webhooks.set_state(request, webhook_id, body, owner=_owner(request))


@bp.post("/<webhook_id:uuid>/test")
@guards.client(Scope.DEPARTMENTS)
@endpoint(summary="Call the address now with a test event", returns=WebhookTest, problems=REFUSED)
async def test(request: Request, webhook_id: UUID) -> WebhookTest:
    return await webhooks.test(request, webhook_id, owner=_owner(request))


@bp.get("/<webhook_id:uuid>/calls")
@guards.client_uncounted
@endpoint(
    summary="Calls of an address, newest first",
    query=CallQuery,
    returns=WebhookCalls,
    problems=(*REFUSED, WrongPlace),
)
async def list_calls(request: Request, webhook_id: UUID, query: CallQuery) -> WebhookCalls:
    return await webhooks.list_calls(webhook_id, query, owner=_owner(request))


@bp.post("/<webhook_id:uuid>/calls/<number:int>/replay")
@guards.client(Scope.DEPARTMENTS)
@endpoint(summary="Let a dead call try again", problems=(*REFUSED, errors.WebhookCallNotFound))
async def replay(request: Request, webhook_id: UUID, number: int) -> None:
    await calls.replay(webhook_id, number, owner=_owner(request))


def _owner(request: Request) -> str:
    principal = request.ctx.principal
    return f"{principal.kind.value}:{principal.id}"
