"""Hub: fan-out inside one worker. Readers join streams; the bell and a net tell them.

The bell is one subscription per worker (`live:*` in Valkey, `core.valkey.redis_feed`); a ring
carries the entry itself, so that a reader needs no query of its own, and its bytes are made once
for all of them. Rings may be lost, the net under them cannot: every few seconds the hub compares
the positions of all joined streams with the database (one query for many), more often while the
bell is away.

Readers are called, not awaited: none of them can hold up another, nor the hub.
"""

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from core import tasks
from core.database import DATABASE_ERRORS
from core.valkey.redis_feed import Feed
from push.live import stream
from push.live.stream import Entry
from push.live.wire import Told

if TYPE_CHECKING:
    from redis.asyncio import Redis

log = logging.getLogger(__name__)

BELL_PREFIX = "live:"
NET_SECONDS = 15.0
NET_SECONDS_WITHOUT_BELL = 2.0
KEYS_PER_QUERY = 100
"""Building and reading a longer query would hold up the loop for milliseconds."""


class Reader(Protocol):
    """One who follows. Its methods return at once and raise nothing."""

    @property
    def key(self) -> str:
        """The stream it follows."""

    @property
    def ends(self) -> tuple[str, ...]:
        """Keys under which it can be ended, e.g. that of its session."""

    def tell(self, told: Told) -> None:
        """An entry of the stream, perhaps not the next one and perhaps once more."""

    def nudge(self, position: int) -> None:
        """The stream has reached `position`: look into the database if that is news."""

    def end(self, reason: str) -> None:
        """It is over, e.g. `session-ended` or `too-many`."""


class Hub:
    """See the module. One per worker; `run` is its pump."""

    def __init__(self, *, net_seconds: float = NET_SECONDS) -> None:
        self._readers: dict[str, dict[Reader, None]] = {}
        # Insertion-ordered, so that the oldest reader of a key is found without a clock.
        self._ends: dict[str, dict[Reader, None]] = {}
        self._told: dict[str, int] = {}
        self._net_seconds = net_seconds
        self._bell_is_up = asyncio.Event()
        self._look_now = asyncio.Event()
        self._count = 0

    def join(self, reader: Reader) -> None:
        """Tell `reader` what is published under its key from now on."""
        self._readers.setdefault(reader.key, {})[reader] = None
        for key in reader.ends:
            self._ends.setdefault(key, {})[reader] = None
        self._count += 1

    def leave(self, reader: Reader) -> None:
        """Tell it nothing more. Repeating it changes nothing."""
        if not _remove(self._readers, reader.key, reader):
            return
        self._count -= 1
        if reader.key not in self._readers:
            self._told.pop(reader.key, None)
        for key in reader.ends:
            _remove(self._ends, key, reader)

    def publish(self, key: str, entry: Entry) -> None:
        """Hand an entry to every reader of this worker."""
        self._publish(key, Told.of(entry))

    def end(self, key: str, reason: str) -> None:
        """End every reader of a key, e.g. of a session that was revoked."""
        for reader in tuple(self._ends.get(key, ())):
            reader.end(reason)

    def keep_newest(self, key: str, most: int) -> None:
        """End the oldest readers of a key beyond `most`."""
        readers = self._ends.get(key, {})
        if len(readers) > most:
            for reader in tuple(readers)[: len(readers) - most]:
                reader.end("too-many")

    @property
    def count(self) -> int:
        """Readers of this worker."""
        return self._count

    async def run(self, redis: "Redis") -> None:
        """Listen and look until cancelled. Keep a reference to the task that runs this."""
        feed = Feed(
            redis, f"{BELL_PREFIX}*", hear=self._hear, up=self._hear_again, down=self._go_deaf
        )
        listening = asyncio.create_task(feed.run(), name="push-bell")
        looking = asyncio.create_task(self._cast_net(), name="push-net")
        try:
            await asyncio.gather(listening, looking)
        finally:
            await tasks.end(listening, looking)

    async def wait_for_bell(self) -> None:
        """Return as soon as the subscription stands."""
        await self._bell_is_up.wait()

    def _hear_again(self) -> None:
        # Also after a silent break: whatever rang meanwhile was not heard.
        self._bell_is_up.set()
        self._look_now.set()

    def _go_deaf(self) -> None:
        self._bell_is_up.clear()
        self._look_now.set()

    def _hear(self, channel: str, data: bytes) -> None:
        key = channel.removeprefix(BELL_PREFIX)
        if key not in self._readers and key not in self._ends:
            return
        heard = decode_ring(data)
        if heard is None:
            log.warning("a ring could not be read")
        elif isinstance(heard, str):
            self.end(key, heard)
        else:
            self._publish(key, heard)

    def _publish(self, key: str, told: Told) -> None:
        readers = self._readers.get(key)
        if readers is None:
            return
        self._told[key] = max(told.position, self._told.get(key, 0))
        for reader in tuple(readers):
            reader.tell(told)

    async def _cast_net(self) -> None:
        while True:
            seconds = self._net_seconds if self._bell_is_up.is_set() else NET_SECONDS_WITHOUT_BELL
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._look_now.wait()
            self._look_now.clear()
            try:
                await self._nudge_behind()
            except DATABASE_ERRORS as error:
                log.warning("the net could not look: %s", type(error).__name__)
            except Exception:  # without the net a lost ring would stay lost
                log.exception("the net tore and is cast again")

    async def _nudge_behind(self) -> None:
        keys = list(self._readers)
        for start in range(0, len(keys), KEYS_PER_QUERY):
            newest = await stream.positions(keys[start : start + KEYS_PER_QUERY])
            for key, position in newest.items():
                if position > self._told.get(key, 0) and key in self._readers:
                    self._told[key] = position
                    for reader in tuple(self._readers[key]):
                        reader.nudge(position)


def _remove(where: dict[str, dict[Reader, None]], key: str, reader: Reader) -> bool:
    present = where.get(key)
    if present is None or reader not in present:
        return False
    del present[reader]
    if not present:
        del where[key]
    return True


def encode_ring(entry: Entry) -> bytes:
    """An entry as the bell carries it: its position, then the text its readers get."""
    told = Told.of(entry)
    return b"%d %s" % (told.position, told.json)


def encode_end(reason: str) -> bytes:
    """A ring that ends every reader of its key."""
    return b"! " + reason.encode()


def decode_ring(data: bytes) -> Told | str | None:
    """What an entry tells, or the reason of an ending ring, or None for an unreadable one."""
    head, _, rest = data.partition(b" ")
    if head == b"!":
        return rest.decode("ascii", "replace")
    if head.isdigit() and len(head) < 17 and rest.startswith(b"{"):
        return Told(int(head), rest)
    return None
