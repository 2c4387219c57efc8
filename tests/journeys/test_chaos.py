"""The short form of `python -m bench.chaos`: everything dies in turn, nothing is lost or doubled.

It runs as the command does, in a process of its own: it opens a database of its own.
"""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIMIT_SECONDS = 240


def trial(*arguments: str) -> str:
    with subprocess.Popen(
        [sys.executable, "-X", "faulthandler", "-m", "bench.chaos", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            told, complaints = process.communicate(timeout=LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGABRT)  # its threads are written out
            told, complaints = process.communicate()
    assert process.returncode == 0, told + complaints[-6000:]
    return told


@pytest.mark.slow
def test_everything_dies_in_turn_and_every_event_is_shown_once() -> None:
    told = trial("--seconds", "12", "--clients", "20")

    assert "missing 0, shown twice 0, gaps 0, reloads 0" in told
    assert "valkey 2×" in told
    assert "postgres 2×" in told


@pytest.mark.slow
def test_all_come_back_at_once_after_a_restart_without_gap_or_double() -> None:
    told = trial("--storm", "200")

    assert told.startswith("600 events to 200 clients, 400 connections")
    assert "missing 0, shown twice 0, gaps 0, reloads 0" in told
