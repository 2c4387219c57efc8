"""The addresses: set up, look at, test, change the key, pause, remove. Each owner sees its own."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from core import clock
from core.data import once, pages
from core.database import transaction
from core.protection import audit
from core.protection.protect import for_row
from identity.systems import clients
from push.errors import TooManyWebhooks, WebhookNotFound
from push.models import CallState, Webhook, WebhookCall, WebhookState
from push.webhooks import addresses, calls, signatures
from push.webhooks.addresses import Network

FORMER_KEY_LIFE = timedelta(hours=24)
"""How long calls carry a signature of the former key as well."""

MOST_PER_OWNER = 10
MOST_COUNTED = 1_000
"""Calls that wait or were given up are counted no further."""

FAILING_FROM = 3
"""Failures in a row from which an address counts as failing."""


@dataclass(frozen=True, kw_only=True)
class WebhookView:
    """An address and how it does. The key is shown once, when it is made."""

    id: UUID
    topic: str
    url: str
    kinds: list[str]
    suite: str
    state: str
    health: str
    """`unused`, `healthy`, `failing` or `paused`."""
    failures: int
    last_sent_at: datetime | None
    last_failed_at: datetime | None
    last_error: str | None
    pending: int
    dead: int


async def register(
    *,
    owner: str,
    topic: str,
    url: str,
    kinds: Sequence[str],
    suite: str,
    allowed: Sequence[Network],
    by: str,
    asked: once.Asked | None = None,
) -> tuple[UUID, str]:
    """A new address and its key. Raises WebhookAddressRefused, TooManyWebhooks."""
    checked = addresses.check_url(url, allowed)
    secret = signatures.new_secret()
    async with transaction():
        if await Webhook.filter(owner=owner).count() >= MOST_PER_OWNER:
            raise TooManyWebhooks()
        made = await Webhook.create(
            owner=owner, topic=topic, url=checked, kinds=list(kinds), suite=suite, secret=secret
        )
        await audit.record(
            actor=by, action="webhook-registered", target=f"webhook:{made.id}", detail={"to": topic}
        )
        await once.keep(asked, json.dumps([str(made.id), secret]))
    return made.id, secret


async def list_webhooks(owner: str) -> list[WebhookView]:
    """The owner's addresses with their health, oldest first."""
    rows = await Webhook.filter(owner=owner).order_by("created_at", "id")
    return [await _view(row) for row in rows]


async def rotate_key(
    webhook_id: UUID, *, owner: str, by: str, asked: once.Asked | None = None
) -> str:
    """A new key; the former one signs along for a day. Raises WebhookNotFound."""
    secret = signatures.new_secret()
    async with transaction():
        row = await _own(webhook_id, owner)
        until = clock.now() + FORMER_KEY_LIFE
        changes = {"secret": secret, "former_secret": row.secret, "former_until": until}
        await Webhook.filter(id=row.id).update(**for_row(Webhook, changes, row.id))
        await audit.record(actor=by, action="webhook-key-changed", target=f"webhook:{row.id}")
        await once.keep(asked, json.dumps(secret))
    return secret


async def set_state(webhook_id: UUID, wanted: str, *, owner: str, by: str) -> None:
    """`paused` or `active`; what happens meanwhile waits. Raises WebhookNotFound."""
    state = WebhookState(wanted)
    async with transaction():
        row = await _own(webhook_id, owner)
        changed = await Webhook.filter(id=row.id).exclude(state=state).update(state=state)
        if changed:
            await audit.record(
                actor=by, action=f"webhook-{state.value}", target=f"webhook:{row.id}"
            )
        if changed and state is WebhookState.ACTIVE:
            await calls.look_again(row.id)


async def remove(webhook_id: UUID, *, owner: str, by: str) -> None:
    """Forget an address and its calls. Raises WebhookNotFound."""
    async with transaction():
        row = await _own(webhook_id, owner)
        await WebhookCall.filter(webhook_id=row.id).delete()
        await Webhook.filter(id=row.id).delete()
        await audit.record(actor=by, action="webhook-removed", target=f"webhook:{row.id}")


async def get_own(webhook_id: UUID, *, owner: str) -> Webhook:
    """The row behind an own address, for `sender`. Raises WebhookNotFound."""
    return await _own(webhook_id, owner)


async def is_told(owner: str, topic: str) -> bool:
    """Whether an owner has been given the events of a topic, and may still be told anything."""
    given = await Webhook.filter(owner=owner, topic=topic).exists()
    return given and await may_be_told(owner)


async def may_be_told(owner: str) -> bool:
    """Whether an owner may be told now: a client system that was revoked may not."""
    kind, _, row_id = owner.partition(":")
    return kind != "client" or await clients.is_active(UUID(row_id))


def keys_at(row: Webhook, at: datetime) -> list[str]:
    """The keys that sign at a moment: the present one first."""
    former = row.former_until is not None and at < row.former_until and row.former_secret
    return [row.secret, former] if former else [row.secret]


async def _own(webhook_id: UUID, owner: str) -> Webhook:
    row = await Webhook.get_or_none(id=webhook_id, owner=owner)
    if row is None:
        raise WebhookNotFound()
    return row


async def _view(row: Webhook) -> WebhookView:
    own = WebhookCall.filter(webhook_id=row.id)
    return WebhookView(
        id=row.id,
        topic=row.topic,
        url=row.url,
        kinds=row.kinds,
        suite=row.suite,
        state=row.state.value,
        health=_health(row),
        failures=row.failures,
        last_sent_at=row.last_sent_at,
        last_failed_at=row.last_failed_at,
        last_error=row.last_error,
        pending=await pages.count_up_to(own.filter(state=CallState.PENDING), MOST_COUNTED),
        dead=await pages.count_up_to(own.filter(state=CallState.DEAD), MOST_COUNTED),
    )


def _health(row: Webhook) -> str:
    if row.state is WebhookState.PAUSED:
        return "paused"
    if row.failures >= FAILING_FROM:
        return "failing"
    return "healthy" if row.last_sent_at else "unused"
