"""Stored files on their way to a browser: by a short-lived signed address, shown and never run.

The lasting address of a file asks who is calling and sends on to one that is signed, works for a
minute and needs no session, so that also native image viewers can follow it.
"""

import hmac
from datetime import datetime, timedelta
from urllib.parse import quote
from uuid import UUID

from sanic import Blueprint, HTTPResponse, Request
from sanic.response import empty, raw

from api import guards
from api.endpoint import endpoint
from cases import errors, file_addresses, queries
from core import clock
from core.errors import Forbidden
from core.settings import Settings

bp = Blueprint("files", url_prefix=file_addresses.PREFIX)

LIFE = timedelta(seconds=60)
CACHE = "private, max-age=300"
MEDIA_TYPES = ("image/jpeg", "image/png", "application/pdf", "application/ofd")
_SHOWN = frozenset({"image/jpeg", "image/png", "application/pdf"})


class AddressExpired(Forbidden):
    slug = "file-address-expired"
    title = "文件地址已过期，请返回页面重新打开"


def redirect(request: Request, file_id: UUID) -> HTTPResponse:
    """Send the caller, who may see the file, on to its signed address."""
    address = address_of(file_id, settings=request.app.ctx.resources.settings, at=clock.now())
    return empty(status=303, headers={"Location": address, "Cache-Control": "no-store"})


def address_of(file_id: UUID, *, settings: Settings, at: datetime) -> str:
    """The address under which the file can be fetched until a minute after `at`."""
    return file_addresses.address_of(file_id, secret_key=settings.secret_key, until=at + LIFE)


@bp.get("/<file_id:uuid>/<until:int>/<seal:str>")
@guards.public
@endpoint(
    summary="The bytes of a file, by its signed address",
    raw=True,
    media_types=MEDIA_TYPES,
    problems=(AddressExpired, errors.FileNotFound),
)
async def get_content(request: Request, file_id: UUID, until: int, seal: str) -> HTTPResponse:
    resources = request.app.ctx.resources
    ours = file_addresses.seal(file_id, until, secret_key=resources.settings.secret_key)
    genuine = hmac.compare_digest(seal.encode(), ours.encode())
    if not genuine or clock.now().timestamp() > until:
        raise AddressExpired()
    stored = await queries.get_signed_file(file_id)
    data = await resources.blobs.get(stored.digest)
    return inline(data, name=stored.name, media_type=stored.media_type)


def inline(data: bytes, *, name: str, media_type: str) -> HTTPResponse:
    """The file for display. `sandbox` keeps a hostile document from acting as a page of ours."""
    way = "inline" if media_type in _SHOWN else "attachment"
    return raw(
        data,
        content_type=media_type,
        headers={
            "Content-Disposition": f"{way}; filename*=UTF-8''{quote(name, safe='')}",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": CACHE,
        },
    )
