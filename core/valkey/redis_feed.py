"""Feed: what is published under a pattern, read with as little between as possible.

One connection of its own, hiredis straight behind the socket: 0.3 to 0.4 µs a message where
redis-py's pub/sub takes 6 to 10 (docs/how-to/live.md). Messages are handed on as they arrive and
kept nowhere, which suits contents that must not rest in plain text; what was published while the
connection was away is lost, and whoever listens needs a net below (`push.live.hub` asks the
database).
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import hiredis
from redis.asyncio import SSLConnection

if TYPE_CHECKING:
    from redis.asyncio import Redis

log = logging.getLogger(__name__)

CONNECT_SECONDS = 5.0
PING_SECONDS = 10.0
"""A connection that is silent for two of these is given up."""

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 2.0

Hear = Callable[[str, bytes], None]


class FeedLost(Exception):
    """The connection ended or was refused; the message says why, without addresses."""


class Feed:
    """See the module. `hear(channel, data)` runs on the loop and must be quick."""

    def __init__(
        self,
        redis: Redis,
        pattern: str,
        *,
        hear: Hear,
        up: Callable[[], None],
        down: Callable[[], None],
    ) -> None:
        self._redis = redis
        self._pattern = pattern
        self._hear = hear
        self._up = up
        self._down = down

    async def run(self) -> None:
        """Stay subscribed until cancelled; `up` and `down` tell of every change."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    wire = await self._connect()
            except (OSError, TimeoutError) as error:
                log.warning("the feed is away: %s", type(error).__name__)
            else:
                try:
                    await self._listen(wire)
                except FeedLost as lost:
                    log.warning("the feed was lost: %s", lost)
                finally:
                    wire.close()
                    self._down()
                if wire.subscribed:
                    pause = FIRST_PAUSE_SECONDS
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _connect(self) -> Wire:
        pool = self._redis.connection_pool
        where = pool.connection_kwargs
        loop = asyncio.get_running_loop()
        if path := where.get("path"):
            _, wire = await loop.create_unix_connection(lambda: Wire(self._hear), path)
        else:
            context = None
            if issubclass(pool.connection_class, SSLConnection):
                context = ssl.create_default_context(cafile=where.get("ssl_ca_certs"))
            _, wire = await loop.create_connection(
                lambda: Wire(self._hear),
                where.get("host", "localhost"),
                int(where.get("port", 6379)),
                ssl=context,
            )
        return wire

    async def _listen(self, wire: Wire) -> None:
        where = self._redis.connection_pool.connection_kwargs
        if password := where.get("password"):
            user = [where["username"]] if where.get("username") else []
            wire.send("AUTH", *user, password)
        wire.send("PSUBSCRIBE", self._pattern)
        wire.on_subscribed = self._up
        while True:
            await asyncio.wait((wire.lost,), timeout=PING_SECONDS)
            if wire.lost.done():
                wire.lost.result()
            if wire.silent:
                raise FeedLost("silent")
            wire.silent = True
            wire.send("PING")


class Wire(asyncio.Protocol):
    """One connection in subscriber mode."""

    def __init__(self, hear: Hear) -> None:
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.silent = False
        self.subscribed = False
        self.on_subscribed: Callable[[], None] | None = None
        self._hear = hear
        self._reader = hiredis.Reader()
        self._transport: asyncio.Transport | None = None

    def send(self, *words: str) -> None:
        if self._transport is not None:
            self._transport.write(hiredis.pack_command(words))  # type: ignore[arg-type]

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()
        if not self.lost.done():
            self.lost.cancel()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self.silent = False
        self._reader.feed(data)
        try:
            while (reply := self._reader.gets()) is not False:
                self._take(reply)
        except hiredis.ProtocolError:
            self._lose("unreadable")

    def connection_lost(self, exc: Exception | None) -> None:
        self._lose(type(exc).__name__ if exc else "closed")

    def _take(self, reply: Any) -> None:
        if isinstance(reply, hiredis.ReplyError):
            self._lose(str(reply).split(" ")[0])
        elif isinstance(reply, list) and reply[0] == b"pmessage":
            self._hear(reply[2].decode("utf-8", "replace"), reply[3])
        elif isinstance(reply, list) and reply[0] == b"psubscribe":
            self.subscribed = True
            if self.on_subscribed is not None:
                self.on_subscribed()

    def _lose(self, why: str) -> None:
        if not self.lost.done():
            self.lost.set_exception(FeedLost(why))
            self.lost.exception()
