"""Clocks: start, pause, resume, extend, meet, void. What is owed by when, as rows.

    running ──pause──▶ paused            running or paused ──meet──▶ met, or missed when late
       ▲ ───resume─────┘                                   ──void──▶ void

Invariants
- `due_on` is what `periods.due` counts from the row and its pauses; nothing adds to it.
- A running clock names the next mark it will reach and the day. Whoever changes a clock first tells
  the marks of days that are over (`reach`): a sweep that was asleep loses none. Marks of the day
  itself are the sweep's: what is done on its last day was in time.
- Acts run in the transaction of the owner's act and lock the clock's row by their first statement.
  They lock owner before clock; what goes the other way (`counting`) tells by an event.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from core import clock, database, outbox, sql
from core.clocks import holidays, periods
from core.clocks.events import ClockReached
from core.clocks.periods import Limit, Mark, Pause
from core.clocks.rows import OPEN, Clock, ClockMark, ClockPause, State
from core.clocks.workdays import WorkCalendar
from core.data.statements import Statement, columns_of, loaded
from core.errors import Conflict, Invalid


class ClockNotRunning(Conflict):
    """Members `kind` and `state`, which is null where there is no such clock."""

    slug = "clock-not-running"
    title = "这个时限现在不在计时，请刷新后再试"


class ClockStands(Conflict):
    """Members `kind` and `state`."""

    slug = "clock-runs-already"
    title = "这个时限已经在计时，请刷新后再试"


class ExtensionNotAllowed(Invalid):
    """Member `most`: units by which this limit may be extended."""

    slug = "extension-not-allowed"
    title = "期限不能这样延长：到期前可以延长一次，不超过规定的天数"


@dataclass(frozen=True)
class Owner:
    """Whose clock it is: `kind` is a word of the owner's package."""

    kind: str
    id: UUID


_DAY = timedelta(days=1)
_HOLD = "UPDATE core_clock SET fence = fence + 1 WHERE {where} AND {open} RETURNING {columns}"
_END = Statement(
    "UPDATE core_clock SET state = ?, met_on = ?, late_days = ?, next_mark = NULL,"
    " next_mark_on = NULL WHERE id = ?"
)
_OF_OWNER = "owner_kind = :owner_kind AND owner_id = :owner_id AND kind IN :kinds"


@dataclass(frozen=True)
class New:
    """A clock to be started on the day `on`, which is day 0. `basis` names the article."""

    kind: str
    limit: Limit
    on: date
    basis: str

    def due_on(self, days: WorkCalendar) -> date:
        """The day it will be due. Raises `CalendarMissing`."""
        return periods.due(self.on, self.limit, 0, (), days)


async def start(owner: Owner, *new: New, department: str, days: WorkCalendar) -> None:
    """Start clocks; their rows are written with the last statement of the transaction.

    Raises `CalendarMissing`, and `ClockStands` where one of a kind runs or is paused.
    """
    numbers = await _next_numbers(owner, [each.kind for each in new])
    for each in new:
        due_on = each.due_on(days)
        first = periods.next_mark(periods.marks(each.on, due_on, days), without=())
        row = Clock(
            owner_kind=owner.kind,
            owner_id=owner.id,
            kind=each.kind,
            n=numbers[each.kind],
            department=department,
            started_on=each.on,
            limit_value=each.limit.value,
            limit_unit=each.limit.unit,
            limit_on=each.limit.on,
            due_on=due_on,
            next_mark=first[0] if first else None,
            next_mark_on=first[1] if first else None,
            basis=each.basis,
            calendar=days.revision,
        )
        database.insert_last(row)


async def _next_numbers(owner: Owner, kinds: Collection[str]) -> dict[str, int]:
    numbers = dict.fromkeys(kinds, 1)
    mine = Clock.filter(owner_kind=owner.kind, owner_id=owner.id, kind__in=list(kinds))
    for row in await mine.order_by("n").only("id", "kind", "n", "state"):
        if row.state in (State.RUNNING, State.PAUSED):
            raise ClockStands(kind=row.kind, state=str(row.state))
        numbers[row.kind] = row.n + 1
    return numbers


async def pause(
    owner: Owner, kind: str, *, cause: str, on: date, expected_on: date | None = None
) -> None:
    """Stop the clock; the day `on` still counts. Raises `ClockNotRunning`."""
    row = await _the_one(owner, kind, State.RUNNING)
    await reach(row, up_to=on - _DAY, days=await holidays.calendar())
    await ClockPause.create(
        clock_id=row.id, cause=cause, from_on=on, expected_on=expected_on, open_of=row.id
    )
    await _change(row, state=State.PAUSED, next_mark=None, next_mark_on=None)


async def resume(owner: Owner, kind: str, *, on: date, days: WorkCalendar) -> date:
    """Let a stopped clock go on, `on` counts again; gives the due date. Raises `ClockNotRunning`,
    `CalendarMissing`."""
    row = await _the_one(owner, kind, State.PAUSED)
    await _end_pause(row, on=on)
    return await _count(row, days, state=State.RUNNING)


