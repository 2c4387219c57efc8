"""Every error as application/problem+json (RFC 9457); the unforeseen ones tell nothing away."""

from __future__ import annotations

import logging
from typing import Any

import msgspec
from sanic import HTTPResponse, Request, Sanic
from sanic.exceptions import SanicException
from sanic.response import raw

from core.data import database_errors
from core.data.database_errors import JUDGED, Trouble
from core.errors import (
    Conflict,
    Forbidden,
    Invalid,
    Malformed,
    NotFound,
    Problem,
    TooLarge,
    Unauthenticated,
    Unavailable,
    Unsupported,
)
from core.files import full_disk
from core.valkey.redis_client import REDIS_ERRORS

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"

MOST_MEMBERS = 100
"""Entries of a list in an answer; no form has as many fields, no item as many materials."""


class MethodNotAllowed(Problem):
    slug = "method-not-allowed"
    title = "这个地址不支持这种操作"
    status = 405


class RangeNotSatisfiable(Problem):
    slug = "range-not-satisfiable"
    title = "请求的范围不正确"
    status = 416


class ExpectationFailed(Problem):
    slug = "expectation-failed"
    title = "请求头 Expect 不受支持"
    status = 417


class RequestTimeout(Problem):
    slug = "request-timeout"
    title = "网络太慢，请求没有传完，请重试"
    status = 408


FRAMEWORK: dict[int, type[Problem]] = {
    400: Malformed,
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    405: MethodNotAllowed,
    408: RequestTimeout,
    409: Conflict,
    413: TooLarge,
    415: Unsupported,
    416: RangeNotSatisfiable,
    417: ExpectationFailed,
    503: Unavailable,
}


def render(problem: Problem, instance: str) -> HTTPResponse:
    """`problem` as a response. `instance` is the path; it never carries a query string."""
    document: dict[str, Any] = {
        "type": f"/problems/{problem.slug}",
        "slug": problem.slug,
        "title": problem.title,
        "status": problem.status,
        "instance": instance,
    }
    if problem.detail is not None:
        document["detail"] = problem.detail
    members = {key: value for key, value in problem.members.items() if key not in document}
    document.update(_shortened(members))
    headers = {"Cache-Control": "no-store"}
    retry_after = problem.members.get("retry_after")
    if isinstance(retry_after, int):
        headers["Retry-After"] = str(retry_after)
    body = msgspec.json.encode(document)
    return raw(body, status=problem.status, headers=headers, content_type=MEDIA_TYPE)


def _shortened(members: dict[str, Any]) -> dict[str, Any]:
    """A list grows with what the caller sent; the answer does not."""
    return {
        key: value[:MOST_MEMBERS] if isinstance(value, list) else value
        for key, value in members.items()
    }


async def on_problem(request: Request, problem: Problem) -> HTTPResponse:
    return render(problem, request.path)


async def on_framework_error(request: Request, error: SanicException) -> HTTPResponse:
    kind = FRAMEWORK.get(error.status_code)
    if kind is None:
        return await on_crash(request, error)
    response = render(kind(), request.path)
    response.headers.update(getattr(error, "headers", None) or {})
    return response


class Unstorable(Invalid):
    """A value that passed the declared bounds and that the database refuses all the same."""

    slug = "unstorable-value"
    title = "提交的内容里有无法保存的数字或文字，请修改后重试"


async def on_database_error(request: Request, error: Exception) -> HTTPResponse:
    """503 only when the database is away: a value is the caller's to mend, a bug is loud."""
    match database_errors.judge(error):
        case Trouble.AWAY:
            return await on_lost_store(request, error)
        case Trouble.VALUE:
            # Without the message: it may hold the value.
            log.warning(
                "a value reached the database that a bound should have refused: %s",
                database_errors.name(error),
                extra={"path": request.path},
            )
            return render(Unstorable(), request.path)
        case Trouble.TAKEN:
            log.error(
                "two at once, and nobody foresaw it: %s",
                database_errors.name(error),
                extra={"path": request.path},
            )
            return render(Conflict(), request.path)
    return await on_crash(request, error)


async def on_lost_store(request: Request, error: Exception) -> HTTPResponse:
    log.error("the database or Redis did not answer", exc_info=error)
    return render(Unavailable(retry_after=5), request.path)


async def on_system_error(request: Request, error: OSError) -> HTTPResponse:
    """A full disk is no crash: who writes comes again, who reads goes on."""
    if isinstance(error, TimeoutError):
        return await on_lost_store(request, error)
    if not full_disk.is_full(error):
        return await on_crash(request, error)
    log.error("no room to write: %s", error.strerror)
    return render(full_disk.StorageFull(retry_after=60), request.path)


async def on_crash(request: Request, error: Exception) -> HTTPResponse:
    log.exception("unforeseen error", exc_info=error, extra={"path": request.path})
    return render(Problem(), request.path)


def install(app: Sanic[Any, Any]) -> None:
    app.error_handler.add(Problem, on_problem)
    app.error_handler.add(SanicException, on_framework_error)
    for judged in JUDGED:
        app.error_handler.add(judged, on_database_error)
    for lost in REDIS_ERRORS:
        app.error_handler.add(lost, on_lost_store)
    app.error_handler.add(OSError, on_system_error)
    app.error_handler.add(Exception, on_crash)
