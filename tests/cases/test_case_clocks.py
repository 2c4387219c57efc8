"""A case's dates are those of its clocks, whatever happens, and whatever calendar comes."""

import asyncio
import random
import re
import shutil
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from core import clock
from core.clocks import clocks, counting, holidays, sweep
from core.clocks.clocks import Owner
from core.clocks.rows import Clock, ClockMark, ClockPause, State
from core.errors import Problem
from core.protection.audit import AuditRecord
from services.cases import case_clocks, counts
from services.cases.acts import apply, redate, review, supplement
from services.cases.case_clocks import ACCEPTANCE, ANSWER, CASE, NOTICE, PROMISE, STATUTE
from services.cases.lifecycle import CaseState
from services.cases.models import Case, Supplement, TimelineEntry
from services.cases.rules import lights
from services.guides import catalogue, reading
from services.guides.reading import read_holidays
from tests.cases.factories import PHOTO, CaseMaker
from tests.cases.sweeping import swept
from tests.conftest import FrozenClock

STEPS = 60

RUNNING = {
    CaseState.SUBMITTED: {(CASE, ACCEPTANCE, "running")},
    CaseState.ACCEPTED: {(CASE, PROMISE, "running"), (CASE, STATUTE, "running")},
}


async def open_clocks(case_id: UUID) -> set[tuple[str, str, str]]:
    rows = await clocks.list_of(Owner(CASE, case_id))
    notice = await Supplement.get_or_none(case_id=case_id)
    if notice is not None:
        rows += await clocks.list_of(Owner(NOTICE, notice.id))
    return {
        (row.owner_kind, row.kind, str(row.state))
        for row in rows
        if row.state in (State.RUNNING, State.PAUSED)
    }


async def agree(case_id: UUID) -> None:
    """The case says what its clocks say, and those run that somebody owes something by."""
    case = await Case.get(id=case_id)
    wanted = RUNNING.get(case.state, set())
    if case.state is CaseState.SUPPLEMENT_REQUESTED:
        wanted = {(NOTICE, ANSWER, "running")}
        if case.state_before_supplement is CaseState.ACCEPTED:
            wanted |= {(CASE, kind, str(how)) for kind, how in stopped().items()}
    assert await open_clocks(case_id) == wanted, case.state
    for name, day in (await case_clocks.due_dates(case)).items():
        assert getattr(case, name) == day, (case.state, name)
    turns = lights.turns_of(
        {name: getattr(case, name) for name in lights.LIT_BY}, days=await holidays.calendar()
    )
    assert (case.yellow_on, case.red_on) == (turns.yellow_on, turns.red_on)


def stopped() -> dict[str, State]:
    """How the clocks of the decision stand while the applicant owes an answer."""
    return {PROMISE: State.PAUSED, STATUTE: State.RUNNING}


async def asked(cases: CaseMaker, case_id: UUID) -> UUID:
    return await supplement.request(
        case_id,
        items=[supplement.Missing(PHOTO, "看不清")],
        note="",
        due_on=None,
        by=cases.officer,
    )


class Walk:
    """Acts chosen by dice on a few cases, whatever state they are in, while days go by."""

    def __init__(self, cases: CaseMaker, ids: list[UUID], seed: int) -> None:
        self.cases, self.ids = cases, ids
        self.dice = random.Random(seed)
        self.done: Counter[str] = Counter()

    async def step(self) -> UUID:
        case_id = self.dice.choice(self.ids)
        by, who = self.cases.officer, self.cases.by
        acts: dict[str, Callable[[], Awaitable[Any]]] = {
            "accept": lambda: review.accept(case_id, by=by),
            "decline": lambda: review.decline_acceptance(case_id, reason="不符合", by=by),
            "approve": lambda: review.approve(case_id, opinion="", facts={}, by=by),
            "refuse": lambda: review.refuse(case_id, reason="不符合", by=by),
            "ask": lambda: asked(self.cases, case_id),
            "answer": lambda: self._answer(case_id),
            "withdraw": lambda: apply.withdraw(case_id, reason="不办了", by=who),
            "sweep": swept,
        }
        likely = ["accept", "ask", "answer", "sweep"] * 3
        chosen = self.dice.choice([*acts, *likely])
        try:
            await acts[chosen]()
            self.done[chosen] += 1
        except Problem:
            self.done["refused"] += 1
        return case_id

    async def _answer(self, case_id: UUID) -> None:
        await self.cases.attach(case_id)
        notice = await Supplement.get_or_none(case_id=case_id)
        await supplement.answer(
            case_id,
            notice.id if notice else case_id,
            note="",
            by=self.cases.by,
            blobs=self.cases.blobs,
        )


@pytest.mark.parametrize("seed", range(3))
async def test_case_says_what_its_clocks_say_whatever_happens(
    cases: CaseMaker, frozen_clock: FrozenClock, seed: int
) -> None:
    ids = [await cases.submitted() for _ in range(5)] + [await cases.accepted() for _ in range(5)]
    walk = Walk(cases, ids, seed)
    for _ in range(STEPS):
        await agree(await walk.step())
        frozen_clock.advance(hours=walk.dice.randrange(14))
    await swept()

    for case_id in ids:
        await agree(case_id)
    assert len(walk.done) >= 7, walk.done


