"""Workers: a slow row delays no other, a stopped one gives back, a killer of workers is parked."""

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from tortoise import connections

from core import clock, database, outbox, queue
from core.events import Event
from core.outbox import OutboxMessage
from core.workers import AT_ONCE
from tests.conftest import on_postgres
from tests.waiting import until


@dataclass(frozen=True, kw_only=True)
class Called(Event):
    key: str
    number: int = 0


async def call(*keys: str, number: int = 0) -> None:
    for key in keys:
        async with database.transaction():
            await outbox.publish(Called(key=key, number=number), key=key)


class Desk:
    """Tells when each key was heard; some keys take until they are let go."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.slow: set[str] = set()
        self.let_go = asyncio.Event()
        self.busy = asyncio.Event()
        self.came = asyncio.Condition()

    async def __call__(self, event: Event) -> None:
        assert isinstance(event, Called)
        if event.key in self.slow:
            self.busy.set()
            await self.let_go.wait()
        async with self.came:
            self.heard.append(event.key)
            self.came.notify_all()

    async def wait_for(self, *keys: str, seconds: float = 10) -> None:
        async with asyncio.timeout(seconds), self.came:
            await self.came.wait_for(lambda: set(keys) <= set(self.heard))


@pytest.mark.usefixtures("db")
class TestSlowKeys:
    async def test_what_is_published_beside_a_slow_reaction_is_told(self) -> None:
        desk = Desk()
        desk.slow = {"slow"}
        relay = outbox.Relay(desk)
        relay.start()
        try:
            await call("slow")
            await call("quick")
            await desk.wait_for("quick")
            await call("later")
            await desk.wait_for("later")
            assert "slow" not in desk.heard
            desk.let_go.set()
            await desk.wait_for("slow")
        finally:
            await relay.stop()

    async def test_more_slow_keys_than_places_delay_nobody_for_long(self) -> None:
        desk = Desk()
        desk.slow = {f"slow-{number}" for number in range(AT_ONCE * 3)}
        relay = outbox.Relay(desk)
        relay.start()
        try:
            await call(*sorted(desk.slow))
            await call("quick")
            await desk.wait_for("quick")
            assert desk.heard == ["quick"]
        finally:
            desk.let_go.set()
            await relay.stop()

    async def test_the_second_event_of_a_slow_key_waits_for_the_first(self) -> None:
        desk = Desk()
        desk.slow = {"a"}
        relay = outbox.Relay(desk)
        relay.start()
        try:
            await call("a", "a", "b")
            await desk.wait_for("b")
            assert desk.heard == ["b"]
            desk.let_go.set()
            await desk.wait_for("a")
        finally:
            await relay.stop()


@pytest.mark.usefixtures("db")
class TestSeveralWorkers:
    async def test_two_relays_tell_each_event_once_and_in_order(self) -> None:
        desk = Desk()
        numbers: dict[str, list[int]] = {}

        async def react(event: Event) -> None:
            assert isinstance(event, Called)
            await asyncio.sleep(0)
            numbers.setdefault(event.key, []).append(event.number)
            await desk(event)

        for number in range(10):
            await call("a", "b", "c", number=number)
        relays = [outbox.Relay(react) for _ in range(2)]
        for relay in relays:
            relay.start()
        try:
            async with asyncio.timeout(20):
                while await OutboxMessage.filter(done_at=None).exists():  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
        finally:
            for relay in relays:
                await relay.stop()

        assert numbers == {key: list(range(10)) for key in "abc"}

    async def test_who_is_stopped_gives_its_rows_to_the_next_at_once(self) -> None:
        desk, next_desk = Desk(), Desk()
        desk.slow = {"a"}
        relay = outbox.Relay(desk)
        relay.start()
        await call("a")
        async with asyncio.timeout(10):
            await desk.busy.wait()
        await relay.stop()

        assert await outbox.drain(next_desk) == 1

        row = await OutboxMessage.get(key="a")
        assert (row.attempts, row.lost) == (0, 0)

    async def test_who_is_started_twice_is_stopped_by_one_stop(self) -> None:
        desk = Desk()
        relay = outbox.Relay(desk)
        relay.start()
        relay.start()
        await call("one")
        await desk.wait_for("one")
        await relay.stop()

        at_work = [task for task in asyncio.all_tasks() if task.get_name().startswith("queue-")]
        assert at_work == []

    async def test_who_is_stopped_while_it_claims_gives_back_what_it_got(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        claim, claimed, go_on = queue.Queue.claim, asyncio.Event(), asyncio.Event()

        async def slowly(*args: Any, **options: Any) -> Any:
            found = await claim(*args, **options)
            if found:
                claimed.set()
                await go_on.wait()
            return found

        first, second = Desk(), Desk()
        relay = outbox.Relay(first)
        await call("one")
        with monkeypatch.context() as patched:
            patched.setattr(queue.Queue, "claim", slowly)
            relay.start()
            await claimed.wait()
            working = relay._workers._loop_task
            assert working is not None
            stopping = asyncio.create_task(relay.stop())
            await until(lambda: working.cancelling() > 0)
            go_on.set()
            await stopping

        other = outbox.Relay(second)
        other.start()
        try:
            await second.wait_for("one", seconds=outbox.QUEUE.life / 2)
        finally:
            await other.stop()
        assert first.heard == []

    async def test_an_event_that_kills_its_workers_is_parked(self) -> None:
        await call("a", "b")
        for _ in range(queue.MOST_LOST):
            (row, *_) = await OutboxMessage.filter(key="a")
            await OutboxMessage.filter(id=row.id).update(
                lost=row.lost + 1, fence=row.fence + 1, held_until=queue.AT_ONCE
            )
        desk = Desk()

        await outbox.drain(desk)

        assert desk.heard == ["b"]
        (parked,) = await outbox.list_parked()
        assert (parked.key, parked.last_error) == ("a", "HoldersDied")
        assert await outbox.replay(parked.event_id)
        await outbox.drain(desk)
        assert desk.heard == ["b", "a"]


@pytest.mark.usefixtures("db")
class TestHeldKeys:
    async def test_thousands_of_held_keys_do_not_hold_up_the_next_event(self) -> None:
        """More than PostgreSQL takes as parameters of one statement (32,767)."""
        await hold_up(33_000)
        desk = Desk()
        began = clock.steady()

        await call("fresh")
        assert await outbox.drain(desk) == 1

        assert desk.heard == ["fresh"]
        assert clock.steady() - began < 5
        assert len(await outbox.list_parked()) == outbox.PAGE
        assert await outbox.oldest_undone() is None

    async def test_parked_events_are_listed_page_by_page_without_their_content(self) -> None:
        await hold_up(250)
        seen, after = [], 0
        while page := await outbox.list_parked(after=after, limit=100):
            seen += [row.key for row in page]
            after = page[-1].id

        assert seen == [f"held-{number}" for number in range(250)]
        assert await outbox.count_parked() == 250

    async def test_age_of_what_is_due_is_told(self) -> None:
        assert await outbox.oldest_undone() is None
        await call("a")
        age = await outbox.oldest_undone()
        assert age is not None
        assert 0 <= age < 10


async def hold_up(count: int) -> None:
    """So many parked events, each with a key of its own; what they say cannot be decrypted."""
    marks = ", ".join(f"${n}" if on_postgres() else "?" for n in range(1, 6))
    names = "event_id, key, created_at, parked_at, due_at"
    statement = (
        f"INSERT INTO core_outbox_message ({names}, name, payload, attempts, fence, lost)"
        f" VALUES ({marks}, 'Called', 'v1.unreadable', 8, 8, 0)"
    )
    now = clock.now()
    ids = (UUID(int=number) if on_postgres() else str(UUID(int=number)) for number in range(count))
    rows = [[one, f"held-{number}", now, now, now] for number, one in enumerate(ids)]
    await connections.get(database.CONNECTION).execute_many(statement, rows)
