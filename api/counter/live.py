"""What counters hear at once: that status lists have changed. One JSON object a line.

    {"type":"hello"}           first: look at all lists
    {"type":"changed"}         a list has a new edition: look at all lists
    {"type":"heartbeat"}       every 20 s
    {"type":"reconnect"}       before a planned end

The request is signed like every other of a counter, which a WebSocket opened by a page cannot be;
the page reads the answer as it comes. Nothing is replayed: looking at all lists with the ETags at
hand costs next to nothing, and so does hearing of a change twice.
"""

import asyncio
import random

import msgspec
from sanic import Blueprint, HTTPResponse, Request

from api.edge import guards
from api.edge.endpoint import endpoint
from api.edge.live.room import Pace
from identity import queries
from identity.errors import CounterNotFound, InvalidSignature
from identity.principal import Principal
from push.live.hub import Hub
from push.live.wire import Told
from wallet.show.status_lists import STREAM

bp = Blueprint("counter-live", url_prefix="/api/counter")

LINES = "application/x-ndjson"


class Listener:
    """A reader of the stream that only remembers that something has changed."""

    key = STREAM
    ends: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.changed = asyncio.Event()

    def tell(self, told: Told) -> None:
        self.changed.set()

    def nudge(self, position: int) -> None:
        self.changed.set()

    def end(self, reason: str) -> None:
        """No key of ours ends it."""


@bp.get("/live")
@guards.counter
@endpoint(
    summary="Hear at once when a status list changes: one JSON object a line, as they come",
    raw=True,
    media_types=(LINES,),
    problems=(InvalidSignature,),
)
async def follow(request: Request) -> HTTPResponse | None:
    hub: Hub = request.app.ctx.resources.hub
    pace: Pace = getattr(request.app.ctx, "live_pace", Pace())
    listener = Listener()
    hub.join(listener)
    try:
        response = await request.respond(
            content_type=LINES, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        )
        await _send(response, "hello")
        await _tell(response, listener, request.ctx.principal, pace)
        await response.eof()
    finally:
        hub.leave(listener)
    return None


async def _tell(
    response: HTTPResponse, listener: Listener, principal: Principal, pace: Pace
) -> None:
    loop = asyncio.get_running_loop()
    # Spread, so that streams opened together do not come back together.
    end = loop.time() + pace.life * random.uniform(0.9, 1.0)  # noqa: S311
    while loop.time() < end:
        try:
            async with asyncio.timeout(pace.heartbeat):
                await listener.changed.wait()
        except TimeoutError:
            if not await _is_enrolled(principal):
                return
            await _send(response, "heartbeat")
            continue
        listener.changed.clear()
        await _send(response, "changed")
    await _send(response, "reconnect")


async def _is_enrolled(principal: Principal) -> bool:
    try:
        return (await queries.get_counter(principal.id)).active
    except CounterNotFound:
        return False


async def _send(response: HTTPResponse, what: str) -> None:
    await response.send(msgspec.json.encode({"type": what}) + b"\n")