async def test_clock_of_acceptance_begins_anew_with_complete_materials(
    cases: CaseMaker, frozen_clock: FrozenClock
) -> None:
    case_id = await cases.submitted()
    notice = await asked(cases, case_id)
    frozen_clock.set(datetime(2026, 12, 1, 2, tzinfo=UTC))
    await cases.attach(case_id)
    await supplement.answer(case_id, notice, note="", by=cases.by, blobs=cases.blobs)

    found = await Clock.filter(owner_id=case_id, kind=ACCEPTANCE).order_by("n")
    assert [(row.n, row.state, str(row.due_on)) for row in found] == [
        (1, State.MET, "2026-12-02"),
        (2, State.RUNNING, "2026-12-08"),
    ]
    (answered,) = await clocks.list_of(Owner(NOTICE, notice))
    assert (answered.state, answered.met_on) == (State.MET, date(2026, 12, 1))


async def test_late_decision_is_written_down_with_its_days(
    cases: CaseMaker, frozen_clock: FrozenClock
) -> None:
    case_id = await cases.accepted()
    frozen_clock.set(datetime(2026, 12, 14, 2, tzinfo=UTC))  # the promise was 2026-12-09
    await review.approve(case_id, opinion="", facts={}, by=cases.officer)

    promise = await Clock.get(owner_id=case_id, kind=PROMISE)
    statute = await Clock.get(owner_id=case_id, kind=STATUTE)
    assert (promise.state, promise.late_days) == (State.MISSED, 3)
    assert (statute.state, statute.late_days) == (State.MET, 0)


async def test_six_who_accept_at_once_start_one_pair_of_clocks(cases: CaseMaker) -> None:
    case_id = await cases.submitted()

    results = await asyncio.gather(
        *(review.accept(case_id, by=cases.officer) for _ in range(6)), return_exceptions=True
    )

    assert results.count(None) == 1
    assert all(isinstance(each, Problem) for each in results if each is not None)
    await agree(case_id)


def without_the_tenth_of_october() -> Any:
    year = next(each for each in read_holidays() if each.year == 2026)
    worked = tuple(day for day in year.days_worked if day != date(2026, 10, 10))
    return msgspec.structs.replace(year, days_worked=worked)


@pytest.fixture
def before_the_holidays(frozen_clock: FrozenClock) -> FrozenClock:
    frozen_clock.set(datetime(2026, 9, 30, 2, tzinfo=UTC))
    return frozen_clock


async def test_withdrawn_make_up_day_moves_the_dates_of_a_case_once(
    cases: CaseMaker, before_the_holidays: FrozenClock
) -> None:
    waiting, running = await cases.submitted(), await cases.accepted()
    ended = await cases.accepted()
    await review.refuse(ended, reason="不符合", by=cases.officer)
    before = {each: await Case.get(id=each) for each in (waiting, running, ended)}
    assert str(before[waiting].acceptance_due_on) == "2026-10-13"

    await holidays.load([without_the_tenth_of_october()])
    assert await counting.count_all() == 3
    await swept()
    await swept()

    case = await Case.get(id=waiting)
    assert str(case.acceptance_due_on) == "2026-10-14"
    for each in (waiting, running):
        await agree(each)
        moved = await TimelineEntry.filter(case_id=each, kind="deadline-moved")
        assert len(moved) == 1
    assert "由 2026-10-13 变为 2026-10-14" in str(
        (await TimelineEntry.get(case_id=waiting, kind="deadline-moved")).text
    )
    now = await Case.get(id=ended)
    assert (now.due_on, now.revision) == (before[ended].due_on, before[ended].revision)
    assert await counts.differences("RSJ", today=clock.today()) == {}
    assert await AuditRecord.filter(action="case.redate").count() == 2


async def test_dates_that_stand_already_are_left_alone(
    cases: CaseMaker, before_the_holidays: FrozenClock
) -> None:
    case_id = await cases.accepted()
    before = await Case.get(id=case_id)

    await redate.follow(case_id)
    await redate.follow(UUID(int=7))

    assert (await Case.get(id=case_id)).revision == before.revision
    assert not await TimelineEntry.filter(case_id=case_id, kind="deadline-moved").exists()


async def test_day_that_a_notice_names_stays_whatever_calendar_comes(
    cases: CaseMaker, before_the_holidays: FrozenClock
) -> None:
    case_id = await cases.submitted()
    notice = await asked(cases, case_id)
    (answer,) = await clocks.list_of(Owner(NOTICE, notice))

    await holidays.load([without_the_tenth_of_october()])
    await counting.count_all()

    (counted,) = await clocks.list_of(Owner(NOTICE, notice))
    assert counted.due_on == answer.due_on == (await Supplement.get(id=notice)).due_on


