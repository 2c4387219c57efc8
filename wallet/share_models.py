"""Tables of what goes in and out: authorisations, annotated copies, intake batches, reminders."""

from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.models import Model

from core.ids import new_id
from core.protection.protect import ProtectedField, ProtectedModel


class AuthorisationState(StrEnum):
    """offered → accepted → taken_back; offered → declined. Ended and used up follow from facts."""

    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    TAKEN_BACK = "taken_back"


class BatchState(StrEnum):
    """waiting → received → running → finished; waiting or unreadable → refused.

    Lines wait for a second officer; documents bear a seal of their own.
    """

    WAITING = "waiting"
    RECEIVED = "received"
    RUNNING = "running"
    FINISHED = "finished"
    REFUSED = "refused"


class LineOutcome(StrEnum):
    """What became of a line of a batch."""

    TAKEN = "taken"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    INVALID = "invalid"


class Authorisation(ProtectedModel):
    """A holder lets somebody see some fields of a licence, for a purpose, until a time."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    licence_id = fields.UUIDField(db_index=True)
    licence_type = fields.CharField(max_length=8)
    subject_id = fields.UUIDField()
    granted_by = fields.CharField(max_length=80)
    grantee_subject_id = fields.UUIDField(null=True)
    """A person or an organisation; None for a department or a link."""
    grantee_department = fields.CharField(max_length=16, null=True)
    grantee_name = ProtectedField()
    link_digest = fields.CharField(max_length=64, null=True, unique=True)
    code_digest = fields.CharField(max_length=64, null=True)
    tries_left = fields.SmallIntField(default=5)
    fields_granted: Any = fields.JSONField()
    purpose = fields.CharField(max_length=200)
    state = fields.CharEnumField(AuthorisationState, max_length=12)
    max_uses = fields.IntField()
    used = fields.IntField(default=0)
    created_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    decided_at = fields.DatetimeField(null=True)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "wallet_authorisation"
        app = "wallet"
        indexes = (
            ("subject_id", "created_at", "id"),
            ("grantee_subject_id", "state", "ends_at", "id"),
            ("grantee_department", "state", "ends_at", "id"),
        )


class AnnotatedCopy(ProtectedModel):
    """A copy of a licence with its purpose printed on it and sealed, for one case only."""

    once_plain = frozenset({"made_for"})

    id = fields.UUIDField(primary_key=True, default=new_id)
    licence_id = fields.UUIDField(db_index=True)
    subject_id = fields.UUIDField()
    case_id = fields.UUIDField()
    material_code = fields.CharField(max_length=60)
    case_no = fields.CharField(max_length=40)
    purpose = fields.CharField(max_length=200)
    made_by = fields.CharField(max_length=80)
    made_for = ProtectedField()
    """The name printed as the one who asked for the copy."""
    fields_shown: Any = fields.JSONField()
    made_at = fields.DatetimeField()
    valid_to = fields.DateField()
    document = fields.CharField(max_length=64)
    licence_document = fields.CharField(max_length=64)
    """Digest of the original it was made from: a new version gets a new copy."""

    class Meta:
        table = "wallet_annotated_copy"
        app = "wallet"
        unique_together = (("case_id", "material_code", "licence_document", "valid_to"),)
        indexes = (("document",), ("licence_document",))


class IntakeBatch(Model):
    """A file of existing licences that a department or a library sent."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    department = fields.CharField(max_length=16)
    batch_no = fields.CharField(max_length=60)
    form = fields.CharField(max_length=10)
    """`lines` (one JSON object a line) or `documents` (a ZIP of sealed OFDs)."""
    digest = fields.CharField(max_length=64)
    size = fields.BigIntField()
    sent_by = fields.CharField(max_length=80)
    received_at = fields.DatetimeField()
    finished_at = fields.DatetimeField(null=True)
    state = fields.CharEnumField(BatchState, max_length=10)
    decided_by = fields.CharField(max_length=80, default="", db_default="")
    """The second officer, of a batch of lines."""
    decided_at = fields.DatetimeField(null=True)
    done_bytes = fields.BigIntField(default=0)
    """Where in the file to go on after a break; for documents, how many are done."""
    done_lines = fields.IntField(default=0)
    taken = fields.IntField(default=0)
    duplicates = fields.IntField(default=0)
    conflicts = fields.IntField(default=0)
    invalid = fields.IntField(default=0)
    note = fields.CharField(max_length=200, default="")

    class Meta:
        table = "wallet_intake_batch"
        app = "wallet"
        unique_together = (("department", "batch_no"),)
        indexes = (("digest",), ("department", "received_at", "id"), ("received_at", "id"))


class IntakeLine(Model):
    """A line that was not simply taken, and why. Taken lines are counted only."""

    id = fields.BigIntField(primary_key=True)
    batch_id = fields.UUIDField()
    line = fields.IntField()
    outcome = fields.CharEnumField(LineOutcome, max_length=10)
    message = fields.CharField(max_length=400)

    class Meta:
        table = "wallet_intake_line"
        app = "wallet"
        unique_together = (("batch_id", "line"),)


class TakenInNotice(Model):
    """A holder who has yet to be told of a licence that was taken in; deleted when told."""

    id = fields.BigIntField(primary_key=True)
    licence_id = fields.UUIDField(unique=True)

    class Meta:
        table = "wallet_taken_in_notice"
        app = "wallet"


class Reminder(Model):
    """That a holder was told so many days before the end; once for each licence and distance."""

    id = fields.BigIntField(primary_key=True)
    licence_id = fields.UUIDField()
    days = fields.SmallIntField()
    at = fields.DatetimeField()

    class Meta:
        table = "wallet_reminder"
        app = "wallet"
        unique_together = (("licence_id", "days"),)
