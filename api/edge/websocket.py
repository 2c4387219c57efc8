"""WebSocket without a task per socket: the handshake, the hand-over, what clients may send.

Sanic's own sockets cost 25 KiB and a task each. Here an ordinary handler authorises the request;
then its connection leaves Sanic: the transport gets a small protocol of ours and Sanic's task ends.
Extensions are never accepted: permessage-deflate costs 32 to 215 KiB a connection once used.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
from typing import Any, cast

from sanic import Request

from api.edge import reception
from core.errors import Problem
from push.live import wire

MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""RFC 6455, 1.3."""

LONGEST_MESSAGE = 64 * 1024
"""Bytes of one message of a client; what it says is skipped anyway."""

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
DATA = (TEXT, BINARY)
CLOSE_PROTOCOL_ERROR = 1002
CLOSE_TOO_BIG = 1009
CLOSE_PATIENCE_SECONDS = 10.0


class WebSocketRequired(Problem):
    slug = "websocket-required"
    title = "这个地址只接受 WebSocket 连接，请改用事件流地址或升级客户端"
    status = 426


class Violation(Exception):
    """The client broke RFC 6455; `code` is what the socket is closed with."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code = code


def handshake(request: Request) -> bytes:
    """The answer that opens the socket. Raises WebSocketRequired for any other request."""
    headers = request.headers
    connection = headers.get("connection", "").lower()
    key = headers.get("sec-websocket-key", "")
    wanted = (
        "upgrade" in (token.strip() for token in connection.split(","))
        and headers.get("upgrade", "").lower() == "websocket"
        and headers.get("sec-websocket-version") == "13"
        and _is_nonce(key)
    )
    if not wanted:
        raise WebSocketRequired()
    digest = hashlib.sha1(key.encode() + MAGIC, usedforsecurity=False).digest()
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n"
    )


def take_over(request: Request, protocol: asyncio.Protocol) -> None:
    """Give the connection to `protocol`, which answers; Sanic forgets it.

    The handler returns None afterwards and carries `is_websocket`, so that Sanic expects no answer.
    """
    former: Any = request.transport.get_protocol()
    stream: Any = request.stream
    transport: asyncio.Transport = former.transport
    early = bytes(former.recv_buffer)
    stream.upgrade_websocket = True
    reception.become_live(former)
    former.connections.discard(former)
    former.transport = None
    transport.set_protocol(protocol)
    protocol.connection_made(transport)
    if early:
        protocol.data_received(early)
    if not transport.is_closing() and not transport.is_reading():
        transport.resume_reading()


class Refusal(asyncio.Protocol):
    """A socket that is opened only to say why it is closed: all that a page's script can read."""

    _transport: asyncio.Transport

    def __init__(self, head: bytes, code: int, reason: str) -> None:
        self._said = head + wire.closing(code, reason)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._said)
        loop = asyncio.get_running_loop()
        loop.call_later(CLOSE_PATIENCE_SECONDS, self._transport.abort)

    def data_received(self, data: bytes) -> None:
        """Whatever comes is the answer to the close frame."""
        self._transport.close()


def refuse(request: Request, code: int, reason: str) -> None:
    """Open the socket and close it with a code. Raises WebSocketRequired."""
    take_over(request, Refusal(handshake(request), code, reason))


class Incoming:
    """Reads what a client sends: control frames are given out, messages are skipped unseen."""

    __slots__ = ("_buffer", "_fragmented", "_message", "_skip")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._skip = 0
        self._fragmented = False
        self._message = 0
        """Bytes of the message so far."""

    @property
    def idle(self) -> bool:
        """Whether nothing is half read, so that this object may be forgotten."""
        return not (self._buffer or self._skip or self._fragmented)

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """The control frames that are whole by now. Raises Violation."""
        self._buffer += data
        controls: list[tuple[int, bytes]] = []
        while True:
            skipped = min(self._skip, len(self._buffer))
            del self._buffer[:skipped]
            self._skip -= skipped
            if self._skip or not self._next(controls):
                return controls

    def _next(self, controls: list[tuple[int, bytes]]) -> bool:
        """Read one header, and the payload of a control frame; False when more must come."""
        buffer = self._buffer
        if len(buffer) < 2:
            return False
        final, opcode = bool(buffer[0] & 0x80), buffer[0] & 0x0F
        size, head = buffer[1] & 0x7F, 2
        if buffer[0] & 0x70 or not buffer[1] & 0x80:
            raise Violation(CLOSE_PROTOCOL_ERROR, "reserved-bits-or-no-mask")
        if opcode in (CLOSE, PING, PONG):
            if not final or size > 125:
                raise Violation(CLOSE_PROTOCOL_ERROR, "bad-control-frame")
        elif opcode not in (CONTINUATION, *DATA) or (opcode == CONTINUATION) != self._fragmented:
            raise Violation(CLOSE_PROTOCOL_ERROR, "bad-opcode")
        if size > 125:
            head = 4 if size == 126 else 10
            if len(buffer) < head:
                return False
            size = int.from_bytes(buffer[2:head], "big")
        if opcode in (CLOSE, PING, PONG):
            return self._control(opcode, head, size, controls)
        self._data(final, head, size)
        return True

    def _control(
        self, opcode: int, head: int, size: int, controls: list[tuple[int, bytes]]
    ) -> bool:
        end = head + 4 + size
        if len(self._buffer) < end:
            return False
        mask = bytes(self._buffer[head : head + 4])
        masked = self._buffer[head + 4 : end]
        controls.append((opcode, bytes(byte ^ mask[at & 3] for at, byte in enumerate(masked))))
        del self._buffer[:end]
        return True

    def _data(self, final: bool, head: int, size: int) -> None:
        self._message += size
        if self._message > LONGEST_MESSAGE:
            raise Violation(CLOSE_TOO_BIG, "message-too-big")
        self._fragmented = not final
        if final:
            self._message = 0
        self._skip = head + 4 + size


def _is_nonce(key: str) -> bool:
    """Sixteen bytes in base64 (RFC 6455, 4.2.1)."""
    try:
        return len(base64.b64decode(key, validate=True)) == 16
    except (binascii.Error, ValueError):
        return False
