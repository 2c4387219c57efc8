"""PDF files that want to keep a reader busy or make it stumble: refused by name, in little time."""

import zlib

import pytest

from tests.signing.pdf_makers import CONTENT, PAGE, plain, seal, sealed, update
from tests.signing.test_pdf_attacks import EVIL_STREAM, expect, judge, newest


def test_entries_of_no_width_do_not_keep_the_reader() -> None:
    body = b"%PDF-1.7\n"
    stream = b"1 0 obj\n<< /Type /XRef /W [0 0 0] /Index [0 999999999999] /Size 999999999999"
    stream += b" /Root 1 0 R /Length 0 >>\nstream\n\nendstream\nendobj\n"
    document = body + stream + b"startxref\n%d\n%%%%EOF\n" % len(body)

    expect(document, "unreadable")


def test_loop_and_chain_of_revisions_end() -> None:
    looped = plain().replace(b"/Size 7", b"/Prev 9 /Size 7")
    chain = plain()
    for _ in range(300):
        chain = update(chain, {6: b"<< >>"})

    expect(looped, "unreadable")
    expect(chain, "unreadable")


def test_bomb_is_not_unpacked() -> None:
    packed = zlib.compress(bytes(1 << 28), 9)
    objects = (
        b"<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream"
    )
    bomb = update(plain(), {9: objects % (len(packed), packed)})
    catalogue = b"<< /Type /Catalog /Pages 2 0 R /AcroForm 10 0 R >>"
    head = bomb + b"1 0 obj\n" + catalogue + b"\nendobj\n"
    rows = (
        b"\x01"
        + len(bomb).to_bytes(4, "big")
        + b"\x00"
        + b"\x02"
        + (9).to_bytes(4, "big")
        + b"\x00"
    )
    table = b"11 0 obj\n<< /Type /XRef /W [1 4 1] /Index [1 1 10 1] /Size 12 /Root 1 0 R /Prev %d"
    previous = int(bomb[bomb.rindex(b"startxref") + 9 :].split()[0])
    table = table % previous + b" /Length 12 >>\nstream\n" + rows + b"\nendstream\nendobj\n"

    expect(head + table + b"startxref\n%d\n%%%%EOF\n" % len(head), "unreadable")


def test_objects_along_exponentially_many_paths_are_given_up() -> None:
    """Forty objects, each naming the next one twice, reachable from the signed page."""
    ladder = {100 + step: b"[%d 0 R %d 0 R]" % (101 + step, 101 + step) for step in range(40)}
    ladder[140] = b"[]"
    page = newest(plain(), PAGE)[:-2] + b" /PieceInfo << /X 100 0 R >> >>"
    document = seal(update(plain(), {**ladder, PAGE: page}))

    assert judge(document).verdict == "valid"
    expect(update(document, {CONTENT: EVIL_STREAM}), "unreadable")


def test_fields_along_exponentially_many_paths_are_given_up() -> None:
    kids = {100 + step: b"<< /Kids [%d 0 R %d 0 R] >>" % ((101 + step,) * 2) for step in range(40)}
    kids[140] = b"<< /FT /Sig /T (x) >>"
    kids[1] = b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [100 0 R] >> >>"

    report = judge(update(plain(), kids))

    assert report.verdict == "invalid"


@pytest.mark.parametrize("opening", [b"[", b"<< /A "])
def test_deep_nesting_is_refused(opening: bytes) -> None:
    expect(update(plain(), {1: opening * 100_000}), "unreadable")


def test_encrypted_document_is_refused() -> None:
    document = update(plain(), {9: b"<< /Filter /Standard >>"}, extra=b" /Encrypt 9 0 R")

    expect(document, "unreadable")


@pytest.mark.parametrize("step", [1, 7])
def test_cut_and_altered_documents_raise_nothing(step: int) -> None:
    document = sealed(form=True)
    places = [*range(0, 2400, 97 * step), *range(25_000, len(document), 23 * step)]

    for place in places:
        altered = bytearray(document)
        altered[place] ^= 0x11
        for hostile in (document[:place], bytes(altered)):
            if hostile.startswith(b"%PDF-"):
                assert judge(hostile).verdict != "valid" or hostile == document
