"""What counters and client systems sign, and the two checks every signed request passes.

The signed text is `METHOD\\nPATH?QUERY\\nTIME\\nNONCE\\nhex(sha256(body))`, with the target exactly
as it was sent. The time must lie within a minute of ours, and a nonce is good for one request.
"""

import asyncio
import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from core import clock
from core.data.spent import Spending
from identity.errors import InvalidSignature

CLOCK_SKEW_SECONDS = 60

LARGE_BODY = 1024 * 1024
"""From here on hashing leaves the event loop; hashlib lets other threads run meanwhile."""

NONCE = re.compile(r"[A-Za-z0-9_-]{16,64}")
TIME = re.compile(r"[0-9]{10}")
"""Seconds since 1970, until the year 2286."""

LONGEST_CALLER = 64
LONGEST_SIGNATURE = 512


@dataclass(frozen=True, kw_only=True)
class Claims:
    """What the headers of a request claim, before its body is there. Nothing is proved."""

    caller: str
    time: str
    nonce: str
    signature: str

    @classmethod
    def read(cls, *, caller: str, time: str, nonce: str, signature: str) -> "Claims":
        """Raises InvalidSignature when a part is missing or has not the shape agreed on."""
        has_shape = (
            0 < len(caller) <= LONGEST_CALLER
            and 0 < len(signature) <= LONGEST_SIGNATURE
            and (caller + signature).isascii()
            and TIME.fullmatch(time)
            and NONCE.fullmatch(nonce)
        )
        if not has_shape:
            raise InvalidSignature()
        return cls(caller=caller, time=time, nonce=nonce, signature=signature)

    @property
    def sent_at(self) -> datetime:
        return datetime.fromtimestamp(int(self.time), UTC)

    def check_time(self) -> None:
        """Raises InvalidSignature for a clock that is off by more than a minute."""
        _check_time(self.sent_at)

    async def sign(self, *, method: str, target: str, body: bytes) -> "SignedRequest":
        """The claims with the text that the signature must fit."""
        digest = await _body_digest(body)
        return SignedRequest(
            caller=self.caller,
            sent_at=self.sent_at,
            nonce=self.nonce,
            signature=self.signature,
            signed_text="\n".join((method, target, self.time, self.nonce, digest)).encode(),
        )


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
        claims = Claims.read(caller=caller, time=time, nonce=nonce, signature=signature)
        return await claims.sign(method=method, target=target, body=body)

    def check_time(self) -> None:
        """Raises InvalidSignature for a clock that is off by more than a minute."""
        _check_time(self.sent_at)

    async def use_nonce(self, row_id: UUID, *, while_: Spending) -> None:
        """Spend the nonce if the caller is still allowed to ask; after the signature only.

        `while_` asks whether the caller's row, of `row_id`, is still good. Raises InvalidSignature
        when it is not, or when the nonce was spent. The nonce is the row's, however the request
        spells who calls, and is remembered in the database until the request is too old anyway: who
        restarts Valkey does not make a captured request fresh again.
        """
        until = self.sent_at + timedelta(seconds=CLOCK_SKEW_SECONDS)
        nonce = f"{row_id}:{self.nonce}"
        if not await while_.spend("nonce", nonce, str(row_id), until=until):
            raise InvalidSignature()


def _check_time(sent_at: datetime) -> None:
    if abs((clock.now() - sent_at).total_seconds()) > CLOCK_SKEW_SECONDS:
        raise InvalidSignature()


async def _body_digest(body: bytes) -> str:
    if len(body) < LARGE_BODY:
        return hashlib.sha256(body).hexdigest()
    digest = await asyncio.to_thread(hashlib.sha256, body)
    return digest.hexdigest()
