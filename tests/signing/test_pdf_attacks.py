"""The known attacks on PDF signatures, each as a file made here, against the default policy.

Names follow Mladenov et al., "1 Trillion Dollar Refund" (2019: universal forgery, incremental
saving, signature wrapping) and "Shadow Attacks" (2021: hide, replace, hide and replace).
"""

import re

import pytest

from signing import verify_document
from signing.dev import devca
from signing.pdf.sealing import UnsignedPdf
from signing.pki import certificates
from signing.pki.cms_building import DATA, signed_attributes
from signing.report.report import SealReport
from signing.suites import P256_SHA256
from tests.signing.makers import AT, DEPARTMENT
from tests.signing.pdf_makers import (
    CONTENT,
    PAGE,
    TEXT,
    authority,
    begin,
    plain,
    seal,
    sealed,
    update,
)

EVIL = b"BT /F1 24 Tf 72 700 Td (Licence valid for ever) Tj ET"
EVIL_STREAM = b"<< /Length %d >>\nstream\n%s\nendstream" % (len(EVIL), EVIL)


def judge(document: bytes) -> SealReport:
    return verify_document(document, trust=authority().trust, at=AT)


def expect(document: bytes, *reasons: str) -> None:
    report = judge(document)
    assert report.verdict == "invalid"
    assert report.reasons == reasons


def newest(pdf: bytes, number: int) -> bytes:
    """The last text of an object written out in the file."""
    found = re.findall(rb"\n%d 0 obj\n?(.*?)\nendobj" % number, pdf, re.DOTALL)
    return bytes(found[-1]).strip()


def signature_number(pdf: bytes) -> int:
    return int(re.findall(rb"/V (\d+) 0 R", pdf)[-1])


def test_changed_byte_of_the_content_is_found() -> None:
    expect(sealed().replace(b"until 2031", b"until 2099"), "content-changed")


def test_changed_byte_of_the_signing_time_is_found() -> None:
    changed = sealed().replace(b"20261201040000Z", b"20261101040000Z")

    assert changed != sealed()
    expect(changed, "content-changed")


def test_value_from_another_document_is_found() -> None:
    one, other = sealed(), seal(plain(b"BT /F1 24 Tf 72 700 Td (Another paper) Tj ET"))
    hole = re.compile(rb"<[0-9a-f]{1000,}>")

    expect(hole.sub(hole.findall(other)[0], one), "content-changed")


# Incremental saving and shadow attacks: every signed byte stays what it was.


def test_replaced_page_content_is_found() -> None:
    expect(update(sealed(), {CONTENT: EVIL_STREAM}), "content-changed")


def test_page_pointed_at_other_content_is_found() -> None:
    page = newest(sealed(), PAGE).replace(b"/Contents 5 0 R", b"/Contents 90 0 R")

    expect(update(sealed(), {PAGE: page, 90: EVIL_STREAM}), "content-changed")


def test_catalogue_pointed_at_other_pages_is_found() -> None:
    catalogue = newest(sealed(), 1).replace(b"/Pages 2 0 R", b"/Pages 90 0 R")
    pages = b"<< /Type /Pages /Kids [91 0 R] /Count 1 >>"
    page = newest(plain(), PAGE).replace(b"/Parent 2 0 R", b"/Parent 90 0 R")

    expect(update(sealed(), {1: catalogue, 90: pages, 91: page}), "content-changed")


def test_shadow_hide_removing_a_cover_is_found() -> None:
    """The signer saw a cover over the text; afterwards the cover is made to draw nothing."""
    cover = b"1 1 1 rg 0 0 595 842 re f BT 0 g /F1 24 Tf 72 700 Td (Harmless) Tj ET"
    page = plain(TEXT + b" /Cover Do", resources=b"/XObject << /Cover 9 0 R >>")
    shadowed = update(page, {9: _form(cover)})

    assert judge(seal(shadowed)).verdict == "valid"
    expect(update(seal(shadowed), {9: _form(b"")}), "content-changed")


