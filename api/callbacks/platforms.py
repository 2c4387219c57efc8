"""Messages of WeChat and Alipay: verified, seen once, noted, answered within five seconds."""

from __future__ import annotations

import asyncio

from sanic import Blueprint, HTTPResponse, Request
from sanic.response import text

from api.edge import guards
from api.edge.endpoint import endpoint
from core.errors import NotFound
from identity import channels
from miniapp_bridge import errors
from miniapp_bridge.connector import Callback, Connector, PlatformEvent
from miniapp_bridge.platforms.wechat import WeChatConnector

bp = Blueprint("platform-callbacks", url_prefix="/api/callbacks")

SEEN_SECONDS = 600
LONGEST_ANSWER_KEY = 120


def callback_of(request: Request) -> Callback:
    """The request as it came. Raises nothing: what it is worth is for the connector to say."""
    return Callback(
        query={name: value for name, value in request.get_query_args(keep_blank_values=True)},
        headers={name.lower(): value for name, value in request.headers.items()},
        body=request.body or b"",
    )


@bp.get("/<platform:str>")
@guards.public
@endpoint(
    summary="A platform checks our address (WeChat does)",
    raw=True,
    media_types=("text/plain",),
    problems=(errors.CallbackRefused, NotFound),
)
async def check_address(request: Request, platform: str) -> HTTPResponse:
    connector = request.app.ctx.resources.connectors.get(platform)
    if not isinstance(connector, WeChatConnector):
        raise NotFound()
    return text(connector.address_check(dict(callback_of(request).query)))


@bp.post("/<platform:str>")
@guards.public
@endpoint(
    summary="A platform tells something",
    raw=True,
    media_types=("text/plain",),
    problems=(errors.CallbackRefused, NotFound),
)
async def hear(request: Request, platform: str) -> HTTPResponse:
    resources = request.app.ctx.resources
    connector = resources.connectors.get(platform)
    if connector is None:
        raise NotFound()
    for event in connector.open_callback(callback_of(request)):
        name = f"callback:{platform}:{event.key[:LONGEST_ANSWER_KEY]}"
        if event.key and not await resources.redis.set(name, "1", nx=True, ex=SEEN_SECONDS):
            continue
        try:
            await _note(event, connector)
        except BaseException:
            # Not heard, also when the platform hung up and this was cancelled: it says it again.
            await asyncio.shield(resources.redis.delete(name))
            raise
    return text("success")


async def _note(event: PlatformEvent, connector: Connector) -> None:
    if isinstance(connector, WeChatConnector):
        await connector.note_event(event)
    await channels.note_event(connector.platform, event.kind)
