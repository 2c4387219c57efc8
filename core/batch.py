"""Batch: look-ups that fall into one moment become one query.

A thousand sockets that come back at once after a restart would each ask for their session and for
the position of their stream. Here the first one starts a query, those that arrive while it runs
wait for the next, and each of them still sees only its own answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

LONGEST = 500
"""Keys of one query."""


class Batch(Generic[K, V]):
    """`load` takes different keys and gives a mapping; a key it leaves out gives None."""

    def __init__(
        self, load: Callable[[list[K]], Awaitable[Mapping[K, V]]], *, longest: int = LONGEST
    ) -> None:
        self._load = load
        self._longest = longest
        self._waiting: dict[K, asyncio.Future[V | None]] = {}
        self._task: asyncio.Task[None] | None = None

    async def get(self, key: K) -> V | None:
        """The value of `key` as of now or later; raises what the query raised."""
        waiting = self._waiting.get(key)
        if waiting is None:
            waiting = self._waiting[key] = asyncio.get_running_loop().create_future()
            if self._task is None:
                self._task = asyncio.create_task(self._work(), name="batch")
        # One caller that gives up must not take the answer from the others.
        return await asyncio.shield(waiting)

    async def _work(self) -> None:
        try:
            while self._waiting:
                taken = dict(list(self._waiting.items())[: self._longest])
                for key in taken:
                    del self._waiting[key]
                await self._answer(taken)
        finally:
            self._task = None

    async def _answer(self, waiting: dict[K, asyncio.Future[V | None]]) -> None:
        try:
            found = await self._load(list(waiting))
        except Exception as error:  # it belongs to those who asked
            for future in waiting.values():
                future.set_exception(error)
                future.exception()  # also when nobody is left to read it
            return
        for key, future in waiting.items():
            future.set_result(found.get(key))
