"""What counters hear at once: that status lists have changed. One JSON object a line.

    {"type":"hello"}                        first, and on every new connection: look at all lists
    {"type":"changed","lists":[1]}          these lists have a new edition
    {"type":"heartbeat"}                    every 20 s
    {"type":"reconnect"}                    before a planned end

The request is signed like every other of a counter, which a WebSocket opened by a page cannot be;
the page reads the answer as it comes. Nothing is replayed: a reader that comes back asks for all
lists with the ETags it has, which costs next to nothing.
"""

import asyncio
import random

import msgspec
from sanic import Blueprint, HTTPResponse, Request

from api import guards
from api.endpoint import endpoint
from api.live_socket import Pace
from identity import queries
from identity.errors import CounterNotFound, InvalidSignature
from identity.principal import Principal
from push.hub import Dropped, Hub, Subscription
from push.stream import Entry
from wallet.status_lists import STREAM

bp = Blueprint("counter-live", url_prefix="/api/counter")

LINES = "application/x-ndjson"


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
    with hub.join(STREAM) as entries:
        response = await request.respond(
            content_type=LINES, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        )
        await _send(response, {"type": "hello"})
        try:
            await _tell(response, entries, request.ctx.principal, pace)
        except Dropped:
            # A page that reads too slowly comes back and looks at all lists.
            await _send(response, {"type": "reconnect"})
        await response.eof()
    return None


async def _tell(
    response: HTTPResponse, entries: Subscription, principal: Principal, pace: Pace
) -> None:
    loop = asyncio.get_running_loop()
    # Spread, so that streams opened together do not come back together.
    end = loop.time() + pace.life * random.uniform(0.9, 1.0)  # noqa: S311
    while loop.time() < end:
        try:
            async with asyncio.timeout(pace.heartbeat):
                item = await entries.next()
        except TimeoutError:
            if not await _is_enrolled(principal):
                return
            await _send(response, {"type": "heartbeat"})
            continue
        if isinstance(item, Entry):
            await _send(response, {"type": "changed", **item.payload})
        else:
            await _send(response, {"type": "hello"})
    await _send(response, {"type": "reconnect"})


async def _is_enrolled(principal: Principal) -> bool:
    try:
        return (await queries.get_counter(principal.id)).active
    except CounterNotFound:
        return False


async def _send(response: HTTPResponse, line: dict[str, object]) -> None:
    await response.send(msgspec.json.encode(line) + b"\n")
