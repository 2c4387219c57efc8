"""One live connection: a few slots and a transport, no task, no queue.

    opening ──caught up──▶ following ──gap──▶ opening ··· closing (said good-bye) ──▶ gone

While it is opening, a coroutine (that of the handler, later a short one) reads from the database;
what the hub tells meanwhile only moves `newest`, and the reading goes on until it is reached. A
follower gets an entry as ready bytes and writes them to the transport: nothing waits for it. What
the reader does not take piles up in the transport, up to LONGEST_BUFFER; then it is dropped, and
comes back with its last position.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from enum import IntEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from api.edge import websocket
from api.edge.websocket import CLOSE_PATIENCE_SECONDS, Incoming, Violation
from core.database import DATABASE_ERRORS
from push.live import stream, wire
from push.live.wire import Told

if TYPE_CHECKING:
    from api.edge.live.room import Room

CLOSE_RECONNECT = 4100
CLOSE_UNREADABLE = 4400
CLOSE_SESSION_OVER = 4401
CLOSE_SLOW = 4408
CLOSE_TOO_MANY = 4429
CLOSE_TRY_LATER = 1013
CLOSE_TALKATIVE = 1008

CLOSE_CODES = {
    "slow-reader": CLOSE_SLOW,
    "too-many": CLOSE_TOO_MANY,
    "session-ended": CLOSE_SESSION_OVER,
    "reconnect": CLOSE_RECONNECT,
    "try-again-later": CLOSE_TRY_LATER,
    "too-talkative": CLOSE_TALKATIVE,
}

LONGEST_BUFFER = 256 * 1024
"""Bytes that may wait for one reader."""

LONGEST_REPLAY = 1000
"""Entries. Who has missed more loads anew, which is cheaper for both sides."""

MOST_SAID = 200
"""Pieces of data a client may send between two heartbeats; it has nothing to say here."""


class State(IntEnum):
    OPENING = 0
    FOLLOWING = 1
    CLOSING = 2
    GONE = 3


class Connection(asyncio.Protocol, ABC):
    """The part that WebSocket and event stream share. `position` is the last one that was sent."""

    __slots__ = (
        "_newest",
        "_paused",
        "_said",
        "_state",
        "_transport",
        "_unsent",
        "_was_full",
        "_writable",
        "address",
        "end_at",
        "ends",
        "key",
        "position",
        "room",
        "session_id",
        "slot",
    )

    def __init__(
        self,
        room: Room,
        *,
        head: bytes,
        key: str,
        ends: tuple[str, ...],
        session_id: UUID | None,
        address: str,
    ) -> None:
        self.room = room
        self.key = key
        self.ends = ends
        self.session_id = session_id
        """None for client systems, whose right is looked at when they come back."""
        self.address = address
        self.position = 0
        self.slot = 0
        self.end_at = 0.0
        self._unsent = head
        """The answer to the request; it goes out together with the first frame."""
        self._newest = 0
        self._said = 0
        self._state = State.OPENING
        self._paused = False
        self._was_full = False
        self._writable: asyncio.Event | None = None
        self._transport: Any = None

    # What the two kinds do differently

    @abstractmethod
    def pack(self, told: Told) -> bytes:
        """An event as it goes over the wire."""

    @abstractmethod
    def pack_frame(self, frame: dict[str, Any]) -> bytes:
        """Anything else that is said."""

    @abstractmethod
    def say_goodbye(self, reason: str) -> None:
        """The last words, with the reason."""

    # The reader of the hub

    def tell(self, told: Told) -> None:
        """See `push.live.hub.Reader`."""
        if self._state is not State.FOLLOWING:
            self._newest = max(self._newest, told.position)
        elif told.position == self.position + 1:
            if self._paused and self._transport.get_write_buffer_size() > LONGEST_BUFFER:
                self.end("slow-reader")
                return
            self.position = told.position
            self._transport.write(self.pack(told))
        else:
            self.nudge(told.position)

    def nudge(self, position: int) -> None:
        """See `push.live.hub.Reader`."""
        if position <= self.position:
            return
        self._newest = max(self._newest, position)
        if self._state is State.FOLLOWING:
            self._state = State.OPENING
            self.room.start(self._catch_up_again())

    def end(self, reason: str) -> None:
        """See `push.live.hub.Reader`; the client gets the reason as its close code."""
        if self._state >= State.CLOSING:
            return
        self._leave()
        self.say_goodbye(reason)
        asyncio.get_running_loop().call_later(CLOSE_PATIENCE_SECONDS, self._transport.abort)

    # Opening and catching up

    async def begin(self, after: int | None, epoch: str | None) -> None:
        """Join, then read what is missing: no gap, no double."""
        if not self.room.admit(self):
            self.end("too-many")
            return
        try:
            await self._begin(after, epoch)
        except DATABASE_ERRORS:
            self.end("try-again-later")
        except TimeoutError:
            self.end("slow-reader")

    async def _begin(self, after: int | None, known_epoch: str | None) -> None:
        epoch, newest = await self.room.epoch(), await self.room.position(self.key)
        self._say({"type": "hello", "position": newest, "epoch": epoch})
        self._newest = max(self._newest, newest)
        self.position = newest if after is None else after
        if after is not None:
            good = known_epoch in (None, epoch) and 0 <= newest - after <= LONGEST_REPLAY
            if not good:
                self._reset(epoch, newest)
        await self._catch_up(epoch)

    async def _catch_up_again(self) -> None:
        try:
            await self._catch_up(await self.room.epoch())
        except DATABASE_ERRORS:
            self.end("try-again-later")
        except TimeoutError:
            self.end("slow-reader")

    async def _catch_up(self, epoch: str) -> None:
        while self._state is State.OPENING and self.position < self._newest:
            page = await stream.since(self.key, self.position)
            if not page or page[0].position != self.position + 1:
                # Cleared away meanwhile: what is missing cannot be told entry by entry.
                self._reset(epoch, max(self._newest, await stream.position(self.key)))
                continue
            for entry in page:
                await self._room_to_write()
                if self._state is not State.OPENING:
                    return
                self._transport.write(self.pack(Told.of(entry)))
                self.position = entry.position
        if self._state is State.OPENING:
            self._state = State.FOLLOWING

    def _reset(self, epoch: str, position: int) -> None:
        self.position = position
        self._say({"type": "reset", "position": position, "epoch": epoch})

    def _say(self, frame: dict[str, Any]) -> None:
        if self._state < State.CLOSING:
            self._write(self.pack_frame(frame))

    def _write(self, data: bytes) -> None:
        self._transport.write(self._unsent + data)
        self._unsent = b""

    async def _room_to_write(self) -> None:
        """Wait until the reader has taken most of what waits for it. Raises TimeoutError."""
        if not self._paused:
            return
        self._writable = asyncio.Event()
        async with asyncio.timeout(self.room.pace.send):
            await self._writable.wait()
        self._writable = None

    # What the timer of the room does

    def beat(self, heartbeat: bytes) -> None:
        """A sign of life, unless there is no room for it: twice in a row is too slow."""
        self._said = 0
        if self._state is not State.FOLLOWING:
            return
        if self._transport.get_write_buffer_size():
            if self._was_full:
                self.end("slow-reader")
            self._was_full = True
            return
        self._was_full = False
        self._transport.write(heartbeat)

    def renew(self) -> None:
        """End the life of this connection in good order: the client comes back and goes on."""
        if self._state is not State.FOLLOWING:
            return
        self._say({"type": "reconnect", "position": self.position})
        self.end("reconnect")

    def abort(self) -> None:
        """End it at once, whatever waits."""
        self._transport.abort()

    @property
    def gone(self) -> bool:
        """Whether the transport has ended too."""
        return self._state is State.GONE

    # The transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._said += 1
        if self._said > MOST_SAID:
            self.end("too-talkative")

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()
        self._state = State.GONE
        self.room.lost(self)
        if self._writable is not None:
            self._writable.set()

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        if self._writable is not None:
            self._writable.set()

    def _leave(self) -> None:
        if self._state < State.CLOSING:
            self._state = State.CLOSING
            self.room.leave(self)


class SocketConnection(Connection):
    """A WebSocket."""

    __slots__ = ("_incoming",)

    def __init__(self, room: Room, **values: Any) -> None:
        super().__init__(room, **values)
        self._incoming: Incoming | None = None

    def pack(self, told: Told) -> bytes:
        return told.as_frame

    def pack_frame(self, frame: dict[str, Any]) -> bytes:
        return wire.frame(wire.encode(frame))

    def say_goodbye(self, reason: str) -> None:
        # The client's own close frame, or the patience of the caller, ends the connection.
        self._write(wire.closing(CLOSE_CODES[reason], reason))

    def data_received(self, data: bytes) -> None:
        """Ping is answered, close is answered and obeyed, all else is skipped."""
        super().data_received(data)
        incoming = self._incoming or Incoming()
        try:
            controls = incoming.feed(data)
        except Violation as violation:
            self._fail(violation)
            return
        self._incoming = None if incoming.idle else incoming
        for opcode, payload in controls:
            if opcode == websocket.CLOSE:
                self._take_leave(payload)
                return
            if opcode == websocket.PING and self._state < State.CLOSING:
                self._write(wire.frame(payload, wire.PONG))

    def _take_leave(self, payload: bytes) -> None:
        if self._state < State.CLOSING:
            self._leave()
            self._write(wire.frame(payload[:2], wire.CLOSE))
        self._transport.close()

    def _fail(self, violation: Violation) -> None:
        if self._state < State.CLOSING:
            self._leave()
            self._write(wire.closing(violation.code, str(violation)))
        self._transport.close()


class EventStream(Connection):
    """Server-sent events over one unending answer."""

    __slots__ = ("epoch",)

    def __init__(self, room: Room, *, epoch: str, **values: Any) -> None:
        super().__init__(room, **values)
        self.epoch = epoch

    def pack(self, told: Told) -> bytes:
        return told.as_lines(self.epoch)

    def pack_frame(self, frame: dict[str, Any]) -> bytes:
        """Control frames carry their type as the name; the position moves the browser's own."""
        position = frame.get("position")
        known = None
        if position is not None and frame["type"] == "reset":
            known = wire.event_id(position, frame["epoch"])
        return wire.event_lines(wire.encode(frame), event_id=known, name=frame["type"])

    def say_goodbye(self, reason: str) -> None:
        data = wire.encode({"type": "bye", "reason": reason})
        self._write(wire.event_lines(data, name="bye"))
        self._transport.close()
