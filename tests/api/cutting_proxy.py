"""A network that cuts connections in the middle of requests."""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from core import tasks

REQUEST = re.compile(rb"^(?:POST|PATCH|HEAD|DELETE|OPTIONS) ")
PIECE = 16 * 1024


class CuttingProxy:
    """Passes connections on; of the requests so many in a hundred are cut while they are sent.

    A cut falls anywhere: before the first byte, in the body, or after the server has taken
    everything and before its answer has come through.
    """

    def __init__(self, host: str, port: int, *, percent: int, seed: int) -> None:
        self.requests = 0
        self.cuts = 0
        self._target = host, port
        self._percent = percent
        self._random = random.Random(seed)
        self._tasks: set[asyncio.Task[None]] = set()
        self._accepted: list[asyncio.StreamWriter] = []

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        """Yields the address to use instead of the server's."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            server.close()
            while self._tasks:  # a connection may have come in meanwhile
                await tasks.end(*self._tasks)
            # One whose task was ended before its first step was closed by nobody.
            for writer in self._accepted:
                writer.transport.abort()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._carry(reader, writer))
        self._tasks.add(task)
        self._accepted.append(writer)
        task.add_done_callback(self._tasks.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            up_reader, up_writer = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            return
        back = asyncio.create_task(_copy(up_reader, writer))
        try:
            await self._forward(reader, up_writer)
        finally:
            up_writer.close()
            await tasks.end(back)
            writer.transport.abort()
            with contextlib.suppress(OSError):
                await up_writer.wait_closed()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        left: int | None = None
        with contextlib.suppress(OSError):
            while piece := await reader.read(PIECE):
                if REQUEST.match(piece):
                    left = self._next()
                if left is not None:
                    left -= len(piece)
                    if left <= 0:
                        self.cuts += 1
                        writer.transport.abort()
                        return
                writer.write(piece)
                await writer.drain()

    def _next(self) -> int | None:
        """After how many bytes the request that begins now is cut, if it is."""
        self.requests += 1
        if self._random.randrange(100) >= self._percent:
            return None
        return self._random.choice((0, 2000, 40_000, 90_000))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while piece := await reader.read(PIECE):
            writer.write(piece)
            await writer.drain()
    writer.close()
