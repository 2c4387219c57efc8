"""Kept counts: whatever happens to cases, at once or one after the other, they say what is true."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis
from tortoise import connections

import timers
from core import clock, database
from core.clocks import workdays
from core.errors import Problem
from resources import Resources
from services.cases import counts, moves
from services.cases.acts import apply, review
from services.cases.counts import ALWAYS, Name, Round
from services.cases.lifecycle import CaseState, Move
from services.cases.models import Case, Conversation, KeptCount
from services.cases.rules import deadlines, lights
from services.cases.rules.deadlines import Light
from services.cases.talk import conversation
from services.cases.views import lists
from services.guides.reading import read_holidays
from tests.cases.factories import CaseMaker, officer
from tests.cases.sweeping import swept
from tests.conftest import FrozenClock, on_postgres

STEPS = 120
OFFICERS = 12


async def wrong() -> dict[Any, int]:
    """Whatever the counts say that is not so, of all departments."""
    found: Counter[Any] = Counter()
    for department in await counts.departments():
        found.update(await counts.differences(department, today=clock.today()))
    return dict(found)


class Walk:
    """Acts chosen by dice on a few cases, whatever state they are in."""

    def __init__(self, cases: CaseMaker, redis: Redis, ids: list[Any], seed: int) -> None:
        self.cases, self.redis, self.ids = cases, redis, ids
        self.dice = random.Random(seed)
        self.done: Counter[str] = Counter()

    async def step(self) -> None:
        case_id = self.dice.choice(self.ids)
        by, who = self.cases.officer, self.cases.by
        acts: dict[str, Callable[[], Awaitable[Any]]] = {
            "accept": lambda: review.accept(case_id, by=by),
            "decline": lambda: review.decline_acceptance(case_id, reason="不符合", by=by),
            "approve": lambda: review.approve(case_id, opinion="", facts={}, by=by),
            "refuse": lambda: review.refuse(case_id, reason="不符合", by=by),
            "close": lambda: review.close(case_id),
            "withdraw": lambda: apply.withdraw(case_id, reason="不办了", by=who),
            "write": lambda: self._write(case_id, by=who),
            "answer": lambda: self._write(case_id, by=by),
            "read": lambda: self._read(case_id),
            "deem": swept,
            "undone": lambda: self._undone(case_id),
            "fold": lambda: counts.fold(today=clock.today()),
        }
        chosen = self.dice.choice(list(acts))
        try:
            await acts[chosen]()
            self.done[chosen] += 1
        except Problem:
            return

    async def _write(self, case_id: Any, *, by: Any) -> None:
        key = f"key-{self.dice.getrandbits(60):x}"
        await conversation.write(case_id, client_key=key, text="请问", by=by, redis=self.redis)

    async def _read(self, case_id: Any) -> None:
        found = await Conversation.get_or_none(case_id=case_id)
        if found is not None:
            up_to = self.dice.randint(1, found.length)
            await conversation.mark_read(case_id, up_to=up_to, by=self.cases.officer)

    async def _undone(self, case_id: Any) -> None:
        """An act that fails after it has changed the case leaves no trace in the counts."""
        case = await Case.get(id=case_id)
        with pytest.raises(ZeroDivisionError):
            async with database.transaction():
                try:
                    await moves.move(case, Move.WITHDRAW, at=clock.now(), ended_at=clock.now())
                finally:
                    raise ZeroDivisionError


@pytest.mark.parametrize("seed", range(3))
async def test_counts_follow_whatever_happens(
    cases: CaseMaker, redis: Redis, frozen_clock: FrozenClock, seed: int, monkeypatch: Any
) -> None:
    monkeypatch.setattr(conversation, "A_MINUTE", 10**6)
    ids = [await cases.submitted() for _ in range(4)] + [await cases.accepted() for _ in range(4)]
    walk = Walk(cases, redis, ids, seed)
    for number in range(STEPS):
        await walk.step()
        if number % 10 == 0:
            frozen_clock.advance(hours=walk.dice.randrange(60))
            assert await wrong() == {}

    assert await wrong() == {}
    assert len(walk.done) >= 8, walk.done
    flagged = set(await Case.filter(has_unread=True).values_list("id", flat=True))
    unread = Conversation.filter(office_unread__gt=0)
    assert flagged == set(await unread.values_list("case_id", flat=True))


async def test_counts_follow_many_officers_at_once(
    cases: CaseMaker, redis: Redis, monkeypatch: Any
) -> None:
    """One department, all of them on the same few numbers; on PostgreSQL truly side by side."""
    monkeypatch.setattr(conversation, "A_MINUTE", 10**6)
    ids = [await cases.submitted() for _ in range(6)] + [await cases.accepted() for _ in range(6)]
    walks = [Walk(cases, redis, ids, seed) for seed in range(OFFICERS)]

    async def work(walk: Walk) -> None:
        for _ in range(30 if on_postgres() else 8):
            await walk.step()

    checks: list[dict[Any, int]] = []

    async def watch() -> None:
        while True:
            checks.append(await wrong())
            await asyncio.sleep(0)

    watcher = asyncio.create_task(watch())
    await asyncio.gather(*(work(walk) for walk in walks))
    watcher.cancel()
    await asyncio.gather(watcher, return_exceptions=True)

    assert await wrong() == {}
    assert checks
    assert all(one == {} for one in checks), "a count is never ahead of the facts, nor behind"
    shown, unread = await lists.worklist_counts(by=cases.officer)
    for state, number in shown.items():
        assert number == await Case.filter(state=state, submitted_at__isnull=False).count(), state
    assert unread == await Conversation.filter(office_unread__gt=0).count()


async def test_drafts_count_for_nothing(cases: CaseMaker) -> None:
    draft = await cases.draft()
    await apply.withdraw(draft, reason="", by=cases.by)

    assert await KeptCount.all().count() == 0
    assert await wrong() == {}


async def test_wrong_counts_are_found_and_mended_beside_the_work(cases: CaseMaker) -> None:
    case_id = await cases.submitted()
    await cases.accepted()
    await KeptCount.filter(name="submitted").update(number=7)
    await KeptCount.filter(name=Name.YELLOW).delete()
    await KeptCount.create(department="RSJ", name="closed", day=ALWAYS, slot=3, number=2)
    await KeptCount.create(department="GONE", name="accepted", day=ALWAYS, slot=0, number=1)
    assert await wrong() != {}

    mender = Round()
    found = [await mender.step() for _ in range(2)]
    await review.accept(case_id, by=cases.officer)

    assert all(found)
    assert await wrong() == {}
    assert (await lists.worklist_counts(by=cases.officer))[0]["accepted"] == 2


async def test_case_that_forgot_its_unread_message_is_mended(
    cases: CaseMaker, redis: Redis
) -> None:
    told, forgotten = await cases.submitted(), await cases.submitted()
    await conversation.write(told, client_key="key-00000001", text="请问", by=cases.by, redis=redis)
    await Case.filter(id=told).update(has_unread=False)
    await Case.filter(id=forgotten).update(has_unread=True)

    mended = [await counts.mend_flags() for _ in range(2)]

    assert mended == [2, 0]
    assert [one.id for one in await lists.list_worklist(by=cases.officer, unread=True)] == [told]
    await counts.mend("RSJ", today=clock.today())
    assert (await lists.worklist_counts(by=cases.officer))[1] == 1
    assert await wrong() == {}


async def test_lateness_moves_with_the_calendar_alone(
    cases: CaseMaker, frozen_clock: FrozenClock
) -> None:
    for _ in range(3):
        await cases.submitted()
    late = await cases.accepted()
    written = await KeptCount.all().count()
    supervisor = officer("RSJ", "supervisor")

    seen = []
    for _ in range(40):
        totals = (await lists.get_overview(by=supervisor)).totals
        shown = [one.light for one in await lists.list_worklist(by=cases.officer)]
        assert (totals.yellow, totals.red) == (shown.count("yellow"), shown.count("red"))
        seen.append((totals.yellow, totals.red))
        frozen_clock.advance(days=1)

    assert await KeptCount.all().count() == written, "nothing had to be written at midnight"
    assert seen[0] == (0, 0)
    assert seen[-1] == (3, 1)
    await counts.fold(today=clock.today())
    await review.refuse(late, reason="不符合", by=cases.officer)
    assert (await lists.get_overview(by=supervisor)).totals.red == 0
    assert await wrong() == {}


async def test_closed_today_is_of_today(cases: CaseMaker, frozen_clock: FrozenClock) -> None:
    for _ in range(2):
        done = await cases.accepted()
        await review.approve(done, opinion="", facts={}, by=cases.officer)
        await review.close(done)
    supervisor = officer(None, "supervisor")

    today = (await lists.get_overview(by=supervisor)).totals.closed_today
    frozen_clock.advance(days=1)
    tomorrow = (await lists.get_overview(by=supervisor)).totals.closed_today
    frozen_clock.advance(days=1)
    folded = await counts.fold(today=clock.today())

    assert (today, tomorrow) == (2, 0)
    assert folded >= 1
    assert not await KeptCount.filter(name=Name.CLOSED).exists()
    assert await wrong() == {}


async def test_cases_of_before_the_lights_were_written_are_filled_in_steps(
    cases: CaseMaker, frozen_clock: FrozenClock
) -> None:
    ids = [await cases.submitted() for _ in range(3)] + [await cases.accepted() for _ in range(3)]
    before = {row.id: (row.yellow_on, row.red_on) for row in await Case.filter(id__in=ids)}
    await Case.all().update(yellow_on=None, red_on=None)
    await KeptCount.filter(name__in=[Name.YELLOW, Name.RED]).delete()
    old = await Case.get(id=ids[0])

    steps = [await counts.fill_turns(limit=1) for _ in range(3)]

    assert steps == [3, 3, 0]
    assert {r.id: (r.yellow_on, r.red_on) for r in await Case.filter(id__in=ids)} == before
    assert await wrong() == {}
    with pytest.raises(Problem):  # it was read before its light was written: read it again
        async with database.transaction():
            await moves.move(old, Move.WITHDRAW, at=clock.now())


DAYS = workdays.build(read_holidays())
FIRST, LAST = date(min(DAYS.years), 1, 1), date(max(DAYS.years), 12, 31)
SPANS = st.integers(0, (LAST - FIRST).days - 120).flatmap(
    lambda start: st.tuples(st.just(FIRST + timedelta(days=start)), st.integers(0, 110))
)


@given(span=SPANS, accepted=st.booleans(), known=st.booleans(), later=st.integers(0, 119))
def test_days_of_turning_say_what_the_light_says(
    span: tuple[date, int], accepted: bool, known: bool, later: int
) -> None:
    started, length = span
    due, day = started + timedelta(days=length), started + timedelta(days=later)
    values = {
        "state": CaseState.ACCEPTED if accepted else CaseState.SUBMITTED,
        "due_on": due if accepted else None,
        "acceptance_due_on": None if accepted else due,
        "accepted_on": started if known else None,
        "received_on": started if known else None,
    }
    said = deadlines.light(
        at=day,
        due=values["due_on"],
        step_due=values["acceptance_due_on"],
        started_on=started if known else None,
        days=DAYS,
    )

    assert lights.light_on(day, lights.turns_of(values, days=DAYS)) is said


def test_no_light_turns_while_no_clock_runs() -> None:
    for state in CaseState:
        values = dict.fromkeys(lights.LIT_BY, date(2026, 11, 30)) | {"state": state}
        turns = lights.turns_of(values, days=DAYS)
        running = state in (CaseState.SUBMITTED, CaseState.ACCEPTED)
        assert (turns.yellow_on is not None) is running
        assert running or lights.light_on(date(2030, 1, 1), turns) is Light.GREY


async def test_counts_are_read_from_rows_that_do_not_grow_with_the_cases(
    cases: CaseMaker,
) -> None:
    for _ in range(5):
        await cases.submitted()
    await connections.get("default").execute_script("UPDATE cases_case SET form = 'unreadable'")

    assert (await lists.worklist_counts(by=cases.officer))[0]["submitted"] == 5
    assert await KeptCount.all().count() <= counts.SLOTS * 2


async def test_counts_are_compared_at_night_and_not_while_people_work(
    cases: CaseMaker, frozen_clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timers, "COUNTS", Round())
    await cases.submitted()
    await KeptCount.filter(name=CaseState.SUBMITTED).update(number=7)
    noon = clock.local(clock.now()).replace(hour=12)
    for when, right in ((noon, False), (noon.replace(hour=2), True)):
        frozen_clock.set(when)
        await timers.keep_counts(cast(Resources, None))
        assert (await wrong() == {}) is right
