"""Work in children: classes that cannot crowd each other out, deadlines, bounds, turns."""

from __future__ import annotations

import asyncio
import importlib
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from core import offload
from core.offload import MOST_OF_ONE_PERSON, Busy, ChildDied, Pool, TooComplex, TooMuchAtOnce
from tests.waiting import until


def pool(**more: float) -> Pool:
    settings = {"size": 1, "nice": 0, "deadline": 60.0, "most_waiting": 4} | more
    return Pool("test", **settings)  # type: ignore[arg-type]


@pytest.fixture
def small() -> Iterator[Pool]:
    made = pool()
    yield made
    made.shut_down()


@pytest.fixture
async def held(small: Pool, tmp_path: Path) -> AsyncIterator[Pool]:
    """A pool whose only child is at work, until the test is over."""
    gate = tmp_path / "gate"
    busy = asyncio.create_task(small.run(wait_for, str(gate)))
    await until(lambda: bool(small._children) and not small._idle and not small._slots._value)
    yield small
    gate.touch()
    await busy


def wait_for(path: str, mark: str = "") -> None:
    """Make the mark, then work until there is something at the path."""
    if mark:
        Path(mark).touch()
    while not Path(path).exists():
        time.sleep(0.005)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_once(path: str) -> int:
    mark = Path(path)
    if not mark.exists():
        mark.touch()
        die()
    return 7


def refuse() -> None:
    raise TooMuchAtOnce(retry_after=3)


class Odd(Exception):
    """Cannot be made again from its pickle."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__(one)


def be_odd() -> None:
    raise Odd(1, 2)


def take(gibibytes: int) -> int:
    return len(bytearray(gibibytes * 1024**3))


async def test_result_and_error_come_back(small: Pool) -> None:
    assert await small.run(divmod, 7, 2) == (3, 1)
    with pytest.raises(TooMuchAtOnce) as caught:
        await small.run(refuse)
    assert caught.value.members == {"retry_after": 3}
    with pytest.raises(RuntimeError, match="Odd"):
        await small.run(be_odd)


async def test_one_child_answers_many_calls(small: Pool) -> None:
    assert len({await small.run(os.getpid) for _ in range(5)}) == 1


async def test_deadline_ends_the_child_and_not_the_pool(tmp_path: Path) -> None:
    made = pool(deadline=0.3)
    number = await pool_child(made)
    with pytest.raises(TooComplex):
        await made.run(wait_for, str(tmp_path / "never"))

    assert not Path(f"/proc/{number}").exists()
    made.deadline = 60.0
    assert await made.run(os.getpid) != number
    made.shut_down()


async def test_deadline_begins_when_the_child_has_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine too busy to start a child does not make a file too complex."""
    (tmp_path / "slow_to_import.py").write_text(
        "import multiprocessing, time\n"
        "if multiprocessing.parent_process():\n"
        "    time.sleep(3)\n"
        "def answer():\n"
        "    return 7\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    made = pool(deadline=2.0, strangers=True)
    assert await made.run(importlib.import_module("slow_to_import").answer) == 7
    made.shut_down()


async def test_child_that_does_not_start_is_our_trouble_and_stops_no_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(offload, "START_SECONDS", 0.001)
    made = pool(strangers=True)
    with pytest.raises(Busy):
        await made.run(os.getpid)
    made.shut_down()
    await offload.warm_up()
    offload.shut_down()


async def pool_child(made: Pool) -> int:
    made.deadline, before = 60.0, made.deadline
    number = await made.run(os.getpid)
    made.deadline = before
    return number


async def test_killed_child_costs_own_work_a_second_try_only(small: Pool, tmp_path: Path) -> None:
    assert await small.run(die_once, str(tmp_path / "died")) == 7
    with pytest.raises(ChildDied):
        await small.run(die)
    assert await small.run(os.getpid)


async def test_strangers_file_that_kills_a_child_is_not_tried_again(tmp_path: Path) -> None:
    made = pool(tries=1, strangers=True)
    with pytest.raises(TooComplex):
        await made.run(die_once, str(tmp_path / "died"))
    made.shut_down()


async def test_what_waits_is_bounded(held: Pool) -> None:
    waiting = [asyncio.create_task(held.run(os.getpid)) for _ in range(4)]
    await until(lambda: held._waiting == 4)

    with pytest.raises(Busy):
        await held.run(os.getpid)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert held._waiting == 0


async def test_caller_who_hangs_up_frees_no_child_that_works(held: Pool) -> None:
    """Else a person who hangs up again and again would have more than one place."""
    waiting = asyncio.create_task(held.run(os.getpid))
    await until(lambda: held._waiting == 1)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)

    assert held._slots._value == 0


