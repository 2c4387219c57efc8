"""The table of who has represented which organisation; see `identity.people.representatives`."""

from enum import StrEnum
from uuid import UUID

from tortoise import fields
from tortoise.models import Model

from core.clock import now
from core.ids import new_id


class RepresentationState(StrEnum):
    """How far it has come."""

    PROPOSED = "proposed"
    """By one officer, at a desk; another one has to agree."""
    IN_FORCE = "in_force"
    REFUSED = "refused"
    ENDED = "ended"


class Representation(Model):
    """That a person represents an organisation by law, how it was proved, and by whom."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    organisation_id = fields.UUIDField()
    person_id = fields.UUIDField()
    way = fields.CharField(max_length=12)
    """licence, desk or demo."""
    document_no = fields.CharField(max_length=80)
    """Of the licence or the document."""
    state = fields.CharEnumField(RepresentationState, max_length=8)
    recorded_by = fields.CharField(max_length=80)
    agreed_by = fields.CharField(max_length=80, db_default="")
    """The second officer; empty where the licence itself proves it."""
    recorded_at = fields.DatetimeField(default=now)
    since_at = fields.DatetimeField(null=True)
    ended_at = fields.DatetimeField(null=True)
    open_of: UUID | None = fields.UUIDField(null=True, unique=True)
    """The organisation while this is in force: it has one representative at a time."""

    class Meta:
        table = "identity_representation"
        app = "identity"
        indexes = (("organisation_id", "recorded_at", "id"), ("state", "recorded_at", "id"))
