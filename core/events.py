"""Facts in the past tense, told from one package to another through the outbox.

An event is a frozen dataclass with plain values only, enough to act on without asking back.
Subclassing `Event` registers the class under its name, so that the relay can read it again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import msgspec

from core import clock
from core.ids import new_id


class UnknownEvent(LookupError):
    """A stored event names a class that this version of the program does not have."""


@dataclass(frozen=True, kw_only=True)
class Event:
    id: UUID = field(default_factory=new_id)
    occurred_at: datetime = field(default_factory=clock.now)

    _classes: ClassVar[dict[str, type[Event]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        known = Event._classes.get(cls.__name__)
        # dataclass(slots=True) builds the class twice; the same module may replace itself.
        if known is not None and known.__module__ != cls.__module__:
            raise TypeError(f"two events are called {cls.__name__}")
        Event._classes[cls.__name__] = cls

    @property
    def name(self) -> str:
        return type(self).__name__


def to_payload(event: Event) -> dict[str, Any]:
    """The event as JSON-ready values."""
    payload: dict[str, Any] = msgspec.to_builtins(event)
    return payload


def from_payload(name: str, payload: dict[str, Any]) -> Event:
    """The event again.

    Raises UnknownEvent, or msgspec.ValidationError for a payload that does not fit the class.
    """
    try:
        event_class = Event._classes[name]
    except KeyError:
        raise UnknownEvent(name) from None
    return msgspec.convert(payload, event_class)


def known_names() -> frozenset[str]:
    return frozenset(Event._classes)
