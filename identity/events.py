"""What happened to accounts, in the past tense."""

from dataclasses import dataclass
from uuid import UUID

from core.events import Event


@dataclass(frozen=True, kw_only=True)
class OfficerSessionsEnded(Event):
    """An officer was dismissed, locked, given other powers or another password."""

    officer_id: UUID
    session_ids: list[UUID]
    """The sessions that were open; their streams are to be closed."""


@dataclass(frozen=True, kw_only=True)
class PasskeyLocked(Event):
    """The count of an officer's passkey went back, so there are two of it: it is refused now."""

    officer_id: UUID
    passkey_id: UUID


@dataclass(frozen=True, kw_only=True)
class LockedPasskeysGone(Event):
    """The last locked passkey of an officer was given up."""

    officer_id: UUID


@dataclass(frozen=True, kw_only=True)
class ClientSystemEnded(Event):
    """A client system was revoked: the events it follows are to end."""

    client_row: UUID
