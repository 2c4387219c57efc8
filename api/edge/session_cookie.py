"""The session cookie: set at sign-in, taken back at sign-out. Scripts of a page never see it."""

from __future__ import annotations

from typing import Any

import msgspec
from sanic import HTTPResponse, Request
from sanic.response import empty, raw

from api.edge.endpoint import JSON
from api.edge.guards import COOKIES, is_https
from identity.principal import PrincipalKind

PATHS = {PrincipalKind.CITIZEN: "/", PrincipalKind.OFFICER: "/api/staff"}
"""A citizen's session also serves the guide under /api/catalogue; a staff session stays at home.
Over TLS both are bound to the host instead (`__Host-`), which goes with the path `/` only."""


def signed_in(request: Request, kind: PrincipalKind, *, token: str, answer: Any) -> HTTPResponse:
    """201 with `answer` and the cookie. It ends with the browser; the session may end before."""
    response = raw(msgspec.json.encode(answer), status=201, content_type=JSON)
    response.headers["Cache-Control"] = "no-store"
    _put(response, request, kind, token, max_age=None)
    return response


def put(response: HTTPResponse, request: Request, kind: PrincipalKind, token: str) -> None:
    """The cookie on an answer of another kind, e.g. a redirect."""
    _put(response, request, kind, token, max_age=None)


def signed_out(request: Request, kind: PrincipalKind) -> HTTPResponse:
    """204 that takes the cookie back."""
    response = empty()
    _put(response, request, kind, "", max_age=0)
    return response


def _put(
    response: HTTPResponse, request: Request, kind: PrincipalKind, value: str, max_age: int | None
) -> None:
    secure = is_https(request)
    response.add_cookie(
        COOKIES[kind],
        value,
        path="/" if secure else PATHS[kind],
        max_age=max_age,
        secure=secure,
        httponly=True,
        samesite="Strict",
        host_prefix=secure,
    )
