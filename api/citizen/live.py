"""A citizen's live progress: everything that happens to own cases and licences, as it happens."""

from __future__ import annotations

from sanic import Blueprint, Request

from api.edge import guards
from api.edge.endpoint import endpoint
from api.edge.live import socket, tickets
from api.edge.live.tickets import LiveTicket
from identity.principal import PrincipalKind
from push.live import stream

bp = Blueprint("citizen-live", url_prefix="/api/citizen/live")


@bp.get("/")
@guards.socket(PrincipalKind.CITIZEN)
@socket.declared("Live progress of the signed-in person (WebSocket)")
async def follow(request: Request) -> None:
    await socket.serve(request, key=stream.person(request.ctx.principal.person_id))


@bp.get("/events")
@guards.event_stream(PrincipalKind.CITIZEN)
@socket.declared(
    "Live progress of the signed-in person (server-sent events)",
    media_type=socket.EVENT_STREAM,
)
async def follow_events(request: Request) -> None:
    await socket.serve_events(request, key=stream.person(request.ctx.principal.person_id))


@bp.post("/tickets")
@guards.citizen
@endpoint(summary="A one-time ticket to open a live stream with", returns=LiveTicket, status=201)
async def issue_ticket(request: Request) -> LiveTicket:
    return await tickets.issue(request)
