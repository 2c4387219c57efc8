"""Lists come in pages: `limit` and `after` in the query, the items and `next` in the answer.

`after` is what the page before gave as `next`; without it the first page comes. It names a place
and nothing else (`core.data.pages`); one that is none of this list's is refused.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from core.data import pages

Limit = Annotated[int, msgspec.Meta(ge=1, le=100)]
Offset = Annotated[int, msgspec.Meta(ge=0, le=100_000)]
"""Only where the whole list is at hand anyway."""
Place = Annotated[str, msgspec.Meta(max_length=pages.LONGEST, pattern=r"^[A-Za-z0-9_-]+$")]


class Page(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Query of a plain list; lists with filters subclass it."""

    limit: Limit = 20
    after: Place | None = None
    """`next` of the page before."""


class ByOffset(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Query of a list that lies in memory as a whole, such as the catalogue."""

    limit: Limit = 20
    offset: Offset = 0
