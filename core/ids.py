"""The one maker of identifiers and random tokens."""

from __future__ import annotations

import hashlib
import secrets
from uuid import UUID, uuid4


def new_id() -> UUID:
    """A random identifier for a row; tells nothing about its maker or its time."""
    return uuid4()


def derived_id(*parts: str) -> UUID:
    """The same identifier for the same parts: a unique column then keeps a repeat from doubling."""
    return UUID(bytes=hashlib.sha256("\0".join(parts).encode()).digest()[:16])


def new_token(size: int = 32) -> str:
    """`size` random bytes as URL-safe text without padding."""
    return secrets.token_urlsafe(size)
