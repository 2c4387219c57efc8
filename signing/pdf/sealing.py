"""Seal a PDF: everything but the signature, then the signature (PAdES B-B, B-T and B-LT).

The same two steps as `signing.seal.begin`, so that the key may sit in a hardware module. pyHanko
writes the incremental update; the message in it is ours. Unless the document carries signatures
already, the seal certifies it: afterwards only evidence and time stamps may be added.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from PIL import Image
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import AxisAlignment, InnerScaling, Margins, SimpleBoxLayoutRule
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers.cms_embedder import (
    PdfCMSEmbedder,
    SigAppearanceSetup,
    SigIOSetup,
    SigMDPSetup,
    SigObjSetup,
)
from pyhanko.sign.signers.pdf_byterange import SignatureObject
from pyhanko.stamp import StaticStampStyle

from signing import suites
from signing.errors import InvalidSignature, SealRefused, UnsafeDocument
from signing.pdf.reader import refusing
from signing.pdf.signatures import Broken, PdfDocument
from signing.pki import certificates, cms_building, crl, ocsp, timestamps
from signing.pki.certificates import Certificate
from signing.report.policy import Limits
from signing.seal.picture import DIAMETER_MM
from signing.seal.placing import Boundary, insist_box, lower_right

_POINTS_PER_MM = 72 / 25.4
_USAGES = (certificates.DIGITAL_SIGNATURE, certificates.NON_REPUDIATION)
# Attributes, signer info and structure around certificates and token, with room to spare.
_FIXED_PART, _TOKEN_PART = 2048, 8192
_LARGEST_PICTURE = 4096
_WHOLE_BOX = SimpleBoxLayoutRule(
    AxisAlignment.ALIGN_MID,
    AxisAlignment.ALIGN_MID,
    margins=Margins.uniform(0),
    inner_content_scaling=InnerScaling.STRETCH_TO_FIT,
)


@dataclass(frozen=True, slots=True)
class UnsignedPdf:
    """A sealed PDF that lacks only the message around the signature of `to_sign`."""

    to_sign: bytes = field(repr=False)
    signer_certificate: bytes = field(repr=False)
    chain: tuple[bytes, ...] = field(repr=False)
    draft: bytes = field(repr=False)
    hole: tuple[int, int]
    """Where the message goes, angle brackets included."""

    def timestamp_imprint(self, signature: bytes) -> timestamps.Imprint:
        """What a time-stamp authority is to stamp: the digest of the signature value."""
        suite = suites.by_public_key(certificates.parse(self.signer_certificate).spki)
        return timestamps.imprint_of(signature, suite.digest_oid)

    def complete(
        self,
        signature: bytes,
        *,
        timestamp: bytes | None = None,
        crls: Sequence[bytes] = (),
        ocsp: Sequence[bytes] = (),
    ) -> bytes:
        """The sealed PDF: B-B, with a token over the signature B-T, with `crls` or `ocsp` B-LT.

        Raises InvalidSignature when a part belongs to something else, MalformedSignature and
        MalformedCertificate for what cannot be read, SealRefused when the token is too large.
        """
        signer = certificates.parse(self.signer_certificate)
        suite = suites.by_public_key(signer.spki)
        if not suite.verify(signer.spki, self.to_sign, signature):
            raise InvalidSignature("this is not the signer's signature of this document")
        if timestamp is not None:
            timestamps.insist_about(timestamp, signature)
        message = cms_building.assemble(
            self.to_sign, signature, signer=signer, chain=self.chain, timestamp=timestamp
        )
        start, end = self.hole
        room = end - start - 2
        value = message.hex().encode()
        if len(value) > room:
            raise SealRefused("certificates and time stamp need more room than was kept")
        sealed = self.draft[: start + 1] + value.ljust(room, b"0") + self.draft[end - 1 :]
        return _with_evidence(sealed, crls, ocsp, self.chain) if crls or ocsp else sealed


def begin(
    pdf: bytes,
    *,
    signer_certificate: bytes,
    at: datetime,
    picture: bytes,
    boundary: Boundary | None,
    page: int,
    chain: Sequence[bytes],
    limits: Limits,
) -> UnsignedPdf:
    """`signing.pdf.begin_pdf_seal`, where the arguments are explained."""
    signer = certificates.parse(signer_certificate)
    _insist_usable(signer, at)
    if boundary is not None:
        insist_box(boundary)
    document = PdfDocument(pdf, limits)
    present = document.signatures()
    if any(isinstance(one, Broken) for one in present):
        raise SealRefused("the document carries a damaged signature")
    closed = [one.name for one in present if not isinstance(one, Broken) and one.closes]
    if closed:
        raise SealRefused(f"signature {closed[0]} closes the document")
    name = _free_name(document)
    with refusing("the seal cannot be written"):
        writer = IncrementalPdfFileWriter.from_reader(document.reader)
        box = _on_page(writer, page, boundary)
        draft, start, end = _write_draft(
            writer,
            SigFieldSpec(name, on_page=page - 1, box=box),
            style=_style(picture),
            at=at,
            certify=not present,
            room=_room(signer, chain),
        )
    digest = suites.by_public_key(signer.spki).digest(draft[:start] + draft[end:])
    to_sign = cms_building.signed_attributes(cms_building.DATA, digest, signer)
    return UnsignedPdf(to_sign, signer.der, tuple(chain), draft, (start, end))


def _insist_usable(signer: Certificate, at: datetime) -> None:
    if not signer.not_before <= at <= signer.not_after:
        raise SealRefused("the signer's certificate is not valid at this time")
    if not signer.may(*_USAGES):
        raise SealRefused("the signer's certificate is not for signing")


def _free_name(document: PdfDocument) -> str:
    """Seal1, Seal2 …: the first that no field of the form bears."""
    number = 1
    while document.has_field(f"Seal{number}"):
        number += 1
    return f"Seal{number}"


def _room(signer: Certificate, chain: Sequence[bytes]) -> int:
    """Hexadecimal digits to keep free for the message."""
    enclosed = len(signer.der) + sum(map(len, chain))
    return 2 * (enclosed + _FIXED_PART + _TOKEN_PART)


def _on_page(writer: Any, page: int, boundary: Boundary | None) -> tuple[int, int, int, int]:
    """The boundary in points from the lower left corner, outwards to whole points."""
    try:
        if page < 1:
            raise SealRefused(f"the document has no page {page}")
        found = writer.find_page_for_modification(page - 1)[0].get_object()
    except (PdfError, ValueError, LookupError) as problem:
        raise SealRefused(f"the document has no page {page}") from problem
    if _inherited(found, "/Rotate") not in (None, 0):
        raise SealRefused("the page is rotated")
    media = _inherited(found, "/CropBox") or _inherited(found, "/MediaBox")
    left, bottom, right, top = (float(number) for number in media)
    if boundary is None:
        size = ((right - left) / _POINTS_PER_MM, (top - bottom) / _POINTS_PER_MM)
        boundary = lower_right(size, (DIAMETER_MM, DIAMETER_MM))
    x, y, width, height = (number * _POINTS_PER_MM for number in boundary)
    box = (round(left + x), round(top - y - height), round(left + x + width), round(top - y))
    if box[0] < left - 1 or box[1] < bottom - 1 or box[2] > right + 1 or box[3] > top + 1:
        raise SealRefused("the boundary lies outside the page")
    return box


def _inherited(page: Any, key: str) -> Any:
    """An attribute of the page or of the nodes above it, None when nobody has it."""
    node = page
    for _ in range(64):
        if key in node:
            return node[key]
        if "/Parent" not in node:
            return None
        node = node["/Parent"]
    raise UnsafeDocument("the page tree is too deep")


def _style(picture: bytes) -> StaticStampStyle:
    from pyhanko.pdf_utils.images import PdfImage

    try:
        opened = Image.open(io.BytesIO(picture), formats=("PNG", "JPEG"))
        if max(opened.size) > _LARGEST_PICTURE:
            raise SealRefused(f"a seal picture is at most {_LARGEST_PICTURE} pixels wide")
        image = opened.convert("RGBA")
    except (OSError, ValueError, SyntaxError) as problem:
        raise SealRefused("the seal picture cannot be read") from problem
    return StaticStampStyle(
        border_width=0,
        background=PdfImage(image, name="Seal"),
        background_layout=_WHOLE_BOX,
        background_opacity=1,
    )


def _write_draft(
    writer: Any,
    spec: SigFieldSpec,
    *,
    style: StaticStampStyle,
    at: datetime,
    certify: bool,
    room: int,
) -> tuple[bytes, int, int]:
    """The document with an empty signature, and the place that it leaves for the message."""
    steps = PdfCMSEmbedder(new_field_spec=spec).write_cms(spec.sig_field_name, writer)
    next(steps)
    permission = MDPPerm.NO_CHANGES if certify else None
    steps.send(
        SigObjSetup(
            SignatureObject(timestamp=at, subfilter=SigSeedSubFilter.PADES, bytes_reserved=room),
            SigMDPSetup("sha256", certify=certify, docmdp_perms=permission),
            SigAppearanceSetup(style, timestamp=at, name=None),
        )
    )
    prepared, output = steps.send(SigIOSetup("sha256"))
    draft: bytes = output.getvalue()
    return draft, prepared.reserved_region_start, prepared.reserved_region_end


def _with_evidence(
    sealed: bytes, crls: Sequence[bytes], answers: Sequence[bytes], chain: Sequence[bytes]
) -> bytes:
    """A further revision with a document security store (ETSI EN 319 142-1)."""
    for der in crls:
        crl.parse(der)
    for der in answers:
        ocsp.parse(der)
    with refusing("the security store cannot be written"):
        document = PdfDocument(sealed, Limits())
        writer = IncrementalPdfFileWriter.from_reader(document.reader)
        store = generic.DictionaryObject({generic.pdf_name("/Type"): generic.pdf_name("/DSS")})
        for key, parts in (("/CRLs", crls), ("/OCSPs", answers), ("/Certs", chain)):
            streams = [writer.add_object(generic.StreamObject(stream_data=der)) for der in parts]
            if streams:
                store[generic.pdf_name(key)] = writer.add_object(generic.ArrayObject(streams))
        writer.root[generic.pdf_name("/DSS")] = writer.add_object(store)
        writer.update_root()
        output = io.BytesIO()
        writer.write(output)
    return output.getvalue()
