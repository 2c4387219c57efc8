"""A live client for trials: resumes like `web/kit/live.js` and keeps what it has shown."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from typing import Any

import aiohttp

from core import tasks

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 2.0
"""Seconds; shorter than on phones, so that a trial sees many reconnections."""


class LiveClient:
    """Follows one person's stream, at any of several servers, until it is stopped."""

    def __init__(self, http: aiohttp.ClientSession, servers: Sequence[str], token: str) -> None:
        self._http = http
        self._servers = servers
        self._headers = {"Authorization": f"Bearer {token}"}
        self._position: int | None = None
        self._epoch = ""
        self._task: asyncio.Task[None] | None = None
        self.shown: list[dict[str, Any]] = []
        self.gaps = 0
        """Positions that were skipped: must stay 0."""
        self.again = 0
        """Events that came twice and were not shown again."""
        self.resets = 0
        self.connections = 0
        self.ready = asyncio.Event()

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            await tasks.end(self._task)

    async def _run(self) -> None:
        pause = FIRST_PAUSE
        while True:
            server = random.choice(self._servers)
            try:
                async with self._http.ws_connect(
                    f"{server}/api/citizen/live", params=self._query(), headers=self._headers
                ) as socket:
                    async for message in socket:
                        self._receive(message.json())
                        pause = FIRST_PAUSE
            except (aiohttp.ClientError, OSError, TimeoutError):
                pass
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(pause * 2, LONGEST_PAUSE)

    def _query(self) -> dict[str, str]:
        if self._position is None:
            return {}
        return {"after": str(self._position), "epoch": self._epoch}

    def _receive(self, frame: dict[str, Any]) -> None:
        match frame["type"]:
            case "hello":
                self.connections += 1
                if self._position is None:
                    self._position, self._epoch = frame["position"], frame["epoch"]
                self.ready.set()
            case "event":
                assert self._position is not None
                if frame["n"] <= self._position:
                    self.again += 1
                    return
                self.gaps += frame["n"] - self._position - 1
                self._position = frame["n"]
                self.shown.append(frame)
            case "reset":
                self.resets += 1
                self._position, self._epoch = frame["position"], frame["epoch"]
