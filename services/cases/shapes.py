"""What readers of a case get to see. Plain values, ready for JSON; filled by `queries.py`."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec


class CaseSummary(msgspec.Struct, kw_only=True):
    """One line of a list of cases."""

    id: UUID
    case_no: str | None
    """Official number, 43 characters; null for a draft."""
    short_no: str | None
    """The number people read; null for a draft."""
    item_code: str
    item_name: str
    department: str
    """Name of the department."""
    department_key: str
    state: str
    state_text: str
    stage: str
    """The step of the guide the case is in, e.g. 受理."""
    submitted_at: datetime | None
    due_on: date | None
    updated_at: datetime
    unread: int = 0
    """Messages of the other side that the reader's side has not read yet."""


class WorklistEntry(CaseSummary, kw_only=True):
    """One line of an officer's worklist."""

    applicant_masked: str
    light: str


class RuleView(msgspec.Struct, kw_only=True):
    min: int | None = None
    max: int | None = None
    max_rows: int | None = None


class FieldView(msgspec.Struct, kw_only=True):
    """A form field with its value and where the value came from."""

    key: str
    label: str
    type: str
    required: bool
    options: list[str]
    rule: RuleView | None
    hint: str | None
    value: Any
    """Whatever the field's type stores: text, number, list or rows."""
    source: str | None
    """account, org, licence, preset (decided by an answer, not to be changed), or null: typed."""
    source_text: str | None


class WayView(msgspec.Struct, kw_only=True):
    """One way to provide a material."""

    by: str
    """licence, form, realname, commitment, data or upload."""
    label: str
    licence_type: str | None
    available: bool
    licence_id: UUID | None = None
    """The applicant's own licence that could be used."""


class FileView(msgspec.Struct, kw_only=True):
    id: UUID
    name: str
    media_type: str
    size: int
    page: int
    status: str
    url: str
    thumbnail_url: str | None
    """A small picture of it; None for what cannot be drawn."""
    straightened: bool
    """Whether it was cut and straightened, which can be taken back until it is submitted."""


class FaceField(msgspec.Struct, kw_only=True):
    """A field of a licence in words."""

    label: str
    value: str


class LicenceUse(msgspec.Struct, kw_only=True):
    """An e-licence that stands for a material."""

    id: UUID
    name: str
    number_masked: str
    face: list[FaceField] | None = None
    """The fields the material asks for; officers only."""


class MaterialView(msgspec.Struct, kw_only=True):
    code: str
    name: str
    required: bool
    source_text: str
    status: str
    note: str | None
    hint: str | None
    """The guide's own remark."""
    accept: list[str]
    max_mb: int
    max_pages: int
    camera: bool
    ways: list[WayView]
    files: list[FileView]
    licence: LicenceUse | None


class TimelineView(msgspec.Struct, kw_only=True):
    n: int
    at: datetime
    kind: str
    title: str
    text: str
    actor_text: str


class SupplementPoint(msgspec.Struct, kw_only=True):
    code: str
    name: str
    reason: str


class SupplementView(msgspec.Struct, kw_only=True):
    id: UUID
    items: list[SupplementPoint]
    note: str
    due_on: date
    state: str
    answer_note: str | None


class StepView(msgspec.Struct, kw_only=True):
    step: str
    name: str
    state: str
    """done, now or todo."""
    at: datetime | None


class AnswerView(msgspec.Struct, kw_only=True):
    """A question with the chosen answers in words."""

    code: str
    question: str
    chosen: list[str]


class CaseResult(msgspec.Struct, kw_only=True):
    """The licence a closed case produced."""

    id: UUID
    name: str


class FormSignatureView(msgspec.Struct, kw_only=True):
    """Who signed the form, and whether it is still the form that was signed."""

    signed_at: datetime
    signer: str
    by_certificate: bool
    """Confirmed by the organisation's certificate, not by a face."""
    valid: bool


class CaseDetail(CaseSummary, kw_only=True):
    """Everything about one case."""

    answers: dict[str, list[str]]
    situations: list[AnswerView]
    fields: list[FieldView]
    form_revision: str
    """Goes back with the values that are typed into these fields."""
    materials: list[MaterialView]
    timeline: list[TimelineView]
    supplement: SupplementView | None
    steps: list[StepView]
    licence: CaseResult | None
    outcome_text: str | None
    promised_text: str
    approval_mode: str
    fee_text: str
    acceptance_due_on: date | None
    statutory_due_on: date | None
    may: list[str]
    must_sign: bool
    """Whether the form has to be signed before it is handed in."""
    signature: FormSignatureView | None


class DelegatedWork(msgspec.Struct, kw_only=True):
    """In whose name an officer may work today, and on what."""

    no: str
    delegator: str
    """Name of the department."""
    items: list[str]
    powers: list[str]
    until: date


class ApplicantView(msgspec.Struct, kw_only=True):
    """Who applies, for the officer who decides."""

    name: str
    id_no_masked: str
    kind: str
    """natural_person or organisation."""
    phone_masked: str | None
    person_name: str
    """The natural person who acts."""


class ContentMark(msgspec.Struct, kw_only=True):
    """What a platform's content check left for the reviewer to look at."""

    kind: str
    """picture, form or note (the answer to a supplement)."""
    verdict: str
    """risky, review or unchecked."""
    text: str
    material_code: str | None
    file_id: UUID | None


class WithheldAct(msgspec.Struct, kw_only=True):
    """An act that the case would allow and this officer may not do."""

    act: str
    slug: str
    text: str
    """Why not, and who may."""


class StaffCaseDetail(CaseDetail, kw_only=True):
    """The same for the officer, who also sees the applicant and the light."""

    withheld: list[WithheldAct]
    """Acts of the post that something else forbids here: a delegation, an own matter."""
    basis_text: str
    """On what ground another department's case is open to the officer; empty for the own."""

    applicant: ApplicantView
    light: str
    licence_type: str | None
    content_marks: list[ContentMark]


class MessagePictureView(msgspec.Struct, kw_only=True):
    id: UUID
    media_type: str
    size: int
    url: str


class MessageView(msgspec.Struct, kw_only=True):
    """One message as its reader sees it."""

    n: int
    side: str
    """applicant or office."""
    mine: bool
    author_text: str
    text: str
    pictures: list[MessagePictureView]
    sent_at: datetime
    client_key: str | None
    """The key of an own message, by which the page knows what has arrived; else null."""


class ConversationView(msgspec.Struct, kw_only=True):
    """A stretch of a conversation, oldest message first."""

    messages: list[MessageView]
    length: int
    """The number of the newest message; more are to be had while the last one here is below."""
    applicant_read: int
    office_read: int
    may_write: bool
    closed_text: str | None
    """Why nothing can be written now."""


class ReadMarks(msgspec.Struct, kw_only=True):
    """How far each side has read."""

    applicant_read: int
    office_read: int


class DepartmentLoad(msgspec.Struct, kw_only=True):
    """How a department stands today."""

    key: str
    name: str
    open: int
    yellow: int
    red: int
    closed_today: int


class LoadTotals(msgspec.Struct, kw_only=True):
    open: int
    yellow: int
    red: int
    closed_today: int


class Overview(msgspec.Struct, kw_only=True):
    departments: list[DepartmentLoad]
    totals: LoadTotals
