"""Whose request this is, by network address. The only reader of it at the edge.

`tests/architecture/test_addresses.py` insists: whoever reads the connection's address or a header
about it anywhere else would take the proxy for the citizen, or a forged header for the truth.
"""

from __future__ import annotations

from sanic import Request

from core import addresses


def address_of(request: Request) -> str:
    """The citizen's address, an IPv6 one as the first of its /64; "" where there is none."""
    return addresses.citizen_address(
        request.ip,
        request.headers.getall("x-forwarded-for", []),
        trusted=request.app.ctx.resources.settings.trusted_proxies,
    )
