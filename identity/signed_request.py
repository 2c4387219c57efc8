"""What counters and client systems sign, and the two checks every signed request passes.

The signed text is `METHOD\\nPATH?QUERY\\nTIME\\nNONCE\\nhex(sha256(body))`, with the target exactly
as it was sent. The time must lie within a minute of ours, and a nonce is good for one request.
"""

import asyncio
import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from core import clock
from identity.errors import InvalidSignature

if TYPE_CHECKING:
    from redis.asyncio import Redis

CLOCK_SKEW_SECONDS = 60
NONCE_LIFE_SECONDS = 180
"""Longer than the span in which one signature could pass the clock check (two skews)."""

LARGE_BODY = 1024 * 1024
"""From here on hashing leaves the event loop; hashlib lets other threads run meanwhile."""

NONCE = re.compile(r"[A-Za-z0-9_-]{16,64}")
TIME = re.compile(r"[0-9]{10,12}")


@dataclass(frozen=True, kw_only=True)
class SignedRequest:
    """The claims of a request; nothing is proved before the signature has been checked."""

    caller: str
    sent_at: datetime
    nonce: str
    signature: str
    signed_text: bytes

    @classmethod
    async def read(
        cls,
        *,
        caller: str,
        time: str,
        nonce: str,
        signature: str,
        method: str,
        target: str,
        body: bytes,
    ) -> "SignedRequest":
        """Raises InvalidSignature when a part is missing or has not the shape agreed on."""
        if not (caller and signature and TIME.fullmatch(time) and NONCE.fullmatch(nonce)):
            raise InvalidSignature()
        digest = await _body_digest(body)
        return cls(
            caller=caller,
            sent_at=datetime.fromtimestamp(int(time), UTC),
            nonce=nonce,
            signature=signature,
            signed_text="\n".join((method, target, time, nonce, digest)).encode(),
        )

    def check_time(self) -> None:
        """Raises InvalidSignature for a clock that is off by more than a minute."""
        skew = abs((clock.now() - self.sent_at).total_seconds())
        if skew > CLOCK_SKEW_SECONDS:
            raise InvalidSignature()

    async def use_nonce(self, *, redis: "Redis") -> None:
        """Spend the nonce; raises InvalidSignature on its second use. After the signature only."""
        key = f"nonce:{self.caller}:{self.nonce}"
        if not await redis.set(key, b"1", nx=True, ex=NONCE_LIFE_SECONDS):
            raise InvalidSignature()


async def _body_digest(body: bytes) -> str:
    if len(body) < LARGE_BODY:
        return hashlib.sha256(body).hexdigest()
    digest = await asyncio.to_thread(hashlib.sha256, body)
    return digest.hexdigest()
