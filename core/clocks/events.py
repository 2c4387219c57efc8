"""What clocks tell, keyed by their owner: whoever owns one decides what it means (`flows.py`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from core.events import Event


@dataclass(frozen=True, kw_only=True)
class ClockReached(Event):
    """A mark was reached. `on` is the mark's own day; `occurred_at` says when it was noticed."""

    owner_kind: str
    owner_id: UUID
    kind: str
    mark: str
    for_due_on: date
    on: date


@dataclass(frozen=True, kw_only=True)
class ClockMoved(Event):
    """Another calendar gives another due date."""

    owner_kind: str
    owner_id: UUID
    kind: str
    was_on: date
    due_on: date


@dataclass(frozen=True, kw_only=True)
class CalendarChanged(Event):
    """A year of the working calendar was loaded, or says something else than before."""

    year: int
    version: int
    """How many texts the year has had."""
