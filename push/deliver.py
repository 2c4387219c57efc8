"""Deliver a message by every channel: recorded first, then sent, each channel for itself.

    pending ──sent──▶ sent          skipped: the channel cannot reach this person
       │ ▲
       ▼ │ fails: waits longer      failed: after MAX_ATTEMPTS, or the outcome is unknown
      (due_at)

One `Delivery` per event, recipient and channel makes a repeat harmless. Claiming a row moves its
`due_at` ahead, so that two workers never send the same one; should the worker die while it holds a
claim, the row is tried again when the channel is repeatable and given up when it is not.
"""

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from tortoise.exceptions import IntegrityError

from core import clock
from core.database import transaction
from core.protect import blind_index
from miniapp_bridge.connector import Connector
from miniapp_bridge.errors import MessageRejected, OutcomeUnknown
from push import addressee, preferences, stream
from push.channels import CHANNELS, live
from push.channels.channel import Channel, Outcome, OwnChannel, Tools
from push.message import DepartmentNotice, Message, Weight
from push.models import Delivery, DeliveryState
from push.providers import Outlets

if TYPE_CHECKING:
    from redis.asyncio import Redis

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 6
CLAIM = timedelta(seconds=60)
"""Longer than any channel may take to send."""

SHORT_CLAIM = timedelta(seconds=10)
"""For channels where sending twice has the effect of once: what a dead worker held goes on soon."""

FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=30)
BATCH = 100
SAME_WORDS = timedelta(minutes=10)
"""For so long the same words to the same person do not ring again."""

