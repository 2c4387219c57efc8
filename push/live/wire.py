"""Wire: the bytes of live frames, made once and sent to everyone who follows. Pure.

One event is one JSON text; a WebSocket carries it as an unmasked text frame (RFC 6455, 5.2), an
event stream as `id:` and `data:` lines (HTML, 9.2). The id is `position-epoch`, so that a browser
that comes back by itself brings both.
"""

import struct
from typing import Any

import msgspec

from push.live.stream import Entry

TEXT = 0x81
CLOSE = 0x88
PONG = 0x8A
LONGEST_REASON = 123
"""Bytes of a close reason: a control frame holds 125, two of them are the code."""

HEARTBEAT = {"type": "heartbeat"}

encode = msgspec.json.Encoder().encode


def event(entry: Entry) -> dict[str, Any]:
    """An entry as its readers get it."""
    return {
        "type": "event",
        "n": entry.position,
        "kind": entry.kind,
        **entry.payload,
        "at": entry.at,
    }


def frame(data: bytes, opcode: int = TEXT) -> bytes:
    """One whole frame of a server: never masked, never compressed."""
    size = len(data)
    if size < 126:
        return bytes((opcode, size)) + data
    if size < 65536:
        return struct.pack("!BBH", opcode, 126, size) + data
    return struct.pack("!BBQ", opcode, 127, size) + data


def closing(code: int, reason: str) -> bytes:
    """A close frame. `reason` is a slug."""
    return frame(struct.pack("!H", code) + reason.encode()[:LONGEST_REASON], CLOSE)


def event_lines(data: bytes, *, event_id: str | None = None, name: str | None = None) -> bytes:
    """One event of an event stream; `data` is JSON and therefore one line."""
    head = b""
    if name is not None:
        head += b"event: " + name.encode() + b"\n"
    if event_id is not None:
        head += b"id: " + event_id.encode() + b"\n"
    return head + b"data: " + data + b"\n\n"


def comment(text: str) -> bytes:
    """A line every reader of an event stream skips."""
    return f": {text}\n\n".encode()


def event_id(position: int, epoch: str) -> str:
    """What an event stream calls a position."""
    return f"{position}-{epoch}"


def read_event_id(text: str) -> tuple[int, str] | None:
    """Position and epoch of a `Last-Event-ID`; None when it is not one of ours."""
    position, _, epoch = text.partition("-")
    if position.isascii() and position.isdigit() and len(position) < 17 and 0 < len(epoch) <= 36:
        return int(position), epoch
    return None


class Told:
    """An entry on its way to many readers; each form of it is made at most once."""

    __slots__ = ("_frame", "_lines", "json", "position")

    def __init__(self, position: int, json: bytes) -> None:
        self.position = position
        self.json = json
        self._frame: bytes | None = None
        self._lines: bytes | None = None

    @classmethod
    def of(cls, entry: Entry) -> "Told":
        return cls(entry.position, encode(event(entry)))

    @property
    def as_frame(self) -> bytes:
        if self._frame is None:
            self._frame = frame(self.json)
        return self._frame

    def as_lines(self, epoch: str) -> bytes:
        """One database has one epoch, hence one text for all."""
        if self._lines is None:
            self._lines = event_lines(self.json, event_id=event_id(self.position, epoch))
        return self._lines
