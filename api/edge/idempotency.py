"""`Idempotency-Key`: the same request twice has one effect and one answer.

The effect keeps the key in a unique column (`core.data.once`, or a column of its own table); a
repeat runs the handler again, which finds the earlier effect and renders the answer anew, with the
rights the caller has now. Redis only knows that a request is under way or done, under a name that
tells nothing and is bound to the caller, whom it acts for and the session. Source:
draft-ietf-httpapi-idempotency-key-header.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
from sanic import HTTPResponse, Request

from core.data import once as once_
from core.data.once import Asked
from core.data.once import KeyReused as KeyReused
from core.errors import Conflict, Invalid
from core.valkey.redis_client import REDIS_ERRORS
from identity.principal import Principal, PrincipalKind

log = logging.getLogger(__name__)

KEPT_SECONDS = 24 * 3600
IN_FLIGHT_SECONDS = 60
MAX_KEY_LENGTH = 200
DONE = b"+"

T = TypeVar("T")


class InFlight(Conflict):
    slug = "request-in-progress"
    title = "上一次提交还在处理，请稍候"


class UnusableKey(Invalid):
    slug = "unusable-idempotency-key"
    title = "请求编号不正确，请刷新后重试"


def key_of(request: Request) -> str | None:
    """The caller's key, or None. Raises UnusableKey for one that is empty, long or not ASCII."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not 8 <= len(key) <= MAX_KEY_LENGTH or not key.isascii() or not key.isprintable():
        raise UnusableKey()
    return str(key)


async def effect(
    request: Request, act: Callable[[Asked | None], Awaitable[T]], type_: type[T] | Any
) -> T:
    """What `act` gives, or what it gave for the same key; `act` hands its argument to `once.keep`.

    `type_` is the type of the result, as JSON keeps it. Raises KeyReused, UnusableKey.
    """
    key = key_of(request)
    if key is None:
        return await act(None)
    asked = Asked(by=_asker(request.ctx.principal), key=key, digest=_fingerprint(request))

    async def run() -> str:
        return text_of(await act(asked))

    result: T = msgspec.json.decode(await once_.run(asked, run), type=type_)
    return result


def text_of(result: Any) -> str:
    """A result as `once.keep` stores it."""
    return msgspec.json.encode(result).decode()


async def once(
    request: Request, call: Callable[[], Awaitable[HTTPResponse | None]]
) -> HTTPResponse | None:
    """Run `call`, but not beside the same request. Raises KeyReused, InFlight.

    A refusal (4xx, 5xx) leaves no trace: the caller may mend it and try again under the same key.
    """
    key = key_of(request)
    if key is None:
        return await call()
    redis = request.app.ctx.resources.redis
    name = _name(request, key)
    fingerprint = _fingerprint(request).encode()
    running = await redis.set(name, fingerprint, nx=True, ex=IN_FLIGHT_SECONDS)
    again = False if running else _is_done(await redis.get(name), fingerprint)
    try:
        response = await call()
    except BaseException:
        if not again:
            await redis.delete(name)
        raise
    if response is None:
        return None
    if again:
        response.headers["Idempotent-Replayed"] = "true"
        return response
    try:
        await redis.set(name, fingerprint + DONE, ex=KEPT_SECONDS)
    except REDIS_ERRORS:  # the effect is there and the caller shall hear of it
        log.warning("Redis went away between an effect and its answer")
    return response


def _is_done(stored: bytes | None, fingerprint: bytes) -> bool:
    if stored is None:
        raise InFlight()
    if stored.removesuffix(DONE) != fingerprint:
        raise KeyReused()
    if not stored.endswith(DONE):
        raise InFlight()
    return True


def _fingerprint(request: Request) -> str:
    said = f"{request.method} {request.path}\n".encode()
    return hashlib.sha256(said + (request.body or b"")).hexdigest()


def _asker(principal: Principal) -> str:
    """The caller and whom it acts for."""
    if principal.kind is PrincipalKind.CITIZEN:
        return f"{principal.actor}/{principal.applicant_id}"
    return principal.actor


def _name(request: Request, key: str) -> str:
    principal: Principal = request.ctx.principal
    parts = (_asker(principal), str(principal.session_id), request.method, key)
    return "idem:" + hashlib.sha256("\n".join(parts).encode()).hexdigest()
