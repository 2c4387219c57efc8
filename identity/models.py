"""Tables of the identity package. Nobody outside this package reads them; see `queries.py`.

Names, ID numbers and phones are encrypted (`core.protection.protect`); the ID number is found again
by a blind index. Tokens, codes and passwords are stored as digests only (PIPL art. 51).
"""

from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.models import Model

from core.clock import now
from core.ids import new_id
from core.protection.protect import BlindColumn, ProtectedField, ProtectedModel
from identity.account_tables import Absence as Absence
from identity.account_tables import AccountChange as AccountChange
from identity.account_tables import FirstOfficer as FirstOfficer
from identity.account_tables import PowerProposal as PowerProposal
from identity.account_tables import PowerProposalKind as PowerProposalKind
from identity.account_tables import PowerProposalState as PowerProposalState
from identity.delegation_models import Delegation as Delegation
from identity.delegation_models import DelegationStamp as DelegationStamp
from identity.delegation_models import DelegationYear as DelegationYear
from identity.factors.tables import FactorRecovery as FactorRecovery
from identity.factors.tables import OneTimeSecret as OneTimeSecret
from identity.factors.tables import Passkey as Passkey
from identity.factors.tables import RecoveryState as RecoveryState
from identity.representative_models import Representation as Representation

ID_NO_PURPOSE = "identity.id_no"
USER_PURPOSE = "identity.platform_user"
PHONE_PURPOSE = "identity.phone"


class SubjectKind(StrEnum):
    """自然人 or 组织."""

    NATURAL_PERSON = "natural_person"
    ORGANISATION = "organisation"


class RelationKind(StrEnum):
    """How a person stands to whom they act for: 法定代表人 (also 经营者), 经办人 or 监护人."""

    LEGAL_REPRESENTATIVE = "legal_representative"
    AGENT = "agent"
    GUARDIAN = "guardian"
    """The one acted for is then a minor, not an organisation."""


class State(StrEnum):
    """Whether a counter, an officer or a client system may still act."""

    ACTIVE = "active"
    REVOKED = "revoked"


class Subject(ProtectedModel):
    """A person or an organisation: whoever can hold a licence or apply."""

    blind_columns = (
        BlindColumn("id_index", "id_no", ID_NO_PURPOSE),
        BlindColumn("phone_index", "phone", PHONE_PURPOSE),
    )

    id = fields.UUIDField(primary_key=True, default=new_id)
    kind = fields.CharEnumField(SubjectKind, max_length=16)
    id_type = fields.CharField(max_length=3)
    id_index = fields.CharField(max_length=64)
    id_no = ProtectedField()
    name = ProtectedField()
    phone = ProtectedField(null=True)
    phone_index = fields.CharField(max_length=64, null=True)
    """Blind index of the phone: a number belongs to one person at a time."""
    created_at = fields.DatetimeField(default=now)

    class Meta:
        table = "identity_subject"
        app = "identity"
        unique_together = (("id_type", "id_index"),)
        indexes = (("phone_index",),)


