"""Tables of the delegation register (授权委托); see `identity.staff.delegations`."""

from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.models import Model

from core.clock import now
from core.ids import new_id


class DelegationState(StrEnum):
    """How far a delegation has come; only one in force gives anybody anything."""

    PROPOSED = "proposed"
    IN_FORCE = "in_force"
    REFUSED = "refused"
    REVOKED = "revoked"


class Delegation(Model):
    """One body lets another act for it: which items, which powers, from when until when."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    no = fields.CharField(max_length=20, unique=True)
    """SQWT-year-number, as it stands on receipts and in timelines."""
    ground = fields.CharField(max_length=8)
    delegator = fields.CharField(max_length=16)
    delegate_kind = fields.CharField(max_length=12)
    delegate_key = fields.CharField(max_length=40)
    items: Any = fields.JSONField()
    powers: Any = fields.JSONField()
    since = fields.DateField()
    until = fields.DateField()
    document_no = fields.CharField(max_length=80)
    """文号 of the 委托书, or of the published document."""
    document = fields.CharField(max_length=64)
    """SHA-256 or SM3 of it."""
    state = fields.CharEnumField(DelegationState, max_length=12, default=DelegationState.PROPOSED)
    proposed_by = fields.UUIDField()
    proposed_at = fields.DatetimeField(default=now)
    settled_by = fields.UUIDField(null=True)
    """Who countersigned or refused it, for the supervising body."""
    published_at = fields.DatetimeField(null=True)
    """Countersigned and from then on in the public list (Licensing Law art. 24)."""
    ended_by = fields.UUIDField(null=True)
    ended_at = fields.DatetimeField(null=True)
    reason = fields.CharField(max_length=300, default="", db_default="")
    """Why it was refused or revoked."""

    class Meta:
        table = "identity_delegation"
        app = "identity"
        indexes = (
            ("state", "until", "id"),
            ("delegator", "proposed_at", "id"),
            ("delegate_kind", "delegate_key", "proposed_at", "id"),
            ("proposed_at", "id"),
        )


class DelegationStamp(Model):
    """Changes with every change of what is in force: who remembers the register compares it."""

    name = fields.CharField(max_length=8, primary_key=True)
    stamp = fields.CharField(max_length=36)

    class Meta:
        table = "identity_delegation_stamp"
        app = "identity"


class DelegationYear(Model):
    """The last number given out in a year."""

    year = fields.CharField(max_length=4, primary_key=True)
    given = fields.IntField(default=0)

    class Meta:
        table = "identity_delegation_year"
        app = "identity"
