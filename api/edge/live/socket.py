"""Live streams over WebSocket and over server-sent events: join, replay, follow.

    {"type":"hello","position":n,"epoch":"…"}      first; n is the newest position
    {"type":"event","n":7,"kind":…,"title":…,"body":…,"link":…,"data":{…},"at":"…"}
    {"type":"reset","position":n,"epoch":"…"}      `after` cannot be continued: load anew
    {"type":"heartbeat"}                           every 20 s; a comment in an event stream
    {"type":"reconnect","position":n}              before a planned close: come back with after=n

Close codes: 4100 planned, come back · 4400 unreadable query · 4401 sign in · 4403 other origin ·
4408 read too slowly, come back · 4429 too many sockets · 1013 the database is away, come later ·
1008 the client says too much. An event stream names the reason in an event `bye`; it has no codes.
Its ids are `position-epoch`, and `Last-Event-ID` counts before `after` and `epoch`.

After `reset` a client reads the state by the ordinary API and goes on from `position`, which was
taken before: what happens while it reads comes as an event again, never not at all.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, TypeVar

import msgspec
from sanic import Request

from api.edge import websocket
from api.edge.addresses import address_of
from api.edge.endpoint import Declaration, InvalidQuery, decode_query
from api.edge.live.connection import (
    CLOSE_RECONNECT,
    CLOSE_SLOW,
    CLOSE_UNREADABLE,
    EventStream,
    SocketConnection,
)
from api.edge.live.room import Limits, Pace, Room
from core.errors import Problem
from identity.principal import Principal
from push.channels import live
from push.live import wire

__all__ = ["CLOSE_RECONNECT", "CLOSE_SLOW", "Limits", "LiveQuery", "Pace", "Room", "declared"]

EVENT_STREAM = "text/event-stream"
RETRY_MILLISECONDS = 2000
"""What a browser waits before it comes back by itself."""

STREAM_HEAD = (
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
    "Cache-Control: no-store\r\nX-Accel-Buffering: no\r\nX-Content-Type-Options: nosniff\r\n"
    f"Connection: close\r\n\r\nretry: {RETRY_MILLISECONDS}\n\n"
).encode()

H = TypeVar("H", bound=Callable[..., Awaitable[Any]])


class LiveQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    after: Annotated[int, msgspec.Meta(ge=0, le=2**53)] | None = None
    """Last position the client has seen; without it, only what is new."""
    epoch: Annotated[str, msgspec.Meta(max_length=36)] | None = None
    """The epoch that position belongs to."""
    ticket: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    """A one-time ticket instead of a cookie or a bearer token."""


def declared(
    summary: str, *, media_type: str | None = None, problems: Sequence[type[Problem]] = ()
) -> Callable[[H], H]:
    """Declare a stream for OpenAPI; `api.edge.endpoint` is for requests with one answer."""

    def decorate(handler: H) -> H:
        vars(handler)["__endpoint__"] = Declaration(
            summary=summary,
            query=LiveQuery,
            status=200 if media_type else 101,
            raw=True,
            problems=tuple(problems),
            media_types=(media_type,) if media_type else (),
        )
        # Sanic then expects no answer: the connection is taken over.
        vars(handler)["is_websocket"] = True
        return handler

    return decorate


async def serve(request: Request, *, key: str) -> None:
    """Hand the connection to a socket that follows stream `key`, and bring it up to date."""
    try:
        query = decode_query(request, LiveQuery)
    except InvalidQuery as refusal:
        websocket.refuse(request, CLOSE_UNREADABLE, refusal.slug)
        return
    head = websocket.handshake(request)
    connection = SocketConnection(head=head, **_common(request, key))
    websocket.take_over(request, connection)
    await connection.begin(query.after, query.epoch)


async def serve_events(request: Request, *, key: str) -> None:
    """The same over an event stream. Raises InvalidQuery before anything is sent."""
    query = decode_query(request, LiveQuery)
    after, epoch = query.after, query.epoch
    if seen := wire.read_event_id(request.headers.get("last-event-id", "")):
        after, epoch = seen
    room: Room = request.app.ctx.room
    connection = EventStream(epoch=await room.epoch(), head=STREAM_HEAD, **_common(request, key))
    websocket.take_over(request, connection)
    await connection.begin(after, epoch)


def _common(request: Request, key: str) -> dict[str, Any]:
    principal: Principal = request.ctx.principal
    return {
        "room": request.app.ctx.room,
        "key": key,
        "ends": (live.session_key(principal.session_id), live.caller_key(principal.id)),
        "session_id": principal.session_id,
        "address": address_of(request),
    }
