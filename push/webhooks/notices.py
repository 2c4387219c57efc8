"""What a webhook is told of an event: facts of the matter, never of the person. Pure.

Names, numbers and forms of applicants are left out on purpose; who needs them asks the API, which
checks the right to see them and leaves a trace.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

FIELDS = (
    "case_id",
    "case_no",
    "item_code",
    "item_name",
    "department",
    "stage_text",
    "supplement_id",
    "due_on",
    "result_text",
    "licence_id",
    "licence_type",
    "licence_name",
    "version",
    "valid_to",
    "state",
    "state_text",
    "material_code",
    "ok",
)
"""Attributes of events that may leave the house."""

WORDS = re.compile(r"(?<!^)(?=[A-Z])")
TEST_KIND = "webhook-test"


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One event for webhooks. `topics` are those whose addresses are told."""

    event_id: UUID
    kind: str
    object_key: str
    topics: tuple[str, ...]
    body: str


def of_event(event: Any) -> Notice | None:
    """The notice of an event of cases or wallet; None when it is about neither."""
    found = getattr(event, "case_id", None) or getattr(event, "licence_id", None)
    if found is None:
        return None
    kind = kind_of(type(event).__name__)
    return Notice(
        event_id=event.id,
        kind=kind,
        object_key=str(found),
        topics=_topics(event),
        body=render(kind, event.occurred_at, {name: getattr(event, name, None) for name in FIELDS}),
    )


def kind_of(name: str) -> str:
    """`CaseAccepted` → `case-accepted`."""
    return WORDS.sub("-", name).lower()


def render(kind: str, at: datetime, facts: Mapping[str, Any]) -> str:
    """The body of a call."""
    data = {name: _plain(value) for name, value in facts.items() if value is not None}
    return json.dumps(
        {"type": kind, "timestamp": at.isoformat(), "data": data},
        ensure_ascii=False,
        separators=(",", ":"),
    )


def department(key: str) -> str:
    return f"dept:{key}"


def subject(subject_id: UUID) -> str:
    return f"subject:{subject_id}"


def _topics(event: Any) -> tuple[str, ...]:
    topics = []
    if key := getattr(event, "department", None):
        topics.append(department(key))
    if subject_id := getattr(event, "subject_id", None):
        topics.append(subject(subject_id))
    return tuple(topics)


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value
