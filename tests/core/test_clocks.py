"""Clocks as rows: started, stopped, lengthened, ended; each mark once for each due date."""

import asyncio
import json
from datetime import date
from uuid import UUID

import msgspec
import pytest

import flows
import timers
from core import jobs, outbox
from core.clocks import clocks, counting, holidays, sweep
from core.clocks.clocks import ClockNotRunning, ClockStands, ExtensionNotAllowed, New, Owner
from core.clocks.periods import Limit, Unit
from core.clocks.rows import Clock, ClockMark, ClockPause, State
from core.clocks.workdays import CalendarMissing, Year
from core.database import transaction
from core.ids import new_id
from core.jobs import Job
from core.outbox import OutboxMessage
from resources import Resources
from services.guides.reading import read_holidays
from tests.conftest import FrozenClock

FIVE_DAYS = Limit(5, Unit.WORKDAY)
STARTED = date(2026, 11, 25)
KIND = "promise"


@pytest.fixture(autouse=True)
def _database(db: None, frozen_clock: FrozenClock) -> None:
    pass


def day(text: str) -> date:
    return date.fromisoformat(text)


async def started(
    *, limit: Limit = FIVE_DAYS, on: date = STARTED, kind: str = KIND, owner: Owner | None = None
) -> Owner:
    owner = owner or Owner("case", new_id())
    async with transaction():
        days = await holidays.calendar()
        await clocks.start(owner, New(kind, limit, on, "样例"), department="GA", days=days)
    return owner


async def resumed(owner: Owner, on: date) -> date:
    return await clocks.resume(owner, KIND, on=on, days=await holidays.calendar())


async def only(owner: Owner) -> Clock:
    (row,) = await clocks.list_of(owner)
    return row


async def told(owner: Owner | None = None) -> list[tuple[str, str, str]]:
    """Mark, due date and day, in the order in which they were told."""
    found = []
    for message in await OutboxMessage.filter(name="ClockReached").order_by("id"):
        said = json.loads(message.payload)
        if owner is None or UUID(said["owner_id"]) == owner.id:
            found.append((said["mark"], said["for_due_on"], said["on"]))
    return found


async def marks(owner: Owner) -> list[tuple[str, str, str]]:
    rows = await ClockMark.filter(clock__owner_id=owner.id).order_by("id")
    return [(str(row.mark), str(row.for_due_on), str(row.reached_on)) for row in rows]


async def test_clock_names_its_due_date_and_what_it_reaches_next() -> None:
    row = await only(await started())

    assert (row.due_on, row.state, row.n) == (day("2026-12-02"), State.RUNNING, 1)
    assert (row.next_mark, row.next_mark_on) == ("warn", day("2026-12-01"))
    assert row.calendar == (await holidays.calendar()).revision


async def test_second_clock_of_a_kind_waits_for_the_end_of_the_first() -> None:
    owner = await started()
    with pytest.raises(ClockStands):
        await started(owner=owner)

    async with transaction():
        await clocks.meet(owner, KIND, on=day("2026-11-26"))
    await started(owner=owner, on=day("2026-11-27"))

    assert [(row.n, row.state) for row in await clocks.list_of(owner)] == [
        (1, State.MET),
        (2, State.RUNNING),
    ]


async def test_clock_into_a_year_without_a_calendar_is_not_started() -> None:
    with pytest.raises(CalendarMissing):
        await started(limit=Limit(400, Unit.WORKDAY))

    assert await Clock.all().count() == 0


async def test_pause_and_resume_give_the_days_back() -> None:
    owner = await started()
    async with transaction():
        await clocks.pause(owner, KIND, cause="test", on=day("2026-11-26"))
    stopped = await only(owner)
    assert (stopped.state, stopped.next_mark_on) == (State.PAUSED, None)
    assert stopped.due_on == day("2026-12-02")

    async with transaction():
        assert await clocks.resume(
            owner, KIND, on=day("2026-12-01"), days=await holidays.calendar()
        ) == day("2026-12-07")

    row = await only(owner)
    assert (row.state, row.due_on, row.next_mark_on) == (
        State.RUNNING,
        day("2026-12-07"),
        day("2026-12-04"),
    )
    assert [(each.open_of, each.to_on) for each in await ClockPause.all()] == [
        (None, day("2026-12-01"))
    ]


async def test_stopped_clock_reaches_nothing() -> None:
    owner = await started()
    async with transaction():
        await clocks.pause(owner, KIND, cause="test", on=day("2026-11-26"))

    assert await sweep.sweep(day("2027-01-05")) == 0
    assert await told() == []


async def test_several_pauses_add_up() -> None:
    owner = await started()
    for begin, end in (("2026-11-26", "2026-11-27"), ("2026-11-30", "2026-12-02")):
        async with transaction():
            await clocks.pause(owner, KIND, cause="test", on=day(begin))
        async with transaction():
            await resumed(owner, day(end))

    assert (await only(owner)).due_on == day("2026-12-07")


