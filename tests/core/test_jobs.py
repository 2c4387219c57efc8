"""Jobs: marked with their fact, done once, put off and parked; walks get past a bad row."""

import pytest

from core import database, jobs
from core.jobs import Job
from core.outbox import OutboxMessage
from tests.conftest import FrozenClock
from tests.core.test_workers import call


class Doing:
    def __init__(self) -> None:
        self.done: list[str] = []
        self.broken: set[str] = set()

    async def __call__(self, ref: str) -> None:
        if ref in self.broken:
            raise ValueError(ref)
        self.done.append(ref)


async def mark(*refs: str) -> None:
    async with database.transaction():
        for ref in refs:
            await jobs.mark("test", ref)


@pytest.mark.usefixtures("db")
class TestJobs:
    async def test_a_job_of_a_rolled_back_fact_is_not_done(self) -> None:
        with pytest.raises(ZeroDivisionError):
            async with database.transaction():
                await jobs.mark("test", "a")
                raise ZeroDivisionError

        assert await Job.all().count() == 0

    async def test_marked_twice_it_is_done_once(self) -> None:
        await mark("a", "a", "b")
        doing = Doing()

        assert await jobs.workers({"test": doing}).drain() == 2
        assert await jobs.workers({"test": doing}).drain() == 0

    async def test_marked_after_it_was_done_it_is_done_again(self) -> None:
        doing = Doing()
        await mark("a")
        await jobs.workers({"test": doing}).drain()
        await mark("a")
        await jobs.workers({"test": doing}).drain()

        assert doing.done == ["a", "a"]

    async def test_a_hopeless_job_is_parked_alarms_and_is_replayed(
        self, frozen_clock: FrozenClock, caplog: pytest.LogCaptureFixture
    ) -> None:
        await mark("a", "b")
        doing = Doing()
        doing.broken = {"a"}
        for _ in range(jobs.QUEUE.backoff.tries):
            await jobs.workers({"test": doing}).drain()
            frozen_clock.advance(hours=2)

        assert doing.done == ["b"]
        (parked,) = await jobs.list_parked()
        assert (parked.ref, parked.last_error) == ("a", "ValueError")
        caplog.clear()
        assert await jobs.raise_alarm() == 1
        assert [record.levelname for record in caplog.records] == ["CRITICAL"]
        doing.broken = set()
        assert await jobs.replay(parked.id)
        assert not await jobs.replay(parked.id)
        await jobs.workers({"test": doing}).drain()
        assert doing.done == ["b", "a"]

    async def test_a_job_no_release_knows_is_parked_and_stops_nothing(self) -> None:
        async with database.transaction():
            await jobs.mark("of-tomorrow", "x")
        await mark("a")
        doing = Doing()

        await jobs.workers({"test": doing}).drain()

        assert doing.done == ["a"]
        assert [row.last_error for row in await jobs.list_parked()] == ["UnknownKind"]

    async def test_done_jobs_are_forgotten_after_a_week(self, frozen_clock: FrozenClock) -> None:
        await mark("a")
        await jobs.workers({"test": Doing()}).drain()
        frozen_clock.advance(days=8)

        assert await jobs.forget_done() == 1


async def some_rows(last: OutboxMessage | None, limit: int) -> list[OutboxMessage]:
    return await OutboxMessage.filter(id__gt=last.id if last else 0).order_by("id").limit(limit)


@pytest.mark.usefixtures("db")
class TestWalks:
    async def test_a_row_that_raises_is_put_off_and_those_behind_it_go_on(
        self, frozen_clock: FrozenClock
    ) -> None:
        await call("bad", "good", "better")
        seen: list[str] = []

        async def act(row: OutboxMessage) -> bool:
            seen.append(row.key)
            if row.key == "bad":
                raise KeyError("a licence type that is gone")
            return True

        assert await jobs.walk("test", some_rows, act) == 2
        assert seen == ["bad", "good", "better"]
        seen.clear()
        await jobs.walk("test", some_rows, act)
        assert seen == ["good", "better"]

        bad = await OutboxMessage.get(key="bad")
        doing = Doing()
        assert await jobs.workers({"test": doing}).drain() == 0
        frozen_clock.advance(seconds=jobs.QUEUE.backoff.pause(1) + 1)
        await jobs.workers({"test": doing}).drain()
        assert doing.done == [str(bad.id)]

    async def test_a_walk_is_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(jobs, "PAGE", 2)
        await call("a", "b", "c", "d", "e")
        seen: list[str] = []

        async def act(row: OutboxMessage) -> bool:
            seen.append(row.key)
            return True

        assert await jobs.walk("test", some_rows, act, most=3) == 4
        assert seen == ["a", "b", "c", "d"]
