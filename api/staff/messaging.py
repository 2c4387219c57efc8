"""For those who keep the system running: parked events, channels, providers, webhooks."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from sanic import Blueprint, Request

from api.edge import guards
from api.edge.endpoint import endpoint
from api.edge.paging import Page
from core import outbox
from core.data.pages import WrongPlace
from core.parked import ParkedEventNotFound
from identity.errors import RoleMissing
from identity.staff.roles import Act
from push import deliveries, operations, statistics

bp = Blueprint("staff-messaging", url_prefix="/api/staff/messaging")


class OperationsQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    hours: Annotated[int, msgspec.Meta(ge=1, le=24 * 30)] = 24


class ParkedEvent(msgspec.Struct, kw_only=True):
    event_id: UUID
    name: str
    attempts: int
    parked_at: datetime | None
    last_error: str | None


class ChannelFigures(msgspec.Struct, kw_only=True):
    channel: str
    pending: int
    sent: int
    skipped: int
    failed: int
    delivered: int
    read: int
    median_seconds: float | None
    slowest_seconds: float | None


class ProviderHealth(msgspec.Struct, kw_only=True):
    """As this worker has seen it."""

    name: str
    sent: int
    failures: int
    in_a_row: int
    last_error: str | None


class WebhookFigures(msgspec.Struct, kw_only=True):
    addresses: int
    failing: int
    pending: int
    dead: int


class Operations(msgspec.Struct, kw_only=True):
    since: datetime
    parked: list[ParkedEvent]
    channels: list[ChannelFigures]
    providers: list[ProviderHealth]
    webhooks: WebhookFigures
    live_connections: int
    """Of this worker."""


class Decision(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    reason: Annotated[str, msgspec.Meta(min_length=2, max_length=200)]
    """Kept in the audit trail; no personal data."""


class DeliveryQuery(Page, kw_only=True, forbid_unknown_fields=True):
    state: Literal["pending", "sent", "skipped", "failed"] = "failed"
    channel: Annotated[str, msgspec.Meta(max_length=20)] | None = None


class DeliveryLine(msgspec.Struct, kw_only=True):
    """One delivery; what it says and to whom is not shown."""

    id: UUID
    event_id: UUID
    channel: str
    kind: str
    state: str
    attempts: int
    created_at: datetime
    due_at: datetime
    last_error: str | None


class DeliveryList(msgspec.Struct, kw_only=True):
    items: list[DeliveryLine]
    next: str | None


@bp.get("/")
@guards.officer(Act.OPERATE)
@endpoint(summary="How delivery stands", query=OperationsQuery, returns=Operations)
async def get_operations(request: Request, query: OperationsQuery) -> Operations:
    resources = request.app.ctx.resources
    found = await statistics.figures(back=timedelta(hours=query.hours), by=request.ctx.principal)
    health = [*resources.outlets.sms.health, *resources.outlets.email.health]
    return Operations(
        since=found.since,
        parked=msgspec.convert(await outbox.list_parked(), list[ParkedEvent], from_attributes=True),
        channels=[ChannelFigures(**asdict(one)) for one in found.channels],
        providers=msgspec.convert(health, list[ProviderHealth], from_attributes=True),
        webhooks=WebhookFigures(**asdict(found.webhooks)),
        live_connections=resources.hub.count,
    )


@bp.get("/deliveries")
@guards.officer(Act.OPERATE)
@endpoint(
    summary="Deliveries in one state, newest first",
    query=DeliveryQuery,
    returns=DeliveryList,
    problems=(WrongPlace,),
)
async def list_deliveries(request: Request, query: DeliveryQuery) -> DeliveryList:
    rows = await deliveries.list_deliveries(
        state=query.state,
        channel=query.channel,
        limit=query.limit,
        after=query.after,
        by=request.ctx.principal,
    )
    items = [msgspec.convert(row, DeliveryLine, from_attributes=True) for row in rows]
    return DeliveryList(items=items, next=rows.following)


@bp.post("/parked/<event_id:uuid>/replay")
@guards.officer(Act.OPERATE)
@endpoint(
    summary="The cause is mended: tell a parked event again",
    body=Decision,
    problems=(ParkedEventNotFound, RoleMissing),
)
async def replay_parked(request: Request, event_id: UUID, body: Decision) -> None:
    await operations.replay_parked(event_id, reason=body.reason, by=request.ctx.principal)


@bp.post("/parked/<event_id:uuid>/drop")
@guards.officer(Act.OPERATE)
@endpoint(
    summary="Give a parked event up, so that what waits behind it goes on",
    body=Decision,
    problems=(ParkedEventNotFound, RoleMissing),
)
async def drop_parked(request: Request, event_id: UUID, body: Decision) -> None:
    await operations.drop_parked(event_id, reason=body.reason, by=request.ctx.principal)
