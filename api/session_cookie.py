"""The session cookie: set at sign-in, taken back at sign-out. Scripts of a page never see it."""

from __future__ import annotations

from typing import Any

import msgspec
from sanic import HTTPResponse, Request
from sanic.response import empty, raw

from api.endpoint import JSON
from api.guards import COOKIES
from identity.principal import PrincipalKind

PATHS = {PrincipalKind.CITIZEN: "/", PrincipalKind.OFFICER: "/api/staff"}
"""A citizen's session also serves the guide under /api/catalogue; a staff session stays at home."""


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
    response.add_cookie(
        COOKIES[kind],
        value,
        path=PATHS[kind],
        max_age=max_age,
        secure=is_https(request),
        httponly=True,
        samesite="Strict",
    )


def is_https(request: Request) -> bool:
    """By the public address, because TLS may end in front of us."""
    public_url: str = request.app.ctx.resources.settings.public_url
    return public_url.startswith("https:")
