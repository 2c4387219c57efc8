"""Large request bodies in large blocks, received straight into place.

Sanic copies a body four times in pieces of 64 KiB. Here a protocol of ours takes the transport for
the length of the body: the kernel writes into one block of two while the handler has the other.
What is left of Sanic's own reading serves small and chunked bodies.

Sanic's attributes that are touched here: `recv_buffer`, `request_body`, `request_bytes`,
`request_bytes_left`, `request_max_size`, `expecting_continue` of `Http`, and `_time` of its
protocol, without which it would take a long body for a handler that hangs.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from time import monotonic
from typing import Any, cast

from sanic import Request
from sanic.http import Http

BLOCK_BYTES = 1024 * 1024
"""Two of these are what a connection takes at most, however large the body."""

_LEAST_BYTES = 64 * 1024
"""Below this taking the transport costs more than it saves."""


def is_large(stream: Http) -> bool:
    """Whether the rest of the body is worth taking, and nothing of it lies with Sanic already."""
    # Sanic calls bytes what is True (of known length) or "chunked", and numbers what may be None.
    state: Any = stream
    return bool(
        state.request_body is True
        and not state.expecting_continue
        and not state.recv_buffer
        and state.request_bytes <= state.request_max_size
        and state.request_bytes_left >= _LEAST_BYTES
    )


async def receive(request: Request, *, patience: float) -> AsyncGenerator[memoryview, None]:
    """The rest of the body. A block is the caller's until it asks for the next one.

    Raises TimeoutError when nothing came for `patience` seconds. Close the iterator (`aclosing`)
    before answering: that gives the transport back. What had arrived when the connection broke is
    still handed out; then the handler is cancelled, as always.
    """
    receiver = _Receiver(cast(Http, request.stream))
    receiver.take()
    try:
        while True:
            async with asyncio.timeout(patience):
                block = await receiver.next()
            if not block:
                return
            yield block
    finally:
        receiver.give_back()


class _Receiver(asyncio.BufferedProtocol):
    """Holds the transport of a connection while a body comes in."""

    def __init__(self, stream: Http) -> None:
        self._stream = stream
        # Sanic's protocol has no public way to tell that data arrived.
        self._owner: Any = stream.protocol
        self._transport: Any = self._owner.transport
        self._left: int = stream.request_bytes_left or 0
        self._block = bytearray(min(BLOCK_BYTES, self._left))
        self._spare: bytearray | None = None
        self._filled = 0
        self._arrived = asyncio.Event()
        self._paused = False
        self._is_lost = False
        self._error: Exception | None = None

    def take(self) -> None:
        # uvloop looks at the kind of the protocol when it begins to read.
        self._transport.pause_reading()
        self._transport.set_protocol(self)
        self._transport.resume_reading()

    def give_back(self) -> None:
        self._stream.request_bytes_left = self._left
        if self._left == 0:
            self._stream.request_body = None
        if self._is_lost:
            self._tell_loss()
            return
        self._transport.pause_reading()
        self._transport.set_protocol(self._owner)
        self._transport.resume_reading()

    async def next(self) -> memoryview:
        """What arrived since the last call; empty when the body is complete."""
        while not self._filled and self._left:
            if self._is_lost:
                self._tell_loss()
            self._arrived.clear()
            await self._arrived.wait()
        full = memoryview(self._block)[: self._filled]
        if self._left:
            self._block = self._spare or bytearray(min(BLOCK_BYTES, self._left))
            self._spare = cast(bytearray, full.obj)
            self._filled = 0
            self._resume()
        else:
            self._filled = 0
        return full

    # What the transport calls

    def get_buffer(self, sizehint: int) -> memoryview:
        end = min(len(self._block), self._filled + self._left)
        return memoryview(self._block)[self._filled : end]

    def buffer_updated(self, nbytes: int) -> None:
        self._owner._time = monotonic()
        self._filled += nbytes
        self._left -= nbytes
        if not self._left or self._filled == len(self._block):
            self._paused = True
            self._transport.pause_reading()
        self._arrived.set()

    def connection_lost(self, error: Exception | None) -> None:
        self._is_lost, self._error = True, error
        self._arrived.set()

    def pause_writing(self) -> None:
        self._owner.pause_writing()

    def resume_writing(self) -> None:
        self._owner.resume_writing()

    def _resume(self) -> None:
        if self._paused and not self._is_lost:
            self._paused = False
            self._transport.resume_reading()

    def _tell_loss(self) -> None:
        """Sanic cancels the handler, once."""
        if self._owner is not None:
            owner, self._owner = self._owner, None
            owner.connection_lost(self._error)
