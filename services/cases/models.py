"""Tables of the case side. Form values, facts and licence faces are personal and encrypted."""

from typing import Any

from tortoise import fields
from tortoise.models import Model

from core.ids import new_id
from core.protection.protect import ProtectedField, ProtectedModel
from core.queue import IndexWhere, Queued
from services.cases import list_indexes
from services.cases.count_models import KeptCount as KeptCount
from services.cases.lifecycle import CaseState
from services.guides.models import CatalogueEntry as CatalogueEntry
from services.guides.models import ServiceItem as ServiceItem
from services.guides.models import Theme as Theme


class Counter(Model):
    """The last serial given out in a scope (an item, or all cases) on a day."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    scope = fields.CharField(max_length=50)
    day = fields.DateField()
    value = fields.IntField()

    class Meta:
        table = "cases_counter"
        app = "cases"
        unique_together = (("scope", "day"),)


class Case(ProtectedModel):
    """An application and everything the law wants to know about its course."""

    once_plain = frozenset({"outcome_text"})

    id = fields.UUIDField(primary_key=True, default=new_id)
    case_no = fields.CharField(max_length=50, null=True, unique=True)
    """Official number, given when the case is submitted."""
    short_no = fields.CharField(max_length=24, null=True, unique=True)
    item_code = fields.CharField(max_length=50)
    item_version = fields.IntField()
    item_digest = fields.CharField(max_length=64)
    item_name = fields.CharField(max_length=200)
    department = fields.CharField(max_length=20)
    subject_id = fields.UUIDField()
    """The applicant: a person, or the organisation acted for."""
    person_id = fields.UUIDField(db_index=True)
    """The natural person who acts."""
    applicant_masked = fields.CharField(max_length=200)
    applicant_index = fields.CharField(max_length=64)
    """Blind index of the applicant's name, for the worklist's search."""
    request_key = fields.CharField(max_length=200, null=True)
    state = fields.CharEnumField(CaseState, max_length=24, default=CaseState.DRAFT)
    state_before_supplement = fields.CharEnumField(CaseState, max_length=24, null=True)
    answers: Any = fields.JSONField()
    form = ProtectedField(null=True)
    """Form values as JSON text."""
    provenance: Any = fields.JSONField()
    """Field key → where its value came from; paths and texts, never values."""
    approval_mode = fields.CharField(max_length=20, null=True)
    facts = ProtectedField(null=True)
    """What the officer decided shall be written on the licence, as JSON text."""
    outcome_text = ProtectedField(null=True)
    """Opinion, reason or result, for the applicant."""
    licence_id = fields.UUIDField(null=True)
    timeline_length = fields.IntField(default=0)
    revision = fields.IntField(default=0)
    """Grows with every change; a change read from an older revision is refused."""
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()
    submitted_at = fields.DatetimeField(null=True)
    received_on = fields.DateField(null=True)
    """The day complete materials arrived: submission, or the answer to a supplement."""
    acceptance_due_on = fields.DateField(null=True)
    accepted_at = fields.DatetimeField(null=True)
    accepted_on = fields.DateField(null=True)
    """Back-dated to the day of receipt when the law deems the case accepted."""
    due_on = fields.DateField(null=True)
    statutory_due_on = fields.DateField(null=True)
    paused_on = fields.DateField(null=True)
    decided_at = fields.DatetimeField(null=True)
    ended_at = fields.DatetimeField(null=True)
    yellow_on = fields.DateField(null=True)
    """From this day on the light is yellow or red (`rules.lights`); null while no clock runs."""
    red_on = fields.DateField(null=True)
    has_unread = fields.BooleanField(default=False, db_default=False)
    """Whether the applicant wrote something that nobody of the office has read."""

    class Meta:
        table = "cases_case"
        app = "cases"
        unique_together = (("subject_id", "request_key"),)
        indexes = list_indexes.OF_CASES


class FormSignature(Model):
    """The applicant's signature on the form; one a case, renewed when the form has changed."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    case: fields.OneToOneRelation[Case] = fields.OneToOneField(
        "cases.Case", related_name="form_signature"
    )
    digest = fields.CharField(max_length=64)
    """SM3 over what was signed."""
    person_id = fields.UUIDField()
    level = fields.SmallIntField()
    """How surely it was this person or organisation; see identity/log_in/assurance.py."""
    by_certificate = fields.BooleanField()
    signed_at = fields.DatetimeField()

    class Meta:
        table = "cases_form_signature"
        app = "cases"


