"""Pages of a list by keyset: the next one begins behind the last row, wherever that stands now.

A page costs the same at the beginning and after a million rows, because an index that begins with
what is filtered and goes on with the keys leads straight to its first row: nothing is skipped and
nothing is counted. A row that moves between two pages is seen at its new place or not at all, never
do others shift.

    moved = Section("cases.moved", Case.filter(…), ("updated_at", "id"))
    page = await pages.read(moved, after=None, limit=20)

What a caller hands back (`Page.following`) names a place and grants nothing: rows are filtered by
whose they are, whatever it says. A list may consist of several sections, read one after the other.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Generic, TypeVar
from uuid import UUID

from pypika_tortoise.enums import Equality
from pypika_tortoise.terms import BasicCriterion, LiteralValue, Tuple, ValueWrapper
from tortoise import fields
from tortoise.expressions import Q, ResolveContext
from tortoise.models import Model
from tortoise.query_utils import QueryModifier
from tortoise.queryset import QuerySet

from core.errors import Invalid

LONGEST = 400
"""Characters of a place. Ours have some 120; a key of text has at most 60 characters."""

M = TypeVar("M", bound=Model)
T = TypeVar("T")
S = TypeVar("S")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LAST_MOMENT = 253_370_764_800_000_000
"""The beginning of the year 9999 in microseconds: both databases and Python can say it."""


class WrongPlace(Invalid):
    """A place that is none of this list's: cut off, made up, or of another list."""

    slug = "wrong-place-in-list"
    title = "列表的翻页位置已失效，请回到第一页重新查看"


@dataclass(frozen=True)
class Section(Generic[M]):
    """Rows in one order. `keys` all run the same way; none is ever null, the last is unique."""

    name: str
    """Names the order, so that a place of another list is refused."""
    rows: QuerySet[M]
    keys: tuple[str, ...]
    newest_first: bool = True


class Page(list[T]):
    """Some of a list, and where the rest begins."""

    def __init__(self, items: Iterable[T] = (), *, following: str | None = None) -> None:
        super().__init__(items)
        self.following = following
        """What the caller hands back for the next page; None when this is the last one."""

    def map(self, show: Callable[[T], S]) -> Page[S]:
        """The same place in the list, its items shown in another way."""
        return Page((show(item) for item in self), following=self.following)


async def read(*sections: Section[M], after: str | None, limit: int) -> Page[M]:
    """The next `limit` rows behind the place `after`. Raises WrongPlace."""
    first, values = (0, None) if after is None else _place(after, sections)
    found: list[tuple[Section[M], M]] = []
    for section in sections[first:]:
        left = limit + 1 - len(found)
        if left <= 0:
            break
        rows = section.rows.order_by(*_order(section)).limit(left)
        if values is not None:
            rows, values = rows.filter(_Behind(section, values)), None
        found += [(section, row) for row in await rows]
    return Page(
        (row for _, row in found[:limit]),
        following=_named(*found[limit - 1]) if len(found) > limit else None,
    )


async def count_up_to(rows: QuerySet[Any], most: int) -> int:
    """How many there are, `most` at the most: a number for a page, read in bounded time."""
    return len(await rows.limit(most).values_list(rows.model._meta.pk_attr, flat=True))


class _IsTrue(Q):
    def __init__(self, column: str) -> None:
        super().__init__()
        self._column = column

    def __bool__(self) -> bool:
        return True

    def resolve(self, resolve_context: ResolveContext) -> QueryModifier:
        name = resolve_context.model._meta.fields_db_projection[self._column]
        yes = LiteralValue("TRUE")
        return QueryModifier(
            where_criterion=BasicCriterion(Equality.eq, resolve_context.table[name], yes)
        )


def is_true(column: str) -> Q:
    """A flag that is set, written out instead of handed over as a value.

    PostgreSQL plans a prepared statement for any value after a while, and an index of the rows that
    have the flag is then none it may use (PREPARE, "Notes", plan_cache_mode).
    """
    return _IsTrue(column)


def _order(section: Section[M]) -> list[str]:
    return [f"-{key}" if section.newest_first else key for key in section.keys]


class _Behind(Q):
    """(a, b) < (x, y): a comparison of rows, which both databases look up in one index.

    PostgreSQL 18, 9.25.5 (row constructor comparison); SQLite, "Row Values".
    """

    def __init__(self, section: Section[Any], values: Sequence[Any]) -> None:
        super().__init__()
        self._keys, self._values = section.keys, values
        self._sign = Equality.lt if section.newest_first else Equality.gt

    def __bool__(self) -> bool:
        return True

    def resolve(self, resolve_context: ResolveContext) -> QueryModifier:
        meta, table = resolve_context.model._meta, resolve_context.table
        columns = Tuple(*(table[meta.fields_db_projection[key]] for key in self._keys))
        values = Tuple(
            *(
                ValueWrapper(meta.fields_map[key].to_db_value(value, resolve_context.model))
                for key, value in zip(self._keys, self._values, strict=True)
            )
        )
        return QueryModifier(where_criterion=BasicCriterion(self._sign, columns, values))


def _named(section: Section[M], row: M) -> str:
    values = [_to_json(getattr(row, key)) for key in section.keys]
    text = json.dumps([section.name, *values], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def _place(text: str, sections: Sequence[Section[M]]) -> tuple[int, list[Any]]:
    """Which section, and its keys there. Raises WrongPlace."""
    try:
        name, *values = _decoded(text)
        number = [section.name for section in sections].index(name)
        section = sections[number]
        columns = section.rows.model._meta.fields_map
        kinds = [columns[key] for key in section.keys]
        return number, [_from_json(one, kind) for one, kind in zip(values, kinds, strict=True)]
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise WrongPlace() from None


def _decoded(text: str) -> list[Any]:
    if len(text) > LONGEST:
        raise ValueError("longer than any of ours")
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise ValueError("not base64url") from None
    found = json.loads(data)
    if not isinstance(found, list) or not found:
        raise ValueError("not a list")
    return found


def _to_json(value: Any) -> int | str:
    if isinstance(value, datetime):
        return (value - _EPOCH) // _MICROSECOND
    if isinstance(value, (date, UUID)):
        return str(value)
    if type(value) in (int, str):
        return value  # type: ignore[no-any-return]
    raise TypeError(f"{type(value).__name__} is no key of a page")


def _from_json(value: Any, column: fields.Field[Any]) -> Any:
    """Raises ValueError for what no row of this column can hold."""
    if isinstance(column, fields.DatetimeField):
        return _EPOCH + _MICROSECOND * _whole(value, _LAST_MOMENT)
    if isinstance(column, fields.BigIntField):
        return _whole(value, 2**63 - 1)
    if isinstance(column, fields.IntField):
        return _whole(value, 2**31 - 1)
    if type(value) is not str or "\0" in value:
        raise ValueError("not a text")
    if isinstance(column, fields.UUIDField):
        return UUID(value)
    if isinstance(column, fields.DateField):
        return date.fromisoformat(value)
    return value


def _whole(value: Any, largest: int) -> int:
    if type(value) is not int or not 0 <= value <= largest:
        raise ValueError("not a number of this column")
    return value
