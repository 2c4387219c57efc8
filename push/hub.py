"""Hub: fan-out inside one worker. Sockets join streams; the bell and a net wake them.

The bell is one Redis subscription per worker (`live:*`); a ring carries the entry itself, so that a
socket needs no query of its own. Redis may lose rings, the net under it cannot: every few seconds
the hub compares the positions of all joined streams with the database (one query), more
often while Redis is away. Each subscription has a bounded queue; a reader that falls behind is
dropped with a reason and comes back with its last position.
"""

import asyncio
import json
import logging
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from core.database import DATABASE_ERRORS
from core.redis_client import REDIS_ERRORS
from push import stream
from push.stream import Entry

if TYPE_CHECKING:
    from redis.asyncio import Redis

log = logging.getLogger(__name__)

BELL_PREFIX = "live:"
QUEUE_SIZE = 64
SUBSCRIPTIONS_PER_KEY = 256
"""Bounds what one person can open (department streams are shared by many officers)."""

NET_SECONDS = 15.0
NET_SECONDS_WITHOUT_BELL = 2.0
KEYS_PER_QUERY = 500
BELL_PATIENCE_SECONDS = 30.0
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0


class Nudge:
    """Something may be new: look into the database."""


class Dropped(Exception):
    """The subscription is over; the message says why, e.g. `slow-reader` or `too-many`."""


NUDGE = Nudge()


class Subscription:
    """One reader's queue."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        self.keys = keys
        self._queue: asyncio.Queue[Entry | Nudge | None] = asyncio.Queue(QUEUE_SIZE)
        self._reason: str | None = None

    async def next(self) -> Entry | Nudge:
        """The next entry, or a nudge. Raises Dropped."""
        item = None if self._reason else await self._queue.get()
        if item is None or self._reason:
            raise Dropped(self._reason)
        return item

    def offer(self, item: Entry | Nudge) -> None:
        """Queue without waiting; a full queue ends the subscription."""
        if self._reason:
            return
        try:
            self._queue.put_nowait(item)
        except asyncio.QueueFull:
            self.drop("slow-reader")

    def drop(self, reason: str) -> None:
        """End the subscription; what is queued is not delivered any more."""
        if self._reason:
            return
        self._reason = reason
        while not self._queue.empty():
            self._queue.get_nowait()
        self._queue.put_nowait(None)


class Hub:
    """See the module. One per worker; `run` is its pump."""

    def __init__(self, *, net_seconds: float = NET_SECONDS) -> None:
        self._subscriptions: defaultdict[str, list[Subscription]] = defaultdict(list)
        self._told: dict[str, int] = {}
        self._net_seconds = net_seconds
        self._bell_is_up = asyncio.Event()
        self._look_now = asyncio.Event()

    @contextmanager
    def join(self, *keys: str) -> Iterator[Subscription]:
        """Receive what is published under any of `keys` from now on."""
        subscription = Subscription(keys)
        for key in keys:
            present = self._subscriptions[key]
            present.append(subscription)
            if len(present) > SUBSCRIPTIONS_PER_KEY:
                present[0].drop("too-many")
        try:
            yield subscription
        finally:
            self._leave(subscription)

    def publish(self, key: str, entry: Entry) -> None:
        """Hand an entry to every subscription of this worker."""
        if key not in self._subscriptions:
            return
        self._told[key] = max(entry.position, self._told.get(key, 0))
        for subscription in list(self._subscriptions[key]):
            subscription.offer(entry)

    def end(self, key: str, reason: str) -> None:
        """Drop every subscription of a key, e.g. of a session that was revoked."""
        for subscription in list(self._subscriptions.get(key, ())):
            subscription.drop(reason)

    @property
    def count(self) -> int:
        """Open subscriptions of this worker."""
        return len({id(one) for present in self._subscriptions.values() for one in present})

    async def run(self, redis: "Redis") -> None:
        """Listen and look until cancelled. Keep a reference to the task that runs this."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen(redis), name="push-bell")
            tasks.create_task(self._cast_net(), name="push-net")

    async def wait_for_bell(self) -> None:
        """Return as soon as the subscription to Redis stands."""
        await self._bell_is_up.wait()

    def _leave(self, subscription: Subscription) -> None:
        for key in subscription.keys:
            present = self._subscriptions[key]
            present.remove(subscription)
            if not present:
                del self._subscriptions[key]
                self._told.pop(key, None)

    async def _listen(self, redis: "Redis") -> None:
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                async with redis.pubsub() as bell:
                    await bell.psubscribe(f"{BELL_PREFIX}*")
                    while True:
                        # Not listen(): between two waits the client pings a silent connection.
                        ring = await bell.get_message(timeout=BELL_PATIENCE_SECONDS)
                        pause = FIRST_PAUSE_SECONDS
                        if ring is not None:
                            self._hear(ring)
            except REDIS_ERRORS as error:
                log.warning("the bell is away: %s", type(error).__name__)
            self._bell_is_up.clear()
            self._look_now.set()
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    def _hear(self, ring: dict[str, Any]) -> None:
        if ring["type"] == "psubscribe":
            # Also after a silent reconnect: whatever rang meanwhile was not heard.
            self._bell_is_up.set()
            self._look_now.set()
            return
        key = ring["channel"].decode().removeprefix(BELL_PREFIX)
        if key not in self._subscriptions:
            return
        try:
            heard = decode_ring(ring["data"])
        except (ValueError, KeyError, TypeError):
            log.warning("a ring could not be read")
            return
        if isinstance(heard, str):
            self.end(key, heard)
        else:
            self.publish(key, heard)

    async def _cast_net(self) -> None:
        while True:
            seconds = self._net_seconds if self._bell_is_up.is_set() else NET_SECONDS_WITHOUT_BELL
            with suppress(TimeoutError):
                await asyncio.wait_for(self._look_now.wait(), seconds)
            self._look_now.clear()
            try:
                await self._nudge_behind()
            except DATABASE_ERRORS as error:
                log.warning("the net could not look: %s", type(error).__name__)

    async def _nudge_behind(self) -> None:
        keys = list(self._subscriptions)
        for start in range(0, len(keys), KEYS_PER_QUERY):
            newest = await stream.positions(keys[start : start + KEYS_PER_QUERY])
            for key, position in newest.items():
                if position > self._told.get(key, 0) and key in self._subscriptions:
                    self._told[key] = position
                    for subscription in list(self._subscriptions[key]):
                        subscription.offer(NUDGE)


def encode_ring(entry: Entry) -> bytes:
    """An entry as the bell carries it."""
    ring = {
        "n": entry.position,
        "kind": entry.kind,
        "payload": entry.payload,
        "at": entry.at.isoformat(),
    }
    return json.dumps(ring, ensure_ascii=False, separators=(",", ":")).encode()


def encode_end(reason: str) -> bytes:
    """A ring that ends every subscription of its key."""
    return json.dumps({"end": reason}).encode()


def decode_ring(data: bytes) -> Entry | str:
    """The entry of a ring, or the reason of an ending one."""
    ring = json.loads(data)
    if "end" in ring:
        return str(ring["end"])
    return Entry(
        position=int(ring["n"]),
        kind=str(ring["kind"]),
        payload=dict(ring["payload"]),
        at=datetime.fromisoformat(ring["at"]),
    )
