"""Calls on their way: written with the event, sent in order per object, tried again for days.

Of one address and one object only the oldest pending call is sent; the next waits for it, whatever
becomes of it. A call that fails waits longer each time, at most a day, and is dead after
MAX_ATTEMPTS (some five days); the calls behind it then go on. A dead call may be replayed: it keeps
its number, by which a receiver can see that it is late.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from tortoise.expressions import F

from core import clock
from core.data import forgetting, pages
from core.data.pages import Page, Section
from core.database import after_commit, transaction
from core.queue import AT_ONCE, Backoff, Claim, Queue
from core.sql import NOW
from core.workers import Bell
from push.errors import WebhookCallNotFound, WebhookNotFound
from push.models import CallState, Webhook, WebhookCall, WebhookState
from push.webhooks.notices import Notice

MAX_ATTEMPTS = 12
KEPT = timedelta(days=30)

QUEUE = Queue(
    name="webhooks",
    model=WebhookCall,
    open="j.state = 'pending'",
    allowed="EXISTS (SELECT 1 FROM push_webhook w WHERE w.id = j.webhook_id"
    " AND w.state = 'active')",
    key=("webhook_id", "object_key"),
    lane="webhook_id",
    backoff=Backoff(first=5.0, longest=24 * 3600.0, tries=MAX_ATTEMPTS, factor=4.0),
    life=20.0,
    furthest=2 * 86400.0,
)

_SHOWN = (
    "id", "webhook_id", "event_id", "kind", "object_key", "state", "attempts", "due_at",
    "created_at", "sent_at", "last_error",
)  # fmt: skip
"""All but the body: a list does not decrypt it."""

bell = Bell()


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
        bell.ring()
    return len(wanted)


async def succeed(claim: Claim[WebhookCall]) -> bool:
    """It was taken."""
    async with transaction():
        written = await claim.settle(
            state=CallState.SENT.value, sent_at=NOW, last_error=None, attempts=claim.attempts + 1
        )
        if written:
            await Webhook.filter(id=claim.row.webhook_id).update(
                failures=0, last_sent_at=clock.now(), last_error=None
            )
            if claim.fence > 1:
                await QUEUE.bring_back(claim.row)
    return written


async def fail(claim: Claim[WebhookCall], *, error: str, wait: timedelta | None = None) -> None:
    """It was not taken: wait (at least `wait`, as the other side asked), or give up."""
    attempts = claim.attempts + 1
    dead = QUEUE.backoff.over(attempts)
    asked = (wait or timedelta()).total_seconds()
    pause = min(max(QUEUE.backoff.pause(attempts), asked), QUEUE.backoff.longest)
    state = CallState.DEAD if dead else CallState.PENDING
    async with transaction():
        if not await claim.put_off(error=error, pause=pause, state=state.value):
            return
        await Webhook.filter(id=claim.row.webhook_id).update(
            failures=F("failures") + 1, last_failed_at=clock.now(), last_error=error
        )
        if dead:
            await QUEUE.bring_back(claim.row)


async def look_again(webhook_id: UUID) -> None:
    """The address is active again: what waited for it is due at once. Call it in a transaction."""
    waiting = WebhookCall.filter(webhook_id=webhook_id, state=CallState.PENDING, attempts=0)
    await waiting.update(due_at=AT_ONCE)
    after_commit(bell.ring)


async def give_up_address(webhook_id: UUID) -> None:
    """The other side says that it is gone for good (410): pause, and let the owner decide."""
    await Webhook.filter(id=webhook_id).update(state=WebhookState.PAUSED)


def pause_after(attempts: int) -> timedelta:
    """5 s, 20 s, 80 s … up to a day."""
    return timedelta(seconds=QUEUE.backoff.pause(attempts))


async def list_calls(
    webhook_id: UUID,
    *,
    owner: str,
    state: str | None,
    limit: int,
    after: str | None = None,
    skipped: int = 0,
) -> Page[CallView]:
    """Calls of an own address, newest first. Raises WebhookNotFound, WrongPlace."""
    await _check_own(webhook_id, owner)
    found = WebhookCall.filter(webhook_id=webhook_id)
    if state is not None:
        found = found.filter(state=CallState(state))
    found = found.only(*_SHOWN).offset(0 if after else skipped)
    return (await pages.read(Section("calls", found, ("id",)), after=after, limit=limit)).map(_view)


async def replay(webhook_id: UUID, number: int, *, owner: str) -> None:
    """Let a dead call try again from the beginning. Raises WebhookNotFound, WebhookCallNotFound."""
    await _check_own(webhook_id, owner)
    changed = await WebhookCall.filter(
        id=number, webhook_id=webhook_id, state=CallState.DEAD
    ).update(state=CallState.PENDING, attempts=0, lost=0, due_at=AT_ONCE)
    if not changed:
        raise WebhookCallNotFound()
    bell.ring()


async def forget_old(*, kept: timedelta = KEPT) -> int:
    """Delete sent and dead calls older than `kept`, a piece at a time (a timer calls it)."""
    before, forgotten = clock.now() - kept, 0
    for state in (CallState.SENT, CallState.DEAD):
        old = WebhookCall.filter(state=state, created_at__lt=before)
        forgotten += await forgetting.forget(old, by="created_at")
    return forgotten


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