async def test_paused_clock_is_not_paused_again_nor_a_running_one_resumed() -> None:
    owner = await started()
    with pytest.raises(ClockNotRunning):
        async with transaction():
            await resumed(owner, STARTED)
    async with transaction():
        await clocks.pause(owner, KIND, cause="test", on=STARTED)
    with pytest.raises(ClockNotRunning) as refused:
        async with transaction():
            await clocks.pause(owner, KIND, cause="other", on=STARTED)

    assert refused.value.members == {"kind": KIND, "state": "paused"}
    assert await ClockPause.all().count() == 1


async def test_extension_lengthens_the_limit_once() -> None:
    owner = await started()
    async with transaction():
        extended = await clocks.extend(owner, KIND, by=3, most=10, on=day("2026-12-02"))
    assert extended == day("2026-12-07")

    with pytest.raises(ExtensionNotAllowed):
        async with transaction():
            await clocks.extend(owner, KIND, by=1, most=10, on=day("2026-12-02"))
    assert (await only(owner)).due_on == day("2026-12-07")


@pytest.mark.parametrize(("by", "on"), [(11, "2026-12-02"), (0, "2026-12-02"), (3, "2026-12-03")])
async def test_extension_too_long_or_too_late_is_refused(by: int, on: str) -> None:
    owner = await started()

    with pytest.raises(ExtensionNotAllowed):
        async with transaction():
            await clocks.extend(owner, KIND, by=by, most=10, on=day(on))

    assert (await only(owner)).due_on == day("2026-12-02")
    assert await told() == []


async def test_extension_and_pause_are_counted_together() -> None:
    owner = await started()
    async with transaction():
        await clocks.pause(owner, KIND, cause="test", on=day("2026-11-26"))
    async with transaction():
        await resumed(owner, day("2026-12-01"))
    async with transaction():
        assert await clocks.extend(owner, KIND, by=2, most=2, on=STARTED) == day("2026-12-09")


@pytest.mark.parametrize(
    ("on", "state", "late"),
    [
        ("2026-12-02", State.MET, 0),
        ("2026-12-03", State.MISSED, 1),
        ("2026-12-05", State.MISSED, 2),
        ("2026-12-08", State.MISSED, 4),
    ],
)
async def test_end_says_whether_it_was_in_time(on: str, state: State, late: int) -> None:
    owner = await started()
    async with transaction():
        await clocks.meet(owner, KIND, on=day(on))

    row = await only(owner)
    assert (row.state, row.met_on, row.late_days) == (state, day(on), late)
    assert (row.next_mark, row.next_mark_on) == (None, None)


async def test_end_during_a_pause_ends_the_pause() -> None:
    owner = await started()
    async with transaction():
        await clocks.pause(owner, KIND, cause="test", on=day("2026-11-26"))
    async with transaction():
        await clocks.meet(owner, KIND, on=day("2026-12-10"))

    assert (await only(owner)).state is State.MET
    assert not await ClockPause.filter(open_of__isnull=False).exists()


async def test_what_is_void_reaches_nothing() -> None:
    owner = await started()
    async with transaction():
        await clocks.void(owner, KIND, on=day("2026-11-26"))
        await clocks.meet(owner, KIND, on=day("2026-11-27"))

    assert (await only(owner)).state is State.VOID
    assert await sweep.sweep(day("2026-12-24")) == 0


async def test_marks_are_told_on_their_days() -> None:
    owner = await started()

    for at in ("2026-11-30", "2026-12-01", "2026-12-02", "2026-12-03", "2026-12-04"):
        await sweep.sweep(day(at))
        await sweep.sweep(day(at))

    in_order = [
        ("warn", "2026-12-02", "2026-12-01"),
        ("due", "2026-12-02", "2026-12-02"),
        ("lapse", "2026-12-02", "2026-12-03"),
    ]
    assert await told(owner) == in_order
    assert await marks(owner) == in_order


async def test_act_before_a_sweep_that_slept_loses_no_mark() -> None:
    owner = await started()
    async with transaction():
        await clocks.meet(owner, KIND, on=day("2026-12-04"))

    assert [mark for mark, *_ in await told(owner)] == ["warn", "due", "lapse"]


async def test_what_is_done_on_its_last_day_reaches_no_last_day() -> None:
    owner = await started()
    async with transaction():
        await clocks.meet(owner, KIND, on=day("2026-12-02"))

    assert [mark for mark, *_ in await told(owner)] == ["warn"]


async def test_marks_of_another_due_date_are_told_again_and_those_of_the_same_are_not() -> None:
    owner = await started()
    await sweep.sweep(day("2026-12-01"))
    async with transaction():
        await clocks.pause(owner, KIND, cause="test", on=day("2026-12-01"))
    async with transaction():
        await resumed(owner, day("2026-12-01"))
    assert (await only(owner)).next_mark == "due"

    async with transaction():
        await clocks.extend(owner, KIND, by=2, most=5, on=day("2026-12-01"))
    await sweep.sweep(day("2026-12-31"))

    assert await told(owner) == [
        ("warn", "2026-12-02", "2026-12-01"),
        ("warn", "2026-12-04", "2026-12-03"),
        ("due", "2026-12-04", "2026-12-04"),
        ("lapse", "2026-12-04", "2026-12-05"),
    ]


