"""Tables of the accounts desk; `models.py` gathers them with those of the package."""

from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tortoise import fields
from tortoise.models import Model

from core.clock import now
from core.ids import new_id
from core.protection.protect import ProtectedField, ProtectedModel

if TYPE_CHECKING:
    from identity.models import Officer


class FirstOfficer(Model):
    """Who was made by command. There is one row: its key is always 1, and unique."""

    id = fields.SmallIntField(primary_key=True, generated=False)
    officer_id = fields.UUIDField()
    at = fields.DatetimeField(default=now)

    class Meta:
        table = "identity_first_officer"
        app = "identity"


class AccountChange(ProtectedModel):
    """One line of the desk's log: what the audit chain proves, in an order that can be read."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    at = fields.DatetimeField(default=now)
    actor = fields.CharField(max_length=80)
    actor_name = fields.CharField(max_length=40)
    action = fields.CharField(max_length=40)
    target = fields.CharField(max_length=80)
    target_name = fields.CharField(max_length=80)
    detail: Any = fields.JSONField()
    """Roles, keys, days; never a password, a key or words of anybody."""
    cause = ProtectedField(null=True)
    """In the words of whoever did it."""

    class Meta:
        table = "identity_account_change"
        app = "identity"
        indexes = (("at", "id"), ("target", "at", "id"))


class PowerProposalKind(StrEnum):
    """What is asked for."""

    ACCOUNT = "account"
    """A new officer."""
    POWER = "power"
    """More than the officer has: a role, another department, a longer time, a return."""
    RESET = "reset"
    """A start password for somebody who keeps accounts."""


class PowerProposalState(StrEnum):
    """Where a proposal stands."""

    OPEN = "open"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    """By who proposed it, or because one of the two was dismissed or lost power meanwhile."""
    LAPSED = "lapsed"


class PowerProposal(ProtectedModel):
    """Power that one keeper of accounts asks for, and another one gives."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    officer: fields.ForeignKeyRelation["Officer"] = fields.ForeignKeyField(
        "identity.Officer", related_name="proposals", on_delete=fields.RESTRICT
    )
    kind = fields.CharEnumField(PowerProposalKind, max_length=8)
    before: Any = fields.JSONField()
    """The power the officer had; see identity/staff/power.py."""
    after: Any = fields.JSONField()
    cause = ProtectedField()
    state = fields.CharEnumField(PowerProposalState, max_length=9, default=PowerProposalState.OPEN)
    open_of = fields.UUIDField(null=True, unique=True)
    """The officer while the proposal is open, then empty: an officer has one at a time."""
    proposed_by = fields.UUIDField(db_index=True)
    proposed_name = fields.CharField(max_length=40)
    proposed_at = fields.DatetimeField(default=now)
    lapses_at = fields.DatetimeField()
    decided_name = fields.CharField(max_length=40, default="")
    decided_at = fields.DatetimeField(null=True)
    answer = ProtectedField(null=True)
    """Why it was not approved."""

    officer_id: UUID

    class Meta:
        table = "identity_power_proposal"
        app = "identity"
        indexes = (
            ("officer_id", "proposed_at"),
            ("state", "proposed_at", "id"),
            ("proposed_at", "id"),
        )


class Absence(Model):
    """An officer is away from one day to another (both included); a colleague may stand in."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    officer: fields.ForeignKeyRelation["Officer"] = fields.ForeignKeyField(
        "identity.Officer", related_name="absences", on_delete=fields.RESTRICT
    )
    substitute: fields.ForeignKeyNullableRelation["Officer"] = fields.ForeignKeyField(
        "identity.Officer", related_name="stands_in", null=True, on_delete=fields.RESTRICT
    )
    from_on = fields.DateField()
    to_on = fields.DateField()
    created_at = fields.DatetimeField(default=now)

    officer_id: UUID
    substitute_id: UUID | None

    class Meta:
        table = "identity_absence"
        app = "identity"
        indexes = (("officer_id", "to_on"), ("substitute_id", "to_on"))
