"""Wait for a fact instead of a while."""

import asyncio
from collections.abc import Callable


async def until(fact: Callable[[], bool], *, seconds: float = 60.0, pause: float = 0.005) -> None:
    """Let others work until `fact` holds; raises TimeoutError when it does not in `seconds`.

    With a `pause` of 0 it looks at every turn of the loop: for what is so for a moment only.
    """
    async with asyncio.timeout(seconds):
        while not fact():  # noqa: ASYNC110 - whoever makes it true rings no bell
            await asyncio.sleep(pause)
