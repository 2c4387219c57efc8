"""The worklist moves by itself: what happens to the cases of the officer's department.

Who covers all departments (督办) follows the stream that every notice also goes to.
"""

from __future__ import annotations

from sanic import Blueprint, Request, Websocket

from api import guards, live_socket
from identity.principal import PrincipalKind
from push import stream

bp = Blueprint("staff-live", url_prefix="/api/staff")


@bp.websocket("/live")  # type: ignore[untyped-decorator]
@guards.socket(PrincipalKind.OFFICER)
@live_socket.declared("Live worklist of the signed-in officer's department (WebSocket)")
async def follow(request: Request, ws: Websocket) -> None:
    department = request.ctx.principal.department or stream.ALL_DEPARTMENTS
    await live_socket.serve(request, ws, key=stream.department(department))
