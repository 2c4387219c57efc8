"""The outbox: with the transaction or not at all, in order per key, never lost, never stuck."""

import asyncio
from dataclasses import dataclass

import pytest
from tortoise import connections

from core import database, outbox, workers
from core.events import Event
from core.lease import Lease
from core.outbox import OutboxMessage
from tests.conftest import FrozenClock


@dataclass(frozen=True, kw_only=True)
class Rang(Event):
    bell: str
    number: int


class Listener:
    def __init__(self) -> None:
        self.heard: list[tuple[str, int]] = []
        self.deaf_to: set[str] = set()

    async def __call__(self, event: Event) -> None:
        assert isinstance(event, Rang)
        if event.bell in self.deaf_to:
            raise ConnectionError("nobody there")
        self.heard.append((event.bell, event.number))


async def ring(bell: str, number: int) -> None:
    async with database.transaction():
        await outbox.publish(Rang(bell=bell, number=number), key=bell)


@pytest.mark.usefixtures("db")
class TestOutbox:
    async def test_event_outside_a_transaction_is_refused(self) -> None:
        with pytest.raises(RuntimeError):
            await outbox.publish(Rang(bell="a", number=1), key="a")

    async def test_rolled_back_change_leaves_no_event(self) -> None:
        with pytest.raises(ZeroDivisionError):
            async with database.transaction():
                await outbox.publish(Rang(bell="a", number=1), key="a")
                raise ZeroDivisionError

        assert await OutboxMessage.all().count() == 0

    async def test_events_of_one_key_are_told_in_order(self) -> None:
        for number in range(20):
            await ring("a", number)
        listener = Listener()

        await outbox.drain(listener)

        assert listener.heard == [("a", number) for number in range(20)]

    async def test_done_events_are_not_told_again(self) -> None:
        await ring("a", 1)
        listener = Listener()

        assert await outbox.drain(listener) == 1
        assert await outbox.drain(listener) == 0

    async def test_failing_key_does_not_stop_the_others(self) -> None:
        await ring("a", 1)
        await ring("a", 2)
        await ring("b", 1)
        listener = Listener()
        listener.deaf_to = {"a"}

        await outbox.drain(listener)

        assert listener.heard == [("b", 1)]

    async def test_failed_event_is_told_later_and_in_order(self, frozen_clock: FrozenClock) -> None:
        await ring("a", 1)
        await ring("a", 2)
        listener = Listener()
        listener.deaf_to = {"a"}
        await outbox.drain(listener)

        listener.deaf_to = set()
        assert await outbox.drain(listener) == 0
        frozen_clock.advance(seconds=5)
        await outbox.drain(listener)

        assert listener.heard == [("a", 1), ("a", 2)]

    async def test_hopeless_event_is_parked_and_replayed_on_demand(
        self, frozen_clock: FrozenClock
    ) -> None:
        await ring("a", 1)
        listener = Listener()
        listener.deaf_to = {"a"}
        for _ in range(outbox.MAX_ATTEMPTS):
            await outbox.drain(listener)
            frozen_clock.advance(hours=1)

        parked = await outbox.list_parked()
        assert [row.attempts for row in parked] == [outbox.MAX_ATTEMPTS]
        listener.deaf_to = set()
        assert await outbox.drain(listener) == 0

        assert await outbox.replay(parked[0].event_id)
        await outbox.drain(listener)
        assert listener.heard == [("a", 1)]

    async def test_many_waiting_keys_do_not_starve_a_fresh_one(self) -> None:
        for number in range(210):
            await ring(f"dead-{number}", 1)
        listener = Listener()
        listener.deaf_to = {f"dead-{number}" for number in range(210)}
        await outbox.drain(listener)

        await ring("alive", 1)
        await outbox.drain(listener)

        assert listener.heard == [("alive", 1)]

    async def test_relay_tells_within_moments_of_the_commit(self) -> None:
        heard = asyncio.Event()

        async def react(event: Event) -> None:
            heard.set()

        relay = outbox.Relay(react)
        relay.start()
        try:
            await ring("a", 1)
            async with asyncio.timeout(workers.POLL_SECONDS):
                await heard.wait()
        finally:
            await relay.stop()

    async def test_who_slept_through_the_lease_tells_nothing_more(
        self, frozen_clock: FrozenClock
    ) -> None:
        await ring("a", 1)
        await ring("a", 2)
        sleeper, next_holder = Lease("relay"), Lease("relay")
        asleep, woken = asyncio.Event(), asyncio.Event()
        heard: list[tuple[str, int]] = []

        async def sleepy(event: Event) -> None:
            assert isinstance(event, Rang)
            heard.append(("sleeper", event.number))
            asleep.set()
            await woken.wait()
            raise ConnectionError("long gone")

        async def awake(event: Event) -> None:
            assert isinstance(event, Rang)
            heard.append(("next", event.number))

        assert await sleeper.acquire()
        dreaming = asyncio.create_task(outbox.drain(sleepy, held=lambda: sleeper.held))
        await asleep.wait()
        frozen_clock.advance(seconds=7)
        assert await next_holder.acquire()
        await outbox.drain(awake, held=lambda: next_holder.held)
        woken.set()

        assert await dreaming == 0
        assert heard == [("sleeper", 1), ("next", 1), ("next", 2)]
        assert await OutboxMessage.filter(done_at=None).count() == 0
        assert await OutboxMessage.filter(attempts__gt=0).count() == 0

    async def test_parked_rows_raise_an_alarm_until_somebody_acts(
        self, frozen_clock: FrozenClock, caplog: pytest.LogCaptureFixture
    ) -> None:
        await ring("a", 1)
        listener = Listener()
        listener.deaf_to = {"a"}
        assert await outbox.raise_alarm() == 0
        for _ in range(outbox.MAX_ATTEMPTS):
            await outbox.drain(listener)
            frozen_clock.advance(hours=1)
        caplog.clear()

        assert await outbox.raise_alarm() == 1
        assert [record.levelname for record in caplog.records] == ["CRITICAL"]
        (parked,) = await outbox.list_parked()
        await outbox.drop(parked.event_id)
        assert await outbox.raise_alarm() == 0

    async def test_event_comes_back_as_it_was_told(self) -> None:
        told: list[Event] = []

        async def react(event: Event) -> None:
            told.append(event)

        event = Rang(bell="a", number=7)
        async with database.transaction():
            await outbox.publish(event, key="a")
        await outbox.drain(react)

        assert told == [event]

    async def test_content_is_unreadable_at_rest(self) -> None:
        await ring("310199199003071017", 7)

        stored = await connections.get("default").execute_query_dict(
            "SELECT payload FROM core_outbox_message"
        )

        assert "310199199003071017" not in stored[0]["payload"]

    async def test_dropped_row_frees_its_key(self, frozen_clock: FrozenClock) -> None:
        await ring("a", 1)
        await ring("a", 2)
        listener = Listener()
        listener.deaf_to = {"a"}
        for _ in range(outbox.MAX_ATTEMPTS):
            await outbox.drain(listener)
            frozen_clock.advance(hours=1)
        (parked,) = await outbox.list_parked()

        listener.deaf_to = set()
        assert await outbox.drop(parked.event_id)
        await outbox.drain(listener)

        assert listener.heard == [("a", 2)]

    async def test_told_rows_are_forgotten_after_a_week(self, frozen_clock: FrozenClock) -> None:
        await ring("a", 1)
        await outbox.drain(Listener())
        frozen_clock.advance(days=6)
        assert await outbox.forget_told() == 0
        frozen_clock.advance(days=2)

        assert await outbox.forget_told() == 1