class Material(ProtectedModel):
    """What the applicant did about one requirement; no row means nothing yet."""

    bound_to = ("case_id", "code")
    once_plain = frozenset({"note"})

    id = fields.UUIDField(primary_key=True, default=new_id)
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "cases.Case", related_name="materials", on_delete=fields.CASCADE
    )
    code = fields.CharField(max_length=60)
    way = fields.CharField(max_length=20)
    """upload, licence or commitment."""
    status = fields.CharField(max_length=20)
    """received, checked, rejected, reused or committed."""
    version = fields.IntField(default=1)
    note = ProtectedField(null=True)
    """Why it was rejected, or a hint."""
    licence_id = fields.UUIDField(null=True)
    licence_type = fields.CharField(max_length=20, null=True)
    licence_name = fields.CharField(max_length=200, null=True)
    licence_number_masked = fields.CharField(max_length=100, null=True)
    licence_identifier = fields.CharField(max_length=160, null=True)
    licence_face = ProtectedField(null=True)
    """The fields of the licence the requirement asks for, as JSON text."""
    updated_at = fields.DatetimeField()

    case_id: Any

    class Meta:
        table = "cases_material"
        app = "cases"
        unique_together = (("case", "code"),)


class MaterialFile(ProtectedModel):
    """One stored page or document of a material; files of older versions are kept as history."""

    once_plain = frozenset({"name"})

    id = fields.UUIDField(primary_key=True, default=new_id)
    material: fields.ForeignKeyRelation[Material] = fields.ForeignKeyField(
        "cases.Material", related_name="files", on_delete=fields.CASCADE
    )
    version = fields.IntField()
    page = fields.IntField()
    name = ProtectedField()
    """As its owner called it: people name files after people."""
    media_type = fields.CharField(max_length=60)
    size = fields.BigIntField()
    digest = fields.CharField(max_length=64)
    status = fields.CharField(max_length=20)
    """received, checked or rejected."""
    note = fields.CharField(max_length=300, null=True)
    thumbnail_digest = fields.CharField(max_length=64, null=True)
    """Null: not drawn yet; empty: none can be drawn."""
    original_digest = fields.CharField(max_length=64, null=True)
    """What was handed in, where it has been cut and straightened since; else null."""
    uploaded_by = fields.UUIDField()
    created_at = fields.DatetimeField()

    material_id: Any

    class Meta:
        table = "cases_material_file"
        app = "cases"
        indexes = (
            ("material_id", "version", "page"),
            ("digest",),
            ("thumbnail_digest",),
            ("original_digest",),
        )


