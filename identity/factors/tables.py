"""Tables of second factors; `identity.models` shows them to everybody else of the package."""

from uuid import UUID

from tortoise import fields
from tortoise.models import Model

from core.clock import now
from core.ids import new_id
from core.protection.protect import ProtectedField, ProtectedModel


class OneTimeSecret(ProtectedModel):
    """The secret an officer's app makes one-time codes of (RFC 6238); one an officer."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    officer: fields.OneToOneRelation[Model] = fields.OneToOneField(
        "identity.Officer", related_name="one_time_secret", on_delete=fields.RESTRICT
    )
    secret = ProtectedField()
    """160 bits, base32."""
    last_step = fields.BigIntField()
    """The step of thirty seconds whose code was taken last: neither it nor an older one is taken
    again."""
    created_at = fields.DatetimeField(default=now)
    last_used_at = fields.DatetimeField(null=True)

    officer_id: UUID

    class Meta:
        table = "identity_one_time_secret"
        app = "identity"
