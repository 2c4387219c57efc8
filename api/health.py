"""Is the process alive, and can it reach what it needs?"""

from __future__ import annotations

import msgspec
from sanic import Blueprint, HTTPResponse, Request
from sanic.response import raw

from api import guards
from api.endpoint import JSON, endpoint
from resources import database_answers

bp = Blueprint("health", url_prefix="/api")

VERSION = "0.1.0"


class Status(msgspec.Struct, kw_only=True):
    name: str
    version: str
    demo: bool


class Health(msgspec.Struct, kw_only=True):
    status: str
    database: bool
    redis: bool


@bp.get("/status")
@guards.public
@endpoint(summary="What this installation is", returns=Status)
async def status(request: Request) -> Status:
    settings = request.app.ctx.resources.settings
    return Status(name="云间证", version=VERSION, demo=settings.demo)


@bp.get("/health")
@guards.public
@endpoint(summary="Whether database and Redis answer; 503 when one does not", raw=True)
async def health(request: Request) -> HTTPResponse:
    resources = request.app.ctx.resources
    database, redis = await database_answers(), await resources.redis_answers()
    state = Health(
        status="ok" if database and redis else "degraded", database=database, redis=redis
    )
    code = 200 if database and redis else 503
    return raw(msgspec.json.encode(state), status=code, content_type=JSON)
