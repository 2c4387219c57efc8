"""One decorator that makes a handler: parse strictly, call, check the declared answer, encode.

    @bp.post("/cases")
    @guards.citizen
    @endpoint(summary="Open a draft case", body=OpenCase, returns=CaseDetail, status=201)
    async def open_case(request: Request, body: OpenCase) -> CaseDetail: ...

What is declared here is what api/openapi.py publishes; since every answer is checked against the
declaration, the two cannot drift apart.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from sanic import HTTPResponse, Request
from sanic.response import empty, raw

from api import idempotency
from core.errors import Invalid, Malformed, Problem, Unsupported

JSON = "application/json"
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
    """What one operation takes and gives; read by api/openapi.py and the architecture tests."""

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
) -> Callable[[Handler], Handler]:
    """Declare an operation. `raw` handlers give an HTTPResponse themselves (files, tus)."""
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
    )
    decoder: msgspec.json.Decoder[Any] | None = msgspec.json.Decoder(body) if body else None

    def decorate(handler: Handler) -> Handler:
        async def call(request: Request, kwargs: dict[str, Any]) -> HTTPResponse | None:
            result = await handler(request, **kwargs)
            if raw:
                return result  # type: ignore[no-any-return]
            return answer(result, declaration)

        @functools.wraps(handler)
        async def wrapper(request: Request, **kwargs: Any) -> HTTPResponse | None:
            if decoder is not None:
                kwargs["body"] = decode_body(request, decoder)
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


def decode_body(request: Request, decoder: msgspec.json.Decoder[Any]) -> Any:
    """The body as the declared struct. Raises NotJson, MalformedJson, InvalidBody."""
    media_type = (request.content_type or JSON).partition(";")[0].strip().lower()
    if media_type != JSON:
        raise NotJson()
    try:
        return decoder.decode(request.body or b"{}")
    except msgspec.ValidationError as error:
        raise InvalidBody(errors=[field_error(str(error))]) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise MalformedJson() from None


def decode_query(request: Request, query: type) -> Any:
    """The query string as the declared struct; a repeated name is refused. Raises InvalidQuery."""
    values: dict[str, str] = {}
    for name, value in request.get_query_args(keep_blank_values=True):
        if name in values:
            raise InvalidQuery(errors=[{"field": name, "message": "给了不止一次"}])
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
    return {"field": field, "message": reason}
