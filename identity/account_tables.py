"""Tables of the accounts desk; `models.py` gathers them with those of the package."""

from typing import Any

from tortoise import fields
from tortoise.models import Model

from core.clock import now
from core.ids import new_id
from core.protection.protect import ProtectedField, ProtectedModel


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
