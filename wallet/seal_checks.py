"""The seal of a stored document, in the wallet's words.

Judging a document takes milliseconds of a processor, so that what was found is kept for a few
minutes, with the moment it was found at: the holder who opens a code has the seal checked, and the
counter's verdict a moment later cites that. A change of the trust list, as any revocation is, makes
another key and so another look. Nothing that was not found out for certain is kept, and never a
verdict.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from redis.asyncio import Redis

from core import clock, offload
from core.blobs import BlobNotFound, Blobs, DamagedBlob
from core.redis_client import REDIS_ERRORS
from signing import SealReport, TrustList
from signing import verify_document as verify_seal
from wallet import verdict
from wallet.verdict import Check, Outcome, Reason, Verdict

log = logging.getLogger(__name__)

KEPT = timedelta(minutes=5)


async def verdict_on(document: str, *, blobs: Blobs, trust: TrustList, redis: Redis) -> Verdict:
    """The verdict on a stored document's seals alone."""
    return verdict.combine(await seal_checks(document, blobs=blobs, trust=trust, redis=redis))


async def seal_checks(
    document: str, *, blobs: Blobs, trust: TrustList, redis: Redis
) -> Sequence[Check]:
    """What is known of the seal, at most KEPT old; each check says since when."""
    key = f"seal-checks:{document}:{trust.digest}"
    kept = await _kept(key, redis)
    if kept is not None:
        return kept
    found = await look(document, blobs=blobs, trust=trust, at=clock.now())
    if all(check.outcome is not Outcome.UNKNOWN for check in found):
        await _keep(key, found, redis)
    return found


async def look(document: str, *, blobs: Blobs, trust: TrustList, at: datetime) -> Sequence[Check]:
    """The seal, checked now."""
    try:
        data = await blobs.get(document)
    except (BlobNotFound, DamagedBlob):
        return [
            Check(
                name="seal",
                outcome=Outcome.UNKNOWN,
                detail="证照文件暂时无法读取",
                reason=Reason.STATUS_UNREACHABLE,
            )
        ]
    return checks_of(await offload.desk.run(verify_seal, data, trust=trust, at=at), at=at)


def checks_of(report: SealReport, *, at: datetime | None = None) -> list[Check]:
    """Signing's checks in the wallet's words; both use the same list of reasons."""
    return [
        Check(
            name=f"seal.{check.name}",
            outcome=Outcome(check.outcome.value),
            detail=check.detail,
            reason=check.reason,
            as_of=at,
        )
        for check in report.checks
    ]


async def _kept(key: str, redis: Redis) -> list[Check] | None:
    try:
        stored = await redis.get(key)
    except REDIS_ERRORS:
        return None
    if stored is None:
        return None
    checks = [Check.from_dict(each) for each in msgspec.json.decode(stored)]
    now = clock.now()
    fresh = all(check.as_of is not None and now - check.as_of <= KEPT for check in checks)
    return checks if fresh else None


async def _keep(key: str, checks: Sequence[Check], redis: Redis) -> None:
    """Best effort: without Redis every look is a fresh one."""
    data = msgspec.json.encode([check.to_dict() for check in checks])
    try:
        await redis.set(key, data, ex=int(KEPT.total_seconds()))
    except REDIS_ERRORS:
        log.warning("the checks of a seal could not be kept")
