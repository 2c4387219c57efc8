"""What happened to a case, in the past tense: plain values, enough to act on."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from core.events import Event


@dataclass(frozen=True, kw_only=True)
class CaseEvent:
    """What every event of a case carries; mixed into the events, not one itself."""

    case_id: UUID
    case_no: str | None
    """Official number, 43 characters; None before submission."""
    short_no: str | None
    """The number people read."""
    item_code: str
    item_name: str
    subject_id: UUID
    """The applicant: person or organisation."""
    person_id: UUID
    """The natural person who acts."""
    department: str
    stage_text: str
    submitted: bool = True
    """False for a draft, which is the applicant's alone: no office hears of it."""


@dataclass(frozen=True, kw_only=True)
class CaseSubmitted(CaseEvent, Event):
    pass


@dataclass(frozen=True, kw_only=True)
class CaseAccepted(CaseEvent, Event):
    deemed: bool = False
    """True when the five days of art. 32 passed in silence."""


@dataclass(frozen=True, kw_only=True)
class AcceptanceDeclined(CaseEvent, Event):
    reason: str


@dataclass(frozen=True, kw_only=True)
class SupplementRequested(CaseEvent, Event):
    supplement_id: UUID
    items: list[dict[str, str]]
    due_on: date


@dataclass(frozen=True, kw_only=True)
class SupplementAnswered(CaseEvent, Event):
    supplement_id: UUID


@dataclass(frozen=True, kw_only=True)
class MaterialReceived(CaseEvent, Event):
    material_code: str
    material_id: UUID
    """The stored file; `materials.check` takes it."""


@dataclass(frozen=True, kw_only=True)
class MaterialChecked(CaseEvent, Event):
    material_code: str
    material_id: UUID
    ok: bool
    note: str


@dataclass(frozen=True, kw_only=True)
class LicenceUsed(CaseEvent, Event):
    """An e-licence stands for a material: the wallet writes it into the holder's log."""

    licence_id: UUID
    material_code: str
    material_name: str
    fields: list[str]
    """Keys of the fields the material asks for."""
    actor: str
    actor_name: str


@dataclass(frozen=True, kw_only=True)
class CaseApproved(CaseEvent, Event):
    licence_type: str | None
    licence_action: str | None
    facts: dict[str, Any]
    previous_licence_id: UUID | None
    opinion: str


@dataclass(frozen=True, kw_only=True)
class CaseRefused(CaseEvent, Event):
    reason: str


@dataclass(frozen=True, kw_only=True)
class CaseWithdrawn(CaseEvent, Event):
    reason: str


@dataclass(frozen=True, kw_only=True)
class CaseLapsed(CaseEvent, Event):
    """The supplement was not answered in time; the case is returned."""


@dataclass(frozen=True, kw_only=True)
class CaseClosed(CaseEvent, Event):
    result_text: str
    licence_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class MessageSent(CaseEvent, Event):
    """A message of the conversation. It names the number only: readers fetch the words."""

    n: int
    side: str
    """applicant or office: who wrote."""
    author_text: str
    """The department, or the word for the applicant; never a person's name."""
    recipient_id: UUID
    """The person on the applicant's side who is told."""


@dataclass(frozen=True, kw_only=True)
class MessagesRead(CaseEvent, Event):
    """One side has read the conversation up to a number."""

    up_to: int
    side: str
    """applicant or office: who read."""
    recipient_id: UUID
