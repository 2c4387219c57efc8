"""The seal of a stored document, in the wallet's words.

Judging a document takes milliseconds of a processor, so that what was found is kept for a few
minutes, with the moment it was found at: the holder who opens a code has the seal checked, and the
counter's verdict a moment later cites that. A change of the trust list, as any revocation is, makes
another key and so another look. Nothing that was not found out for certain is kept, and never a
verdict. Beside the checks a digest of what the document says is kept, to compare the register with.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
from redis.asyncio import Redis

from core import clock, offload
from core.files.blobs import BlobNotFound, DamagedBlob
from core.valkey.redis_client import REDIS_ERRORS
from signing import SealReport
from signing import verify_document as verify_seal
from wallet.desk import Desk
from wallet.document import agreement
from wallet.log import alarms
from wallet.models import Licence
from wallet.types import verdict
from wallet.types.verdict import Check, Outcome, Reason, Verdict

log = logging.getLogger(__name__)

KEPT = timedelta(minutes=5)


async def verdict_on(document: str, *, desk: Desk) -> Verdict:
    """The verdict on a stored document's seals alone."""
    return verdict.combine(await seal_checks(document, desk=desk))


async def verdict_of(licence: Licence, *, desk: Desk) -> Verdict:
    """The verdict on a licence's document, and on the register beside it."""
    return verdict.combine(await document_checks(licence, desk=desk))


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """What is known of a stored document."""

    checks: Sequence[Check]
    says: Sequence[str]
    """Digests of its statement; empty when it could not be read."""


async def seal_checks(document: str, *, desk: Desk) -> Sequence[Check]:
    """What is known of the seal, at most KEPT old; each check says since when."""
    sealed, _ = await _sealed(document, desk=desk)
    return sealed.checks


async def document_checks(
    licence: Licence,
    *,
    desk: Desk,
    in_doubt: bool | None = None,
) -> Sequence[Check]:
    """The same, and whether the register still says what the document says.

    `in_doubt` is whether an alarm was open when the licence's row was read. It is asked anew when
    it was not, or when the document had to be looked at, which takes its time.
    """
    sealed, was_kept = await _sealed(licence.document, desk=desk)
    known = in_doubt if was_kept else None
    return [*sealed.checks, *await doubts(licence, sealed.says, in_doubt=known)]


async def doubts(
    licence: Licence, says: Sequence[str] = (), *, in_doubt: bool | None = None
) -> list[Check]:
    """Why the row of a licence is not to be relied on: an open alarm, or another statement than
    one of `says`. Such a difference raises the alarm; none is told, too, who asks later."""
    if await alarms.is_open(licence.id) if in_doubt is None else in_doubt:
        return [alarms.doubt()]
    if not says or agreement.digest(agreement.of_row(licence)) in says:
        return []
    await alarms.sound(
        alarms.REGISTER,
        about=f"licence:{licence.id}",
        detail="the row differs from the sealed document",
        licence_id=licence.id,
    )
    return [alarms.doubt()]


async def _sealed(document: str, *, desk: Desk) -> tuple[Sealed, bool]:
    """What is known, and whether it was kept."""
    key = f"seal-checks:{document}:{desk.trust.digest}"
    kept = await _kept(key, desk.redis)
    if kept is not None:
        return kept, True
    found = await look(document, desk=desk, at=clock.now())
    if all(check.outcome is not Outcome.UNKNOWN for check in found.checks):
        await _keep(key, found, desk.redis)
    return found, False


async def look(document: str, *, desk: Desk, at: datetime) -> Sealed:
    """The document, looked at now."""
    try:
        data = await desk.blobs.get(document)
    except (BlobNotFound, DamagedBlob):
        unreadable = Check(
            name="seal",
            outcome=Outcome.UNKNOWN,
            detail="证照文件暂时无法读取",
            reason=Reason.STATUS_UNREACHABLE,
        )
        return Sealed(checks=[unreadable], says=())
    checks = checks_of(await offload.desk.run(verify_seal, data, trust=desk.trust, at=at), at=at)
    if any(check.outcome is Outcome.FAIL for check in checks):
        return Sealed(checks=checks, says=())  # hostile, perhaps: nobody reads it further
    said = await asyncio.to_thread(agreement.of_document, data)
    return Sealed(checks=checks, says=[agreement.digest(one) for one in said])


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


async def _kept(key: str, redis: Redis) -> Sealed | None:
    try:
        stored = await redis.get(key)
    except REDIS_ERRORS:
        return None
    if stored is None:
        return None
    kept = msgspec.json.decode(stored)
    if not isinstance(kept, dict):
        return None  # of an earlier release, without what the document says
    checks = [Check.from_dict(each) for each in kept["checks"]]
    now = clock.now()
    fresh = all(check.as_of is not None and now - check.as_of <= KEPT for check in checks)
    return Sealed(checks=checks, says=kept["says"]) if fresh else None


async def _keep(key: str, found: Sealed, redis: Redis) -> None:
    """Best effort: without Redis every look is a fresh one."""
    kept = {"checks": [check.to_dict() for check in found.checks], "says": list(found.says)}
    try:
        await redis.set(key, msgspec.json.encode(kept), ex=int(KEPT.total_seconds()))
    except REDIS_ERRORS:
        log.warning("the checks of a seal could not be kept")
