"""The queue: once at a time, in order per key, never lost; whatever dies, sleeps or tells lies of
the time."""

import asyncio
import random
from collections import Counter, defaultdict
from datetime import timedelta

import pytest
from tortoise import connections

from core import clock, database, jobs, queue
from core.jobs import QUEUE, Job
from core.queue import Backoff, Claim
from tests.conftest import FrozenClock, on_postgres


async def due(ref: str, *, key: str | None = None) -> None:
    async with database.transaction():
        await jobs.mark("test", ref, key=key)


async def done() -> set[str]:
    return {str(ref) for ref in await Job.exclude(done_at=None).values_list("ref", flat=True)}


@pytest.mark.usefixtures("db")
class TestClaims:
    async def test_a_row_is_claimed_once(self) -> None:
        for number in range(10):
            await due(str(number))

        found = await asyncio.gather(*(QUEUE.claim(4) for _ in range(8)))

        refs = [claim.row.ref for claims in found for claim in claims]
        assert len(refs) == len(set(refs))
        claimed = set(refs) | {claim.row.ref for claim in await QUEUE.claim(10)}
        assert claimed == {str(number) for number in range(10)}

    async def test_the_next_of_a_key_waits_for_the_one_before(self) -> None:
        await due("first", key="k")
        await due("second", key="k")
        await due("other", key="l")

        claims = await QUEUE.claim(10)

        by_ref = {claim.row.ref: claim for claim in claims}  # both are due since the same moment
        assert set(by_ref) == {"first", "other"}
        assert await QUEUE.claim(10) == []
        assert await by_ref["first"].settle(done_at=clock.now())
        assert [claim.row.ref for claim in await QUEUE.claim(10)] == ["second"]

    async def test_what_was_written_late_waits_for_the_younger_one_that_runs(self) -> None:
        """Numbers may commit out of order: the older row appears while the younger is held."""
        await due("late", key="k")
        await due("early", key="k")
        await Job.filter(ref="late").update(done_at=clock.now())
        (claim,) = await QUEUE.claim(10)
        await Job.filter(ref="late").update(done_at=None)

        assert await QUEUE.claim(10) == []
        assert await claim.settle(done_at=clock.now())
        assert [one.row.ref for one in await QUEUE.claim(10)] == ["late"]

    async def test_what_a_dead_holder_held_goes_on(self, frozen_clock: FrozenClock) -> None:
        await due("a")
        (dead,) = await QUEUE.claim(1)
        frozen_clock.advance(seconds=QUEUE.life - 1)
        assert await QUEUE.claim(1) == []
        frozen_clock.advance(seconds=2)

        (taken,) = await QUEUE.claim(1)

        assert (taken.fence, taken.lost, taken.attempts) == (dead.fence + 1, 1, 0)

    async def test_of_two_who_believe_to_hold_a_row_one_writes(
        self, frozen_clock: FrozenClock
    ) -> None:
        await due("a")
        (sleeper,) = await QUEUE.claim(1)
        frozen_clock.advance(seconds=QUEUE.life + 1)
        (awake,) = await QUEUE.claim(1)

        assert not await sleeper.settle(done_at=clock.now())
        assert not await sleeper.put_off(error="late")
        assert not await sleeper.release()
        assert await QUEUE.renew([sleeper, awake]) == [sleeper]
        assert await awake.settle(done_at=clock.now())
        assert not await awake.settle(done_at=clock.now())

    async def test_a_renewed_claim_is_kept(self, frozen_clock: FrozenClock) -> None:
        await due("a")
        (claim,) = await QUEUE.claim(1)
        for _ in range(5):
            frozen_clock.advance(seconds=QUEUE.life * 0.8)
            assert await QUEUE.renew([claim]) == []
            assert await QUEUE.claim(1) == []

    async def test_a_row_that_was_finished_meanwhile_is_not_taken_over(self) -> None:
        await due("a")
        (claim,) = await QUEUE.claim(1)
        assert await claim.settle(done_at=clock.now())

        assert await QUEUE.renew([claim]) == []

    async def test_a_released_row_is_due_as_it_was(self) -> None:
        await due("a")
        (claim,) = await QUEUE.claim(1)
        await claim.release()

        (again,) = await QUEUE.claim(1)

        assert (again.attempts, again.lost) == (0, 0)

    async def test_a_failure_waits_longer_each_time(self, frozen_clock: FrozenClock) -> None:
        await due("a")
        for attempts in range(1, 4):
            (claim,) = await QUEUE.claim(1)
            await claim.put_off(error="Test")
            frozen_clock.advance(seconds=QUEUE.backoff.pause(attempts) - 1)
            assert await QUEUE.claim(1) == []
            frozen_clock.advance(seconds=2)

        assert (await Job.get(ref="a")).last_error == "Test"

    async def test_a_full_lane_is_left_out(self) -> None:
        narrow = queue.Queue(
            name="lanes",
            model=Job,
            open=QUEUE.open,
            lane="key",
            backoff=Backoff(first=1, longest=1, tries=1),
        )
        await due("a", key="full")
        await due("b", key="free")

        claims = await narrow.claim(10, without=["test:full"])

        assert [claim.row.ref for claim in claims] == ["b"]


