"""The sweep: a week asleep, killed again and again, beside another, past a clock that fails."""

import asyncio
import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tortoise import connections

from core import clock, database, jobs
from core.clocks import clocks, periods, sweep, workdays
from core.clocks.clocks import New, Owner
from core.clocks.periods import Limit, Unit
from core.clocks.rows import Clock, ClockMark, State
from core.database import transaction
from core.ids import new_id
from core.jobs import Job
from core.outbox import OutboxMessage
from services.guides.reading import read_holidays
from tests.conftest import ROOT, FrozenClock, on_postgres

DAYS = workdays.build(read_holidays())
STARTED = date(2026, 11, 25)
CLOCKS = 300
KILLS = 20
FORWARD = (3, 11, 19, 27, 41)
"""Statements after which a sweep is killed; a clock takes some six, so each is another step."""


async def start(number: int, *, on: date = STARTED) -> list[Owner]:
    owners = [Owner("case", new_id()) for _ in range(number)]
    for each in owners:
        async with transaction():
            new = New("promise", Limit(5, Unit.WORKDAY), on, "样例")
            await clocks.start(each, new, department="GA", days=DAYS)
    return owners


async def events() -> list[dict[str, Any]]:
    rows = await OutboxMessage.filter(name="ClockReached").order_by("id")
    return [json.loads(row.payload) for row in rows]


@pytest.mark.usefixtures("db", "frozen_clock")
async def test_after_a_week_asleep_everything_is_told_by_day() -> None:
    await start(5)
    await start(5, on=date(2026, 11, 26))

    assert await sweep.sweep(date(2026, 12, 9)) == 30

    days = [each["on"] for each in await events()]
    assert days == sorted(days)
    assert Counter(days) == {
        "2026-12-01": 5,
        "2026-12-02": 10,
        "2026-12-03": 10,
        "2026-12-04": 5,
    }
    assert await sweep.sweep(date(2026, 12, 9)) == 0


@pytest.mark.usefixtures("db", "frozen_clock")
async def test_long_sweep_goes_on_where_it_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "PAGE", 3)
    await start(10)

    told = [await sweep.sweep(date(2026, 12, 9), most=7) for _ in range(6)]

    assert sum(told) == 30
    assert all(each <= 9 for each in told)


@pytest.mark.usefixtures("db")
async def test_clock_that_fails_is_put_off_alone(frozen_clock: FrozenClock) -> None:
    owners = await start(6)
    (broken,) = await clocks.list_of(owners[2])
    await Clock.filter(id=broken.id).update(limit_unit="date", started_on=date(2031, 1, 6))

    assert await sweep.sweep(date(2026, 12, 9)) == 15
    assert [(job.kind, job.ref) for job in await Job.all()] == [(sweep.MARK, str(broken.id))]
    assert await sweep.sweep(date(2026, 12, 9)) == 0, "left to its job"

    await Clock.filter(id=broken.id).update(limit_unit="workday", started_on=STARTED)
    frozen_clock.advance(days=14)
    done = jobs.workers({sweep.MARK: lambda ref: sweep.mark_one(int(ref))})
    assert await done.drain() == 1
    assert await ClockMark.filter(clock_id=broken.id).count() == 3


@pytest.mark.usefixtures("db", "frozen_clock")
async def test_two_sweeps_at_once_tell_each_mark_once() -> None:
    await start(40)

    told = await asyncio.gather(*(sweep.sweep(date(2026, 12, 9)) for _ in range(3)))

    assert sum(told) == 120
    assert await ClockMark.all().count() == 120
    assert len({(e["owner_id"], e["mark"]) for e in await events()}) == len(await events()) == 120
    assert await Job.all().count() == 0


@pytest.mark.usefixtures("db", "frozen_clock")
async def test_sweep_beside_acts_tells_each_clock_in_order() -> None:
    owners = await start(30)
    today = date(2026, 12, 9)

    async def end(owner: Owner) -> None:
        async with transaction():
            await clocks.meet(owner, "promise", on=today)

    await asyncio.gather(sweep.sweep(today), sweep.sweep(today), *map(end, owners))

    for owner in owners:
        (row,) = await clocks.list_of(owner)
        rows = await ClockMark.filter(clock_id=row.id).order_by("id")
        assert [str(each.mark) for each in rows] == ["warn", "due", "lapse"]
        assert (row.state, row.next_mark_on) == (State.MISSED, None)


@pytest.mark.usefixtures("db", "frozen_clock")
async def test_marks_that_wait_are_found_by_an_index() -> None:
    await start(3)
    text = (
        f"SELECT id FROM core_clock WHERE next_mark_on <= '{clock.today()}'"
        " ORDER BY next_mark_on, id"
    )
    async with transaction() as connection:
        if on_postgres():
            await connection.execute_script("SET LOCAL enable_seqscan = off")
            rows = await connection.execute_query_dict(f"EXPLAIN {text}")
        else:
            rows = await connection.execute_query_dict(f"EXPLAIN QUERY PLAN {text}")

    assert "idx_clock_next" in str(rows)


class Sweeper:
    """A process that forks one for each order."""

    def __init__(self, address: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.core.sweeper", address],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def order(self, do: str, **what: Any) -> tuple[int, str]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": do, **what}) + "\n")
        self._process.stdin.flush()
        code, said = json.loads(self._process.stdout.readline())
        return code, said

    def end(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(timeout=20)


@pytest.fixture
async def address(session_settings: Any, _tables: None, tmp_path: Path) -> str:
    if not on_postgres():
        return f"sqlite://{tmp_path}/clocks.sqlite3"
    name = f"clocks_{new_id().hex[:8]}"
    await connections.get(database.CONNECTION).execute_script(f"CREATE DATABASE {name}")
    return f"{session_settings.database_url.rpartition('/')[0]}/{name}"


@pytest.fixture
def sweeper(address: str) -> Iterator[Sweeper]:
    """A database of its own with 300 running clocks."""
    made = Sweeper(address)
    code, _ = made.order("make", clocks=CLOCKS, first=str(STARTED))
    assert code == 0
    yield made
    made.end()


def test_seven_days_asleep_and_killed_twenty_times_each_mark_is_told_once(
    sweeper: Sweeper,
) -> None:
    today = "2026-12-09"
    for number in range(KILLS):
        at = FORWARD[number % len(FORWARD)] + 3 * number
        code, _ = sweeper.order("sweep", today=today, kill_at=at)
        assert code == -signal.SIGKILL, number
    code, _ = sweeper.order("sweep", today=today)
    assert code == 0

    found = json.loads(sweeper.order("tell")[1])
    wanted = set()
    of_owner = {}
    for number, (owner, started, due) in found["clocks"].items():
        days = periods.marks(date.fromisoformat(started), date.fromisoformat(due), DAYS)
        wanted |= {(int(number), str(mark), due, str(day)) for mark, day in days.items()}
        of_owner[int(number)] = owner
    marks = [tuple(each) for each in found["marks"]]
    assert len(wanted) == 3 * CLOCKS
    assert Counter(marks) == Counter(wanted)
    assert [each[3] for each in marks] == sorted(each[3] for each in marks)
    assert [tuple(each) for each in found["events"]] == [
        (of_owner[number], mark, due, day) for number, mark, due, day in marks
    ]
    assert (found["running"], found["waiting"]) == (CLOCKS, 0)
