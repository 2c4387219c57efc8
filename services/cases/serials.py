"""Gapless serial numbers by scope and day."""

from datetime import date

from tortoise.expressions import F

from services.cases.models import Counter

ALL_CASES = "case"
"""Scope of the short number."""


async def next_serial(scope: str, day: date) -> int:
    """The next number of the day in this scope, from 1. Call it inside `transaction()`.

    The row stays locked until the commit, so that numbers have neither gaps nor doubles.
    """
    if not await _increment(scope, day):
        # Two first cases of a day may meet here: the unique column keeps one row of theirs.
        first = Counter(scope=scope, day=day, value=0)
        await Counter.bulk_create([first], ignore_conflicts=True)
        await _increment(scope, day)
    return (await Counter.get(scope=scope, day=day)).value


async def _increment(scope: str, day: date) -> int:
    return await Counter.filter(scope=scope, day=day).update(value=F("value") + 1)
