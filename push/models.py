"""Tables of the push package: streams and their entries, deliveries, the inbox.

What a message says is encrypted (`core.protection.protect`): the name of a service item alone may
tell of an illness or a disability. Such columns hold JSON text.
"""

from enum import StrEnum
from uuid import UUID

from tortoise import fields
from tortoise.models import Model

from core.clock import now
from core.ids import new_id
from core.protection.protect import ProtectedField, ProtectedModel
from core.queue import IndexWhere, Queued


class DeliveryState(StrEnum):
    """pending → sent | skipped | failed. `skipped`: the channel cannot reach this person."""

    PENDING = "pending"
    SENT = "sent"
    SKIPPED = "skipped"
    FAILED = "failed"


class Stream(Model):
    """The counter of one live stream: `person:<uuid>` or `dept:<KEY>`."""

    key = fields.CharField(max_length=48, primary_key=True)
    position = fields.BigIntField(default=0)

    class Meta:
        table = "push_stream"
        app = "push"


class StreamEntry(ProtectedModel):
    """One entry of a live stream. Positions of a stream run from 1 without gaps."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    stream_key = fields.CharField(max_length=48)
    position = fields.BigIntField()
    kind = fields.CharField(max_length=40)
    payload = ProtectedField()
    event_id = fields.UUIDField(null=True)
    at = fields.DatetimeField(default=now, db_index=True)

    class Meta:
        table = "push_stream_entry"
        app = "push"
        unique_together = (("stream_key", "position"), ("stream_key", "event_id"))


class StreamEpoch(Model):
    """One row for the life of a database; another epoch means positions start anew."""

    id = fields.IntField(primary_key=True)
    epoch = fields.CharField(max_length=36)

    class Meta:
        table = "push_stream_epoch"
        app = "push"


class InboxMessage(ProtectedModel):
    """A message kept for a person until it is read, and after."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    person_id = fields.UUIDField()
    event_id = fields.UUIDField()
    kind = fields.CharField(max_length=40)
    content = ProtectedField()
    """Title, body, link and data."""
    created_at = fields.DatetimeField(default=now)
    read_at = fields.DatetimeField(null=True)
    archived_at = fields.DatetimeField(null=True)

    class Meta:
        table = "push_inbox_message"
        app = "push"
        unique_together = (("event_id", "person_id"),)
        indexes = (
            IndexWhere(
                fields=("person_id", "created_at", "id"),
                name="idx_inbox_at_hand",
                where="archived_at IS NULL",
            ),
            IndexWhere(
                fields=("person_id", "created_at", "id"),
                name="idx_inbox_archived",
                where="archived_at IS NOT NULL",
            ),
            IndexWhere(fields=("person_id",), name="idx_inbox_unread", where="read_at IS NULL"),
            IndexWhere(fields=("created_at",), name="idx_inbox_read", where="read_at IS NOT NULL"),
        )


class Delivery(Queued, ProtectedModel):
    """One message on its way through one channel; unique, so that a repeat sends nothing."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    event_id = fields.UUIDField()
    recipient_id = fields.UUIDField()
    channel = fields.CharField(max_length=16)
    message = ProtectedField()
    state = fields.CharEnumField(DeliveryState, max_length=8, default=DeliveryState.PENDING)
    last_error = fields.CharField(max_length=80, null=True)
    created_at = fields.DatetimeField(default=now)
    sent_at = fields.DatetimeField(null=True)
    event_at = fields.DatetimeField(null=True)
    """When the thing happened that is told."""
    digest = fields.CharField(max_length=64, null=True)
    """Blind index of what is said to whom: the same words are not rung twice in a short time."""
    delivered_at = fields.DatetimeField(null=True)
    """When a provider reported that it has arrived."""

    class Meta:
        table = "push_delivery"
        app = "push"
        unique_together = (("event_id", "recipient_id", "channel"),)
        indexes = (
            IndexWhere(fields=("due_at", "id"), name="idx_delivery_due", where="state = 'pending'"),
            ("state", "created_at", "id"),
            ("digest", "sent_at"),
            ("channel", "state", "created_at", "id"),
            IndexWhere(
                fields=("channel", "created_at"),
                name="idx_delivery_arrived",
                where="delivered_at IS NOT NULL",
            ),
        )


class ConsentRecord(Model):
    """Whether somebody takes messages of a template, as the platform told us; see consents."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    user_index = fields.CharField(max_length=64)
    """Blind index of the platform and its name for the person."""
    template = fields.CharField(max_length=40)
    """Our name for it: a kind of message, or `*`."""
    consent = fields.CharField(max_length=8)
    """once, lasting or none."""
    told_at = fields.DatetimeField(db_index=True)

    class Meta:
        table = "push_consent_record"
        app = "push"
        unique_together = (("user_index", "template"),)


