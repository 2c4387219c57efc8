"""How the channels do: what was sent, skipped, given up, delivered, read, and how fast."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tortoise.functions import Count

from core import clock
from core.data import pages
from identity.principal import Principal
from identity.staff.roles import Act, insist
from push.models import CallState, Delivery, DeliveryState, InboxMessage, Webhook, WebhookCall
from push.webhooks.endpoints import FAILING_FROM, MOST_COUNTED

SAMPLE = 5000
"""Sent deliveries whose times are looked at: the newest ones."""


@dataclass(kw_only=True)
class ChannelFigures:
    """One channel over the time asked for. Seconds run from the event to the sending."""

    channel: str
    pending: int = 0
    sent: int = 0
    skipped: int = 0
    failed: int = 0
    delivered: int = 0
    read: int = 0
    """Of the inbox: the only place where a person says so."""
    median_seconds: float | None = None
    slowest_seconds: float | None = None
    """The time within which 99 of 100 were sent."""


@dataclass(frozen=True, kw_only=True)
class WebhookFigures:
    """All webhooks together, as they are now."""

    addresses: int
    failing: int
    pending: int
    dead: int


@dataclass(frozen=True, kw_only=True)
class Figures:
    """`since` is the beginning of the time asked for."""

    since: datetime
    channels: list[ChannelFigures] = field(default_factory=list)
    webhooks: WebhookFigures


async def figures(*, by: Principal, back: timedelta = timedelta(days=1)) -> Figures:
    """The figures of the last while, of the whole city. Raises RoleMissing."""
    insist(by, Act.OPERATE)
    since = clock.now() - back
    channels: defaultdict[str, ChannelFigures] = defaultdict(lambda: ChannelFigures(channel=""))
    recent = Delivery.filter(created_at__gte=since)
    counted = (
        await recent.annotate(count=Count("id"), arrived=Count("delivered_at"))
        .group_by("channel", "state")
        .values_list("channel", "state", "count", "arrived")
    )
    for channel, state, count, arrived in counted:
        found = channels[channel]
        found.channel = channel
        setattr(found, DeliveryState(state).value, count)
        found.delivered += arrived
    for channel, found in channels.items():
        await _add_times(found, channel, since)
    if "inbox" in channels:
        read = InboxMessage.filter(created_at__gte=since, read_at__isnull=False)
        channels["inbox"].read = await read.count()
    return Figures(
        since=since,
        channels=[channels[name] for name in sorted(channels)],
        webhooks=await _webhooks(),
    )


async def _add_times(found: ChannelFigures, channel: str, since: datetime) -> None:
    rows = (
        await Delivery.filter(channel=channel, state=DeliveryState.SENT, created_at__gte=since)
        .exclude(event_at=None)
        .order_by("-created_at")
        .limit(SAMPLE)
        .values_list("event_at", "sent_at")
    )
    spent = sorted((sent_at - event_at).total_seconds() for event_at, sent_at in rows)
    if spent:
        found.median_seconds = spent[len(spent) // 2]
        found.slowest_seconds = spent[min(len(spent) - 1, int(len(spent) * 0.99))]


async def _webhooks() -> WebhookFigures:
    return WebhookFigures(
        addresses=await Webhook.all().count(),
        failing=await Webhook.filter(failures__gte=FAILING_FROM).count(),
        pending=await _count_calls(CallState.PENDING),
        dead=await _count_calls(CallState.DEAD),
    )


async def _count_calls(state: CallState) -> int:
    return await pages.count_up_to(WebhookCall.filter(state=state), MOST_COUNTED)