STATES = {
    Outcome.SENT: DeliveryState.SENT,
    Outcome.SKIPPED: DeliveryState.SKIPPED,
    Outcome.UNKNOWN: DeliveryState.FAILED,
}


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
    """Record one delivery per channel, commit, then send. A repeat sends nothing twice.

    It goes to whoever may have it now (`addressee`), and to nobody when there is none.

    Page and inbox lie in our own database: they are written in the same transaction. Another
    channel that fails does not raise: `retry_due` tries it again, alone. What rings waits for the
    end of the recipient's quiet hours; what the recipient has turned off is recorded as skipped.
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
            due_at=wanted.rings_at(at, message.kind) if channel.rings else at,
            state=await _state_at_first(channel, message, wanted, tools),
            sent_at=at if isinstance(channel, OwnChannel) else None,
        )
        for channel in carried
    ]
    own = [channel for channel in carried if isinstance(channel, OwnChannel)]
    try:
        async with transaction():
            await Delivery.bulk_create(rows)
            written = [await channel.write(message, event_id=event_id) for channel in own]
    except IntegrityError:
        await _deliver_again(rows, channels, tools)
        return
    for ring in written:
        await ring(redis)
    waiting = [row for row in rows if row.state is DeliveryState.PENDING and row.due_at <= at]
    await _send_all(waiting, channels, tools)


async def _state_at_first(
    channel: Channel, message: Message, wanted: preferences.Preferences, tools: Tools
) -> DeliveryState:
    """What stays in our own database is sent with its row; what cannot arrive is never tried."""
    if isinstance(channel, OwnChannel):
        return DeliveryState.SENT
    if wanted.wants(channel.name) and await channel.reaches(message, tools=tools):
        return DeliveryState.PENDING
    return DeliveryState.SKIPPED


async def _deliver_again(
    rows: Sequence[Delivery], channels: Sequence[Channel], tools: Tools
) -> None:
    """The event was told before, perhaps not by every channel of today: the rest, what is due."""
    for row in rows:
        if row.state is DeliveryState.SENT:
            row.state, row.sent_at = DeliveryState.PENDING, None
    await Delivery.bulk_create(rows, ignore_conflicts=True)
    due = await Delivery.filter(
        event_id=rows[0].event_id,
        recipient_id=rows[0].recipient_id,
        state=DeliveryState.PENDING,
        due_at__lte=clock.now(),
    )
    await _send_all(due, channels, tools)


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


async def retry_due(
    *,
    redis: "Redis",
    connectors: Mapping[str, Connector],
    outlets: Outlets | None = None,
    channels: Sequence[Channel] = CHANNELS,
) -> int:
    """Send what is due again (a timer calls it); returns how many deliveries were tried."""
    rows = (
        await Delivery.filter(state=DeliveryState.PENDING, due_at__lte=clock.now())
        .order_by("due_at")
        .limit(BATCH)
    )
    await _send_all(rows, channels, _tools(redis, connectors, outlets))
    return len(rows)


async def forget_old(*, kept: timedelta = timedelta(days=90)) -> int:
    """Delete finished deliveries older than `kept` (a timer calls it)."""
    finished = (DeliveryState.SENT, DeliveryState.SKIPPED, DeliveryState.FAILED)
    return await Delivery.filter(state__in=finished, created_at__lt=clock.now() - kept).delete()


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


async def _send_all(rows: Sequence[Delivery], channels: Sequence[Channel], tools: Tools) -> None:
    by_name = {channel.name: channel for channel in channels}
    known = [row for row in rows if row.channel in by_name]
    await asyncio.gather(*(_send(row, by_name[row.channel], tools) for row in known))


async def _send(row: Delivery, channel: Channel, tools: Tools) -> None:
    if row.attempts and row.last_error is None and not channel.repeatable:
        # Claimed before and never finished: the worker died while it was sending.
        await _finish(row, DeliveryState.FAILED, error="outcome-unknown")
        return
    if not await _claim(row, SHORT_CLAIM if channel.repeatable else CLAIM):
        return
    if row.digest is not None and await _was_just_said(row):
        await _finish(row, DeliveryState.SKIPPED, error="duplicate")
        return
    message = from_stored(row.message)
    try:
        if not await addressee.may_have(message):
            await _pass_on(row, message, tools)
            return
        outcome = await channel.send(message, event_id=row.event_id, tools=tools)
    except (OutcomeUnknown, MessageRejected) as error:
        await _finish(row, DeliveryState.FAILED, error=error.slug)
    except Exception as error:
        # Whatever a vendor or a store throws at one channel must not stop the others.
        log.warning("channel %s failed: %s", channel.name, type(error).__name__)
        await _postpone(row, error=type(error).__name__)
    else:
        await _finish(row, STATES[outcome], error=None)


async def _pass_on(row: Delivery, message: Message, tools: Tools) -> None:
    """The right to hear of it ended while it waited: who has it now is told, by every channel."""
    await deliver(
        message,
        event_id=row.event_id,
        redis=tools.redis,
        connectors=tools.connectors,
        outlets=tools.outlets,
        occurred_at=row.event_at,
    )
    await _finish(row, DeliveryState.SKIPPED, error="right-ended")


async def _was_just_said(row: Delivery) -> bool:
    """Two events may say the same (a state set twice); the second need not ring."""
    since = clock.now() - SAME_WORDS
    return await Delivery.filter(
        digest=row.digest, state=DeliveryState.SENT, sent_at__gt=since
    ).exists()


def _tools(redis: "Redis", connectors: Mapping[str, Connector], outlets: Outlets | None) -> Tools:
    return Tools(redis=redis, connectors=connectors, outlets=outlets or Outlets.closed())


async def _claim(row: Delivery, life: timedelta) -> bool:
    claimed = await Delivery.filter(
        id=row.id, state=DeliveryState.PENDING, attempts=row.attempts
    ).update(attempts=row.attempts + 1, due_at=clock.now() + life, last_error=None)
    return bool(claimed)


async def _finish(row: Delivery, state: DeliveryState, *, error: str | None) -> None:
    if state is DeliveryState.FAILED:
        log.error("delivery %s by %s was given up: %s", row.id, row.channel, error)
    await Delivery.filter(id=row.id, state=DeliveryState.PENDING).update(
        state=state,
        last_error=error,
        sent_at=clock.now() if state is DeliveryState.SENT else None,
    )


async def _postpone(row: Delivery, *, error: str) -> None:
    attempts = row.attempts + 1
    if attempts >= MAX_ATTEMPTS:
        await _finish(row, DeliveryState.FAILED, error=error)
        return
    pause = min(FIRST_PAUSE * 4 ** (attempts - 1), LONGEST_PAUSE)
    await Delivery.filter(id=row.id, state=DeliveryState.PENDING).update(
        due_at=clock.now() + pause, last_error=error
    )
