"""What the wallet's acts work with, in one hand: a `Desk`, made once a worker (resources.py)."""

from dataclasses import dataclass

from redis.asyncio import Redis

from core.files.blobs import Blobs
from signing import TrustList
from wallet.types.key_store import Signs


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Keys to sign with, who is trusted, where documents lie, what is remembered for minutes."""

    keys: Signs
    trust: TrustList
    blobs: Blobs
    redis: Redis
    public_url: str = ""
    """Where we are reached; "" where no face and no list may name an address."""
