"""Live channel: an entry in the person's stream, then the bell for whoever is listening."""

import logging
from typing import TYPE_CHECKING, Any
from uuid import UUID

from core.valkey.redis_client import REDIS_ERRORS
from push.channels.channel import Outcome, ReachesEverybody, Ring, Tools
from push.live import hub, stream
from push.texts.message import Message, Weight

if TYPE_CHECKING:
    from redis.asyncio import Redis

log = logging.getLogger(__name__)


class LiveChannel(ReachesEverybody):
    """See the module."""

    name = "live"
    weights = frozenset(Weight)
    repeatable = True
    rings = False

    async def write(self, message: Message, *, event_id: UUID) -> Ring:
        key = stream.person(message.recipient_id)
        content = payload(message.title, message.body, message.link, message.data)
        entry = await stream.add(key, message.kind, content, event_id=event_id)

        async def wake(redis: "Redis") -> None:
            await ring(key, hub.encode_ring(entry), redis=redis)

        return wake

    async def send(self, message: Message, *, event_id: UUID, tools: Tools) -> Outcome:
        await tell(
            stream.person(message.recipient_id),
            message.kind,
            payload(message.title, message.body, message.link, message.data),
            event_id=event_id,
            redis=tools.redis,
        )
        return Outcome.SENT


def payload(title: str, body: str, link: str, data: dict[str, Any]) -> dict[str, Any]:
    """What a stream entry holds beside its kind."""
    return {"title": title, "body": body, "link": link, "data": data}


async def tell(
    key: str, kind: str, content: dict[str, Any], *, event_id: UUID, redis: "Redis"
) -> None:
    """Append to a stream and ring. A lost ring delays readers by seconds, see `push.live.hub`."""
    entry = await stream.append(key, kind, content, event_id=event_id)
    await ring(key, hub.encode_ring(entry), redis=redis)


async def end_session(session_id: UUID, *, redis: "Redis") -> None:
    """Close the sockets of a session that has just been revoked, on every worker."""
    await ring(session_key(session_id), hub.encode_end("session-ended"), redis=redis)


async def end_caller(principal_id: UUID, *, redis: "Redis") -> None:
    """Close every stream of somebody who may follow nothing any more, on every worker."""
    await ring(caller_key(principal_id), hub.encode_end("session-ended"), redis=redis)


def caller_key(principal_id: UUID) -> str:
    """The key under which all streams of one caller can be ended."""
    return f"user:{principal_id}"


def session_key(session_id: UUID | None) -> str:
    """The key under which the sockets of a session can be ended."""
    return f"session:{session_id}"


async def ring(key: str, data: bytes, *, redis: "Redis") -> None:
    """Ring the bell of a key; Redis being away is no failure."""
    try:
        await redis.publish(hub.BELL_PREFIX + key, data)
    except REDIS_ERRORS as error:
        log.warning("the bell could not be rung: %s", type(error).__name__)
