"""Addresses of stored files that need no session: signed, and good until a time. Pure."""

import base64
import hmac
from datetime import datetime
from uuid import UUID

from core import protect

PREFIX = "/api/files"
_DIGEST = "sha256"


def address_of(file_id: UUID, *, secret_key: bytes, until: datetime, small: bool = False) -> str:
    """The path under which the file can be fetched until `until`, by whoever has it.

    `small` leads to its thumbnail, and to nothing else.
    """
    end = int(until.timestamp())
    what = place_of(file_id, small=small)
    return f"{PREFIX}/{what}/{end}/{seal(what, end, secret_key=secret_key)}"


def place_of(file_id: UUID, *, small: bool = False) -> str:
    """What a seal is for: the file, or its thumbnail."""
    return f"{file_id}/thumbnail" if small else str(file_id)


def seal(what: str, until: int, *, secret_key: bytes) -> str:
    """What makes an address genuine. `until` in seconds since 1970."""
    key = protect.derive(secret_key, b"file-address", 32)
    mac = hmac.digest(key, f"{what} {until}".encode(), _DIGEST)
    return base64.urlsafe_b64encode(mac).decode().rstrip("=")
