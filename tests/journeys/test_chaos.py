"""The short form of `python -m bench.chaos`: everything dies in turn, nothing is lost or doubled.

It runs as the command does, in a process of its own: it opens a database of its own.
"""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIMIT_SECONDS = 240


def trial(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "bench.chaos", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    return done.stdout


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
