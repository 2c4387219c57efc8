"""For those who keep the system running: parked events, channels, providers, webhooks."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import msgspec
from sanic import Blueprint, Request

from api import guards
from api.endpoint import endpoint
from core import outbox
from push import statistics

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


@bp.get("/")
@guards.officer("supervisor")
@endpoint(summary="How delivery stands", query=OperationsQuery, returns=Operations)
async def get_operations(request: Request, query: OperationsQuery) -> Operations:
    resources = request.app.ctx.resources
    found = await statistics.figures(back=timedelta(hours=query.hours))
    health = [*resources.outlets.sms.health, *resources.outlets.email.health]
    return Operations(
        since=found.since,
        parked=msgspec.convert(await outbox.list_parked(), list[ParkedEvent], from_attributes=True),
        channels=[ChannelFigures(**asdict(one)) for one in found.channels],
        providers=msgspec.convert(health, list[ProviderHealth], from_attributes=True),
        webhooks=WebhookFigures(**asdict(found.webhooks)),
        live_connections=resources.hub.count,
    )
