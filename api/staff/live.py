"""The worklist moves by itself: what happens to the cases of the officer's department.

Who covers all departments (督办) follows the stream that every notice also goes to.
"""

from __future__ import annotations

from sanic import Blueprint, Request

from api.edge import guards
from api.edge.endpoint import endpoint
from api.edge.live import socket, tickets
from api.edge.live.tickets import LiveTicket
from identity.principal import PrincipalKind
from identity.staff.roles import Act, allows
from push.live import stream

bp = Blueprint("staff-live", url_prefix="/api/staff/live")

FOLLOWERS = (Act.READ_CASES, Act.ANSWER_COMPLAINTS)
"""Who reads no case and keeps seals hears of complaints, and of no case."""


@bp.get("/")
@guards.socket(PrincipalKind.OFFICER, *FOLLOWERS)
@socket.declared("Live worklist of the signed-in officer's department (WebSocket)")
async def follow(request: Request) -> None:
    await socket.serve(request, key=_key(request))


@bp.get("/events")
@guards.event_stream(PrincipalKind.OFFICER, *FOLLOWERS)
@socket.declared(
    "Live worklist of the signed-in officer's department (server-sent events)",
    media_type=socket.EVENT_STREAM,
)
async def follow_events(request: Request) -> None:
    await socket.serve_events(request, key=_key(request))


@bp.post("/tickets")
@guards.officer(*FOLLOWERS)
@endpoint(summary="A one-time ticket to open a live stream with", returns=LiveTicket, status=201)
async def issue_ticket(request: Request) -> LiveTicket:
    return await tickets.issue(request)


def _key(request: Request) -> str:
    principal = request.ctx.principal
    desk = stream.department if allows(principal, Act.READ_CASES) else stream.keepers
    return desk(principal.department or stream.ALL_DEPARTMENTS)
