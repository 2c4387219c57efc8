"""What happened in the wallet, for other packages to act on. Plain values only.

Nothing here is secret: numbers are masked, codes are not told.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from core.events import Event


@dataclass(frozen=True, kw_only=True)
class LicenceIssued(Event):
    """A licence was issued, reissued or endorsed and lies in the wallet."""

    licence_id: UUID
    case_id: UUID | None
    case_no: str | None
    subject_id: UUID
    person_id: UUID
    licence_type: str
    licence_name: str
    number_masked: str
    identifier: str
    version: int
    valid_to: date | None
    applicant_id: UUID | None = None
    """Whose case it was, where `person_id` is told as the one who asked: a father for his child."""


@dataclass(frozen=True, kw_only=True)
class LicencePresented(Event):
    """A counter read a code of the holder."""

    licence_id: UUID
    subject_id: UUID
    person_id: UUID
    licence_type: str
    licence_name: str
    counter_name: str
    department: str
    verdict: str
    at: datetime
    presentation_id: UUID


@dataclass(frozen=True, kw_only=True)
class PresentationStopped(Event):
    """The holder took a running code back."""

    presentation_id: UUID
    licence_id: UUID
    subject_id: UUID
    person_id: UUID
    licence_name: str


@dataclass(frozen=True, kw_only=True)
class LicenceStateChanged(Event):
    """A licence was suspended, resumed, revoked, withdrawn or cancelled."""

    licence_id: UUID
    subject_id: UUID
    licence_type: str
    licence_name: str
    state: str
    state_text: str
    cause: str
    authority: str


@dataclass(frozen=True, kw_only=True)
class LicenceLookedAt(Event):
    """Somebody saw something of a licence, and it stands in the holder's log."""

    licence_id: UUID
    subject_id: UUID
    licence_type: str
    licence_name: str
    use_id: UUID
    who: str
    how: str
    purpose: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class LicenceTakenIn(Event):
    """A licence of a holder was taken in from a department or a library."""

    licence_id: UUID
    subject_id: UUID
    licence_type: str
    licence_name: str
    authority: str


@dataclass(frozen=True, kw_only=True)
class LicenceEnding(Event):
    """A licence ends in some days, and its holder should think of renewing it."""

    licence_id: UUID
    subject_id: UUID
    licence_type: str
    licence_name: str
    valid_to: date
    days: int


@dataclass(frozen=True, kw_only=True)
class ComplaintMade(Event):
    """A holder asks why somebody of a department looked."""

    complaint_id: UUID
    department: str
    licence_name: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class ComplaintAnswered(Event):
    """The department answered a holder's complaint."""

    complaint_id: UUID
    subject_id: UUID
    licence_id: UUID
    licence_name: str
    answer: str


@dataclass(frozen=True, kw_only=True)
class AuthorisationChanged(Event):
    """An authorisation was offered, accepted, declined or taken back."""

    authorisation_id: UUID
    licence_id: UUID
    licence_name: str
    recipient_subject_id: UUID
    """Who is told: the other side of whoever acted."""
    change: str
    text: str


@dataclass(frozen=True, kw_only=True)
class IntakeReceived(Event):
    """A batch of existing licences has arrived and waits to be read."""

    batch_id: UUID
    department: str
