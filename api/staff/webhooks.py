"""Addresses of a department's line systems that are told of its cases: kept by a supervisor."""

from __future__ import annotations

from uuid import UUID

from sanic import Blueprint, Request

from api.edge import guards
from api.edge.endpoint import endpoint
from api.shared import webhooks
from api.shared.webhooks import (
    CallQuery,
    NewKey,
    NewWebhook,
    WebhookCalls,
    WebhookList,
    WebhookState,
    WebhookTest,
)
from core.data.pages import WrongPlace
from identity.errors import RoleMissing
from identity.staff.roles import Act, insist
from push import errors
from push.webhooks import calls, notices

bp = Blueprint("staff-webhooks", url_prefix="/api/staff/departments/<department:str>/webhooks")

REFUSED = (RoleMissing, errors.WebhookNotFound)


@bp.get("/")
@guards.officer(Act.KEEP_WEBHOOKS)
@endpoint(summary="Webhooks of a department and how they do", returns=WebhookList)
async def list_webhooks(request: Request, department: str) -> WebhookList:
    return await webhooks.list_own(_owner(request, department))


@bp.post("/")
@guards.officer(Act.KEEP_WEBHOOKS)
@endpoint(
    summary="A new address; its key is shown this once",
    body=NewWebhook,
    returns=NewKey,
    status=201,
    problems=(RoleMissing, errors.WebhookAddressRefused, errors.TooManyWebhooks),
    idempotent=True,
)
async def register(request: Request, department: str, body: NewWebhook) -> NewKey:
    owner = _owner(request, department)
    return await webhooks.register(request, body, owner=owner, topic=notices.department(department))


@bp.post("/<webhook_id:uuid>/key")
@guards.officer(Act.KEEP_WEBHOOKS)
@endpoint(
    summary="A new key; the former one signs along for a day",
    returns=NewKey,
    status=201,
    problems=REFUSED,
    idempotent=True,
)
async def rotate_key(request: Request, department: str, webhook_id: UUID) -> NewKey:
    return await webhooks.rotate_key(request, webhook_id, owner=_owner(request, department))


@bp.put("/<webhook_id:uuid>/state")
@guards.officer(Act.KEEP_WEBHOOKS)
@endpoint(
    summary="Pause or resume; what happens meanwhile waits", body=WebhookState, problems=REFUSED
)
async def set_state(
    request: Request, department: str, webhook_id: UUID, body: WebhookState
) -> None:
    await webhooks.set_state(request, webhook_id, body, owner=_owner(request, department))


@bp.delete("/<webhook_id:uuid>")
@guards.officer(Act.KEEP_WEBHOOKS)
@endpoint(summary="Remove an address and what waits for it", problems=REFUSED)
async def remove(request: Request, department: str, webhook_id: UUID) -> None:
    await webhooks.remove(request, webhook_id, owner=_owner(request, department))


@bp.post("/<webhook_id:uuid>/test")
@guards.officer(Act.KEEP_WEBHOOKS)
@endpoint(summary="Call the address now with a test event", returns=WebhookTest, problems=REFUSED)
async def test(request: Request, department: str, webhook_id: UUID) -> WebhookTest:
    return await webhooks.test(request, webhook_id, owner=_owner(request, department))


@bp.get("/<webhook_id:uuid>/calls")
@guards.officer(Act.KEEP_WEBHOOKS)
@endpoint(
    summary="Calls of an address, newest first",
    query=CallQuery,
    returns=WebhookCalls,
    problems=(*REFUSED, WrongPlace),
)
async def list_calls(
    request: Request, department: str, webhook_id: UUID, query: CallQuery
) -> WebhookCalls:
    return await webhooks.list_calls(webhook_id, query, owner=_owner(request, department))


@bp.post("/<webhook_id:uuid>/calls/<number:int>/replay")
@guards.officer(Act.KEEP_WEBHOOKS)
@endpoint(summary="Let a dead call try again", problems=(*REFUSED, errors.WebhookCallNotFound))
async def replay(request: Request, department: str, webhook_id: UUID, number: int) -> None:
    await calls.replay(webhook_id, number, owner=_owner(request, department))


def _owner(request: Request, department: str) -> str:
    """Raises RoleMissing for a department the supervisor does not cover."""
    insist(request.ctx.principal, Act.KEEP_WEBHOOKS, department=department)
    return notices.department(department)
