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
