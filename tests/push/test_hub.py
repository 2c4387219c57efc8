"""The hub: bounded queues, a bell through Redis, and a net below it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis

from core import clock, ids
from core.redis_client import connect
from push import hub as hubs
from push import stream
from push.channels import live
from push.hub import NUDGE, Dropped, Hub
from push.stream import Entry

KEY = "person:1"


def entry(position: int) -> Entry:
    return Entry(position=position, kind="tick", payload={"title": "进度"}, at=clock.now())


@asynccontextmanager
async def running(hub: Hub, redis: Redis) -> AsyncIterator[None]:
    task = asyncio.create_task(hub.run(redis))
    try:
        await asyncio.wait_for(hub.wait_for_bell(), 5)
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def next_entry(subscription: hubs.Subscription) -> Entry:
    """The next real entry; a nudge says only that something may be new."""
    async with asyncio.timeout(5):
        while not isinstance(item := await subscription.next(), Entry):
            continue
        return item


async def test_published_entry_reaches_every_reader_of_its_key() -> None:
    hub = Hub()
    with hub.join(KEY) as first, hub.join(KEY) as second, hub.join("person:2") as other:
        hub.publish(KEY, entry(1))

        assert (await next_entry(first)).position == 1
        assert (await next_entry(second)).position == 1
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(other.next(), 0.01)


async def test_slow_reader_is_dropped_and_the_others_go_on() -> None:
    hub = Hub()
    with hub.join(KEY) as slow, hub.join(KEY) as quick:
        for position in range(1, hubs.QUEUE_SIZE + 2):
            hub.publish(KEY, entry(position))
            assert isinstance(await quick.next(), Entry)

        with pytest.raises(Dropped, match="slow-reader"):
            await slow.next()


async def test_too_many_subscriptions_drop_the_oldest() -> None:
    hub = Hub()
    joins = [hub.join(KEY) for _ in range(hubs.SUBSCRIPTIONS_PER_KEY + 1)]
    subscriptions = [join.__enter__() for join in joins]

    with pytest.raises(Dropped, match="too-many"):
        await subscriptions[0].next()

    for join in joins:
        join.__exit__(None, None, None)
    assert hub.count == 0


async def test_reader_that_left_is_forgotten() -> None:
    hub = Hub()
    with hub.join(KEY, "session:1"):
        assert hub.count == 1

    hub.publish(KEY, entry(1))
    hub.end("session:1", "session-ended")

    assert hub.count == 0


@pytest.mark.usefixtures("db")
async def test_bell_carries_the_entry_from_another_worker(redis: Redis) -> None:
    here, there = Hub(), Hub()
    async with running(here, redis), running(there, redis):
        with here.join(KEY) as first, there.join(KEY) as second:
            await live.tell(KEY, "tick", {"title": "进度"}, event_id=ids.new_id(), redis=redis)

            assert (await next_entry(first)).payload == {"title": "进度"}
            assert (await next_entry(second)).position == 1


@pytest.mark.usefixtures("db")
async def test_unreadable_ring_is_ignored(redis: Redis) -> None:
    hub = Hub()
    async with running(hub, redis):
        with hub.join(KEY) as reader:
            for data in (b"", b"\xff", b"{}", b"[]", b'{"n":1}'):
                await redis.publish(f"live:{KEY}", data)
            await live.tell(KEY, "tick", {}, event_id=ids.new_id(), redis=redis)

            assert (await next_entry(reader)).position == 1


@pytest.mark.usefixtures("db")
async def test_revoked_session_is_ended_on_every_worker(redis: Redis) -> None:
    session_id = ids.new_id()
    hub = Hub()
    async with running(hub, redis):
        with hub.join(KEY, live.session_key(session_id)) as reader:
            await live.end_session(session_id, redis=redis)

            with pytest.raises(Dropped, match="session-ended"):
                await next_entry(reader)


@pytest.mark.usefixtures("db")
async def test_lost_ring_is_found_by_the_net(redis: Redis) -> None:
    hub = Hub(net_seconds=0.05)
    async with running(hub, redis):
        with hub.join(KEY) as reader:
            await stream.append(KEY, "tick", {})

            assert await asyncio.wait_for(reader.next(), 5) is NUDGE


@pytest.mark.usefixtures("db")
async def test_without_redis_the_net_still_wakes_readers() -> None:
    nowhere = connect("redis://127.0.0.1:1")
    hub = Hub()
    task = asyncio.create_task(hub.run(nowhere))
    with hub.join(KEY) as reader:
        await live.tell(KEY, "tick", {}, event_id=ids.new_id(), redis=nowhere)

        assert await asyncio.wait_for(reader.next(), 10) is NUDGE
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await nowhere.aclose()


@pytest.mark.usefixtures("db")
async def test_cut_connection_is_made_anew(redis: Redis) -> None:
    hub = Hub()
    async with running(hub, redis):
        with hub.join(KEY) as reader:
            await redis.client_kill_filter(_type="pubsub")
            await stream.append(KEY, "tick", {})

            assert await asyncio.wait_for(reader.next(), 10) is NUDGE


def test_ring_is_read_as_it_was_written() -> None:
    written = entry(7)

    assert hubs.decode_ring(hubs.encode_ring(written)) == written
    assert hubs.decode_ring(hubs.encode_end("session-ended")) == "session-ended"
