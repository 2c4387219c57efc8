"""Tables of second factors; `identity.models` shows them to everybody else of the package."""

from enum import StrEnum
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


class Passkey(Model):
    """A key an officer's device signs challenges with (W3C WebAuthn)."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    officer: fields.ForeignKeyRelation[Model] = fields.ForeignKeyField(
        "identity.Officer", related_name="passkeys", on_delete=fields.RESTRICT
    )
    digest = fields.CharField(max_length=64, unique=True)
    """SHA-256 of the credential's id, which may be 1,023 bytes long."""
    credential_id = fields.BinaryField()
    public_key = fields.BinaryField()
    """COSE, as the device gave it."""
    sign_count = fields.BigIntField()
    """How often the device says it has signed; 0 for devices that do not count."""
    name = fields.CharField(max_length=40)
    created_at = fields.DatetimeField(default=now)
    last_used_at = fields.DatetimeField(null=True)
    locked_at = fields.DatetimeField(null=True)
    """Since when it is refused: its count went back, so there are two of it."""

    officer_id: UUID

    class Meta:
        table = "identity_passkey"
        app = "identity"
        indexes = (("officer_id",),)


class RecoveryState(StrEnum):
    """Where the way back of an officer who lost every factor stands."""

    ASKED = "asked"
    CONFIRMED = "confirmed"
    """By two others: the officer may enrol anew, and former factors sign in no more."""
    USED = "used"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    """The officer signed in by a factor meanwhile."""
    LAPSED = "lapsed"


class FactorRecovery(Model):
    """An officer asks to be let in without the factors that were lost; see recovery.py."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    officer: fields.ForeignKeyRelation[Model] = fields.ForeignKeyField(
        "identity.Officer", related_name="factor_recoveries", on_delete=fields.RESTRICT
    )
    state = fields.CharEnumField(RecoveryState, max_length=12, default=RecoveryState.ASKED)
    open_key = fields.CharField(max_length=36, null=True, unique=True)
    """The officer's id while it is open: one at a time."""
    asked_at = fields.DatetimeField(default=now, db_index=True)
    expires_at = fields.DatetimeField()
    first_by = fields.UUIDField(null=True)
    second_by = fields.UUIDField(null=True)
    ended_at = fields.DatetimeField(null=True)

    officer_id: UUID

    class Meta:
        table = "identity_factor_recovery"
        app = "identity"
        indexes = (("officer_id",),)
