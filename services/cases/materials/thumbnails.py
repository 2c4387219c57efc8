"""Small pictures of materials, for lists: made when a file was looked at or is first shown."""

import io
from uuid import UUID

from PIL import Image

from core import offload
from core.files.blobs import Blobs
from services.cases import errors
from services.cases.files import pdf_page, pictures
from services.cases.models import MaterialFile

SIDE = 320
"""Longest side in pixels: what a phone shows three of in a row, at twice the density."""

MEDIA_TYPE = "image/jpeg"
_QUALITY = 75
NONE = ""
"""Kept instead of a digest when none can be drawn, so that nobody tries again at each look."""

_DRAWN = ("image/jpeg", "image/png", "application/pdf")


def may_exist(stored: MaterialFile) -> bool:
    """Whether the file has a thumbnail, or will have one when it is asked for."""
    return stored.media_type in _DRAWN and stored.thumbnail_digest != NONE


async def make(file_id: UUID, *, blobs: Blobs) -> str | None:
    """Draw the thumbnail of a file unless it is there; returns the name of its blob.

    None when there can be none, or the file was removed or changed meanwhile. Raises Busy, and
    TooMuchAtOnce when many wait for one file.
    """
    stored = await MaterialFile.get_or_none(id=file_id)
    if stored is None or not may_exist(stored):
        return None
    if stored.thumbnail_digest is not None:
        return stored.thumbnail_digest
    async with offload.uploads.turn(f"thumbnail:{file_id}"):
        return await _draw_unless_drawn(file_id, blobs=blobs)


async def _draw_unless_drawn(file_id: UUID, *, blobs: Blobs) -> str | None:
    """Who waited for the turn finds what was drawn meanwhile."""
    stored = await MaterialFile.get_or_none(id=file_id)
    if stored is None or not may_exist(stored):
        return None
    if stored.thumbnail_digest is not None:
        return stored.thumbnail_digest
    data = await blobs.get(stored.digest)
    if stored.media_type == "application/pdf":
        picture = await pdf_page.draw(data, side=SIDE)
    else:
        picture = await offload.uploads.run(draw, data)
    digest = await blobs.put(picture) if picture else NONE
    # The file may have been cut anew meanwhile: this is the picture of what it was.
    same = MaterialFile.filter(id=file_id, digest=stored.digest)
    if not await same.update(thumbnail_digest=digest):
        return None
    return digest or None


async def get(file_id: UUID, *, blobs: Blobs) -> bytes:
    """The thumbnail, made now if need be; raises `NoThumbnail`."""
    digest = await make(file_id, blobs=blobs)
    if digest is None:
        raise errors.NoThumbnail()
    return await blobs.get(digest)


def draw(data: bytes) -> bytes | None:
    """A picture made small, pixels only. Pure CPU work."""
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG", "PNG"]) as picture:
            picture.draft("RGB", (SIDE, SIDE))
            small = pictures.flatten(picture)
        small.thumbnail((SIDE, SIDE))
        buffer = io.BytesIO()
        small.save(buffer, format="JPEG", quality=_QUALITY, optimize=True)
    except pictures.PICTURE_ERRORS:
        return None
    return buffer.getvalue()
