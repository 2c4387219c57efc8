"""Deleting what has served its time, a piece at a time.

After a week asleep a day's retention is a week's: one statement over all of it would hold its rows
for minutes and lose everything when it is interrupted. Each piece is a statement of its own, found
by an index that begins with `by`, and the next one goes on where it ended.
"""

from __future__ import annotations

from typing import Any

from tortoise.queryset import QuerySet

AT_ONCE = 2_000
MOST = 200_000
"""Rows one call deletes at most; the next time there is time again."""


async def forget(rows: QuerySet[Any], *, by: str, at_once: int = AT_ONCE, most: int = MOST) -> int:
    """Delete `rows`, those that come first in `by` first; returns how many, at most `most`."""
    gone, key = 0, rows.model._meta.pk_attr
    while gone < most:
        keys = await rows.order_by(by).limit(at_once).values_list(key, flat=True)
        if not keys:
            break
        # With its condition: a row that was renewed in between stays.
        await rows.filter(**{f"{key}__in": list(keys)}).delete()
        gone += len(keys)
    return gone
