"""Addresses of stored files that need no session: signed, and good until a time. Pure.

What an address leads to is said by its kind, which is signed with the id: the id of one table is
never looked up in another. Pages choose the ids of pictures, and might choose that of a file.
"""

import base64
import hmac
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from core.protection import protect

PREFIX = "/api/files"
_DIGEST = "sha256"


class Kind(StrEnum):
    """What an address leads to, and so the one table its id is looked up in."""

    MATERIAL = "material"
    THUMBNAIL = "thumbnail"
    """The small picture of a material."""
    MESSAGE_PICTURE = "message-picture"


def address_of(kind: Kind, file_id: UUID, *, secret_key: bytes, until: datetime) -> str:
    """The path under which the file can be fetched until `until`, by whoever has it."""
    end = int(until.timestamp())
    what = place_of(kind, file_id)
    return f"{PREFIX}/{what}/{end}/{seal(what, end, secret_key=secret_key)}"


def place_of(kind: Kind, file_id: UUID) -> str:
    """What a seal is for: a file of this kind, and nothing else of the same id."""
    return f"{kind.value}/{file_id}"


def seal(what: str, until: int, *, secret_key: bytes) -> str:
    """What makes an address genuine. `until` in seconds since 1970."""
    key = protect.derive(secret_key, b"file-address", 32)
    mac = hmac.digest(key, f"{what} {until}".encode(), _DIGEST)
    return base64.urlsafe_b64encode(mac).decode().rstrip("=")