async def extend(owner: Owner, kind: str, *, by: int, most: int, on: date) -> date:
    """Lengthen a limit by `by` of its units, of `most` allowed: once, and no later than on its last
    day; gives the due date. Raises `ClockNotRunning`, `ExtensionNotAllowed`, `CalendarMissing`.
    """
    row = await _the_one(owner, kind, State.RUNNING)
    if row.extension or on > row.due_on or not 0 < by <= most:
        raise ExtensionNotAllowed(most=most)
    days = await holidays.calendar()
    await reach(row, up_to=on - _DAY, days=days)
    row.extension = by
    return await _count(row, days, extension=by)


async def meet(owner: Owner, *kinds: str, on: date) -> None:
    """What was owed is done on the day `on`: in time, or so many working days late. A clock that
    has ended or never ran stays as it is."""
    rows = await _hold(owner, kinds)
    if not rows:
        return
    days = await holidays.calendar()
    for row in rows:
        if row.state is State.PAUSED:
            await _end_pause(row, on=on)
            await _count(row, days, state=State.RUNNING)
        await reach(row, up_to=on - _DAY, days=days)
        late = max(0, days.working_days_between(row.due_on, on))
        state = State.MISSED if on > row.due_on else State.MET
        await _END.run(str(state), on, late, row.id)


async def void(owner: Owner, *kinds: str, on: date) -> None:
    """Nothing is owed from the day `on`; what was reached by then is told."""
    rows = await _hold(owner, kinds)
    if not rows:
        return
    days = await holidays.calendar()
    for row in rows:
        if row.state is State.PAUSED:
            await _end_pause(row, on=on)
        else:
            await reach(row, up_to=on - _DAY, days=days)
        await _END.run(str(State.VOID), None, None, row.id)


async def list_of(owner: Owner) -> list[Clock]:
    """All clocks of an owner, by kind and number."""
    mine = Clock.filter(owner_kind=owner.kind, owner_id=owner.id)
    return await mine.order_by("kind", "n")


async def hold_one(clock_id: int, *, where: str = "1 = 1", **values: Any) -> Clock | None:
    """Lock an open clock and read it, if `where` holds; in a transaction."""
    return next(iter(await _locked(f"id = :id AND {where}", id=clock_id, **values)), None)


async def reach(row: Clock, *, up_to: date, days: WorkCalendar) -> int:
    """Tell every mark of a held, running clock whose day has come, in order; how many."""
    told = 0
    while row.next_mark is not None and row.next_mark_on is not None and row.next_mark_on <= up_to:
        database.insert_last(
            ClockMark(
                clock_id=row.id,
                mark=row.next_mark,
                for_due_on=row.due_on,
                reached_on=row.next_mark_on,
                at=clock.now(),
            )
        )
        reached = ClockReached(
            owner_kind=row.owner_kind,
            owner_id=row.owner_id,
            kind=row.kind,
            mark=str(row.next_mark),
            for_due_on=row.due_on,
            on=row.next_mark_on,
        )
        await outbox.publish(reached, key=str(row.owner_id))
        told += 1
        await _set_next(row, days, besides=row.next_mark)
    return told


async def recount(row: Clock, days: WorkCalendar) -> date:
    """Count a held clock's due date by this calendar; gives the day."""
    return await _count(row, days)


async def _count(row: Clock, days: WorkCalendar, **changes: Any) -> date:
    """Due date and next mark, from what the row and its pauses say; with other changes of it."""
    pauses = [Pause(each.from_on, each.to_on) for each in await ClockPause.filter(clock_id=row.id)]
    due_on = periods.due(row.started_on, row.limit, row.extension, pauses, days)
    await _change(row, due_on=due_on, calendar=days.revision, **changes)
    if row.state is State.RUNNING:
        await _set_next(row, days)
    return due_on


async def _set_next(row: Clock, days: WorkCalendar, *, besides: Mark | None = None) -> None:
    reached = ClockMark.filter(clock_id=row.id, for_due_on=row.due_on)
    without = {str(each) for each in await reached.values_list("mark", flat=True)}
    in_order = periods.marks(row.started_on, row.due_on, days)
    if besides is not None:
        # What this transaction has told is written at its end; all before it was told, too.
        for each in in_order:
            without.add(str(each))
            if each is besides:
                break
    found = periods.next_mark(in_order, without=without)
    await _change(
        row, next_mark=found[0] if found else None, next_mark_on=found[1] if found else None
    )


async def _end_pause(row: Clock, *, on: date) -> None:
    await ClockPause.filter(open_of=row.id).update(to_on=on, open_of=None)


async def _change(row: Clock, **values: Any) -> None:
    await Clock.filter(id=row.id).update(**values)
    row.update_from_dict(values)


async def _the_one(owner: Owner, kind: str, state: State) -> Clock:
    rows = await _hold(owner, (kind,))
    if not rows or rows[0].state is not state:
        raise ClockNotRunning(kind=kind, state=str(rows[0].state) if rows else None)
    return rows[0]


async def _hold(owner: Owner, kinds: Collection[str]) -> list[Clock]:
    found = await _locked(_OF_OWNER, owner_kind=owner.kind, owner_id=owner.id, kinds=list(kinds))
    return sorted(found, key=lambda row: row.id)


async def _locked(where: str, **values: Any) -> list[Clock]:
    statement = _HOLD.format(where=where, open=OPEN, columns=columns_of(Clock))
    return [loaded(Clock, each) for each in await sql.rows(statement, **values)]
