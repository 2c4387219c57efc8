"""PDF: PAdES signatures with a seal picture, and their verification, through pyHanko.

pyHanko reads, writes and compares revisions; values, certificates and time stamps are judged by
the same code as those of OFD, so that both formats say the same things in the same words.
pyHanko takes a third of a second to import: this package loads it at first use.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from signing.pki.trust import TrustList
from signing.report.policy import Limits, Policy
from signing.report.report import SealReport

if TYPE_CHECKING:
    from signing.pdf.inspecting import PdfFacts
    from signing.pdf.sealing import UnsignedPdf


def is_pdf(data: bytes) -> bool:
    """Whether these bytes begin as a PDF must (ISO 32000-2, 7.5.2)."""
    return data.startswith(b"%PDF-")


def verify_pdf(data: bytes, *, trust: TrustList, at: datetime, policy: Policy) -> SealReport:
    """`signing.verify_document` for a PDF."""
    from signing.pdf import judging

    return judging.verify(data, trust=trust, at=at, policy=policy)


def inspect_pdf(data: bytes) -> "PdfFacts":
    """What a PDF says about its revisions, signatures and evidence; raises UnsafeDocument."""
    from signing.pdf import inspecting

    return inspecting.inspect(data)


def messages_of_pdf(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Name and DER message of each signature of a PDF; raises UnsafeDocument."""
    from signing.pdf import inspecting

    return inspecting.messages_of(data)


def begin_pdf_seal(
    pdf: bytes,
    *,
    signer_certificate: bytes,
    at: datetime,
    picture: bytes,
    boundary: tuple[float, float, float, float] | None = None,
    page: int = 1,
    chain: Sequence[bytes] = (),
    limits: Limits | None = None,
) -> "UnsignedPdf":
    """Prepare a seal with this picture (PNG or JPEG) on a page counted from 1.

    `boundary` is x, y, width, height in mm from the upper left corner of the page, as in OFD, and
    a round seal's size in the lower right corner when None;
    `chain` are certificates above the signer's to send along. Raises UnsafeDocument for the PDF,
    MalformedCertificate, and SealRefused: closed document, no such page, box outside of it,
    certificate not usable at `at`, unreadable picture.
    """
    from signing.pdf import sealing

    return sealing.begin(
        pdf,
        signer_certificate=signer_certificate,
        at=at,
        picture=picture,
        boundary=boundary,
        page=page,
        chain=chain,
        limits=limits or Limits(),
    )


__all__ = ["begin_pdf_seal", "inspect_pdf", "is_pdf", "messages_of_pdf", "verify_pdf"]
