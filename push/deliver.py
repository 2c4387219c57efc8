"""Deliver a message by every channel: recorded first, sent afterwards, each channel for itself.

    pending ──sent──▶ sent          skipped: the channel cannot reach this person
       │ ▲
       ▼ │ fails: waits longer      failed: after MAX_ATTEMPTS, or the outcome is unknown
      (due_at)

One `Delivery` per event, recipient and channel makes a repeat harmless. A reaction of the relay
only records: `workers` send what is due, so that a vendor who is slow holds up no event. A row is
claimed (`core.queue`), so that two workers never send the same one; should the worker die while it
holds it, the row is tried again when the channel is repeatable and given up when it is not.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from tortoise.exceptions import IntegrityError

from core import clock
from core.data import forgetting
from core.database import insert_last, transaction
from core.protection.protect import blind_index
from core.queue import AT_ONCE, Backoff, Claim, Queue
from core.sql import NOW
from core.workers import Bell, Workers
from miniapp_bridge.connector import Connector
from miniapp_bridge.errors import MessageRejected, OutcomeUnknown
from push import addressee, preferences
from push.channels import CHANNELS, live
from push.channels.channel import Channel, Outcome, OwnChannel, Tools
from push.live import stream
from push.models import Delivery, DeliveryState
from push.providers import Outlets
from push.texts.message import DepartmentNotice, Message, Weight

if TYPE_CHECKING:
    from redis.asyncio import Redis

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 6
AT_ONCE_A_WORKER = 16
LONGEST_SECONDS = 60.0
"""Longer than any channel may take to send."""

UNKNOWN_CHANNEL_SECONDS = 600.0
SAME_WORDS = timedelta(minutes=10)
"""For so long the same words to the same person do not ring again."""

STATES = {
    Outcome.SENT: DeliveryState.SENT,
    Outcome.SKIPPED: DeliveryState.SKIPPED,
    Outcome.UNKNOWN: DeliveryState.FAILED,
}


QUEUE = Queue(
    name="deliveries",
    model=Delivery,
    open="j.state = 'pending'",
    backoff=Backoff(first=5.0, longest=1800.0, tries=MAX_ATTEMPTS, factor=4.0),
    life=20.0,
    furthest=3 * 86400.0,
)

bell = Bell()


async def deliver(
    message: Message,
    *,
    event_id: UUID,
    redis: "Redis",
    connectors: Mapping[str, Connector],
    outlets: Outlets | None = None,
    occurred_at: datetime | None = None,
    channels: Sequence[Channel] = CHANNELS,
) -> None:
    """Record one delivery per channel, and wake who sends. A repeat sends nothing twice.

    It goes to whoever may have it now (`addressee`), and to nobody when there is none.

    Page and inbox lie in our own database: they are written in the same transaction. The other
    channels are `workers`' to send. What rings waits for the end of the recipient's quiet hours;
    what the recipient has turned off is recorded as skipped.
    """
    addressed = await addressee.rightful(message)
    if addressed is None:
        return
    message = addressed
    carried = [channel for channel in channels if message.weight in channel.weights]
    tools = _tools(redis, connectors, outlets)
    wanted = await preferences.get(message.recipient_id)
    stored, at = to_stored(message), clock.now()
    rows = [
        Delivery(
            event_id=event_id,
            recipient_id=message.recipient_id,
            channel=channel.name,
            message=stored,
            event_at=occurred_at or at,
            digest=digest(message, channel) if channel.rings else None,
            due_at=_due_at(channel, message, wanted, at),
            state=await _state_at_first(channel, message, wanted, tools),
            sent_at=at if isinstance(channel, OwnChannel) else None,
        )
        for channel in carried
    ]
    own = [channel for channel in carried if isinstance(channel, OwnChannel)]
    try:
        async with transaction():
            for row in rows:
                insert_last(row)
            written = [await channel.write(message, event_id=event_id) for channel in own]
    except IntegrityError:
        await _record_again(rows)
        return
    for ring in written:
        await ring(redis)
    if any(row.state is DeliveryState.PENDING for row in rows):
        bell.ring()


async def _state_at_first(
    channel: Channel, message: Message, wanted: preferences.Preferences, tools: Tools
) -> DeliveryState:
    """What stays in our own database is sent with its row; what cannot arrive is never tried."""
    if isinstance(channel, OwnChannel):
        return DeliveryState.SENT
    if wanted.wants(channel.name) and await channel.reaches(message, tools=tools):
        return DeliveryState.PENDING
    return DeliveryState.SKIPPED


def _due_at(
    channel: Channel, message: Message, wanted: preferences.Preferences, at: datetime
) -> datetime:
    rings_at = wanted.rings_at(at, message.kind) if channel.rings else at
    return rings_at if rings_at > at else AT_ONCE


async def _record_again(rows: Sequence[Delivery]) -> None:
    """The event was told before, perhaps not by every channel of today: the rest."""
    for row in rows:
        if row.state is DeliveryState.SENT:
            row.state, row.sent_at = DeliveryState.PENDING, None
    await Delivery.bulk_create(rows, ignore_conflicts=True)
    bell.ring()


async def tell_department(notice: DepartmentNotice, *, event_id: UUID, redis: "Redis") -> None:
    """Put a notice into the live streams of the department and of those who cover all.

    The same event again changes nothing.
    """
    await _tell(
        notice,
        keys=[stream.department(key) for key in (notice.department, stream.ALL_DEPARTMENTS)],
        event_id=event_id,
        redis=redis,
    )


async def tell_keepers(notice: DepartmentNotice, *, event_id: UUID, redis: "Redis") -> None:
    """The same for what only seal keepers of the department, and who covers all, have to do."""
    keys = [
        stream.keepers(notice.department),
        stream.keepers(stream.ALL_DEPARTMENTS),
        stream.department(stream.ALL_DEPARTMENTS),
    ]
    await _tell(notice, keys=keys, event_id=event_id, redis=redis)


async def _tell(
    notice: DepartmentNotice, *, keys: Sequence[str], event_id: UUID, redis: "Redis"
) -> None:
    for key in keys:
        await live.tell(
            key,
            notice.kind,
            live.payload(notice.title, notice.body, notice.link, notice.data),
            event_id=event_id,
            redis=redis,
        )


def workers(
    *,
    redis: "Redis",
    connectors: Mapping[str, Connector],
    outlets: Outlets | None = None,
    channels: Sequence[Channel] = CHANNELS,
    bell: Bell | None = None,
) -> Workers[Delivery]:
    """Those who send what is due."""
    by_name = {channel.name: channel for channel in channels}
    tools = _tools(redis, connectors, outlets)

    async def send(claim: Claim[Delivery]) -> bool:
        channel = by_name.get(claim.row.channel)
        if channel is None:  # recorded by a release that knows more channels
            await claim.wait(UNKNOWN_CHANNEL_SECONDS)
            return False
        try:
            await _send(claim, channel, tools)
        except Exception as error:
            await _failed(claim, error)
        return True

    return Workers(
        QUEUE, send, failed=_failed, bell=bell, at_once=AT_ONCE_A_WORKER, longest=LONGEST_SECONDS
    )


async def retry_due(
    *,
    redis: "Redis",
    connectors: Mapping[str, Connector],
    outlets: Outlets | None = None,
    channels: Sequence[Channel] = CHANNELS,
) -> int:
    """Send all that is due; returns how many deliveries were tried. For tests and commands."""
    sending = workers(redis=redis, connectors=connectors, outlets=outlets, channels=channels)
    return await sending.drain()


async def forget_old(*, kept: timedelta = timedelta(days=90)) -> int:
    """Delete finished deliveries older than `kept`, a piece at a time (a timer calls it)."""
    before, forgotten = clock.now() - kept, 0
    for state in (DeliveryState.SENT, DeliveryState.SKIPPED, DeliveryState.FAILED):
        old = Delivery.filter(state=state, created_at__lt=before)
        forgotten += await forgetting.forget(old, by="created_at")
    return forgotten


async def mark_delivered(event_id: UUID, recipient_id: UUID, channel: str) -> bool:
    """A provider reports that a message has arrived; again is harmless."""
    changed = await Delivery.filter(
        event_id=event_id, recipient_id=recipient_id, channel=channel, delivered_at=None
    ).update(delivered_at=clock.now())
    return bool(changed)


def digest(message: Message, channel: Channel) -> str:
    """Blind index of what is said to whom by which channel."""
    said = "\n".join(
        (str(message.recipient_id), channel.name, message.kind, message.title, message.body)
    )
    return blind_index(said, purpose="delivery")


def to_stored(message: Message) -> str:
    """The message as JSON."""
    values = asdict(message) | {
        "recipient_id": str(message.recipient_id),
        "about": str(message.about) if message.about else None,
    }
    return json.dumps(values, ensure_ascii=False)


def from_stored(stored: str) -> Message:
    """The message again."""
    values = json.loads(stored)
    recipient_id, weight = UUID(values.pop("recipient_id")), Weight(values.pop("weight"))
    about = values.pop("about", None)  # absent in rows of older versions
    return Message(
        recipient_id=recipient_id, weight=weight, about=UUID(about) if about else None, **values
    )


async def _send(claim: Claim[Delivery], channel: Channel, tools: Tools) -> None:
    row = claim.row
    if claim.lost and not channel.repeatable:
        # Claimed before and never finished: the worker died while it was sending.
        await _finish(claim, DeliveryState.FAILED, error="outcome-unknown")
        return
    if row.digest is not None and await _was_just_said(row):
        await _finish(claim, DeliveryState.SKIPPED, error="duplicate")
        return
    message = from_stored(row.message)
    try:
        if not await addressee.may_have(message):
            await _pass_on(claim, message, tools)
            return
        outcome = await channel.send(message, event_id=row.event_id, tools=tools)
    except (OutcomeUnknown, MessageRejected) as error:
        await _finish(claim, DeliveryState.FAILED, error=error.slug)
    else:
        await _finish(claim, STATES[outcome], error=None)


async def _pass_on(claim: Claim[Delivery], message: Message, tools: Tools) -> None:
    """The right to hear of it ended while it waited: who has it now is told, by every channel."""
    row = claim.row
    await deliver(
        message,
        event_id=row.event_id,
        redis=tools.redis,
        connectors=tools.connectors,
        outlets=tools.outlets,
        occurred_at=row.event_at,
    )
    await _finish(claim, DeliveryState.SKIPPED, error="right-ended")


async def _was_just_said(row: Delivery) -> bool:
    """Two events may say the same (a state set twice); the second need not ring."""
    since = clock.now() - SAME_WORDS
    return await Delivery.filter(
        digest=row.digest, state=DeliveryState.SENT, sent_at__gt=since
    ).exists()


def _tools(redis: "Redis", connectors: Mapping[str, Connector], outlets: Outlets | None) -> Tools:
    return Tools(redis=redis, connectors=connectors, outlets=outlets or Outlets.closed())


async def _finish(claim: Claim[Delivery], state: DeliveryState, *, error: str | None) -> None:
    if state is DeliveryState.FAILED:
        log.error("delivery %s by %s was given up: %s", claim.row.id, claim.row.channel, error)
    await claim.settle(
        state=state.value,
        last_error=error,
        attempts=claim.attempts + 1,
        sent_at=NOW if state is DeliveryState.SENT else None,
    )


async def _failed(claim: Claim[Delivery], error: Exception) -> None:
    """Whatever a vendor or a store throws at one channel must not stop the others."""
    name = type(error).__name__
    log.warning("channel %s failed: %s", claim.row.channel, name)
    if QUEUE.backoff.over(claim.attempts + 1):
        await _finish(claim, DeliveryState.FAILED, error=name)
    else:
        await claim.put_off(error=name)
