"""Lists come in pages: `limit` and `offset` in the query, `items` and `total` in the answer."""

from __future__ import annotations

from typing import Annotated

import msgspec

Limit = Annotated[int, msgspec.Meta(ge=1, le=100)]
Offset = Annotated[int, msgspec.Meta(ge=0, le=100_000)]


class Page(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Query of a plain list; lists with filters subclass it."""

    limit: Limit = 20
    offset: Offset = 0
