"""What readers of a batch get to see."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class BatchView:
    """A batch and how far it has come."""

    id: UUID
    batch_no: str
    form: str
    state: str
    received_at: datetime
    finished_at: datetime | None
    progress: float
    """0 to 1."""
    lines: int
    taken: int
    duplicates: int
    conflicts: int
    invalid: int
    note: str
    may_approve: bool
    """Whether the caller may stand for it: it waits, and somebody else sent it."""


@dataclass(frozen=True, kw_only=True)
class SampleLine:
    """A line of a waiting batch as the second officer reads it; `fault` when it cannot be taken."""

    line: int
    fault: str = ""
    licence_name: str = ""
    number: str = ""
    holder_name: str = ""
    issued_on: date | None = None
    sensitive: bool = False


@dataclass(frozen=True, kw_only=True)
class LineView:
    """A line that was not simply taken."""

    line: int
    outcome: str
    message: str
