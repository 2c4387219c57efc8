"""Status lists and the list of signers, for all who read passes: no login, ETag, past states.

Both are signed, so that they may come by any way; see docs/how-to/verify-offline.md for their form.
"""

from datetime import datetime

import msgspec
from sanic import Blueprint, HTTPResponse, Request
from sanic.response import empty, raw

from api.edge import guards, throttle
from api.edge.endpoint import endpoint
from wallet import errors
from wallet.show import status_lists
from wallet.show.status_lists import Edition

bp = Blueprint("status-lists", url_prefix="/api")

PAST_PER_MINUTE = 30


class Lists(msgspec.Struct, kw_only=True):
    newest: int
    """The lists are numbered from 1 to this."""
    ttl_seconds: int


class AtTime(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    time: datetime | None = None
    """ISO 8601 or Unix seconds; the list as it was then."""


@bp.get("/status-lists")
@guards.public
@endpoint(summary="How many status lists there are", returns=Lists)
async def list_lists(request: Request) -> Lists:
    return Lists(
        newest=await status_lists.newest_list(),
        ttl_seconds=int(status_lists.TTL.total_seconds()),
    )


@bp.get("/status-lists/<number:int>")
@guards.public
@endpoint(
    summary="A status list (IETF Token Status List, CWT), now or as it was at a past time",
    query=AtTime,
    raw=True,
    media_types=(status_lists.MEDIA_TYPE,),
    problems=(errors.StatusListNotFound, errors.ListsNotReady, throttle.TooManyTries),
)
async def get_list(request: Request, number: int, query: AtTime) -> HTTPResponse:
    desk = request.app.ctx.resources.desk
    if query.time is not None:
        await throttle.per_address(request, "past-status", limit=PAST_PER_MINUTE)
        edition = await status_lists.past_edition(number, query.time, desk=desk)
    else:
        edition = await status_lists.edition(number, desk=desk)
    return _send(request, edition, status_lists.MEDIA_TYPE)


@bp.get("/trust-list")
@guards.public
@endpoint(
    summary="Certificates that sign passes and lists, with their state, as one signed object",
    raw=True,
    media_types=(status_lists.SIGNERS_MEDIA_TYPE,),
    problems=(errors.ListsNotReady,),
)
async def get_signers(request: Request) -> HTTPResponse:
    edition = await status_lists.signers_edition(desk=request.app.ctx.resources.desk)
    return _send(request, edition, status_lists.SIGNERS_MEDIA_TYPE)


def _send(request: Request, edition: Edition, media_type: str) -> HTTPResponse:
    """The bytes, or 304 for who has them; kept nowhere without asking again."""
    headers = {
        "ETag": edition.etag,
        "Cache-Control": "public, no-cache",
        "Access-Control-Allow-Origin": "*",
    }
    if request.headers.get("if-none-match") == edition.etag:
        return empty(status=304, headers=headers)
    return raw(edition.data, headers=headers, content_type=media_type)
