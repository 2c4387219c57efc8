"""Clocks under another calendar: every open one is counted anew, once for each change.

A clock says by which revision of the calendar it was counted. What is behind is counted by the
newest: whoever does it raises the revision by the statement that locks the row, so any number of
workers count a clock once. One whose due date moves tells it (`ClockMoved`). A clock that was
started beside the change, by the calendar of before, is behind as well and is found by the timer.
"""

from __future__ import annotations

from core import database, jobs, outbox
from core.clocks import clocks, holidays
from core.clocks.events import ClockMoved
from core.clocks.rows import Clock
from core.clocks.workdays import WorkCalendar

COUNT_ALL = "count-clocks"
"""The kind of job after a change."""
COUNT = "count-clock"
"""The kind of job that tries one again."""

PAGE = 200


async def count_all(*, most: int | None = None) -> int:
    """Count every clock that is behind, or `most` of them; how many moved."""
    moved, tried, after = 0, 0, 0
    while most is None or tried < most:
        days = await holidays.calendar()
        ids = await _behind(days, after)
        if not ids:
            break
        after = ids[-1]
        waiting = await jobs.waiting(COUNT, [str(each) for each in ids])
        for each in ids:
            if str(each) in waiting:
                continue
            tried += 1
            try:
                moved += await _count(each, days)
            except Exception as error:  # one bad clock must not stop those behind it
                await jobs.put_off(COUNT, str(each), error)
    return moved


async def count_one(clock_id: int) -> None:
    """Count one clock, if it is behind: for the job that tries it again."""
    await _count(clock_id, await holidays.calendar())


async def _behind(days: WorkCalendar, after: int) -> list[int]:
    rows = Clock.filter(calendar__lt=days.revision, id__gt=after, state__in=("running", "paused"))
    return [row.id for row in await rows.order_by("id").limit(PAGE).only("id")]


async def _count(clock_id: int, days: WorkCalendar) -> bool:
    async with database.transaction():
        row = await clocks.hold_one(clock_id, where="calendar < :revision", revision=days.revision)
        if row is None:
            return False
        was_on = row.due_on
        due_on = await clocks.recount(row, days)
        if due_on == was_on:
            return False
        moved = ClockMoved(
            owner_kind=row.owner_kind,
            owner_id=row.owner_id,
            kind=row.kind,
            was_on=was_on,
            due_on=due_on,
        )
        await outbox.publish(moved, key=str(row.owner_id))
    return True
