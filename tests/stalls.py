"""Shows what a test waits for, shortly before its time limit fails it.

The limit itself (`timeout` in pyproject.toml) is pytest-timeout's. Its list of threads says of an
event loop only that it waits; which task waits where is what one needs to know.
"""

from __future__ import annotations

import asyncio
import faulthandler
import gc
import os
import sys
import threading
from collections.abc import Iterator
from typing import TextIO

import pytest

BEFORE_LIMIT = 0.8
"""The list is written when this share of the limit has gone by."""

OUT = pytest.StashKey[TextIO]()


def pytest_configure(config: pytest.Config) -> None:
    # The error stream as it was before output was captured: a stalled test never shows its own.
    config.stash[OUT] = os.fdopen(os.dup(sys.__stderr__.fileno() if sys.__stderr__ else 2), "w")


def pytest_unconfigure(config: pytest.Config) -> None:
    config.stash[OUT].close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    limit = float(item.config.getini("timeout") or 0)
    timer = threading.Timer(
        limit * BEFORE_LIMIT, _write_what_waits, (item.nodeid, item.config.stash[OUT])
    )
    timer.daemon = True
    if limit:
        timer.start()
    try:
        return (yield)
    finally:
        timer.cancel()


def _write_what_waits(test: str, out: TextIO) -> None:
    print(f"\n=== {test} stands still ===", file=out)
    for loop in [one for one in gc.get_objects() if isinstance(one, asyncio.AbstractEventLoop)]:
        for task in asyncio.all_tasks(loop):
            task.print_stack(file=out)
    out.flush()
    faulthandler.dump_traceback(file=out)
