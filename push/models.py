"""Tables of the push package: streams and their entries, deliveries, the inbox.

What a message says is encrypted (`core.protect`): the name of a service item alone may tell of an
illness or a disability. Such columns hold JSON text.
"""

from enum import StrEnum

from tortoise import fields
from tortoise.models import Model

from core.clock import now
from core.ids import new_id
from core.protect import ProtectedField


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


class StreamEntry(Model):
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


class InboxMessage(Model):
    """A message kept for a person until it is read, and after."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    person_id = fields.UUIDField()
    event_id = fields.UUIDField()
    kind = fields.CharField(max_length=40)
    content = ProtectedField()
    """Title, body, link and data."""
    created_at = fields.DatetimeField(default=now)
    read_at = fields.DatetimeField(null=True)

    class Meta:
        table = "push_inbox_message"
        app = "push"
        unique_together = (("event_id", "person_id"),)
        indexes = (("person_id", "created_at"),)


class Delivery(Model):
    """One message on its way through one channel; unique, so that a repeat sends nothing."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    event_id = fields.UUIDField()
    recipient_id = fields.UUIDField()
    channel = fields.CharField(max_length=16)
    message = ProtectedField()
    state = fields.CharEnumField(DeliveryState, max_length=8, default=DeliveryState.PENDING)
    attempts = fields.SmallIntField(default=0)
    due_at = fields.DatetimeField(default=now)
    last_error = fields.CharField(max_length=80, null=True)
    created_at = fields.DatetimeField(default=now)
    sent_at = fields.DatetimeField(null=True)

    class Meta:
        table = "push_delivery"
        app = "push"
        unique_together = (("event_id", "recipient_id", "channel"),)
        indexes = (("state", "due_at"),)