def test_shadow_replace_of_a_font_is_found() -> None:
    """Fonts count as harmless to some readers: new glyphs turn one number into another."""
    other = b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>"

    expect(update(sealed(), {3: other}), "content-changed")


def test_shadow_hide_and_replace_by_switching_a_prepared_catalogue_is_found() -> None:
    """Both contents are signed; only the cross-reference entry of the page moves."""
    both = update(plain(), {90: EVIL_STREAM, 6: b"<< /Title (Licence) /Spare 90 0 R >>"})
    page = newest(seal(both), PAGE).replace(b"/Contents 5 0 R", b"/Contents 90 0 R")

    expect(update(seal(both), {PAGE: page}), "content-changed")


def test_freed_object_is_found() -> None:
    document = sealed()
    start = document.rindex(b"startxref") + 9
    previous = int(document[start:].split()[0])
    size = int(re.findall(rb"/Size (\d+)", document)[-1])
    table = b"xref\n0 1\n0000000000 65535 f \n5 1\n0000000000 00001 f \n"
    trailer = b"trailer\n<< /Root 1 0 R /Size %d /Prev %d >>\n" % (size, previous)
    end = b"startxref\n%d\n%%%%EOF\n" % len(document)

    expect(document + table + trailer + end, "content-changed")


@pytest.mark.parametrize(
    "annotation",
    [
        b"/Subtype /FreeText /DA (/F1 24 Tf) /Contents (valid for ever) /Rect [72 690 400 730]",
        b"/Subtype /Stamp /Rect [0 0 595 842]",
        b"/Subtype /Redact /Rect [72 690 400 730]",
    ],
)
def test_annotation_over_the_text_is_found(annotation: bytes) -> None:
    annotations = re.search(rb"/Annots (\[[^]]*\]|\d+ 0 R)", newest(sealed(), PAGE))
    assert annotations is not None
    page = newest(sealed(), PAGE).replace(annotations[0], b"/Annots [90 0 R]")

    expect(update(sealed(), {PAGE: page, 90: b"<< /Type /Annot " + annotation + b" >>"}), *CHANGED)


CHANGED = ("content-changed",)


def test_filled_form_field_is_found() -> None:
    field = newest(sealed(form=True), 8).replace(b"Zhang San", b"Li Si")

    assert field != newest(sealed(form=True), 8)
    expect(update(sealed(form=True), {8: field}), *CHANGED)


def test_form_field_that_shows_what_it_does_not_hold_is_found() -> None:
    field = newest(sealed(form=True), 8)
    shown = field.replace(b"/F 4", b"/F 4 /AP << /N 90 0 R >>")

    expect(update(sealed(form=True), {8: shown, 90: _form(EVIL)}), *CHANGED)


def test_seal_picture_exchanged_afterwards_is_found() -> None:
    document = sealed()
    appearance = int(re.findall(rb"/AP <<\s*/N (\d+) 0 R", document)[-1])

    expect(update(document, {appearance: _form(EVIL)}), *CHANGED)


def test_script_added_to_the_catalogue_is_found() -> None:
    action = b"<< /S /JavaScript /JS (app.alert\\(1\\)) >>"
    catalogue = newest(sealed(), 1)[:-2] + b" /OpenAction 90 0 R >>"

    expect(update(sealed(), {1: catalogue, 90: action}), *CHANGED)


def test_several_harmless_looking_revisions_do_not_hide_a_harmful_one() -> None:
    once = update(sealed(), {CONTENT: EVIL_STREAM})
    twice = update(once, {CONTENT: newest(plain(), CONTENT)})

    expect(twice, *CHANGED)


@pytest.mark.parametrize("tail", [b"5 0 obj\n<<>>\nendobj\n", b"%%EOF no", b"\x01" * 2000])
def test_bytes_after_the_end_are_found(tail: bytes) -> None:
    report = judge(sealed() + tail)

    assert report.verdict == "invalid"
    assert report.reasons[0] in ("not-covered", "unreadable")


