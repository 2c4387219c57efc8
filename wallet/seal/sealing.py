"""Turn a drawn licence into a sealed one: two steps of CPU work around the key's signature."""

from datetime import datetime

from core import clock, offload
from signing import SealReport, TrustList, Unsigned, begin_seal, verify_document
from wallet.desk import Desk
from wallet.document import face
from wallet.document.face import FaceData
from wallet.errors import IssueFailed
from wallet.seal.seals import SealView

PROVIDER = "云间证"


async def sealed_document(data: FaceData, *, seal: SealView, desk: Desk) -> bytes:
    """Draw, seal, and check at once with the eyes of a verifier. Raises IssueFailed."""
    unsigned = await offload.run(_begin, data, seal.seal, seal.certificate, clock.now())
    signature = await desk.keys.sign(seal.key_id, unsigned.to_sign)
    document, report = await offload.run(_finish, unsigned, signature, desk.trust, clock.now())
    if report.verdict != "valid":
        raise IssueFailed(f"签章自检结果：{'、'.join(report.reasons) or report.verdict}")
    return document


def _begin(data: FaceData, seal: bytes, certificate: bytes, at: datetime) -> Unsigned:
    return begin_seal(
        face.draw(data),
        seal=seal,
        signer_certificate=certificate,
        at=at,
        page=1,
        boundary=face.seal_box(data.licence_type),
        provider=PROVIDER,
    )


def _finish(
    unsigned: Unsigned, signature: bytes, trust: TrustList, at: datetime
) -> tuple[bytes, SealReport]:
    document = unsigned.complete(signature)
    return document, verify_document(document, trust=trust, at=at)
