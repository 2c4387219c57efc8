"""The way from a clock that lapses to the act it calls for: timer, relay, job."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

import flows
from core import clock, jobs, outbox
from core.clocks import sweep
from core.clocks.events import ClockMoved, ClockReached
from core.events import Event
from resources import Resources
from services.cases.acts import review, supplement

NOBODY = cast(Resources, None)
"""What these reactions do not ask for."""


async def react(event: Event) -> None:
    if isinstance(event, ClockReached):
        await flows.follow_clock(event, NOBODY)
    if isinstance(event, ClockMoved):
        await flows.follow_calendar(event, NOBODY)


async def swept() -> int:
    """Sweep, tell and do the jobs; how many jobs."""
    await sweep.sweep(clock.today())
    await outbox.drain(react)
    acts: dict[str, Any] = {
        review.DEEM: lambda ref: review.deem_one(UUID(ref)),
        supplement.LAPSE: lambda ref: supplement.lapse_one(UUID(ref)),
    }
    return await jobs.workers(acts).drain()
