"""A lease has one holder, and another takes over when it dies."""

import asyncio

import pytest

from core.lease import Lease, LeaseRow
from tests.conftest import FrozenClock


@pytest.mark.usefixtures("db")
class TestLease:
    async def test_only_one_of_many_gets_it(self) -> None:
        leases = [Lease("job") for _ in range(8)]

        won = await asyncio.gather(*(lease.acquire() for lease in leases))

        assert sum(won) == 1

    async def test_holder_renews(self, frozen_clock: FrozenClock) -> None:
        lease, other = Lease("job"), Lease("job")
        assert await lease.acquire()
        frozen_clock.advance(seconds=5)
        assert await lease.acquire()
        frozen_clock.advance(seconds=5)

        assert not await other.acquire()

    async def test_another_takes_over_when_the_holder_is_silent(
        self, frozen_clock: FrozenClock
    ) -> None:
        lease, other = Lease("job"), Lease("job")
        await lease.acquire()
        before = await LeaseRow.get(name="job")
        frozen_clock.advance(seconds=7)

        assert await other.acquire()
        assert not await lease.acquire()
        assert (await LeaseRow.get(name="job")).fence == before.fence + 1

    async def test_released_lease_is_free_at_once(self, frozen_clock: FrozenClock) -> None:
        lease, other = Lease("job"), Lease("job")
        await lease.acquire()
        await lease.release()
        frozen_clock.advance(seconds=0.001)

        assert await other.acquire()

    async def test_a_lease_of_a_clock_that_was_ahead_is_taken_over_after_a_life(
        self, frozen_clock: FrozenClock
    ) -> None:
        """It says that it runs for two hours more; nobody renews it, so nobody holds it."""
        dead, other = Lease("job"), Lease("job")
        frozen_clock.advance(hours=2)
        assert await dead.acquire()
        frozen_clock.advance(hours=-2)

        assert not await other.acquire()
        frozen_clock.advance(seconds=4)
        assert not await other.acquire()
        frozen_clock.advance(seconds=3)
        assert await other.acquire()
        assert await other.acquire()

    async def test_a_lease_that_is_renewed_is_not_taken_over_whatever_it_says(
        self, frozen_clock: FrozenClock
    ) -> None:
        holder, other = Lease("job"), Lease("job")
        for _ in range(6):
            assert await holder.acquire()
            assert not await other.acquire()
            frozen_clock.advance(seconds=4)
