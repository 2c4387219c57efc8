"""The web application: blueprints, problems, listeners and the relay.

`create_app(settings)` is the factory; `python manage.py serve` runs it. Sanic is known here and in
api/ only.
"""

from __future__ import annotations

import asyncio
import logging
import re
from contextlib import AsyncExitStack
from typing import Any

from sanic import HTTPResponse, Request, Sanic
from sanic.log import access_logger

import flows
import timers
from api import blueprints
from api.edge import guards, problems, reception
from api.edge.live.room import Limits, Pace, Room
from core import ids, log, tasks
from core.outbox import Relay
from core.settings import MEBIBYTE, Settings
from resources import Resources, open_resources

REQUEST_ID = re.compile(r"[0-9A-Za-z._-]{8,64}")
"""What a proxy may name a request; anything else gets a number of ours."""

access = logging.getLogger("yunjian.access")

DRAINED_BYTES = 32 * MEBIBYTE
"""Thrown away at most behind an answer; each operation names its own limit
(api/edge/endpoint.py).
"""


class Application(Sanic[Any, Any]):
    """Sanic with our own reception of connections, however the server is started."""

    def prepare(self, *args: Any, **kwargs: Any) -> None:
        # `run` hands on a protocol of None, and Sanic puts its own in that place.
        super().prepare(*args, **kwargs | {"protocol": reception.Connection})

    async def create_server(self, *args: Any, **kwargs: Any) -> Any:
        return await super().create_server(*args, **kwargs | {"protocol": reception.Connection})


def create_app(settings: Settings, *, resources: Resources | None = None) -> Sanic[Any, Any]:
    """A Sanic application. `resources` are opened at start unless they are handed in (tests)."""
    app: Sanic[Any, Any] = Application("yunjian", configure_logging=False)
    app.config.update(
        AUTO_EXTEND=False,
        FALLBACK_ERROR_FORMAT="json",
        REQUEST_MAX_SIZE=DRAINED_BYTES,
        REQUEST_TIMEOUT=60,
        RESPONSE_TIMEOUT=120,
        KEEP_ALIVE_TIMEOUT=75,
        MOTD=False,
        OAS=False,
    )
    app.ctx.settings = settings
    app.ctx.handed = resources
    app.ctx.stack = AsyncExitStack()
    access_logger.disabled = True
    problems.install(app)
    for blueprint in blueprints():
        app.blueprint(blueprint)
    _install_listeners(app)
    _install_access_log(app)
    return app


def _install_listeners(app: Sanic[Any, Any]) -> None:
    @app.before_server_start
    async def start(app: Sanic[Any, Any]) -> None:
        settings: Settings = app.ctx.settings
        handed: Resources | None = app.ctx.handed
        log.configure(settings.log_level)
        opened = handed or await app.ctx.stack.enter_async_context(open_resources(settings))
        app.ctx.resources = opened
        app.ctx.relay = Relay(flows.reactor(opened))
        app.ctx.queues = timers.Queues(opened)
        app.ctx.timers = timers.Timers(opened)
        app.ctx.room = Room(
            opened.hub,
            pace=lambda: getattr(app.ctx, "live_pace", Pace()),
            limits=Limits(per_address=settings.live_per_address),
        )
        app.ctx.hub_task = asyncio.create_task(opened.hub.run(opened.redis), name="hub")
        if settings.relay:
            app.ctx.relay.start()
            app.ctx.queues.start()
            app.ctx.timers.start()

    @app.before_server_stop
    async def stop(app: Sanic[Any, Any]) -> None:
        await app.ctx.room.close()
        await app.ctx.timers.stop()
        await app.ctx.relay.stop()
        await app.ctx.queues.stop()
        await tasks.end(app.ctx.hub_task)

    @app.after_server_stop
    async def close(app: Sanic[Any, Any]) -> None:
        await app.ctx.stack.aclose()


def _install_access_log(app: Sanic[Any, Any]) -> None:
    @app.on_request
    async def begin(request: Request) -> None:
        request.ctx.began = asyncio.get_running_loop().time()
        reception.begin(request)
        if not REQUEST_ID.fullmatch(request.headers.get("x-request-id", "")):
            request._id = ids.new_id()

    @app.on_response  # type: ignore[untyped-decorator]
    async def end(request: Request, response: HTTPResponse) -> None:
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers["X-Request-Id"] = str(request.id)
        if request.path.startswith("/api/") and not guards.is_public(request.route):
            # What is not public may be personal: no browser and no proxy keeps it.
            response.headers.setdefault("Cache-Control", "no-store")
        if not access.isEnabledFor(logging.INFO):
            return
        began = getattr(request.ctx, "began", None)
        spent = 0.0 if began is None else asyncio.get_running_loop().time() - began
        access.info(
            "request",
            extra={
                "request_id": str(request.id),
                "method": request.method,
                "path": request.path,
                "status": response.status,
                "milliseconds": round(spent * 1000, 1),
            },
        )
