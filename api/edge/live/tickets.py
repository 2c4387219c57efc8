"""What a ticket for a live stream looks like over HTTP; both audiences hand out the same."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sanic import Request

from identity.log_in import live_tickets


class LiveTicket(msgspec.Struct, kw_only=True):
    ticket: str
    """Good once, as `?ticket=` of a live address."""
    expires_at: datetime


async def issue(request: Request) -> LiveTicket:
    """A ticket for the session of the request."""
    made = await live_tickets.issue(request.ctx.principal, redis=request.app.ctx.resources.redis)
    return LiveTicket(ticket=made.ticket, expires_at=made.expires_at)
