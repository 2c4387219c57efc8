"""Ending tasks, or letting them end, for certain.

`task.cancel()` is a request: code below, ours or a library's, may lose it when it arrives together
with the very thing that was waited for (`asyncio.wait_for` does so up to Python 3.11, see
https://github.com/python/cpython/issues/86296). A loop that lost its cancellation runs on, and
whoever waits for its end waits for ever.
"""

from __future__ import annotations

import asyncio
from typing import Any

ASK_AGAIN_SECONDS = 1.0


async def end(*tasks: asyncio.Task[Any]) -> None:
    """Cancel `tasks` and return when each is over, asking again those that did not listen.

    What they raised is dropped. A cancellation of the caller goes through.
    """
    running = {task for task in tasks if not task.done()}
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=ASK_AGAIN_SECONDS)
    for task in tasks:
        if not task.cancelled():
            task.exception()


async def finish(*work: asyncio.Future[Any]) -> None:
    """Let all of `work` end whatever happens to the caller; for threads that hold something.

    Raises what one of them raised. A cancellation of the caller goes through when all are over.
    """
    cancelled: asyncio.CancelledError | None = None
    while running := [one for one in work if not one.done()]:
        try:
            await asyncio.wait(running)
        except asyncio.CancelledError as request:
            cancelled = request
    if cancelled is not None:
        raise cancelled
    for error in [one.exception() for one in work]:
        if error is not None:
            raise error
