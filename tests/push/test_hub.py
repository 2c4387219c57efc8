"""The hub: readers are told at once, ended with a reason, and a net lies below the bell."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import msgspec
import pytest
from redis.asyncio import Redis

from core import clock, ids
from core.valkey.redis_client import connect
from push.channels import live
from push.live import hub as hubs
from push.live import stream
from push.live.hub import Hub
from push.live.stream import Entry
from push.live.wire import Told

KEY = "person:1"
SESSION = "session:1"
PATIENCE = 10.0


def entry(position: int) -> Entry:
    return Entry(position=position, kind="tick", payload={"title": "进度"}, at=clock.now())


@dataclass(eq=False)
class Listener:
    """A reader that remembers; what it hears can be waited for."""

    key: str = KEY
    ends: tuple[str, ...] = ()
    told: list[int] = field(default_factory=list)
    texts: list[bytes] = field(default_factory=list)
    nudged: list[int] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, told: Told) -> None:
        self.told.append(told.position)
        self.texts.append(told.json)
        self.heard.set()

    def nudge(self, position: int) -> None:
        self.nudged.append(position)
        self.heard.set()

    def end(self, reason: str) -> None:
        self.ended.append(reason)
        self.heard.set()

    async def wait(self) -> None:
        async with asyncio.timeout(PATIENCE):
            await self.heard.wait()
        self.heard.clear()


@asynccontextmanager
async def running(hub: Hub, redis: Redis) -> AsyncIterator[None]:
    task = asyncio.create_task(hub.run(redis))
    try:
        async with asyncio.timeout(PATIENCE):
            await hub.wait_for_bell()
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_published_entry_reaches_every_reader_of_its_key_and_no_other() -> None:
    hub = Hub()
    first, second, other = Listener(), Listener(), Listener(key="person:2")
    for reader in (first, second, other):
        hub.join(reader)

    hub.publish(KEY, entry(1))

    assert (first.told, second.told, other.told) == ([1], [1], [])


async def test_bytes_of_an_entry_are_made_once_for_all() -> None:
    told = Told.of(entry(1))

    assert told.as_frame is told.as_frame
    assert told.as_lines("e") is told.as_lines("e")


async def test_reader_that_leaves_while_it_is_told_disturbs_nobody() -> None:
    hub, later = Hub(), Listener()

    class Leaver(Listener):
        def tell(self, told: Told) -> None:
            hub.leave(self)

    hub.join(Leaver())
    hub.join(later)

    hub.publish(KEY, entry(1))

    assert later.told == [1]
    assert hub.count == 1


async def test_only_the_newest_readers_of_a_user_are_kept() -> None:
    hub = Hub()
    readers = [Listener(ends=(SESSION, "user:1")) for _ in range(4)]
    for reader in readers:
        hub.join(reader)

    hub.keep_newest("user:1", 3)

    assert [reader.ended for reader in readers] == [["too-many"], [], [], []]


async def test_reader_that_left_is_forgotten() -> None:
    hub, reader = Hub(), Listener(ends=(SESSION,))
    hub.join(reader)
    assert hub.count == 1

    hub.leave(reader)
    hub.leave(reader)
    hub.publish(KEY, entry(1))
    hub.end(SESSION, "session-ended")

    assert hub.count == 0
    assert not reader.told
    assert not reader.ended


@pytest.mark.usefixtures("db")
async def test_bell_carries_the_entry_from_another_worker(redis: Redis) -> None:
    here, there = Hub(), Hub()
    first, second = Listener(), Listener()
    async with running(here, redis), running(there, redis):
        here.join(first)
        there.join(second)
        await live.tell(KEY, "tick", {"title": "进度"}, event_id=ids.new_id(), redis=redis)
        await first.wait()
        await second.wait()

    assert first.texts == second.texts
    event = msgspec.json.decode(first.texts[0])
    assert (event["type"], event["n"], event["title"]) == ("event", 1, "进度")


@pytest.mark.usefixtures("db")
async def test_unreadable_ring_is_ignored(redis: Redis) -> None:
    hub, reader = Hub(), Listener()
    async with running(hub, redis):
        hub.join(reader)
        for data in (b"", b"\xff", b"{}", b"[]", b'{"n":1}', b"1 [", b"-1 {}", b"9" * 30 + b" {}"):
            await redis.publish(f"live:{KEY}", data)
        await live.tell(KEY, "tick", {}, event_id=ids.new_id(), redis=redis)
        await reader.wait()

    assert reader.told == [1]


@pytest.mark.usefixtures("db")
async def test_revoked_session_is_ended_on_every_worker(redis: Redis) -> None:
    session_id = ids.new_id()
    hub, reader = Hub(), Listener(ends=(live.session_key(session_id),))
    async with running(hub, redis):
        hub.join(reader)
        await live.end_session(session_id, redis=redis)
        await reader.wait()

    assert reader.ended == ["session-ended"]


@pytest.mark.usefixtures("db")
async def test_lost_ring_is_found_by_the_net(redis: Redis) -> None:
    hub, reader = Hub(net_seconds=0.05), Listener()
    async with running(hub, redis):
        hub.join(reader)
        await stream.append(KEY, "tick", {})
        await reader.wait()

    assert reader.nudged == [1]


@pytest.mark.usefixtures("db")
async def test_without_redis_the_net_still_wakes_readers() -> None:
    nowhere = connect("redis://127.0.0.1:1")
    hub, reader = Hub(), Listener()
    task = asyncio.create_task(hub.run(nowhere))
    hub.join(reader)
    await live.tell(KEY, "tick", {}, event_id=ids.new_id(), redis=nowhere)
    await reader.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await nowhere.aclose()

    assert reader.nudged == [1]


@pytest.mark.usefixtures("db")
async def test_cut_connection_is_made_anew(redis: Redis) -> None:
    hub, reader = Hub(), Listener()
    async with running(hub, redis):
        hub.join(reader)
        await redis.client_kill_filter(_type="pubsub")
        await stream.append(KEY, "tick", {})
        await reader.wait()

    assert reader.nudged == [1]


def test_ring_is_read_as_it_was_written() -> None:
    written = entry(7)
    read = hubs.decode_ring(hubs.encode_ring(written))

    assert isinstance(read, Told)
    assert (read.position, read.json) == (7, Told.of(written).json)
    assert hubs.decode_ring(hubs.encode_end("session-ended")) == "session-ended"
