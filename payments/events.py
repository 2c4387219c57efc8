"""What happened to money, in the past tense."""

from dataclasses import dataclass
from uuid import UUID

from core.events import Event


@dataclass(frozen=True, kw_only=True)
class BillPaid(Event):
    bill_id: UUID
    case_id: UUID
    person_id: UUID
    title: str
    amount: int
    """Fen."""
    subject_id: UUID | None = None
    """Who owes it; None in events of an older version."""


@dataclass(frozen=True, kw_only=True)
class RefundAsked(Event):
    """A refund was written down; the platform has not been asked yet."""

    refund_no: str


@dataclass(frozen=True, kw_only=True)
class BillRefunded(Event):
    bill_id: UUID
    case_id: UUID
    person_id: UUID
    title: str
    amount: int
    """Fen that have just gone back."""
    subject_id: UUID | None = None
