"""`Idempotency-Key`: the same request twice has one effect and one answer.

The answer of the first is kept in Redis for a day and given again. Acts that create also keep the
key in a unique column of their own (`key_of`), so that a process that dies between the effect and
the answer cannot double it. Source: draft-ietf-httpapi-idempotency-key-header.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable

import msgspec
from sanic import HTTPResponse, Request
from sanic.response import raw

from core.errors import Conflict, Invalid

KEPT_SECONDS = 24 * 3600
IN_FLIGHT_SECONDS = 60
MAX_KEY_LENGTH = 200


class KeyReused(Invalid):
    slug = "idempotency-key-reused"
    title = "同一个请求编号不能用于不同的内容，请刷新后重试"


class InFlight(Conflict):
    slug = "request-in-progress"
    title = "上一次提交还在处理，请稍候"


class UnusableKey(Invalid):
    slug = "unusable-idempotency-key"
    title = "请求编号不正确，请刷新后重试"


class Kept(msgspec.Struct, array_like=True):
    fingerprint: str
    status: int = 0
    """0 while the first request is still running."""
    content_type: str = ""
    body: bytes = b""


_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(Kept)


def key_of(request: Request) -> str | None:
    """The caller's key, or None. Raises UnusableKey for one that is empty, long or not ASCII."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not 8 <= len(key) <= MAX_KEY_LENGTH or not key.isascii() or not key.isprintable():
        raise UnusableKey()
    return str(key)


async def once(
    request: Request, call: Callable[[], Awaitable[HTTPResponse | None]]
) -> HTTPResponse | None:
    """Run `call`, or give the kept answer of the same request.

    Raises KeyReused, InFlight. A refusal (4xx, 5xx) is not kept: the caller may mend it and try
    again under the same key.
    """
    key = key_of(request)
    if key is None:
        return await call()
    redis = request.app.ctx.resources.redis
    name = _name(request, key)
    fingerprint = hashlib.sha256(request.path.encode() + b"\n" + (request.body or b"")).hexdigest()
    running = _encode(Kept(fingerprint=fingerprint))
    if not await redis.set(name, running, nx=True, ex=IN_FLIGHT_SECONDS):
        return _again(await redis.get(name), fingerprint)
    try:
        response = await call()
    except BaseException:
        await redis.delete(name)
        raise
    if response is not None:
        kept = Kept(fingerprint, response.status, response.content_type or "", response.body or b"")
        await redis.set(name, _encode(kept), ex=KEPT_SECONDS)
    return response


def _name(request: Request, key: str) -> str:
    principal = request.ctx.principal
    return f"idem:{principal.actor}:{request.method}:{hashlib.sha256(key.encode()).hexdigest()}"


def _again(stored: bytes | None, fingerprint: str) -> HTTPResponse:
    if stored is None:
        raise InFlight()
    kept = _decoder.decode(stored)
    if kept.fingerprint != fingerprint:
        raise KeyReused()
    if not kept.status:
        raise InFlight()
    headers = {"Idempotent-Replayed": "true"}
    return raw(kept.body, status=kept.status, headers=headers, content_type=kept.content_type)
