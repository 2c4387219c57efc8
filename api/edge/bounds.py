"""What one request may bring: one place for the limits of bodies, queries, paths and headers.

Declared types bound their own fields with the words below; tests/architecture/test_bounds.py
insists. What a declaration cannot say is checked here: no NUL in any text, since PostgreSQL keeps
none, and for values of any shape (a form's) their number, depth and size.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import inspect
from sanic import Request

from core.errors import Invalid, Malformed, NotFound

KIBIBYTE = 1024
JSON_BYTES = 64 * KIBIBYTE
"""A body, unless its operation names another limit."""

LARGEST_INT = 2**31 - 1
"""What an ordinary number column takes."""
LARGEST_LONG = 2**53 - 1
"""What JavaScript counts exactly; fits a bigint column."""

LONGEST_SEGMENT = 100
"""Characters of one piece of a path; the longest code or slug has half of that."""
LONGEST_ID = 64
"""Characters of a request id that a caller may choose."""

MOST_VALUES = 2000
DEEPEST = 6
LONGEST_KEY = 64
LONGEST_VALUE = 4000

Count = Annotated[int, msgspec.Meta(ge=0, le=LARGEST_INT)]
Place = Annotated[int, msgspec.Meta(ge=0, le=LARGEST_LONG)]
"""A position in something that grows for ever: a log, a stream."""
Positive = Annotated[int, msgspec.Meta(ge=1, le=LARGEST_LONG)]
Word = Annotated[str, msgspec.Meta(max_length=64)]
"""A code."""
Line = Annotated[str, msgspec.Meta(max_length=200)]
Key = Annotated[str, msgspec.Meta(max_length=LONGEST_KEY)]
Values = Annotated[dict[Key, Any], msgspec.Meta(max_length=200)]
"""Values by field key; what each may be, its field says. `check_free` bounds them before."""
Fraction = Annotated[float, msgspec.Meta(ge=-1, le=2)]
"""Of a width or height; a little outside is for the act to judge."""
Token = Annotated[str, msgspec.Meta(max_length=4096)]
"""A one-time code or signed token of a platform."""
Answers = Annotated[
    dict[
        Annotated[str, msgspec.Meta(max_length=20)],
        Annotated[list[Word], msgspec.Meta(max_length=50)],
    ],
    msgspec.Meta(max_length=100),
]
"""Options chosen, by question of a guide."""

_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_REQUEST_ID = re.compile(rf"[A-Za-z0-9._-]{{1,{LONGEST_ID}}}")


class UnreadableHeader(Malformed):
    slug = "unreadable-header"
    title = "请求头里有无法识别的字符，请更新客户端后重试"


class TextWithNul(Invalid):
    slug = "text-with-nul"
    title = "内容里有看不见的空字符，请删除后重试"


class TooMuch(Invalid):
    """Member `limit`: what was exceeded."""

    slug = "too-much-content"
    title = "提交的内容太多，请删减后重试"


def check_head(request: Request) -> None:
    """Line and headers of the request. Raises UnreadableHeader, TextWithNul, NotFound."""
    if not request.head.isascii():
        try:
            request.head.decode()
        except UnicodeDecodeError:
            raise UnreadableHeader() from None
    path, _, query = request.raw_url.partition(b"?")
    if b"%00" in path:
        raise NotFound()
    if b"%00" in query:
        raise TextWithNul()


def good_request_id(text: str | None) -> bool:
    """Whether a caller's request id may stand in answers and logs."""
    return text is not None and _REQUEST_ID.fullmatch(text) is not None


def check_path(parameters: Mapping[str, Any]) -> None:
    """Raises NotFound for what no address of ours contains."""
    for value in parameters.values():
        if isinstance(value, str) and len(value) > LONGEST_SEGMENT:
            raise NotFound()
        if isinstance(value, int) and not 0 <= value <= LARGEST_LONG:
            raise NotFound()


def check_text(data: bytes) -> None:
    """JSON that is well-formed holds a NUL only as an escape. Raises TextWithNul."""
    if _NUL.search(data):
        raise TextWithNul()


def has_free_values(kind: type) -> bool:
    """Whether a declared type leaves the shape of some value open."""
    return _has_any(inspect.type_info(kind))


def check_free(value: Any) -> None:
    """Raises TooMuch when what a body holds is too many, too deep or too long."""
    left = MOST_VALUES
    level = [value]
    for _ in range(DEEPEST + 1):
        below: list[Any] = []
        for one in level:
            below.extend(_inside(one))
        left -= len(below)
        if left < 0:
            raise TooMuch(limit=MOST_VALUES)
        if not below:
            return
        level = below
    raise TooMuch(limit=DEEPEST)


def _inside(value: Any) -> list[Any]:
    if isinstance(value, str):
        if len(value) > LONGEST_VALUE:
            raise TooMuch(limit=LONGEST_VALUE)
    elif isinstance(value, int):
        if abs(value) > LARGEST_LONG:
            raise TooMuch(limit=LARGEST_LONG)
    elif isinstance(value, dict):
        if any(len(str(key)) > LONGEST_KEY for key in value):
            raise TooMuch(limit=LONGEST_KEY)
        return list(value.values())
    elif isinstance(value, (list, tuple)):
        return list(value)
    elif isinstance(value, msgspec.Struct):
        return [getattr(value, name) for name in value.__struct_fields__]
    return []


def _has_any(kind: inspect.Type) -> bool:
    match kind:
        case inspect.AnyType():
            return True
        case inspect.Metadata():
            return _has_any(kind.type)
        case inspect.StructType():
            return any(_has_any(field.type) for field in kind.fields)
        case inspect.DictType():
            return _has_any(kind.value_type)
        case inspect.ListType() | inspect.VarTupleType() | inspect.SetType():
            return _has_any(kind.item_type)
        case inspect.UnionType():
            return any(_has_any(one) for one in kind.types)
    return False