def test_later_evidence_alone_changes_nothing() -> None:
    """The control: a security store and document information may follow a seal."""
    unsigned = begin(plain())
    signature = authority().keys.sign_now(devca.signer_key(DEPARTMENT), unsigned.to_sign)
    document = unsigned.complete(signature, crls=[authority().crl])

    assert judge(document).verdict == "valid"


# Signature wrapping: the signed bytes are all there, and something else is shown.


def test_signature_wrapping_is_found() -> None:
    """The signed end moves back; what lies in the widened hole is shown instead."""
    expect(_wrapped(sealed()), "not-covered")


def test_hole_beside_the_value_is_found() -> None:
    """A rightly signed byte range that leaves out more than the value."""
    for before, after in ((200, 0), (0, 200), (1, 0)):
        expect(_with_range(lambda a, b, size, w=(before, after): _wider(a, b, size, *w)), *HOLE)


HOLE = ("not-covered",)


def _wider(start: int, end: int, size: int, before: int, after: int) -> tuple[int, ...]:
    return (0, start - before, end + after, size - end - after)


@pytest.mark.parametrize(
    "chosen",
    [
        lambda start, end, size: (10, start - 10, end, size - end),
        lambda start, end, size: (0, start, end, size - end - 40),
        lambda start, end, size: (0, start, end, size),
        lambda start, end, size: (0, start, end, 0),
        lambda start, end, size: (0, 0, 0, size),
        lambda start, end, size: (0, size, size, 0),
        lambda start, end, size: (0, end, start, size - start),
    ],
)
def test_odd_byte_range_is_refused_though_rightly_signed(chosen: object) -> None:
    expect(_with_range(chosen), *HOLE)


def _with_range(chosen: object) -> bytes:
    """A seal over a byte range of the attacker's choice, signed by the real key."""
    unsigned = begin(plain())
    start, end = unsigned.hole
    numbers = chosen(start, end, len(unsigned.draft))  # type: ignore[operator]
    stated = re.search(rb"/ByteRange (\[[^]]*\])", unsigned.draft)
    assert stated is not None
    written = b"[%d %d %d %d]" % numbers
    room = len(stated[1]) + len(re.match(rb" *", unsigned.draft[stated.end() :])[0])  # type: ignore[index]
    draft = (
        unsigned.draft[: stated.start(1)]
        + written.ljust(room)
        + unsigned.draft[stated.start(1) + room :]
    )
    assert len(draft) == len(unsigned.draft)
    first, second = numbers[0] + numbers[1], numbers[2] + numbers[3]
    covered = draft[numbers[0] : first] + draft[numbers[2] : second]

    signer = certificates.parse(unsigned.signer_certificate)
    to_sign = signed_attributes(DATA, P256_SHA256.digest(covered), signer)
    forged = UnsignedPdf(to_sign, signer.der, unsigned.chain, draft, unsigned.hole)
    return forged.complete(authority().keys.sign_now(devca.signer_key(DEPARTMENT), to_sign))


def _wrapped(document: bytes) -> bytes:
    """P1 <value> EVIL P2, where P2's startxref now points into EVIL."""
    hole = re.search(rb"<[0-9a-f]{1000,}>", document)
    assert hole is not None
    first, second = document[: hole.end()], document[hole.end() :]
    position = int(second[second.rindex(b"startxref") + 9 :].split()[0])
    assert position > len(first)
    number = signature_number(document)
    signature = newest(document, number)
    evil_content = b"5 0 obj\n" + EVIL_STREAM + b"\nendobj\n"

    def build(shift: int) -> bytes:
        moved = re.sub(
            rb"/ByteRange \[[^]]*\] *",
            b"/ByteRange [0 %d %d %d] " % (hole.start(), hole.end() + shift, len(second)),
            signature,
        )
        gap = b"\n" * (position - len(first))
        offsets = _offsets(first) | {
            key: value + shift for key, value in _offsets(second, len(first)).items()
        }
        table = b""
        evil_start = position + 4096
        evil = evil_content + b"%d 0 obj\n" % number + moved + b"\nendobj\n"
        offsets[CONTENT] = evil_start
        offsets[number] = evil_start + len(evil_content)
        table = b"xref\n0 1\n0000000000 65535 f \n"
        for key in sorted(offsets):
            table += b"%d 1\n%010d 00000 n \n" % (key, offsets[key])
        table += b"trailer\n<< /Root 1 0 R /Size %d >>\n" % (max(offsets) + 1)
        return gap + table.ljust(4096, b"\n") + evil

    inserted = build(len(build(10_000)))
    return first + inserted + second