async def test_act_that_is_undone_leaves_clock_and_marks_as_they_were() -> None:
    owner = await started()
    before = await only(owner)

    with pytest.raises(RuntimeError):
        async with transaction():
            await clocks.meet(owner, KIND, on=day("2026-12-04"))
            raise RuntimeError

    assert (await only(owner)).fence == before.fence
    assert (await told(), await marks(owner)) == ([], [])


def without(year: int, *gone: str) -> Year:
    shipped = next(each for each in read_holidays() if each.year == year)
    worked = tuple(each for each in shipped.days_worked if str(each) not in gone)
    return msgspec.structs.replace(shipped, days_worked=worked)


async def test_withdrawn_make_up_day_moves_each_running_clock_once() -> None:
    across = [await started(on=day("2026-09-30")) for _ in range(3)]
    stopped = await started(on=day("2026-09-30"))
    before = await started(on=day("2026-09-01"))
    named = await started(limit=Limit.until(day("2026-10-12")), on=day("2026-09-30"))
    ended = await started(on=day("2026-09-30"))
    async with transaction():
        await clocks.meet(ended, KIND, on=day("2026-09-30"))
        await clocks.pause(stopped, KIND, cause="test", on=day("2026-09-30"))
    assert {(await only(each)).due_on for each in across} == {day("2026-10-13")}

    await holidays.load([without(2026, "2026-10-10")])
    moved = [await counting.count_all() for _ in range(3)]

    assert moved == [4, 0, 0]
    for owner in (*across, stopped):
        assert (await only(owner)).due_on == day("2026-10-14")
    for owner, due_on in ((before, "2026-09-08"), (named, "2026-10-12"), (ended, "2026-10-13")):
        assert (await only(owner)).due_on == day(due_on)
    events = await OutboxMessage.filter(name__in=("ClockMoved", "CalendarChanged"))
    assert sorted(event.name for event in events) == ["CalendarChanged", *["ClockMoved"] * 4]
    assert (await only(stopped)).state is State.PAUSED


async def test_clock_started_by_the_calendar_of_before_is_found_behind() -> None:
    owner = await started(on=day("2026-09-30"))
    await holidays.load([without(2026, "2026-10-10")])
    stale = await started(on=day("2026-09-30"))
    await Clock.filter(owner_id=stale.id).update(calendar=2, due_on=day("2026-10-13"))

    assert await counting.count_all() == 2
    assert {(await only(each)).due_on for each in (owner, stale)} == {day("2026-10-14")}


async def test_clock_that_moves_reaches_the_marks_of_its_new_date() -> None:
    owner = await started(on=day("2026-09-30"))
    await sweep.sweep(day("2026-10-12"))
    await holidays.load([without(2026, "2026-10-10")])
    await counting.count_all()
    await sweep.sweep(day("2026-10-13"))

    assert await told(owner) == [
        ("warn", "2026-10-13", "2026-10-12"),
        ("warn", "2026-10-14", "2026-10-13"),
    ]


async def test_several_workers_count_each_clock_once() -> None:
    for _ in range(20):
        await started(on=day("2026-09-30"))
    await holidays.load([without(2026, "2026-10-10")])

    moved = await asyncio.gather(*(counting.count_all() for _ in range(4)))

    assert sum(moved) == 20
    assert await OutboxMessage.filter(name="ClockMoved").count() == 20
    assert set(await Clock.all().values_list("fence", flat=True)) == {1}


async def test_clock_that_cannot_be_counted_stops_no_other(frozen_clock: FrozenClock) -> None:
    broken, sound = [await started(on=day("2026-09-30")) for _ in range(2)]
    await Clock.filter(owner_id=broken.id).update(started_on=day("2031-01-06"))
    await holidays.load([without(2026, "2026-10-10")])

    assert await counting.count_all() == 1
    assert (await only(sound)).due_on == day("2026-10-14")
    assert [job.kind for job in await Job.all()] == [counting.COUNT]

    await Clock.filter(owner_id=broken.id).update(started_on=day("2026-09-30"))
    frozen_clock.advance(minutes=1)
    assert await jobs.workers({counting.COUNT: lambda ref: counting.count_one(int(ref))}).drain()
    assert (await only(broken)).due_on == day("2026-10-14")


async def test_loaded_year_reaches_the_clocks_by_relay_and_job(resources: Resources) -> None:
    owner = await started(on=day("2026-09-30"))
    await holidays.load([without(2026, "2026-10-10")])

    await outbox.drain(flows.reactor(resources))
    await jobs.workers(timers.job_acts(resources)).drain()

    assert (await only(owner)).due_on == day("2026-10-14")
