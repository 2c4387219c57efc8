"""The one maker of identifiers and random tokens."""

from __future__ import annotations

import secrets
from uuid import UUID, uuid4


def new_id() -> UUID:
    """A random identifier for a row; tells nothing about its maker or its time."""
    return uuid4()


def new_token(size: int = 32) -> str:
    """`size` random bytes as URL-safe text without padding."""
    return secrets.token_urlsafe(size)
