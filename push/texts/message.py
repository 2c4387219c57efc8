"""Message: what is told to a person or to a department. Pure values; `messages.py` makes them."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

LONGEST_TITLE = 20
"""Characters; platforms cut a title there (WeChat type `thing`)."""

LONGEST_BODY = 500


class Weight(StrEnum):
    """How far a message travels."""

    TICK = "tick"
    """Moves an open page (a tick turns green); not worth keeping."""
    NOTICE = "notice"
    """By every channel, and kept in the inbox."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message to one natural person. `link` is a path inside the page, e.g. `#/case/<id>`."""

    recipient_id: UUID
    kind: str
    title: str
    body: str
    link: str
    data: dict[str, Any] = field(default_factory=dict)
    weight: Weight = Weight.NOTICE
    about: UUID | None = None
    """Whose matter it is, a person or an organisation: only who may speak for it is told. None for
    what is about the recipient alone."""

    def __post_init__(self) -> None:
        if len(self.title) > LONGEST_TITLE:
            raise ValueError(f"title of {self.kind} has more than {LONGEST_TITLE} characters")
        if len(self.body) > LONGEST_BODY:
            raise ValueError(f"body of {self.kind} has more than {LONGEST_BODY} characters")


@dataclass(frozen=True, kw_only=True)
class DepartmentNotice:
    """What the worklists of a department are told."""

    department: str
    kind: str
    title: str
    body: str
    link: str
    data: dict[str, Any] = field(default_factory=dict)


def cut(text: str, longest: int) -> str:
    """`text` on one line, at most `longest` characters, an ellipsis where it was cut."""
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"
