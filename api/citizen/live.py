"""A citizen's live progress: everything that happens to own cases and licences, as it happens."""

from __future__ import annotations

from sanic import Blueprint, Request, Websocket

from api import guards, live_socket
from identity.principal import PrincipalKind
from push import stream

bp = Blueprint("citizen-live", url_prefix="/api/citizen")


@bp.websocket("/live")  # type: ignore[untyped-decorator]
@guards.socket(PrincipalKind.CITIZEN)
@live_socket.declared("Live progress of the signed-in person (WebSocket)")
async def follow(request: Request, ws: Websocket) -> None:
    await live_socket.serve(request, ws, key=stream.person(request.ctx.principal.person_id))
