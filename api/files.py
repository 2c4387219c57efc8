"""Stored files on their way to a browser: shown, never run, never kept by a shared cache."""

from urllib.parse import quote

from sanic import HTTPResponse
from sanic.response import raw

CACHE = "private, max-age=300"


def inline(data: bytes, *, name: str, media_type: str) -> HTTPResponse:
    """The file for display. `sandbox` keeps a hostile document from acting as a page of ours."""
    return raw(
        data,
        content_type=media_type,
        headers={
            "Content-Disposition": f"inline; filename*=UTF-8''{quote(name, safe='')}",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'",
            "Cache-Control": CACHE,
        },
    )
