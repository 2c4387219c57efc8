"""Unit: what a transaction has still to do at its end, and after it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tortoise import Model

from core.data import statements
from core.data.statements import Part

Writer = Callable[[Sequence[Any]], Awaitable[None]]
"""Writes what was collected for it in one transaction, all at once."""


@dataclass
class Unit:
    """What an outermost transaction has still to do."""

    last_writes: list[tuple[Writer, Any]] = field(default_factory=list)
    rows: list[Model] = field(default_factory=list)
    changes: list[Part] = field(default_factory=list)
    callbacks: list[Callable[[], None]] = field(default_factory=list)

    async def write(self) -> None:
        """Hand each writer its items, writers in one order, items as they came; then the rest.

        The order of the writers is that of their names backwards: the kernel's are last, because
        everybody waits for what they lock.
        """
        items: dict[Writer, list[Any]] = {}
        for writer, item in self.last_writes:
            items.setdefault(writer, []).append(item)
        names = sorted(items, key=lambda one: (one.__module__, one.__qualname__), reverse=True)
        for writer in names:
            await writer(items[writer])
        await statements.write_together(self.rows, self.changes)

    def lengths(self) -> tuple[int, ...]:
        """How much there is to do, for `forget_behind`."""
        return tuple(len(kept) for kept in self._lists())

    def forget_behind(self, lengths: Sequence[int]) -> None:
        """Forget what came after there was so much to do."""
        for kept, length in zip(self._lists(), lengths, strict=True):
            del kept[length:]

    def _lists(self) -> tuple[list[Any], ...]:
        return self.last_writes, self.rows, self.changes, self.callbacks