@pytest.mark.usefixtures("db")
class TestWrongClocks:
    async def test_a_hold_of_a_clock_that_was_ahead_is_void(
        self, frozen_clock: FrozenClock
    ) -> None:
        await due("a")
        frozen_clock.advance(hours=2)
        (dead,) = await QUEUE.claim(1)
        frozen_clock.advance(hours=-2)

        (taken,) = await QUEUE.claim(1)

        assert taken.fence == dead.fence + 1
        assert not await dead.settle(done_at=clock.now())

    async def test_a_row_put_off_by_a_clock_that_was_ahead_comes_back(
        self, frozen_clock: FrozenClock
    ) -> None:
        await due("a")
        frozen_clock.advance(days=30)
        (claim,) = await QUEUE.claim(1)
        await claim.put_off(error="Test")
        frozen_clock.advance(days=-30)
        assert await QUEUE.claim(1) == []

        assert await QUEUE.tidy() == 1

        assert len(await QUEUE.claim(1)) == 1

    async def test_a_fresh_row_is_due_by_any_clock(self, frozen_clock: FrozenClock) -> None:
        frozen_clock.advance(hours=2)
        await due("a")
        frozen_clock.advance(hours=-2)

        assert len(await QUEUE.claim(1)) == 1

    @pytest.mark.skipif(
        not on_postgres(),
        reason="SQLite asks the clock of its own machine: run with TEST_DATABASE=postgres",
    )
    async def test_time_is_that_of_the_database(self) -> None:
        """No frozen clock: the moment of the claim is the server's, not ours."""
        await due("a")
        await QUEUE.claim(1)

        (row,) = await connections.get("default").execute_query_dict(
            "SELECT extract(epoch FROM held_until - clock_timestamp()) AS left FROM core_job"
        )

        assert QUEUE.life - 3 < float(row["left"]) <= QUEUE.life


@pytest.mark.usefixtures("db")
class TestWhatWaits:
    async def test_rows_behind_one_that_is_held_up_are_out_of_the_way(
        self, frozen_clock: FrozenClock
    ) -> None:
        for number in range(5):
            await due(str(number), key="k")
        (head,) = await QUEUE.claim(1)
        await head.put_off(error="Test")

        assert await QUEUE.tidy() == 4
        assert await QUEUE.tidy() == 0

        frozen_clock.advance(seconds=QUEUE.backoff.pause(1) + 1)
        assert await done_in_order() == ["0", "1", "2", "3", "4"]

    async def test_rows_behind_a_parked_one_come_back_with_its_replay(
        self, frozen_clock: FrozenClock
    ) -> None:
        await due("0", key="k")
        await due("1", key="k")
        (head,) = await QUEUE.claim(1)
        await head.put_off(error="Test", parked_at=clock.now())
        await QUEUE.tidy()
        frozen_clock.advance(seconds=1)

        (parked,) = await jobs.list_parked()
        assert await jobs.replay(parked.id)

        assert await done_in_order() == ["0", "1"]

    async def test_rows_behind_a_running_one_are_left_alone(self) -> None:
        await due("0", key="k")
        await due("1", key="k")
        await QUEUE.claim(1)

        assert await QUEUE.tidy() == 0


async def done_in_order() -> list[str]:
    """Do all that is due, one after another."""
    refs = []

    async def act(ref: str) -> None:
        refs.append(ref)

    await jobs.workers({"test": act}).drain()
    return refs


