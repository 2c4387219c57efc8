"""Whose request this is, by network address. The only reader of it at the edge.

`tests/architecture/test_addresses.py` insists: whoever reads the connection's address or a header
about it anywhere else would take the proxy for the citizen, or a forged header for the truth.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from sanic import Request

from core import addresses


def address_of(request: Request) -> str:
    """The citizen's address, an IPv6 one as the first of its /64; "" where there is none."""
    return addresses.citizen_address(
        request.ip,
        request.headers.getall("x-forwarded-for", []),
        trusted=request.app.ctx.resources.settings.trusted_proxies,
    )


def peer_of(transport: asyncio.BaseTransport) -> str:
    """The other end of a connection that has said nothing yet; "" for a local socket."""
    peer = transport.get_extra_info("peername")
    return str(peer[0]) if isinstance(peer, tuple) else ""


def is_proxy(peer: str, trusted: Sequence[addresses.Network]) -> bool:
    """A proxy of ours speaks for everybody: what it lets in is its own to limit."""
    return addresses.is_proxy(peer, trusted=trusted)
