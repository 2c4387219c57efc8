"""Events of a department as an unending answer, for line systems that can be called by nobody.

Who has been given a webhook for a department may follow it as well: the same right, the other
direction. `clients/python` follows with a bookmark.
"""

from __future__ import annotations

from sanic import Blueprint, Request

from api.edge import guards
from api.edge.live import socket
from identity.errors import RoleMissing
from identity.systems.clients import Scope
from push.live import stream
from push.webhooks import endpoints, notices

bp = Blueprint("enterprise-events", url_prefix="/api/enterprise/v1/departments")


@bp.get("/<department:str>/events")
@guards.client(Scope.DEPARTMENTS)
@socket.declared(
    "Events of a department this client system is told of (server-sent events)",
    media_type=socket.EVENT_STREAM,
    problems=(RoleMissing,),
)
async def follow(request: Request, department: str) -> None:
    principal = request.ctx.principal
    owner = f"{principal.kind.value}:{principal.id}"
    if not await endpoints.is_told(owner, notices.department(department)):
        raise RoleMissing()
    await socket.serve_events(request, key=stream.department(department))