class City:
    """Several workers, in which everything goes wrong by the dice, and what they did."""

    def __init__(self, seed: int, frozen: FrozenClock) -> None:
        self.dice = random.Random(seed)
        self.frozen = frozen
        self.held: list[Claim[Job]] = []
        self.settled: Counter[str] = Counter()
        self.order: defaultdict[str, list[int]] = defaultdict(list)
        self.newest: dict[str, int] = {}
        self.written = 0

    async def publish(self) -> None:
        key = f"k{self.dice.randrange(4)}"
        await due(f"{self.written:04d}", key=key)
        self.written += 1

    async def claim(self) -> None:
        for claim in await QUEUE.claim(self.dice.randint(1, 3)):
            assert claim.fence > self.newest.get(claim.row.ref, 0)
            self.newest[claim.row.ref] = claim.fence
            self.held.append(claim)

    def _some(self) -> Claim[Job] | None:
        if not self.held:
            return None
        return self.held.pop(self.dice.randrange(len(self.held)))

    async def commit(self) -> None:
        if (claim := self._some()) is None:
            return
        async with database.transaction():
            written = await claim.settle(done_at=clock.now())
            if written and claim.fence > 1:
                await QUEUE.bring_back(claim.row)
        if written:
            assert claim.fence == self.newest[claim.row.ref], "an old holder has written"
            self.settled[claim.row.ref] += 1
            self.order[claim.row.key].append(claim.row.id)

    async def fail(self) -> None:
        if (claim := self._some()) is not None:
            await claim.put_off(error="Test", pause=self.dice.choice((0.5, 20, 300)))

    async def die(self) -> None:
        self._some()

    async def give_back(self) -> None:
        if (claim := self._some()) is not None:
            await claim.release()

    async def renew(self) -> None:
        for claim in await QUEUE.renew(self.held):
            self.held.remove(claim)

    async def sleep(self) -> None:
        self.frozen.advance(seconds=self.dice.choice((0.5, 5, 16, 400)))

    async def jump(self) -> None:
        self.frozen.advance(seconds=self.dice.choice((-7200, -20, -1, 90, 7200)))

    async def tidy(self) -> None:
        await QUEUE.tidy()

    async def step(self) -> None:
        acts = (self.publish, self.claim, self.commit, self.fail, self.die, self.give_back)
        more = (self.renew, self.sleep, self.jump, self.tidy)
        weights = (5, 8, 6, 2, 2, 1, 2, 2, 1, 2)
        (act,) = self.dice.choices(acts + more, weights)
        await act()


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("seed", range(12))
async def test_whatever_happens_each_is_settled_once_and_in_order(
    seed: int, frozen_clock: FrozenClock
) -> None:
    city = City(seed, frozen_clock)
    for _ in range(150):
        await city.step()
    for _ in range(200):
        frozen_clock.advance(seconds=120)
        await QUEUE.tidy()
        await city.claim()
        while city.held:
            await city.commit()

    assert city.written > 0
    assert city.settled == Counter({f"{number:04d}": 1 for number in range(city.written)})
    for key, numbers in city.order.items():
        assert numbers == sorted(numbers), key


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("seed", range(3))
async def test_workers_side_by_side_keep_each_key_in_order(seed: int) -> None:
    """Real tasks on real connections, with failures and lost claims."""
    dice = random.Random(seed)
    for number in range(60):
        await due(f"{number:04d}", key=f"k{dice.randrange(6)}")
    running: Counter[str] = Counter()
    told: defaultdict[str, list[int]] = defaultdict(list)

    async def worker() -> None:
        while sum(len(numbers) for numbers in told.values()) < 60:
            for claim in await QUEUE.claim(2):
                running[claim.row.key] += 1
                assert running[claim.row.key] == 1
                await asyncio.sleep(dice.random() / 200)
                running[claim.row.key] -= 1
                if dice.random() < 0.2:
                    await claim.put_off(error="Test", pause=0.01)
                elif await claim.settle(done_at=clock.now()):
                    told[claim.row.key].append(claim.row.id)
            await asyncio.sleep(0.005)

    async with asyncio.timeout(60):
        await asyncio.gather(*(worker() for _ in range(5)))

    assert len(await done()) == 60
    assert all(numbers == sorted(numbers) for numbers in told.values())


def test_pauses_grow_up_to_the_longest() -> None:
    policy = Backoff(first=5, longest=60, tries=5)

    assert [policy.pause(n) for n in range(1, 6)] == [5, 10, 20, 40, 60]
    assert [policy.over(n) for n in (4, 5)] == [False, True]
    assert timedelta(seconds=policy.pause(5)) == timedelta(minutes=1)
