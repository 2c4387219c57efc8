"""Is the process alive, and can it do its work?"""

from __future__ import annotations

import msgspec
from sanic import Blueprint, HTTPResponse, Request
from sanic.response import raw

from api.edge import guards
from api.edge.endpoint import JSON, endpoint
from core.readiness import Readiness
from resources import WORRIES, questions

bp = Blueprint("health", url_prefix="/api")

VERSION = "0.2.0"


class Status(msgspec.Struct, kw_only=True):
    name: str
    version: str
    demo: bool


class Health(msgspec.Struct, kw_only=True):
    status: str
    """`ok`, or `degraded` when this server cannot do its work: then `/api/ready` is 503."""
    database: bool
    redis: bool
    storage: bool


class Ready(msgspec.Struct, kw_only=True):
    ready: bool
    missing: tuple[str, ...]
    """What keeps this server from its work: `database`, `redis`, `blobs`, `disk`."""
    warnings: tuple[str, ...]
    """What somebody should look at: `events-late`, `log-alarms`. It is so on every server."""
    oldest_event_seconds: float | None
    """Age of the oldest event that is not told yet."""


@bp.get("/status")
@guards.public
@endpoint(summary="What this installation is", returns=Status)
async def status(request: Request) -> Status:
    settings = request.app.ctx.resources.settings
    return Status(name="云间证", version=VERSION, demo=settings.demo)


@bp.get("/health")
@guards.public
@endpoint(summary="Whether this process is alive: 200 while it can answer at all", raw=True)
async def health(request: Request) -> HTTPResponse:
    """For who restarts processes. A database that is away is told, and is no reason to restart."""
    state = await _readiness(request).state()
    found = Health(
        status="ok" if state.ready else "degraded",
        database="database" not in state.missing,
        redis="redis" not in state.missing,
        storage=not {"blobs", "disk"} & set(state.missing),
    )
    return _answer(found, 200)


@bp.get("/ready")
@guards.public
@endpoint(summary="Whether this server can do its work now; 503 with what is missing", raw=True)
async def ready(request: Request) -> HTTPResponse:
    """For a balancer: requests go to another server while this says 503."""
    state = await _readiness(request).state()
    found = Ready(
        ready=state.ready,
        missing=state.missing,
        warnings=state.warnings,
        oldest_event_seconds=state.oldest_event_seconds,
    )
    return _answer(found, 200 if state.ready else 503)


def _readiness(request: Request) -> Readiness:
    ctx = request.app.ctx
    if not hasattr(ctx, "readiness"):
        ctx.readiness = Readiness(questions(ctx.resources), worries=WORRIES)
    found: Readiness = ctx.readiness
    return found


def _answer(found: msgspec.Struct, status: int) -> HTTPResponse:
    headers = {"Cache-Control": "no-store"}
    return raw(msgspec.json.encode(found), status=status, headers=headers, content_type=JSON)