class Relation(Model):
    """A person's right to act for an organisation, from one day to another (both included)."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    person: fields.ForeignKeyRelation[Subject] = fields.ForeignKeyField(
        "identity.Subject", related_name="organisations", on_delete=fields.RESTRICT
    )
    organisation: fields.ForeignKeyRelation[Subject] = fields.ForeignKeyField(
        "identity.Subject", related_name="people", on_delete=fields.RESTRICT
    )
    kind = fields.CharEnumField(RelationKind, max_length=24)
    valid_from = fields.DateField()
    valid_to = fields.DateField(null=True)

    person_id: UUID

    class Meta:
        table = "identity_relation"
        app = "identity"
        unique_together = (("person", "organisation", "kind"),)
        indexes = (("organisation_id", "kind"),)


class PlatformAccount(ProtectedModel):
    """An account on a mini-app platform, bound to a person once the real name is known."""

    blind_columns = (BlindColumn("user_index", "user", USER_PURPOSE),)

    id = fields.UUIDField(primary_key=True, default=new_id)
    platform = fields.CharField(max_length=16)
    user_index = fields.CharField(max_length=64)
    user = ProtectedField()
    subject: fields.ForeignKeyRelation[Subject] = fields.ForeignKeyField(
        "identity.Subject", related_name="accounts", on_delete=fields.RESTRICT
    )
    created_at = fields.DatetimeField(default=now)
    last_used_at = fields.DatetimeField(default=now)

    subject_id: UUID

    class Meta:
        table = "identity_platform_account"
        app = "identity"
        unique_together = (("platform", "user_index"),)
        indexes = (("subject_id",),)


class Department(Model):
    """A government department under its short key, e.g. `SCJG`."""

    key = fields.CharField(max_length=16, primary_key=True)
    name = fields.CharField(max_length=80)
    short_name = fields.CharField(max_length=40)
    credit_code = fields.CharField(max_length=18)
    by_hand = fields.BooleanField(db_default=False)
    """Made or changed by people: the catalogue does not overwrite it."""
    closed_on = fields.DateField(null=True)

    class Meta:
        table = "identity_department"
        app = "identity"


class Officer(Model):
    """A member of staff. `department` None means all departments (督办)."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    staff_no = fields.CharField(max_length=32, unique=True)
    name = fields.CharField(max_length=40)
    password_hash = fields.CharField(max_length=128)
    roles = fields.JSONField[list[str]]()
    department: fields.ForeignKeyNullableRelation[Department] = fields.ForeignKeyField(
        "identity.Department",
        related_name="officers",
        null=True,
        on_delete=fields.RESTRICT,
    )
    state = fields.CharEnumField(State, max_length=8, default=State.ACTIVE)
    start_until = fields.DatetimeField(null=True)
    """Until when the present password is good, if it was handed out: its owner must change it."""
    title = fields.CharField(max_length=40, db_default="")
    """The post, as it stands on the door: 受理岗."""
    valid_from = fields.DateField(null=True)
    valid_to = fields.DateField(null=True)
    """The last day; empty for no end."""
    locked_at = fields.DatetimeField(null=True)
    person_id = fields.UUIDField(null=True)
    """The same human being as an applicant: no officer acts on an own matter."""
    created_at = fields.DatetimeField(default=now)

    department_id: str | None

    def may_work(self, on: date) -> bool:
        """Whether the account may be used on a day: not ended, not locked, in its time."""
        if self.state is not State.ACTIVE or self.locked_at is not None:
            return False
        begun = self.valid_from is None or self.valid_from <= on
        return begun and (self.valid_to is None or on <= self.valid_to)

    class Meta:
        table = "identity_officer"
        app = "identity"


class GuessCount(Model):
    """How often something was tried that could be found by trial; see guesses.py."""

    index = fields.CharField(max_length=64, primary_key=True)
    count = fields.IntField(default=0)
    until = fields.DatetimeField(db_index=True)
    """When the count starts anew."""

    class Meta:
        table = "identity_guess_count"
        app = "identity"


class SignInPlace(Model):
    """A place where an officer signed in: what strangers try elsewhere does not lock it."""

    index = fields.CharField(max_length=64, primary_key=True)
    until = fields.DatetimeField(db_index=True)

    class Meta:
        table = "identity_sign_in_place"
        app = "identity"


class SignInAttempts(Model):
    """Sign-in attempts under one staff number, at one place or everywhere, officer or not."""

    index = fields.CharField(max_length=64, primary_key=True)
    count = fields.SmallIntField(default=0)
    until = fields.DatetimeField(db_index=True)
    """When the count starts anew; while it is full, until when the number is locked."""

    class Meta:
        table = "identity_sign_in_attempts"
        app = "identity"