async def test_one_person_is_served_one_at_a_time_and_refused_beyond(small: Pool) -> None:
    running = most = 0
    release = asyncio.Event()

    async def work() -> None:
        nonlocal running, most
        async with small.turn("zhang"):
            running += 1
            most = max(most, running)
            await release.wait()
            running -= 1

    tasks = [asyncio.create_task(work()) for _ in range(60)]
    await until(lambda: sum(task.done() for task in tasks) == 60 - MOST_OF_ONE_PERSON)
    async with small.turn("li"):  # another person's turn comes at once
        release.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)

    assert most == 1
    assert sum(isinstance(one, TooMuchAtOnce) for one in outcomes) == 60 - MOST_OF_ONE_PERSON
    assert small._lines == {}


async def test_uploads_never_take_the_child_of_a_desk(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    floods = [
        asyncio.create_task(offload.uploads.run(wait_for, str(gate)))
        for _ in range(offload.uploads.size + 20)
    ]
    await until(lambda: offload.uploads._waiting == 20)

    async with asyncio.timeout(60):
        assert await offload.desk.run(divmod, 7, 2) == (3, 1)
        assert await offload.run(divmod, 9, 2) == (4, 1)

    gate.touch()
    await asyncio.gather(*floods)


async def test_lower_classes_are_nice_and_bounded_in_memory() -> None:
    desk, uploads = await offload.desk.run(os.nice, 0), await offload.uploads.run(os.nice, 0)

    assert uploads == min(desk + 10, 19)  # nobody is nicer than 19, however nice this run is
    with pytest.raises(TooComplex):
        await offload.uploads.run(take, 4)


async def test_child_is_nice_before_it_has_imported_anything() -> None:
    """Starting takes a fifth of a second of a core, which somebody at a desk would miss."""
    made = pool(nice=7)
    asked = asyncio.create_task(made.run(os.getpid))
    await until(lambda: bool(made._children), pause=0)  # a thread starts it
    (child,) = made._children
    assert child._process.pid is not None

    nice = os.getpriority(os.PRIO_PROCESS, child._process.pid)

    assert not asked.done()
    assert nice == min(os.getpriority(os.PRIO_PROCESS, 0) + 7, 19)
    assert await asked == child._process.pid
    made.shut_down()


async def test_arguments_are_pickled_when_a_child_is_free(held: Pool) -> None:
    pickled = False

    class Large:
        def __reduce__(self) -> tuple[type[int], tuple[()]]:
            nonlocal pickled
            pickled = True
            return int, ()

    waiting = asyncio.create_task(held.run(id, Large()))
    await until(lambda: held._waiting == 1)

    assert not pickled
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)


async def test_shut_down_ends_children_that_work(tmp_path: Path) -> None:
    made = pool()
    number = await made.run(os.getpid)
    mark = tmp_path / "begun"
    running = asyncio.create_task(made.run(wait_for, str(tmp_path / "never"), str(mark)))
    await until(mark.exists)

    await asyncio.to_thread(made.shut_down)

    with pytest.raises(ChildDied):
        await running
    assert not Path(f"/proc/{number}").exists()


async def test_child_that_is_still_starting_does_not_hear_ctrl_c(small: Pool) -> None:
    asked = asyncio.create_task(small.run(os.getpid))
    await until(lambda: bool(small._children), pause=0)  # a thread starts it
    (child,) = small._children
    number = child._process.pid
    assert number is not None
    os.kill(number, signal.SIGINT)  # as the terminal sends it to the whole group

    assert await asked == number


async def test_shut_down_ends_a_child_that_is_still_starting(tmp_path: Path) -> None:
    starting = pool(deadline=5.0)
    asked = asyncio.create_task(starting.run(wait_for, str(tmp_path / "never")))
    await until(lambda: starting._threads is not None, pause=0)
    assert not starting._children

    starting.shut_down()

    with pytest.raises(ChildDied):
        await asked
