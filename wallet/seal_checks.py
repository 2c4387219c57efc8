"""The seal of a stored document, in the wallet's words."""

from collections.abc import Sequence
from datetime import datetime

from core import clock, offload
from core.blobs import BlobNotFound, Blobs, DamagedBlob
from signing import SealReport, TrustList
from signing import verify_document as verify_seal
from wallet import verdict
from wallet.verdict import Check, Outcome, Reason, Verdict


async def verdict_on(document: str, *, blobs: Blobs, trust: TrustList) -> Verdict:
    """The verdict on a stored document's seals alone."""
    return verdict.combine(await seal_checks(document, blobs=blobs, trust=trust, at=clock.now()))


async def seal_checks(
    document: str, *, blobs: Blobs, trust: TrustList, at: datetime
) -> Sequence[Check]:
    """The seal of the stored document, checked anew each time; only chains are cached."""
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
    return checks_of(await offload.run(verify_seal, data, trust=trust, at=at))


def checks_of(report: SealReport) -> list[Check]:
    """Signing's checks in the wallet's words; both use the same list of reasons."""
    return [
        Check(
            name=f"seal.{check.name}",
            outcome=Outcome(check.outcome.value),
            detail=check.detail,
            reason=check.reason,
        )
        for check in report.checks
    ]
