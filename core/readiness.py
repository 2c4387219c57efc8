"""Whether this server can do its work now, and what keeps it from it.

Liveness is another question: a process that answers at all is alive, and restarting it would mend
no database. What is found is kept for a moment, so that askers cost nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from core.database import DATABASE_ERRORS
from core.outbox import oldest_undone

LEAST_FREE_BYTES = 256 * 1024 * 1024
"""Below this a disk counts as full: the database wants room to write even its farewell."""

LATE_SECONDS = 300.0
"""Events older than this are late: somebody should look."""

ASKED_FOR_SECONDS = 3.0
KEPT_SECONDS = 2.0

Question = Callable[[], Awaitable[bool]]


@dataclass(frozen=True)
class State:
    """What was found. `missing` keeps this server from its work; `warnings` do not."""

    missing: tuple[str, ...]
    warnings: tuple[str, ...]
    oldest_event_seconds: float | None
    """Age of the oldest event that is not told yet; None: there is none, or nobody can tell."""

    @property
    def ready(self) -> bool:
        return not self.missing


class Readiness:
    """Asks every question at once, each within ASKED_FOR_SECONDS; one round at a time."""

    def __init__(
        self, questions: Mapping[str, Question], *, worries: Mapping[str, Question] | None = None
    ) -> None:
        self._questions = questions
        self._worries = worries or {}
        """Warning → whether there is none of it; asked when the database answers."""
        self._lock = asyncio.Lock()
        self._state: State | None = None
        self._until = 0.0

    async def state(self) -> State:
        loop = asyncio.get_running_loop()
        async with self._lock:
            if self._state is None or loop.time() >= self._until:
                self._state = await self._ask()
                self._until = loop.time() + KEPT_SECONDS
            return self._state

    async def _ask(self) -> State:
        names = list(self._questions)
        answers = await asyncio.gather(*(_within(self._questions[name]) for name in names))
        missing = tuple(name for name, yes in zip(names, answers, strict=True) if not yes)
        age = None if "database" in missing else await oldest_event_seconds()
        late = age is not None and age > LATE_SECONDS
        warnings = ["events-late"] if late else []
        if "database" not in missing:
            warnings += [name for name, fine in self._worries.items() if not await _within(fine)]
        return State(missing, tuple(warnings), age)


async def _within(question: Question) -> bool:
    with contextlib.suppress(TimeoutError, OSError):
        async with asyncio.timeout(ASKED_FOR_SECONDS):
            return await question()
    return False


async def oldest_event_seconds() -> float | None:
    """Age of the event that is due the longest; parked events have an alarm of their own."""
    with contextlib.suppress(*DATABASE_ERRORS, TimeoutError):
        async with asyncio.timeout(ASKED_FOR_SECONDS):
            return await oldest_undone()
    return None


def have_room(folders: Iterable[Path]) -> bool:
    """Whether every disk that is written to has LEAST_FREE_BYTES left."""
    with contextlib.suppress(OSError):
        return all(shutil.disk_usage(folder).free >= LEAST_FREE_BYTES for folder in folders)
    return False
