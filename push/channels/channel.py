"""Channel: one way of bringing a message to a person."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, runtime_checkable
from uuid import UUID

from miniapp_bridge.connector import Connector
from push.providers import Outlets
from push.texts.message import Message, Weight

if TYPE_CHECKING:
    from redis.asyncio import Redis


class Outcome(StrEnum):
    """What became of a message on one channel."""

    SENT = "sent"
    SKIPPED = "skipped"
    """This channel cannot reach the person (no account, no consent). Not tried again."""
    UNKNOWN = "unknown"
    """Handed over without an answer. Not tried again: it would reach the person twice."""


@dataclass(frozen=True, kw_only=True)
class Tools:
    """What channels work with."""

    redis: "Redis"
    connectors: Mapping[str, Connector]
    outlets: Outlets = field(default_factory=Outlets.closed)


Ring = Callable[["Redis"], Awaitable[None]]
"""Wakes who is waiting for what was written, after its transaction; best effort."""


class Channel(Protocol):
    """A channel is stateless. Every exception of `send` means: not sent, try again later."""

    name: str
    weights: frozenset[Weight]
    """The messages this channel carries."""
    repeatable: bool
    """Whether sending one event twice has the effect of once."""

    rings: bool
    """Whether it makes a sound: waits for the end of quiet hours, never says a thing twice."""

    async def reaches(self, message: Message, *, tools: Tools) -> bool:
        """Whether there is any use in sending; asks our own database only."""

    async def send(self, message: Message, *, event_id: UUID, tools: Tools) -> Outcome:
        """Send outside any transaction."""


@runtime_checkable
class OwnChannel(Protocol):
    """A channel that lies in our own database: it is sent when its delivery is recorded."""

    async def write(self, message: Message, *, event_id: UUID) -> Ring:
        """Send within the caller's transaction; IntegrityError, now or at its end, when it was sent
        before."""


class ReachesEverybody:
    """What channels share that need not ask whether somebody can be reached."""

    async def reaches(self, message: Message, *, tools: Tools) -> bool:
        return True
