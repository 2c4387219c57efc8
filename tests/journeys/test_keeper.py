"""Who keeps the workers up: the dead are replaced, and what cannot be kept up ends with a code."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.valkey.embedded import free_port
from tools.workers import BLIND_SECONDS, EX_SOFTWARE, Patience

ROOT = Path(__file__).resolve().parents[2]
WORKERS = 3
LONG = 60.0


class Kept:
    """A keeper in a process of its own."""

    def __init__(self, kind: str) -> None:
        self.port = free_port()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.journeys.kept", str(self.port), str(WORKERS), kind],
            cwd=ROOT,
            stderr=subprocess.DEVNULL,
        )

    def ask(self) -> int | None:
        """The number of the worker that answers; None when nobody listens."""
        with (
            contextlib.suppress(OSError, ValueError),
            socket.create_connection(("127.0.0.1", self.port), 5) as link,
        ):
            return int(link.recv(32))
        return None

    def answering(self, count: int = WORKERS, *, but: frozenset[int] = frozenset()) -> set[int]:
        """Wait until `count` workers answer that are none of `but`; their numbers."""
        end, found = time.monotonic() + LONG, set[int]()
        while time.monotonic() < end and len(found) < count:
            if (number := self.ask()) is not None and number not in but:
                found.add(number)
        assert len(found) >= count, "too few workers answer"
        return found

    def code(self) -> int:
        return self.process.wait(LONG)


@contextmanager
def kept(kind: str) -> Iterator[Kept]:
    running = Kept(kind)
    try:
        yield running
    finally:
        with contextlib.suppress(ProcessLookupError):
            running.process.kill()
        running.process.wait()


def is_gone(number: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(number, 0)
        return "State:\tZ" in Path(f"/proc/{number}/status").read_text()
    return True


def gone(numbers: set[int]) -> bool:
    end = time.monotonic() + LONG
    while time.monotonic() < end:
        if all(is_gone(number) for number in numbers):
            return True
        time.sleep(0.05)
    return False


def test_each_killed_worker_is_replaced_and_answers_go_on() -> None:
    with kept("answer") as running:
        first = running.answering()
        for number in first:
            os.kill(number, signal.SIGKILL)
            # The one call that the dead one had taken is lost with it.
            assert running.answering(1)
        second = running.answering(but=frozenset(first))

        assert first.isdisjoint(second)
        assert running.process.poll() is None


def test_all_killed_at_once_are_replaced_or_the_program_ends() -> None:
    with kept("answer") as running:
        first = running.answering()
        for number in first:
            os.kill(number, signal.SIGKILL)
        end = time.monotonic() + BLIND_SECONDS + 1
        while time.monotonic() < end and running.process.poll() is None:
            if (number := running.ask()) is not None and number not in first:
                return

        assert running.process.poll() == EX_SOFTWARE


def test_workers_that_cannot_start_end_the_program() -> None:
    with kept("fail") as running:
        assert running.code() == EX_SOFTWARE


def test_workers_that_end_again_and_again_end_the_program() -> None:
    with kept("flash") as running:
        assert running.code() == EX_SOFTWARE


def test_worker_that_stands_still_is_replaced() -> None:
    with kept("freeze") as running:
        assert running.answering()
        assert running.process.poll() is None


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_all_end_and_the_code_is_nought(how: signal.Signals) -> None:
    with kept("answer") as running:
        numbers = running.answering()
        running.process.send_signal(how)

        assert running.code() == 0
        assert gone(numbers)


def test_workers_do_not_outlive_a_killed_keeper() -> None:
    with kept("answer") as running:
        numbers = running.answering()
        running.process.kill()

        assert gone(numbers)


def test_pauses_grow_and_come_to_an_end() -> None:
    patience = Patience.of(WORKERS)

    pauses = [patience.pause(deaths) for deaths in range(1, patience.most + 2)]

    assert pauses[: patience.free] == [0.0] * patience.free
    growing = pauses[patience.free : -1]
    assert growing == sorted(growing, key=lambda pause: pause or 0.0)
    assert pauses[-1] is None
