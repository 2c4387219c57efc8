"""Calls on their way: written with the event, sent in order per object, tried again for days.

Of one address and one object only the oldest pending call is sent; the next waits for it, whatever
becomes of it. A call that fails waits longer each time, at most a day, and is dead after
MAX_ATTEMPTS (some five days); the calls behind it then go on. A dead call may be replayed: it keeps
its number, by which a receiver can see that it is late.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from tortoise.functions import Min

from core import clock
from push.errors import WebhookCallNotFound, WebhookNotFound
from push.models import CallState, Webhook, WebhookCall, WebhookState
from push.webhooks.notices import Notice

MAX_ATTEMPTS = 12
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(hours=24)
CLAIM = timedelta(seconds=60)
"""Longer than a call may take."""

BATCH = 500
KEPT = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class CallView:
    """A call as its owner sees it."""

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


async def enqueue(notice: Notice) -> int:
    """Write a call for every address that wants the event. The same event again adds nothing."""
    hooks = await Webhook.filter(topic__in=list(notice.topics))
    wanted = [hook for hook in hooks if not hook.kinds or notice.kind in hook.kinds]
    if wanted:
        await WebhookCall.bulk_create(
            [
                WebhookCall(
                    webhook_id=hook.id,
                    event_id=notice.event_id,
                    kind=notice.kind,
                    object_key=notice.object_key,
                    body=notice.body,
                )
                for hook in wanted
            ],
            ignore_conflicts=True,
        )
    return len(wanted)


async def due(*, busy: Sequence[UUID] = ()) -> list[WebhookCall]:
    """The calls that may be sent now, oldest first; addresses in `busy` are left out."""
    heads = (
        await WebhookCall.filter(state=CallState.PENDING, webhook__state=WebhookState.ACTIVE)
        .exclude(webhook_id__in=list(busy))
        .annotate(head=Min("id"))
        .group_by("webhook_id", "object_key")
        .values_list("head", flat=True)
    )
    if not heads:
        return []
    return (
        await WebhookCall.filter(id__in=list(heads), due_at__lte=clock.now())
        .order_by("id")
        .limit(BATCH)
        .prefetch_related("webhook")
    )


async def claim(call: WebhookCall) -> bool:
    """Take a call; only one worker gets it. A claim of a worker that died runs out."""
    changed = await WebhookCall.filter(
        id=call.id, state=CallState.PENDING, attempts=call.attempts
    ).update(attempts=call.attempts + 1, due_at=clock.now() + CLAIM)
    return bool(changed)


async def succeed(call: WebhookCall) -> None:
    """It was taken."""
    at = clock.now()
    await WebhookCall.filter(id=call.id).update(state=CallState.SENT, sent_at=at, last_error=None)
    await Webhook.filter(id=call.webhook_id).update(failures=0, last_sent_at=at, last_error=None)


async def fail(call: WebhookCall, *, error: str, wait: timedelta | None = None) -> None:
    """It was not taken: wait (at least `wait`, as the other side asked), or give up."""
    attempts, at = call.attempts + 1, clock.now()
    hook = await Webhook.get(id=call.webhook_id)
    state = CallState.DEAD if attempts >= MAX_ATTEMPTS else CallState.PENDING
    pause = min(max(pause_after(attempts), wait or timedelta()), LONGEST_PAUSE)
    await WebhookCall.filter(id=call.id).update(state=state, due_at=at + pause, last_error=error)
    await Webhook.filter(id=hook.id).update(
        failures=hook.failures + 1, last_failed_at=at, last_error=error
    )


async def give_up_address(webhook_id: UUID) -> None:
    """The other side says that it is gone for good (410): pause, and let the owner decide."""
    await Webhook.filter(id=webhook_id).update(state=WebhookState.PAUSED)


def pause_after(attempts: int) -> timedelta:
    """5 s, 20 s, 80 s … up to a day."""
    return min(FIRST_PAUSE * int(4 ** (attempts - 1)), LONGEST_PAUSE)


async def list_calls(
    webhook_id: UUID, *, owner: str, state: str | None, limit: int, offset: int
) -> list[CallView]:
    """Calls of an own address, newest first. Raises WebhookNotFound."""
    await _check_own(webhook_id, owner)
    found = WebhookCall.filter(webhook_id=webhook_id)
    if state is not None:
        found = found.filter(state=CallState(state))
    return [_view(row) for row in await found.order_by("-id").offset(offset).limit(limit)]


async def replay(webhook_id: UUID, number: int, *, owner: str) -> None:
    """Let a dead call try again from the beginning. Raises WebhookNotFound, WebhookCallNotFound."""
    await _check_own(webhook_id, owner)
    changed = await WebhookCall.filter(
        id=number, webhook_id=webhook_id, state=CallState.DEAD
    ).update(state=CallState.PENDING, attempts=0, due_at=clock.now())
    if not changed:
        raise WebhookCallNotFound()


async def forget_old(*, kept: timedelta = KEPT) -> int:
    """Delete sent and dead calls older than `kept` (a timer calls it)."""
    return await WebhookCall.filter(
        state__in=(CallState.SENT, CallState.DEAD), created_at__lt=clock.now() - kept
    ).delete()


async def _check_own(webhook_id: UUID, owner: str) -> None:
    if not await Webhook.filter(id=webhook_id, owner=owner).exists():
        raise WebhookNotFound()


def _view(row: WebhookCall) -> CallView:
    return CallView(
        number=row.id,
        event_id=row.event_id,
        kind=row.kind,
        object_key=row.object_key,
        state=row.state.value,
        attempts=row.attempts,
        due_at=row.due_at,
        created_at=row.created_at,
        sent_at=row.sent_at,
        last_error=row.last_error,
    )