class NoticePreference(ProtectedModel):
    """What a person wants to be told by, and when not. No row: the defaults of `preferences`."""

    bound_to = ("person_id",)

    person_id = fields.UUIDField(primary_key=True)
    subscription = fields.BooleanField(default=True)
    sms = fields.BooleanField(default=True)
    email = ProtectedField(null=True)
    """A confirmed address; none means no e-mail."""
    quiet_from = fields.CharField(max_length=5, null=True)
    """`HH:MM` in Shanghai; both ends or none."""
    quiet_until = fields.CharField(max_length=5, null=True)
    changed_at = fields.DatetimeField(default=now)

    class Meta:
        table = "push_notice_preference"
        app = "push"


class WebhookState(StrEnum):
    """active ⇄ paused: by its owner, or by us when the address answers 410 Gone."""

    ACTIVE = "active"
    PAUSED = "paused"


class Webhook(ProtectedModel):
    """An address of an enterprise or a department that is told of what happens."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    owner = fields.CharField(max_length=60, db_index=True)
    """`client:<uuid>` or `dept:<KEY>`: who may look and change."""
    topic = fields.CharField(max_length=60, db_index=True)
    """`dept:<KEY>` or `subject:<uuid>`: whose events it is told."""
    url = fields.CharField(max_length=500)
    kinds = fields.JSONField[list[str]]()
    """Kinds of events; empty means all."""
    suite = fields.CharField(max_length=12)
    """`hmac-sha256` or `hmac-sm3`."""
    secret = ProtectedField()
    former_secret = ProtectedField(null=True)
    former_until = fields.DatetimeField(null=True)
    state = fields.CharEnumField(WebhookState, max_length=8, default=WebhookState.ACTIVE)
    created_at = fields.DatetimeField(default=now)
    failures = fields.IntField(default=0)
    """In a row."""
    last_sent_at = fields.DatetimeField(null=True)
    last_failed_at = fields.DatetimeField(null=True)
    last_error = fields.CharField(max_length=80, null=True)

    class Meta:
        table = "push_webhook"
        app = "push"


class CallState(StrEnum):
    """pending → sent | dead. A dead call may be replayed."""

    PENDING = "pending"
    SENT = "sent"
    DEAD = "dead"


class WebhookCall(Queued, ProtectedModel):
    """One event on its way to one address. The number orders the calls of one object."""

    bound_to = ("webhook_id", "event_id")

    id = fields.BigIntField(primary_key=True)
    webhook: fields.ForeignKeyRelation[Webhook] = fields.ForeignKeyField(
        "push.Webhook", related_name="calls", on_delete=fields.CASCADE
    )
    event_id = fields.UUIDField()
    kind = fields.CharField(max_length=40)
    object_key = fields.CharField(max_length=60)
    body = ProtectedField()
    state = fields.CharEnumField(CallState, max_length=8, default=CallState.PENDING)
    created_at = fields.DatetimeField(default=now)
    sent_at = fields.DatetimeField(null=True)
    last_error = fields.CharField(max_length=80, null=True)

    webhook_id: UUID

    class Meta:
        table = "push_webhook_call"
        app = "push"
        unique_together = (("webhook_id", "event_id"),)
        indexes = (
            IndexWhere(
                fields=("due_at", "id"), name="idx_webhook_call_due", where="state = 'pending'"
            ),
            IndexWhere(
                fields=("webhook_id", "object_key", "id"),
                name="idx_webhook_call_key",
                where="state = 'pending'",
            ),
            IndexWhere(
                fields=("webhook_id", "state", "id"),
                name="idx_webhook_call_unsent",
                where="state IN ('pending', 'dead')",
            ),
            ("state", "created_at"),
            ("webhook_id", "id"),
        )