async def test_calendar_that_changes_while_the_clock_stands_is_counted_when_it_goes_on(
    cases: CaseMaker, before_the_holidays: FrozenClock
) -> None:
    case_id = await cases.accepted()
    due_on = (await Case.get(id=case_id)).due_on
    notice = await asked(cases, case_id)
    await holidays.load([without_the_tenth_of_october()])
    await counting.count_all()
    await swept()
    await cases.attach(case_id)
    await supplement.answer(case_id, notice, note="", by=cases.by, blobs=cases.blobs)

    days = await holidays.calendar()
    case = await Case.get(id=case_id)
    assert due_on is not None
    assert case.due_on == days.add_working_days(due_on, 1)
    await agree(case_id)
    assert not await ClockPause.filter(open_of__isnull=False).exists()


async def answered_after(
    cases: CaseMaker, frozen_clock: FrozenClock, case_id: UUID, day: int
) -> Case:
    """Asked for a supplement on 2026-11-26, answered on that day of December."""
    frozen_clock.set(datetime(2026, 11, 26, 2, tzinfo=UTC))
    notice = await supplement.request(
        case_id,
        items=[supplement.Missing(PHOTO, "看不清")],
        note="",
        due_on=date(2026, 12, 31),
        by=cases.officer,
    )
    frozen_clock.set(datetime(2026, 12, day, 2, tzinfo=UTC))
    await cases.attach(case_id)
    await supplement.answer(case_id, notice, note="", by=cases.by, blobs=cases.blobs)
    return await Case.get(id=case_id)


async def test_notice_after_acceptance_stops_the_promise_and_not_the_law(
    cases: CaseMaker, frozen_clock: FrozenClock
) -> None:
    case_id = await cases.accepted()
    before = await Case.get(id=case_id)

    case = await answered_after(cases, frozen_clock, case_id, 1)

    assert (str(before.due_on), str(case.due_on)) == ("2026-12-09", "2026-12-14")
    assert case.statutory_due_on == before.statutory_due_on == date(2027, 1, 7)
    (pause,) = await ClockPause.all().select_related("clock")
    assert (pause.clock.kind, pause.cause) == (PROMISE, case_clocks.SUPPLEMENT)


async def test_promise_that_waited_is_never_later_than_the_law(
    cases: CaseMaker, frozen_clock: FrozenClock
) -> None:
    case_id = await cases.accepted()

    case = await answered_after(cases, frozen_clock, case_id, 30)

    promise = await Clock.get(owner_id=case_id, kind=PROMISE)
    assert promise.due_on > date(2027, 1, 7)
    assert case.due_on == case.statutory_due_on == date(2027, 1, 7)
    assert case.red_on == date(2027, 1, 8)
    await agree(case_id)


async def test_law_lapses_while_the_applicant_is_waited_for(
    cases: CaseMaker, frozen_clock: FrozenClock
) -> None:
    case_id = await cases.accepted()
    await asked(cases, case_id)
    frozen_clock.set(datetime(2026, 12, 10, 2, tzinfo=UTC))
    await swept()
    assert not await ClockMark.filter(clock__owner_id=case_id, clock__kind=PROMISE).exists()

    await sweep.sweep(date(2027, 1, 8))

    reached = await ClockMark.filter(clock__owner_id=case_id, clock__kind=STATUTE).order_by("id")
    assert [str(each.mark) for each in reached] == ["warn", "due", "lapse"]
    assert reached[-1].reached_on == date(2027, 1, 8)


async def test_item_that_names_a_ground_stops_the_law_as_well(
    cases: CaseMaker, frozen_clock: FrozenClock, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(reading.FOLDER, tmp_path / "catalogue"))
    file = folder / "items" / "RSJ.yaml"
    head, item, rest = re.split(
        r"(?=^  - code: SJ-RSJ-0[34]$)", file.read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    named = "special_procedures:\n      - kind: supplement\n        clock: stops\n        max:\n"
    named += "          value: 20\n          unit: workday\n        note: 样例"
    file.write_text(head + item.replace("special_procedures: []", named) + rest, encoding="utf-8")
    await catalogue.load(folder)
    case_id = await cases.accepted()
    before = await Case.get(id=case_id)

    case = await answered_after(cases, frozen_clock, case_id, 1)

    days = await holidays.calendar()
    assert before.statutory_due_on is not None
    assert case.statutory_due_on == days.add_working_days(before.statutory_due_on, 3)
    await agree(case_id)


def test_causes_of_the_catalogue_stop_the_law_where_their_item_says_so() -> None:
    items = {item.code: item for item in reading.read_catalogue().items}
    stopping = {
        (code, each.kind)
        for code, item in items.items()
        for each in item.special_procedures
        if case_clocks.stops_statute(item, each.kind)
    }

    assert {kind for _, kind in stopping} == {"announce", "assess", "expert", "publicity", "test"}
    assert not any(
        case_clocks.stops_statute(item, case_clocks.SUPPLEMENT) for item in items.values()
    )
