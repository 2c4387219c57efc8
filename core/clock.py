"""The one clock. Acts ask it; pure code takes the time as the parameter `at`."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


def _system() -> datetime:
    return datetime.now(UTC)


def _system_steady() -> float:
    """Seconds that only go forward, also while the machine sleeps where the system can tell."""
    kind = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if kind is None else time.clock_gettime(kind)


_source: Callable[[], datetime] = _system
_steady: Callable[[], float] = _system_steady


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return _source()


def today() -> date:
    """The present day where the offices are."""
    return local(now()).date()


def local(moment: datetime) -> datetime:
    """The same moment on a clock in Shanghai."""
    return moment.astimezone(SHANGHAI)


def steady() -> float:
    """Seconds since some moment, which nobody sets: for spans within one process."""
    return _steady()


def is_replaced() -> bool:
    """Whether a test has put another source of time in the place of the system's."""
    return _source is not _system


def use(
    source: Callable[[], datetime] | None, *, steady: Callable[[], float] | None = None
) -> None:
    """Replace the source of time (tests); None gives the system's clock back.

    `steady` replaces the steady seconds as well; without it they stay the system's, as they do on a
    machine whose clock is wrong.
    """
    global _source, _steady
    _source = source or _system
    _steady = steady or _system_steady
