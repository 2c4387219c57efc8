"""Mini codes of items, for printing at a service hall."""

from __future__ import annotations

from typing import Annotated

import msgspec
from sanic import Blueprint, HTTPResponse, Request
from sanic.response import raw

from api.edge import guards
from api.edge.endpoint import endpoint
from identity import channels, errors
from miniapp_bridge import errors as platform_errors
from services.guides import catalogue
from services.guides import errors as guide_errors

bp = Blueprint("staff-mini-codes", url_prefix="/api/staff")

ENTRY_PAGE = "pages/index/index"
ENDINGS = {"image/png": "png", "image/jpeg": "jpg", "image/svg+xml": "svg"}


class CodeQuery(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    channel: Annotated[str, msgspec.Meta(max_length=32)] = "wechat-mini"


@bp.get("/items/<code:str>/mini-code")
@guards.officer()
@endpoint(
    summary="The code that opens an item's guide in an app, as a picture for printing",
    query=CodeQuery,
    raw=True,
    media_types=tuple(ENDINGS),
    problems=(
        guide_errors.ItemNotFound,
        errors.ChannelNotFound,
        errors.ItemNotOffered,
        errors.UnknownPlatform,
        platform_errors.MessageRejected,
        platform_errors.PlatformBusy,
        platform_errors.PlatformUnavailable,
    ),
)
async def get_mini_code(request: Request, code: str, query: CodeQuery) -> HTTPResponse:
    """It holds the item and nobody's data, and may hang on a wall for years."""
    item = (await catalogue.get_item(code)).item
    channel = channels.get_channel(query.channel)
    channels.require_offer(channel.key, item.code)
    connector = request.app.ctx.resources.connectors.get(channel.platform)
    if connector is None or not channel.mini_codes:
        raise errors.UnknownPlatform()
    found = await connector.mini_code(scene=channels.scene_of(item.code), page=ENTRY_PAGE)
    name = f"{item.code}-{channel.key}.{ENDINGS[found.media_type]}"
    return raw(
        found.data,
        content_type=found.media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )
