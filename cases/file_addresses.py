"""Addresses of stored files that need no session: signed, and good until a time. Pure."""

import base64
import hmac
from datetime import datetime
from uuid import UUID

from core import protect

PREFIX = "/api/files"
_DIGEST = "sha256"


def address_of(file_id: UUID, *, secret_key: bytes, until: datetime) -> str:
    """The path under which the file can be fetched until `until`, by whoever has it."""
    end = int(until.timestamp())
    return f"{PREFIX}/{file_id}/{end}/{seal(file_id, end, secret_key=secret_key)}"


def seal(file_id: UUID, until: int, *, secret_key: bytes) -> str:
    """What makes an address genuine. `until` in seconds since 1970."""
    key = protect.derive(secret_key, b"file-address", 32)
    mac = hmac.digest(key, f"{file_id} {until}".encode(), _DIGEST)
    return base64.urlsafe_b64encode(mac).decode().rstrip("=")
