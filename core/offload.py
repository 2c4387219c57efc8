"""CPU work off the event loop, in a small pool of processes.

Sealing, verifying documents, drawing and decoding pictures take milliseconds to seconds; on the
loop they would stop everybody. Functions handed over must be module-level, arguments picklable.
"""

from __future__ import annotations

import asyncio
import functools
import multiprocessing
import os
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_pool: ProcessPoolExecutor | None = None


def _ready() -> None:
    """Runs in the child: Ctrl-C is the parent's business, the child ends with its pool."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _make_pool() -> ProcessPoolExecutor:
    # A web worker among several is a daemon of the process that started it, and daemons may have
    # no children. Ours end with their pool, or when the pipe of a killed worker breaks.
    multiprocessing.current_process().daemon = False
    return ProcessPoolExecutor(
        max_workers=max(1, min(4, os.cpu_count() or 1)),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_ready,
    )


async def run(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """`function(*args, **kwargs)` in another process; its exception is raised here.

    A child that was killed (out of memory, a hostile file) costs the calls it held, not the pool:
    the pool is made anew and the call is tried once more.
    """
    global _pool
    call = functools.partial(function, *args, **kwargs)
    loop = asyncio.get_running_loop()
    for attempt in (1, 2):
        pool = _pool = _pool or _make_pool()
        try:
            return await loop.run_in_executor(pool, call)
        except BrokenProcessPool:
            if _pool is pool:
                _pool = None
            if attempt == 2:
                raise
    raise AssertionError("unreachable")


def shut_down() -> None:
    """End the children and wait for it; the next `run` makes new ones.

    Calls that wait are dropped, those that run are finished. Without waiting, a worker that leaves
    at once can take the children's last word with it and then waits for them for ever.
    """
    global _pool
    if _pool is not None:
        _pool.shutdown(wait=True, cancel_futures=True)
        _pool = None
