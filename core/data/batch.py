"""Batch: look-ups that fall into one moment become one query.

A thousand sockets that come back at once after a restart would each ask for their session and for
the position of their stream. Here the first one starts a query, those that arrive while it runs
wait for the next, and each of them still sees only its own answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

LONGEST = 500
"""Keys of one query."""

CROWD = 8
GATHERING_SECONDS = 0.002
"""After a query for a crowd the next one waits this long, so that it is for a crowd as well."""


class Batch(Generic[K, V]):
    """`load` takes different keys and gives a mapping; a key it leaves out gives None."""

    def __init__(
        self, load: Callable[[list[K]], Awaitable[Mapping[K, V]]], *, longest: int = LONGEST
    ) -> None:
        self._load = load
        self._longest = longest
        self._waiting: dict[K, list[asyncio.Future[V | None]]] = {}
        self._task: asyncio.Task[None] | None = None

    async def get(self, key: K) -> V | None:
        """The value of `key` as of now or later, never earlier; raises what the query raised."""
        mine: asyncio.Future[V | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, []).append(mine)
        if self._task is None:
            self._task = asyncio.create_task(self._work(), name="batch")
        return await mine

    async def _work(self) -> None:
        try:
            while self._waiting:
                taken = dict(islice(self._waiting.items(), self._longest))
                for key in taken:
                    del self._waiting[key]
                await self._answer(taken)
                if len(taken) >= CROWD:
                    await asyncio.sleep(GATHERING_SECONDS)
        finally:
            self._task = None

    async def _answer(self, waiting: dict[K, list[asyncio.Future[V | None]]]) -> None:
        try:
            found = await self._load(list(waiting))
        except Exception as error:  # it belongs to those who asked
            for future in _still_wanted(waiting.values()):
                future.set_exception(error)
            return
        for key, futures in waiting.items():
            for future in _still_wanted((futures,)):
                future.set_result(found.get(key))


def _still_wanted(
    groups: Iterable[list[asyncio.Future[V]]],
) -> Iterator[asyncio.Future[V]]:
    """Those whose caller has not gone meanwhile."""
    return (future for group in groups for future in group if not future.done())
