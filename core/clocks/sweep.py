"""The sweep: marks whose days have come are told, each once, dated with its own day.

A timer calls it. It goes by day and then by clock, so that after a week asleep everything is told
in the order in which it came due; one clock is one transaction; one that raises is left to a job of
its own and stops no other. Two sweeps side by side tell nothing twice: the row is locked and its
next mark looked at again.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from tortoise.expressions import Q

from core import clock, database, jobs
from core.clocks import clocks, holidays
from core.clocks.rows import Clock

MARK = "clock-mark"
"""The kind of job that tries a clock again."""

PAGE = 200
MOST = 2000
"""Clocks of one sweep; the next goes on with what is still due."""


async def sweep(today: date, *, most: int = MOST) -> int:
    """Tell what was reached by the day `today`; how many marks."""
    told, tried = 0, 0
    after: tuple[date, int] | None = None
    while tried < most:
        rows = await _page(today, after)
        if not rows:
            break
        waiting = await jobs.waiting(MARK, [str(row.id) for row in rows])
        for row in rows:
            after = (_day_of(row), row.id)
            if str(row.id) in waiting:
                continue
            tried += 1
            try:
                told += await _tell(row.id, _day_of(row))
            except Exception as error:  # one bad clock must not stop those behind it
                await jobs.put_off(MARK, str(row.id), error)
    return told


async def mark_one(clock_id: int) -> None:
    """Tell what one clock has reached by today: for the job that tries it again."""
    await _tell(clock_id, clock.today())


async def _page(today: date, after: tuple[date, int] | None) -> list[Clock]:
    """The next clocks in order, of one day: what they reach next is a later day."""
    due = Clock.filter(next_mark_on__lte=today)
    if after is not None:
        day, last = after
        due = due.filter(Q(next_mark_on__gt=day) | Q(next_mark_on=day, id__gt=last))
    rows = await due.order_by("next_mark_on", "id").limit(PAGE).only("id", "next_mark_on")
    return [row for row in rows if row.next_mark_on == rows[0].next_mark_on]


async def _tell(clock_id: int, day: date) -> int:
    async with database.transaction():
        row = await clocks.hold_one(clock_id, where="next_mark_on <= :day", day=day)
        if row is None:
            return 0
        return await clocks.reach(row, up_to=day, days=await holidays.calendar())


def _day_of(row: Clock) -> date:
    day: Any = row.next_mark_on
    return date.fromisoformat(day) if isinstance(day, str) else day
