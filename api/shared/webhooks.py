"""What webhooks look like over HTTP; staff and client systems see their own by the same acts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from sanic import Request

from api.edge import idempotency
from api.edge.paging import Page
from push.webhooks import calls, endpoints
from push.webhooks.addresses import LONGEST_URL
from push.webhooks.sender import Sender

Kind = Annotated[str, msgspec.Meta(pattern=r"^[a-z]+(-[a-z]+)*$", max_length=40)]


class NewWebhook(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    url: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_URL)]
    kinds: Annotated[list[Kind], msgspec.Meta(max_length=40)] = []
    """Kinds of events, e.g. `case-accepted`; none means all."""
    suite: Literal["hmac-sha256", "hmac-sm3"] = "hmac-sha256"


class NewKey(msgspec.Struct, kw_only=True):
    id: UUID
    secret: str
    """Shown this once. `whsec_` and base64, as Standard Webhooks has it."""


class WebhookState(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    state: Literal["active", "paused"]


class Webhook(msgspec.Struct, kw_only=True):
    id: UUID
    topic: str
    url: str
    kinds: list[str]
    suite: str
    state: str
    health: str
    failures: int
    last_sent_at: datetime | None
    last_failed_at: datetime | None
    last_error: str | None
    pending: int
    """1000 stands for as many or more; so does `dead`."""
    dead: int


class WebhookList(msgspec.Struct, kw_only=True):
    webhooks: list[Webhook]


class WebhookTest(msgspec.Struct, kw_only=True):
    taken: bool
    status: int | None
    error: str | None
    milliseconds: float


class CallQuery(Page, kw_only=True, forbid_unknown_fields=True):
    state: Literal["pending", "sent", "dead"] | None = None
    offset: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 0
    """As before there was `after`, which goes further."""


class WebhookCall(msgspec.Struct, kw_only=True):
    number: int
    event_id: UUID
    kind: str
    object_key: str
    state: str
    attempts: int
    due_at: datetime
    created_at: datetime
    sent_at: datetime | None
    last_error: str | None


class WebhookCalls(msgspec.Struct, kw_only=True):
    calls: list[WebhookCall]
    next: str | None


async def register(request: Request, body: NewWebhook, *, owner: str, topic: str) -> NewKey:
    webhook_id, secret = await idempotency.effect(
        request,
        lambda asked: endpoints.register(
            owner=owner,
            topic=topic,
            url=body.url,
            kinds=body.kinds,
            suite=body.suite,
            allowed=_sender(request).allowed,
            by=request.ctx.principal.actor,
            asked=asked,
        ),
        tuple[UUID, str],
    )
    return NewKey(id=webhook_id, secret=secret)


async def list_own(owner: str) -> WebhookList:
    found = await endpoints.list_webhooks(owner)
    return WebhookList(
        webhooks=[msgspec.convert(one, Webhook, from_attributes=True) for one in found]
    )


async def rotate_key(request: Request, webhook_id: UUID, *, owner: str) -> NewKey:
    by = request.ctx.principal.actor
    secret = await idempotency.effect(
        request,
        lambda asked: endpoints.rotate_key(webhook_id, owner=owner, by=by, asked=asked),
        str,
    )
    return NewKey(id=webhook_id, secret=secret)


async def set_state(request: Request, webhook_id: UUID, body: WebhookState, *, owner: str) -> None:
    await endpoints.set_state(webhook_id, body.state, owner=owner, by=request.ctx.principal.actor)


async def remove(request: Request, webhook_id: UUID, *, owner: str) -> None:
    await endpoints.remove(webhook_id, owner=owner, by=request.ctx.principal.actor)


async def test(request: Request, webhook_id: UUID, *, owner: str) -> WebhookTest:
    answer = await _sender(request).test(webhook_id, owner=owner)
    return WebhookTest(
        taken=answer.error is None,
        status=answer.status,
        error=answer.error,
        milliseconds=round(answer.seconds * 1000, 1),
    )


async def list_calls(webhook_id: UUID, query: CallQuery, *, owner: str) -> WebhookCalls:
    found = await calls.list_calls(
        webhook_id,
        owner=owner,
        state=query.state,
        limit=query.limit,
        after=query.after,
        skipped=query.offset,
    )
    return WebhookCalls(
        calls=[msgspec.convert(one, WebhookCall, from_attributes=True) for one in found],
        next=found.following,
    )


def _sender(request: Request) -> Sender:
    sender: Sender = request.app.ctx.resources.webhooks
    return sender