class ContentCheck(Queued):
    """Something handed in through an app, which its platform judges; see content_checks."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "cases.Case", related_name="content_checks", on_delete=fields.CASCADE
    )
    kind = fields.CharField(max_length=12)
    """picture, form or note (the answer to a supplement)."""
    file_id = fields.UUIDField(null=True)
    held_in = fields.UUIDField(null=True)
    """The document the picture was put into since."""
    person_id = fields.UUIDField()
    platform = fields.CharField(max_length=16)
    state = fields.CharField(max_length=12)
    """waiting, asked (the verdict will be pushed) or done."""
    verdict = fields.CharField(max_length=12, null=True)
    """pass, review, risky, unchecked (it could not be made), or gone (there is nothing left)."""
    reference = fields.CharField(max_length=200, null=True)
    attempts = fields.IntField(default=0)
    created_at = fields.DatetimeField()

    case_id: Any

    class Meta:
        table = "cases_content_check"
        app = "cases"
        indexes = (
            IndexWhere(
                fields=("due_at", "id"),
                name="idx_content_check_due",
                where="state IN ('waiting', 'asked')",
            ),
            ("case_id", "state"),
        )


class Upload(ProtectedModel):
    """A resumable upload; its bytes lie in a staging store (`services.cases.files.staging`), the
    offset is their number.
    """

    once_plain = frozenset({"filename", "metadata"})

    id = fields.UUIDField(primary_key=True, default=new_id)
    case_id = fields.UUIDField(db_index=True)
    material_code = fields.CharField(max_length=60)
    person_id = fields.UUIDField()
    filename = ProtectedField()
    length = fields.BigIntField()
    state = fields.CharField(max_length=12)
    """open, finished, refused, abandoned or expired."""
    file_id = fields.UUIDField(null=True)
    metadata = ProtectedField(null=True)
    """What the client wrote into `Upload-Metadata`; it is told again when it asks."""
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()

    class Meta:
        table = "cases_upload"
        app = "cases"
        indexes = (("state", "expires_at"),)


class Supplement(ProtectedModel):
    """The one notice that names everything missing (Administrative Licensing Law art. 32)."""

    once_plain = frozenset({"note", "answer_note"})

    id = fields.UUIDField(primary_key=True, default=new_id)
    case: fields.OneToOneRelation[Case] = fields.OneToOneField(
        "cases.Case", related_name="supplement", on_delete=fields.CASCADE
    )
    items: Any = fields.JSONField()
    """[{code, name}]; older rows have the reason here as well."""
    reasons = ProtectedField(null=True)
    """Code → why, as JSON text."""
    note = ProtectedField()
    due_on = fields.DateField()
    state = fields.CharField(max_length=12)
    """open, answered, lapsed or withdrawn."""
    answer_note = ProtectedField(null=True)
    requested_at = fields.DatetimeField()
    answered_at = fields.DatetimeField(null=True)

    case_id: Any

    class Meta:
        table = "cases_supplement"
        app = "cases"
        indexes = (("state", "due_on", "id"),)


class TimelineEntry(ProtectedModel):
    """A numbered step of a case that the applicant can read."""

    once_plain = frozenset({"text"})

    id = fields.UUIDField(primary_key=True, default=new_id)
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "cases.Case", related_name="timeline", on_delete=fields.CASCADE
    )
    n = fields.IntField()
    at = fields.DatetimeField()
    kind = fields.CharField(max_length=30)
    title = fields.CharField(max_length=100)
    text = ProtectedField()
    """May quote what an applicant or an officer wrote."""
    actor_text = fields.CharField(max_length=100)

    case_id: Any

    class Meta:
        table = "cases_timeline_entry"
        app = "cases"
        unique_together = (("case", "n"),)


class Conversation(Model):
    """What applicant and office say to each other about one case; its row orders the messages."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    case: fields.OneToOneRelation[Case] = fields.OneToOneField(
        "cases.Case", related_name="conversation", on_delete=fields.CASCADE
    )
    length = fields.IntField(default=0)
    """The number of the newest message."""
    applicant_read = fields.IntField(default=0)
    """The highest number the applicant's side has read."""
    office_read = fields.IntField(default=0)
    applicant_unread = fields.IntField(default=0)
    """How many of the office's messages lie above `applicant_read`."""
    office_unread = fields.IntField(default=0, db_index=True)

    case_id: Any

    class Meta:
        table = "cases_conversation"
        app = "cases"


class Message(ProtectedModel):
    """One message of a conversation; words and names may be personal and are encrypted."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "cases.Case", related_name="messages", on_delete=fields.CASCADE
    )
    n = fields.IntField()
    side = fields.CharField(max_length=12)
    """applicant or office."""
    author_id = fields.UUIDField()
    author_name = ProtectedField()
    client_key = fields.CharField(max_length=64)
    """Chosen by the writer's page: what is sent again after a cut is the same message."""
    text = ProtectedField()
    sent_at = fields.DatetimeField()

    case_id: Any

    class Meta:
        table = "cases_message"
        app = "cases"
        unique_together = (("case", "n"), ("author_id", "client_key"))


class MessagePicture(Model):
    """A picture for a message; without a message until that is sent, then never changed."""

    id = fields.UUIDField(primary_key=True)
    """Chosen by the writer's page, so that a picture sent twice is stored once."""
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "cases.Case", related_name="message_pictures", on_delete=fields.CASCADE
    )
    message: fields.ForeignKeyNullableRelation[Message] = fields.ForeignKeyField(
        "cases.Message", related_name="pictures", on_delete=fields.CASCADE, null=True
    )
    place = fields.SmallIntField(default=0)
    media_type = fields.CharField(max_length=60)
    size = fields.BigIntField()
    digest = fields.CharField(max_length=64)
    uploaded_by = fields.UUIDField()
    created_at = fields.DatetimeField(db_index=True)

    case_id: Any
    message_id: Any

    class Meta:
        table = "cases_message_picture"
        app = "cases"
        indexes = (
            ("message_id", "place"),
            ("case_id",),
            ("digest",),
            IndexWhere(
                fields=("created_at",),
                name="idx_message_picture_unsent",
                where="message_id IS NULL",
            ),
        )
