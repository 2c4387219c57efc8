"""Guessing has a budget: what can be found by trial is tried a few times a day, and not more.

A try is counted before it is looked at, so that many at once get no more of them than one. Counts
lie in the database, because a restart of Valkey must not hand out new budgets; they hold no name
and no number, only keyed digests.
"""

from datetime import timedelta

from core import clock
from core.data import forgetting
from core.database import transaction
from core.protection.protect import blind_index
from identity.errors import TooManyGuesses
from identity.models import GuessCount

WINDOW = timedelta(hours=24)
"""From the first try of a budget."""


async def spend(scope: str, *, limit: int) -> None:
    """Take one try out of the budget of `scope`. Raises TooManyGuesses when there is none left."""
    index, at = _index(scope), clock.now()
    async with transaction():
        await GuessCount.bulk_create(
            [GuessCount(index=index, until=at + WINDOW)], ignore_conflicts=True
        )
        row = await GuessCount.filter(index=index).select_for_update().get()
        over = at >= row.until
        count, until = (1, at + WINDOW) if over else (row.count + 1, row.until)
        if count > limit:
            raise TooManyGuesses(retry_after=int((until - at).total_seconds()) + 1)
        await GuessCount.filter(index=index).update(count=count, until=until)


async def give_back(scope: str) -> None:
    """The try was no guess: it does not count."""
    async with transaction():
        row = await GuessCount.filter(index=_index(scope)).select_for_update().get_or_none()
        if row is not None and row.count > 0:
            await GuessCount.filter(index=row.index).update(count=row.count - 1)


async def forget_old() -> int:
    """Delete counts whose window is over (a timer calls it)."""
    return await forgetting.forget(GuessCount.filter(until__lte=clock.now()), by="until")


def _index(scope: str) -> str:
    return blind_index(scope, purpose="identity.guess")
