"""Stored files on their way to a browser: by a short-lived signed address, shown and never run.

The lasting address of a file asks who is calling and sends on to one that is signed, works for a
minute and needs no session, so that also native image viewers can follow it.
"""

import hmac
import re
from datetime import datetime, timedelta
from urllib.parse import quote
from uuid import UUID

from sanic import Blueprint, HTTPResponse, Request
from sanic.response import empty, raw

from api.edge import guards
from api.edge.endpoint import endpoint
from core import clock, offload
from core.errors import Forbidden
from core.settings import Settings
from services.cases import errors
from services.cases.files import addresses
from services.cases.files.addresses import Kind
from services.cases.materials import thumbnails
from services.cases.views import case_files

bp = Blueprint("files", url_prefix=addresses.PREFIX)

LIFE = timedelta(seconds=60)
CACHE = "private, max-age=300"
PICTURE_TYPES = ("image/jpeg", "image/png")
MEDIA_TYPES = ("image/jpeg", "image/png", "application/pdf", "application/ofd")
_SHOWN = frozenset({"image/jpeg", "image/png", "application/pdf"})
_VERSION = re.compile("[0-9a-f]{8}")


class AddressExpired(Forbidden):
    slug = "file-address-expired"
    title = "文件地址已过期，请返回页面重新打开"


def redirect(request: Request, kind: Kind, file_id: UUID) -> HTTPResponse:
    """Send the caller, who may see the file of this kind, on to its signed address."""
    settings = request.app.ctx.resources.settings
    address = address_of(kind, file_id, settings=settings, at=clock.now())
    version = request.args.get("v", "")
    if _VERSION.fullmatch(version):
        address = f"{address}?v={version}"
    return empty(status=303, headers={"Location": address, "Cache-Control": "no-store"})


def address_of(kind: Kind, file_id: UUID, *, settings: Settings, at: datetime) -> str:
    """The address under which a file of this kind can be fetched for a minute from `at`."""
    return addresses.address_of(kind, file_id, secret_key=settings.secret_key, until=at + LIFE)


@bp.get("/material/<file_id:uuid>/<until:int>/<seal:str>")
@guards.public
@endpoint(
    summary="The bytes of a material, by its signed address",
    raw=True,
    media_types=MEDIA_TYPES,
    problems=(AddressExpired, errors.FileNotFound),
)
async def get_content(request: Request, file_id: UUID, until: int, seal: str) -> HTTPResponse:
    resources = request.app.ctx.resources
    _require_genuine(Kind.MATERIAL, file_id, until, seal, resources.settings)
    stored = await case_files.get_signed_material(file_id)
    data = await resources.blobs.get(stored.digest)
    return inline(data, name=stored.name, media_type=stored.media_type)


@bp.get("/message-picture/<file_id:uuid>/<until:int>/<seal:str>")
@guards.public
@endpoint(
    summary="The bytes of a message's picture, by its signed address",
    raw=True,
    media_types=PICTURE_TYPES,
    problems=(AddressExpired, errors.FileNotFound),
)
async def get_message_picture(
    request: Request, file_id: UUID, until: int, seal: str
) -> HTTPResponse:
    resources = request.app.ctx.resources
    _require_genuine(Kind.MESSAGE_PICTURE, file_id, until, seal, resources.settings)
    stored = await case_files.get_signed_picture(file_id)
    data = await resources.blobs.get(stored.digest)
    return inline(data, name=stored.name, media_type=stored.media_type)


@bp.get("/thumbnail/<file_id:uuid>/<until:int>/<seal:str>")
@guards.public
@endpoint(
    summary="A small picture of a material, by its signed address",
    raw=True,
    media_types=(thumbnails.MEDIA_TYPE,),
    problems=(AddressExpired, errors.NoThumbnail, *offload.PROBLEMS),
)
async def get_thumbnail(request: Request, file_id: UUID, until: int, seal: str) -> HTTPResponse:
    resources = request.app.ctx.resources
    _require_genuine(Kind.THUMBNAIL, file_id, until, seal, resources.settings)
    data = await thumbnails.get(file_id, blobs=resources.blobs)
    return inline(data, name="thumbnail.jpg", media_type=thumbnails.MEDIA_TYPE)


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


def _require_genuine(kind: Kind, file_id: UUID, until: int, seal: str, settings: Settings) -> None:
    place = addresses.place_of(kind, file_id)
    ours = addresses.seal(place, until, secret_key=settings.secret_key)
    genuine = hmac.compare_digest(seal.encode(), ours.encode())
    if not genuine or clock.now().timestamp() > until:
        raise AddressExpired()