def _offsets(part: bytes, base: int = 0) -> dict[int, int]:
    found = re.finditer(rb"(?:^|\n)(\d+) 0 obj", part)
    return {int(one[1]): one.start(1) + base for one in found}


# Universal signature forgery: the dictionary is there, and nothing in it can be checked.


@pytest.mark.parametrize(
    ("pattern", "replacement"),
    [
        (rb"/Contents <[0-9a-f]*>", b""),
        (rb"/Contents <[0-9a-f]*>", b"/Contents null"),
        (rb"/Contents <[0-9a-f]*>", b"/Contents <>"),
        (rb"/Contents <[0-9a-f]*>", b"/Contents <00>"),
        (rb"/Contents <[0-9a-f]*>", b"/Contents 5 0 R"),
        (rb"/Contents <[0-9a-f]*>", b"/Contents <3000>"),
        (rb"/ByteRange \[[^]]*\]", b""),
        (rb"/ByteRange \[[^]]*\]", b"/ByteRange null"),
        (rb"/ByteRange \[[^]]*\]", b"/ByteRange []"),
        (rb"/ByteRange \[[^]]*\]", b"/ByteRange [0 -1 -1 0]"),
        (rb"/ByteRange \[[^]]*\]", b"/ByteRange [0 /a 3 4]"),
        (rb"/ByteRange \[[^]]*\]", b"/ByteRange [0 1 2]"),
        (rb"/SubFilter /[\w.]+", b""),
        (rb"/SubFilter /[\w.]+", b"/SubFilter /made.up"),
        (rb"/SubFilter /[\w.]+", b"/SubFilter /adbe.x509.rsa_sha1"),
    ],
)
def test_universal_forgery_is_refused(pattern: bytes, replacement: bytes) -> None:
    document = sealed()
    number = signature_number(document)
    forged = re.sub(pattern, replacement, newest(document, number))

    report = judge(update(document, {number: forged, CONTENT: EVIL_STREAM}))

    assert report.verdict == "invalid"
    assert set(report.reasons) <= {"bad-signature", "not-covered", "weak-digest"}


def test_seal_taken_off_is_no_seal() -> None:
    catalogue = re.sub(rb"/AcroForm \d+ 0 R", b"", newest(sealed(), 1))

    report = judge(update(sealed(), {1: catalogue, CONTENT: EVIL_STREAM}))

    assert (report.verdict, report.reasons) == ("invalid", ("no-seal",))


def test_value_with_bytes_behind_it_is_refused() -> None:
    document = sealed()
    hole = re.search(rb"<[0-9a-f]{1000,}>", document)
    assert hole is not None
    smuggled = hole[0][:-9] + b"cafebabe>"

    expect(document.replace(hole[0], smuggled), "bad-signature")


def test_attributes_that_name_another_certificate_are_refused() -> None:
    """The certificate is exchanged for another of the same key: PAdES forbids it."""
    ca = authority()
    unsigned = begin(plain())
    signer = ca.keys.sign_now(devca.signer_key(DEPARTMENT), unsigned.to_sign)
    document = unsigned.complete(signer)
    digest = P256_SHA256.digest(ca.signer_certificates[DEPARTMENT])
    assert digest.hex().encode() in document

    expect(
        document.replace(digest.hex().encode(), bytes(32).hex().encode()),
        "bad-signature",
    )


def _form(content: bytes) -> bytes:
    head = b"<< /Type /XObject /Subtype /Form /BBox [0 0 595 842] /Length %d"
    return (head + b" /Resources << /Font << /F1 3 0 R >> >> >>\nstream\n%s\nendstream") % (
        len(content),
        content,
    )