class EnrolmentCode(Model):
    """A code that lets one counter device register its key once."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    code_digest = fields.CharField(max_length=64, unique=True)
    department: fields.ForeignKeyRelation[Department] = fields.ForeignKeyField(
        "identity.Department", related_name="enrolment_codes", on_delete=fields.RESTRICT
    )
    hall = fields.CharField(max_length=60)
    issued_by = fields.CharField(max_length=60)
    created_at = fields.DatetimeField(default=now)
    expires_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)

    department_id: str

    class Meta:
        table = "identity_enrolment_code"
        app = "identity"


class Counter(Model):
    """A window's device and the public key it signs its requests with."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    name = fields.CharField(max_length=40)
    department: fields.ForeignKeyRelation[Department] = fields.ForeignKeyField(
        "identity.Department", related_name="counters", on_delete=fields.RESTRICT
    )
    hall = fields.CharField(max_length=60)
    public_key = fields.BinaryField()
    state = fields.CharEnumField(State, max_length=8, default=State.ACTIVE)
    enrolled_at = fields.DatetimeField(default=now)
    revoked_at = fields.DatetimeField(null=True)

    department_id: str

    class Meta:
        table = "identity_counter"
        app = "identity"


class ClientApp(ProtectedModel):
    """A company's or a department's system that calls the enterprise interface."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    client_id = fields.CharField(max_length=40, unique=True)
    name = fields.CharField(max_length=80)
    secret = ProtectedField()
    former_secret = ProtectedField(null=True)
    """The key before, which is good beside the new one for a while."""
    former_until = fields.DatetimeField(null=True)
    scopes: Any = fields.JSONField(null=True)
    """What it may ask for (systems/clients.py); null: all, as before there were scopes."""
    daily_quota = fields.IntField()
    state = fields.CharEnumField(State, max_length=8, default=State.ACTIVE)
    created_at = fields.DatetimeField(default=now)

    class Meta:
        table = "identity_client_app"
        app = "identity"


class Session(Model):
    """A signed-in citizen or officer. The token itself is never stored."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    token_digest = fields.CharField(max_length=64, unique=True)
    kind = fields.CharField(max_length=8)
    principal_id = fields.UUIDField(db_index=True)
    acting_for = fields.UUIDField(null=True)
    idle_seconds = fields.IntField()
    via = fields.CharField(max_length=16, db_default="")
    """The platform or way of the sign-in."""
    channel = fields.CharField(max_length=32, db_default="")
    """The entry it came by (channels.yaml); empty for officers."""
    assurance = fields.SmallIntField(db_default=2)
    """How surely this is the person; see assurance.py."""
    raised_until = fields.DatetimeField(null=True)
    """Until when a step-up counts."""
    certified_until = fields.DatetimeField(null=True)
    """Until when the certificate of `certified_for` counts, while the session acts for it."""
    certified_for = fields.UUIDField(null=True)
    device = fields.CharField(max_length=80, db_default="")
    """What the browser or app says it is, in a few words for the person."""
    created_at = fields.DatetimeField(default=now)
    last_seen_at = fields.DatetimeField(default=now)
    expires_at = fields.DatetimeField(db_index=True)
    revoked_at = fields.DatetimeField(null=True)

    class Meta:
        table = "identity_session"
        app = "identity"


class SignInRecord(Model):
    """One sign-in, as the person may read it. The address is kept shortened."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    person_id = fields.UUIDField()
    session_id = fields.UUIDField(null=True)
    via = fields.CharField(max_length=16)
    channel = fields.CharField(max_length=32)
    device = fields.CharField(max_length=80)
    address = fields.CharField(max_length=45)
    at = fields.DatetimeField(default=now, db_index=True)

    class Meta:
        table = "identity_sign_in_record"
        app = "identity"
        indexes = (("person_id", "at", "id"),)


class ChannelSwitch(Model):
    """What an operator changed on a channel of the registry."""

    key = fields.CharField(max_length=32, primary_key=True)
    open = fields.BooleanField()
    content_check = fields.BooleanField(db_default=True)
    """Whether what is handed in there is shown to the platform's content check."""
    changed_by = fields.CharField(max_length=80)
    changed_at = fields.DatetimeField(default=now)

    class Meta:
        table = "identity_channel_switch"
        app = "identity"


class ChannelDay(Model):
    """How often something happened on a channel on a day."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    channel = fields.CharField(max_length=32)
    day = fields.DateField()
    what = fields.CharField(max_length=24)
    count = fields.IntField(default=0)

    class Meta:
        table = "identity_channel_day"
        app = "identity"
        unique_together = (("channel", "day", "what"),)
