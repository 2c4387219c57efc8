"""One decorator that makes a handler: parse strictly, call, check the declared answer, encode.

    @bp.post("/cases")
    @guards.citizen
    @endpoint(summary="Open a draft case", body=OpenCase, returns=CaseDetail, status=201)
    async def open_case(request: Request, body: OpenCase) -> CaseDetail: ...

What is declared here is what api/edge/openapi.py publishes; since every answer is checked against
the declaration, the two cannot drift apart.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from sanic import HTTPResponse, Request
from sanic.response import empty, raw

from api.edge import bodies, bounds, idempotency
from core.errors import Invalid, Malformed, Problem, Unsupported

JSON = "application/json"
LONGEST_NAME = 200
"""Characters of a field's name in an answer: an unknown one is the caller's, and may be long."""

Handler = Callable[..., Awaitable[Any]]

_encoder = msgspec.json.Encoder()


class MalformedJson(Malformed):
    slug = "malformed-json"
    title = "提交的内容无法识别，请刷新页面后重试"


class InvalidBody(Invalid):
    slug = "invalid-body"
    title = "提交的内容不符合要求，请按提示修改"


class InvalidQuery(Invalid):
    slug = "invalid-query"
    title = "查询条件不正确，请修改后重试"


class NotJson(Unsupported):
    slug = "not-json"
    title = "这个接口只接受 JSON 内容"


@dataclass(frozen=True)
class Declaration:
    """What one operation takes and gives; read by api/edge/openapi.py and the architecture
    tests.
    """

    summary: str
    body: type | None = None
    query: type | None = None
    returns: Any = None
    status: int = 200
    raw: bool = False
    media_types: tuple[str, ...] = ()
    """Media types of a raw answer."""
    accepts: tuple[str, ...] = ()
    """Media types of a raw request body."""
    problems: tuple[type[Problem], ...] = ()
    idempotent: bool = False
    largest: int = bounds.JSON_BYTES
    """Bytes of a body that is held in memory."""
    streams: bool = False
    """The handler reads the body itself, as it arrives, within a limit of its own."""


def endpoint(
    *,
    summary: str,
    body: type | None = None,
    query: type | None = None,
    returns: Any = None,
    status: int | None = None,
    raw: bool = False,
    media_types: tuple[str, ...] = (),
    accepts: tuple[str, ...] = (),
    problems: tuple[type[Problem], ...] = (),
    idempotent: bool = False,
    largest: int = bounds.JSON_BYTES,
    streams: bool = False,
) -> Callable[[Handler], Handler]:
    """Declare an operation. `raw` handlers give an HTTPResponse themselves (files, tus).

    The guard stands outside: a body is received only when its sender has been let in, and no more
    of it than `largest` bytes.
    """
    declaration = Declaration(
        summary=summary,
        body=body,
        query=query,
        returns=returns,
        status=status or (200 if returns is not None or raw else 204),
        raw=raw,
        media_types=media_types,
        accepts=accepts,
        problems=problems,
        idempotent=idempotent,
        largest=largest,
        streams=streams,
    )
    decoder = BodyDecoder(body) if body else None

    def decorate(handler: Handler) -> Handler:
        async def call(request: Request, kwargs: dict[str, Any]) -> HTTPResponse | None:
            result = await handler(request, **kwargs)
            if raw:
                return result  # type: ignore[no-any-return]
            return answer(result, declaration)

        @functools.wraps(handler)
        async def wrapper(request: Request, **kwargs: Any) -> HTTPResponse | None:
            bounds.check_path(kwargs)
            if not streams:
                await bodies.receive(request, largest=largest)
            if decoder is not None:
                kwargs["body"] = decoder.decode(request)
            if query is not None:
                kwargs["query"] = decode_query(request, query)
            if not idempotent:
                return await call(request, kwargs)
            return await idempotency.once(request, lambda: call(request, kwargs))

        wrapper.__endpoint__ = declaration  # type: ignore[attr-defined]
        return wrapper

    return decorate


def answer(result: Any, declaration: Declaration) -> HTTPResponse:
    """The response for a handler's result. Raises TypeError when it is not what was declared."""
    if declaration.returns is None:
        if result is not None:
            raise TypeError(f"{declaration.summary!r} declares no answer but gave one")
        return empty(status=declaration.status)
    if not isinstance(result, declaration.returns):
        raise TypeError(f"{declaration.summary!r} gave {type(result).__name__}")
    return raw(_encoder.encode(result), status=declaration.status, content_type=JSON)


class BodyDecoder:
    """JSON to a declared struct, and what the declaration cannot say (api/edge/bounds.py)."""

    def __init__(self, kind: type) -> None:
        self._decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(kind)
        self._is_free = bounds.has_free_values(kind)

    def decode(self, request: Request) -> Any:
        """Raises NotJson, MalformedJson, InvalidBody, TextWithNul, TooMuch."""
        media_type = (request.content_type or JSON).partition(";")[0].strip().lower()
        if media_type != JSON:
            raise NotJson()
        data = request.body or b"{}"
        bounds.check_text(data)
        try:
            found = self._decoder.decode(data)
        except msgspec.ValidationError as error:
            raise InvalidBody(errors=[field_error(str(error))]) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise MalformedJson() from None
        if self._is_free:
            bounds.check_free(found)
        return found


def decode_query(request: Request, query: type) -> Any:
    """The query string as the declared struct; a repeated name is refused. Raises InvalidQuery."""
    values: dict[str, str] = {}
    for name, value in request.get_query_args(keep_blank_values=True):
        if name in values:
            raise InvalidQuery(errors=[{"field": name[:LONGEST_NAME], "message": "给了不止一次"}])
        values[name] = value
    try:
        return msgspec.convert(values, query, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidQuery(errors=[field_error(str(error))]) from None


def field_error(message: str) -> dict[str, str]:
    """msgspec's sentence, split into the field it names and what is wrong with it."""
    reason, _, path = message.partition(" - at `$")
    field = path.rstrip("`").lstrip(".")
    if not field and "`" in reason:
        field = reason.split("`")[1]
    return {"field": field[:LONGEST_NAME], "message": reason[:LONGEST_NAME]}
