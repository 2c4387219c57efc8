"""The one clock. Acts ask it; pure code takes the time as the parameter `at`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


def _system() -> datetime:
    return datetime.now(UTC)


_source: Callable[[], datetime] = _system


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return _source()


def today() -> date:
    """The present day where the offices are."""
    return local(now()).date()


def local(moment: datetime) -> datetime:
    """The same moment on a clock in Shanghai."""
    return moment.astimezone(SHANGHAI)


def use(source: Callable[[], datetime] | None) -> None:
    """Replace the source of time (tests); None gives the system's clock back."""
    global _source
    _source = source or _system
