"""PDF files put together byte by byte, sealed ones, and incremental updates for the attacks."""

import io
from collections.abc import Mapping
from datetime import timedelta
from functools import cache

from PIL import Image

from signing import begin_pdf_seal
from signing.dev import devca
from signing.dev.devca import DevelopmentAuthority
from signing.pdf.sealing import UnsignedPdf
from signing.suites import P256_SHA256
from tests.signing.makers import AT, DEPARTMENT, OTHER

BOX = (140.0, 200.0, 42.0, 42.0)
PAGE = 4
CONTENT = 5
TEXT = b"BT /F1 24 Tf 72 700 Td (Licence valid until 2031) Tj ET"


def plain(text: bytes = TEXT, *, form: bool = False, resources: bytes = b"") -> bytes:
    """A page of A4 with one line of text and, if wanted, a form with one text field."""
    objects = {
        1: b"<< /Type /Catalog /Pages 2 0 R%s >>" % (b" /AcroForm 7 0 R" if form else b""),
        2: b"<< /Type /Pages /Kids [4 0 R] /Count 1 >>",
        3: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        PAGE: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R"
        b" /Resources << /Font << /F1 3 0 R >> %s >>%s >>"
        % (resources, b" /Annots [8 0 R]" if form else b""),
        CONTENT: b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
        6: b"<< /Title (Licence) >>",
    }
    if form:
        objects[7] = b"<< /Fields [8 0 R] /DR << /Font << /F1 3 0 R >> >> /DA (/F1 12 Tf) >>"
        objects[8] = (
            b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (holder) /V (Zhang San) /F 4"
            b" /Rect [72 600 300 620] /P 4 0 R /DA (/F1 12 Tf) >>"
        )
    body = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
    return _append(body, objects, size=max(objects) + 1, first=True)


def update(pdf: bytes, objects: Mapping[int, bytes], *, extra: bytes = b"") -> bytes:
    """An incremental update that adds or replaces these objects."""
    start = pdf.rindex(b"startxref") + len(b"startxref")
    previous = int(pdf[start:].split()[0])
    size = max(_size(pdf), max(objects) + 1)
    extra += b" /Prev %d" % previous
    return _append(pdf.rstrip() + b"\n", objects, size=size, extra=extra)


def _size(pdf: bytes) -> int:
    return int(pdf[pdf.rindex(b"/Size") + 5 :].split()[0].split(b"/")[0])


def _append(
    body: bytes,
    objects: Mapping[int, bytes],
    *,
    size: int,
    extra: bytes = b"",
    first: bool = False,
) -> bytes:
    out, table = body, b"xref\n"
    table += b"0 1\n0000000000 65535 f \n"
    for number in sorted(objects):
        table += b"%d 1\n%010d 00000 n \n" % (number, len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, objects[number])
    identity = b"/ID [<00112233445566778899aabbccddeeff> <00112233445566778899aabbccddeeff>]"
    info = b"/Info 6 0 R " if first else b""
    trailer = b"trailer\n<< /Root 1 0 R %s/Size %d %s%s >>\n" % (info, size, identity, extra)
    return out + table + trailer + b"startxref\n%d\n%%%%EOF\n" % len(out)


@cache
def authority(suite: str = P256_SHA256.name) -> DevelopmentAuthority:
    departments = {DEPARTMENT: "云间市行政审批局", OTHER: "云间市公安局"}
    return devca.make(
        organisation="云间市", departments=departments, at=AT - timedelta(days=30), suite=suite
    )


@cache
def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGBA", (64, 64), (200, 16, 30, 128)).save(out, "PNG")
    return out.getvalue()


def begin(
    pdf: bytes, ca: DevelopmentAuthority | None = None, *, department: str = DEPARTMENT
) -> UnsignedPdf:
    ca = ca or authority()
    return begin_pdf_seal(
        pdf,
        signer_certificate=ca.signer_certificates[department],
        at=AT,
        picture=picture(),
        boundary=BOX,
        chain=[ca.root_certificate],
    )


def seal(
    pdf: bytes, ca: DevelopmentAuthority | None = None, *, department: str = DEPARTMENT
) -> bytes:
    """This PDF with a seal of level B-B."""
    ca = ca or authority()
    unsigned = begin(pdf, ca, department=department)
    return unsigned.complete(ca.keys.sign_now(devca.signer_key(department), unsigned.to_sign))


@cache
def sealed(*, form: bool = False) -> bytes:
    return seal(plain(form=form))
