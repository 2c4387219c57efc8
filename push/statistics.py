"""How the channels do: what was sent, skipped, given up, delivered, read, and how fast.

Numbers are read up to `MOST`, each from an index of its own kind (adr/0031): kept ones would cost
every delivery of a city two writes more, since its state changes, for a page that an operator opens
now and then; what they act on are hundreds that failed or wait.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core import clock
from core.data import pages
from core.data.statements import Statement
from identity.principal import Principal
from identity.staff.roles import Act, insist
from push.channels import CHANNELS
from push.channels.inbox import InboxChannel
from push.models import CallState, Delivery, DeliveryState, Webhook, WebhookCall
from push.webhooks.endpoints import FAILING_FROM, MOST_COUNTED

MOST = 10_000
"""A number that is as large as this one stands for "so many or more"."""
SAMPLE = 2000
"""Sent deliveries whose times are looked at: the newest ones."""

_FOUND = "SELECT COUNT(*) AS number FROM (SELECT 1 AS one FROM"
_IN_STATE = Statement(
    f"{_FOUND} push_delivery WHERE channel = ? AND state = ? AND created_at >= ? LIMIT ?) found"
)
_ARRIVED = Statement(
    f"{_FOUND} push_delivery WHERE channel = ? AND delivered_at IS NOT NULL AND created_at >= ?"
    " LIMIT ?) found"
)
_READ = Statement(
    f"{_FOUND} push_inbox_message WHERE read_at IS NOT NULL AND created_at >= ? LIMIT ?) found"
)
_CREATED = Delivery._meta.fields_map["created_at"]


@dataclass(kw_only=True)
class ChannelFigures:
    """One channel over the time asked for, each number `MOST` at the most.

    Seconds run from the event to the sending.
    """

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

    @property
    def is_used(self) -> bool:
        return bool(self.pending or self.sent or self.skipped or self.failed)


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
    found = [await _figures(channel.name, since) for channel in CHANNELS]
    return Figures(
        since=since,
        channels=sorted((one for one in found if one.is_used), key=lambda one: one.channel),
        webhooks=await _webhooks(),
    )


async def _figures(channel: str, since: datetime) -> ChannelFigures:
    found = ChannelFigures(channel=channel)
    for state in DeliveryState:
        setattr(found, state.value, await _up_to(_IN_STATE, channel, state.value, since=since))
    if found.sent:
        await _add_times(found, since)
        found.delivered = await _up_to(_ARRIVED, channel, since=since)
    if found.sent and channel == InboxChannel.name:
        found.read = await _up_to(_READ, since=since)
    return found


async def _up_to(statement: Statement, *values: str, since: datetime) -> int:
    row = await statement.row(*values, _CREATED.to_db_value(since, Delivery), MOST)
    return 0 if row is None else int(row["number"])


async def _add_times(found: ChannelFigures, since: datetime) -> None:
    sent = Delivery.filter(
        channel=found.channel, state=DeliveryState.SENT, created_at__gte=since
    ).exclude(event_at=None)
    rows = await sent.order_by("-created_at").limit(SAMPLE).values_list("event_at", "sent_at")
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
