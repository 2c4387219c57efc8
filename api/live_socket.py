"""The live socket of citizens and officers: join, replay, follow.

    {"type":"hello","position":n,"epoch":"…"}      first; n is the newest position
    {"type":"event","n":7,"kind":…,"title":…,"body":…,"link":…,"data":{…},"at":"…"}
    {"type":"reset","position":n,"epoch":"…"}      `after` cannot be continued: load anew
    {"type":"heartbeat"}                           every 20 s
    {"type":"reconnect","position":n}              before a planned close: come back with after=n

Close codes: 4100 planned, come back · 4400 unreadable query · 4401 sign in · 4403 other origin ·
4408 read too slowly, come back · 4429 too many sockets · 1013 the database is away, come later.

The socket joins the hub before it reads the database and drops by position what it then has twice:
no gap, no double. What the client sends is ignored; reading it only notices that it has gone.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import msgspec
from sanic import Request, Websocket
from sanic.exceptions import SanicException
from websockets.exceptions import ConnectionClosed

from api.endpoint import Declaration, InvalidQuery, decode_query
from core.database import DATABASE_ERRORS
from identity import sessions
from identity.principal import Principal
from push import stream
from push.channels import live
from push.hub import Dropped, Hub, Subscription
from push.stream import Entry

CLOSE_RECONNECT = 4100
CLOSE_UNREADABLE = 4400
CLOSE_SESSION_OVER = 4401
CLOSE_SLOW = 4408
CLOSE_TOO_MANY = 4429
CLOSE_TRY_LATER = 1013

LONGEST_REPLAY = 1000
"""Entries. Who has missed more loads anew, which is cheaper for both sides."""

GONE = (ConnectionClosed, SanicException)
"""What Sanic's socket raises once the other side has left."""

CLOSE_CODES = {
    "slow-reader": CLOSE_SLOW,
    "too-many": CLOSE_TOO_MANY,
    "session-ended": CLOSE_SESSION_OVER,
    "reconnect": CLOSE_RECONNECT,
}

H = TypeVar("H", bound=Callable[..., Awaitable[Any]])


class LiveQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    after: Annotated[int, msgspec.Meta(ge=0, le=2**53)] | None = None
    """Last position the client has seen; without it, only what is new."""
    epoch: Annotated[str, msgspec.Meta(max_length=36)] | None = None
    """The epoch that position belongs to."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Seconds. An application may set its own as `app.ctx.live_pace`."""

    heartbeat: float = 20.0
    """Also how often the session is looked at, should its ending not have been heard."""
    life: float = 600.0
    """Sockets are renewed, so that workers can be moved and restarted at any time."""
    send: float = 10.0
    """How long one frame may wait for its reader."""


def declared(summary: str) -> Callable[[H], H]:
    """Declare a socket for OpenAPI; `api.endpoint` is for requests with one answer."""

    def decorate(handler: H) -> H:
        vars(handler)["__endpoint__"] = Declaration(
            summary=summary, query=LiveQuery, status=101, raw=True
        )
        return handler

    return decorate


async def serve(request: Request, ws: Websocket, *, key: str) -> None:
    """Serve stream `key` until the client leaves, its session ends or the socket's life is over."""
    try:
        query = decode_query(request, LiveQuery)
    except InvalidQuery as refusal:
        await ws.close(CLOSE_UNREADABLE, refusal.slug)
        return
    principal: Principal = request.ctx.principal
    hub: Hub = request.app.ctx.resources.hub
    pace: Pace = getattr(request.app.ctx, "live_pace", Pace())
    with hub.join(key, live.session_key(principal.session_id)) as entries:
        follower = Follower(ws, entries, key=key, principal=principal, pace=pace)
        following = asyncio.create_task(follower.follow(query), name="live-follow")
        listening = asyncio.create_task(_listen(ws), name="live-listen")
        try:
            await asyncio.wait((following, listening), return_when=asyncio.FIRST_COMPLETED)
        finally:
            listening.cancel()
            following.cancel()
            await asyncio.gather(listening, following, return_exceptions=True)
    if not following.cancelled() and (error := following.exception()):
        raise error


class Follower:
    """The sending half of one socket. `_position` is the last position that was sent."""

    def __init__(
        self, ws: Websocket, entries: Subscription, *, key: str, principal: Principal, pace: Pace
    ) -> None:
        self._ws = ws
        self._entries = entries
        self._key = key
        self._principal = principal
        self._pace = pace
        self._position = 0

    async def follow(self, query: LiveQuery) -> None:
        """Send until something ends the socket, then close it with the reason."""
        try:
            await self._begin(query)
            await self._go_on()
        except Dropped as dropped:
            await self._close(str(dropped))
        except TimeoutError:
            self._ws.fail_connection(CLOSE_SLOW, "slow-reader")
        except DATABASE_ERRORS:
            await self._ws.close(CLOSE_TRY_LATER, "try-again-later")
        except GONE:
            return

    async def _begin(self, query: LiveQuery) -> None:
        epoch, newest = await stream.epoch(), await stream.position(self._key)
        await self._send({"type": "hello", "position": newest, "epoch": epoch})
        self._position = newest
        if query.after is None:
            return
        missed = newest - query.after
        known_epoch = query.epoch in (None, epoch)
        if not (known_epoch and 0 <= missed <= LONGEST_REPLAY) or await self._is_cut(query.after):
            await self._send({"type": "reset", "position": newest, "epoch": epoch})
            return
        self._position = query.after
        await self._catch_up()

    async def _is_cut(self, after: int) -> bool:
        """Whether old entries behind `after` have been cleared away."""
        return stream.missing_before(await stream.since(self._key, after, limit=1), after)

    async def _go_on(self) -> None:
        loop = asyncio.get_running_loop()
        # Spread, so that sockets opened together do not come back together.
        end = loop.time() + self._pace.life * random.uniform(0.9, 1.0)  # noqa: S311
        beat = loop.time() + self._pace.heartbeat
        while True:
            try:
                async with asyncio.timeout_at(min(beat, end)):
                    item = await self._entries.next()
            except TimeoutError:
                if loop.time() >= end:
                    await self._send({"type": "reconnect", "position": self._position})
                    raise Dropped("reconnect") from None
                await self._beat()
                beat = loop.time() + self._pace.heartbeat
                continue
            if isinstance(item, Entry) and item.position <= self._position + 1:
                await self._tell(item)
            else:
                await self._catch_up()

    async def _catch_up(self) -> None:
        while entries := await stream.since(self._key, self._position):
            for entry in entries:
                await self._tell(entry)

    async def _tell(self, entry: Entry) -> None:
        if entry.position <= self._position:
            return
        frame = {
            "type": "event",
            "n": entry.position,
            "kind": entry.kind,
            **entry.payload,
            "at": entry.at,
        }
        await self._send(frame)
        self._position = entry.position

    async def _beat(self) -> None:
        session_id = self._principal.session_id
        if session_id is None or not await sessions.is_open(session_id):
            raise Dropped("session-ended")
        await self._send({"type": "heartbeat"})

    async def _send(self, frame: dict[str, Any]) -> None:
        async with asyncio.timeout(self._pace.send):
            await self._ws.send(msgspec.json.encode(frame).decode())

    async def _close(self, reason: str) -> None:
        code = CLOSE_CODES[reason]
        if code == CLOSE_SLOW:
            # A closing handshake would wait behind what the reader has not read.
            self._ws.fail_connection(code, reason)
        else:
            await self._ws.close(code, reason)


async def _listen(ws: Websocket) -> None:
    """Ends when the client has left."""
    try:
        while True:
            await ws.recv()
    except GONE:
        return
