"""What acts in a PDF is found however it is hidden; what is lawful is taken; nothing takes long."""

from __future__ import annotations

import io
import os
import random
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pikepdf
import pytest

from services.cases.files import limited, pdf_checks
from services.cases.files.pdf_judge import FINDINGS, judge
from tests.cases.factories import pdf

SCRIPT = b"<</Type/Action/S/JavaScript/JS(app.alert\\(1\\))>>"
LAUNCH = b"<</Type/Action/S/Launch/F(cmd.exe)>>"
PAGES = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"
PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<<>>>>"


def whole(*objects: bytes, trailer: bytes = b"") -> bytes:
    """A document with a right table; the objects are numbered from 1, which is the catalogue."""
    out, places = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<</Size %d/Root 1 0 R" % (len(objects) + 1) + trailer + b">>\n"
    return out + b"startxref\n%d\n%%%%EOF\n" % table


def catalogue(more: bytes = b"") -> bytes:
    return b"<</Type/Catalog/Pages 2 0 R" + more + b">>"


def stream(body: bytes, more: bytes = b"") -> bytes:
    return b"<</Length %d" % len(body) + more + b">>\nstream\n" + body + b"\nendstream"


def behind_comments(body: bytes) -> bytes:
    """To who looks for the words, the body is a stream; to who reads, it is not."""
    return b"%stream\n" + body + b"\n%endstream"


def updated(before: bytes, body: bytes) -> bytes:
    """The document with an appended revision, in which object 4 is `body`."""
    old = before.rindex(b"startxref\n") + len(b"startxref\n")
    previous = int(before[old:].split(b"\n")[0])
    place = len(before)
    out = before + b"4 0 obj\n" + body + b"\nendobj\n"
    table = len(out)
    out += b"xref\n4 1\n%010d 00000 n \n" % place
    out += b"trailer\n<</Size 5/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n" % (previous, table)
    return out


def hybrid(body: bytes) -> bytes:
    """Object 4 is known to the table that new readers look at only, and lies packed."""
    out, places = b"%PDF-1.5\n", []
    packed = zlib.compress(b"4 0 " + body)
    head = b"/Type/ObjStm/N 1/First 4/Filter/FlateDecode"
    objects = (catalogue(b"/OpenAction 4 0 R"), PAGES, PAGE, b"null", stream(packed, head))
    for number, each in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n" % number + each + b"\nendobj\n"
    places.append(len(out))
    entry = b"\x02" + (5).to_bytes(2, "big") + b"\x00"
    table = stream(entry, b"/Type/XRef/Size 7/W[1 2 1]/Index[4 1]")
    out += b"6 0 obj\n" + table + b"\nendobj\n"
    at = len(out)
    out += b"xref\n0 7\n0000000000 65535 f \n"
    out += b"".join(
        b"0000000000 65535 f \n" if number == 4 else b"%010d 00000 n \n" % place
        for number, place in enumerate(places, 1)
    )
    out += b"trailer\n<</Size 7/Root 1 0 R/XRefStm %d>>\nstartxref\n%d\n%%%%EOF\n" % (
        places[5],
        at,
    )
    return out


def rewritten(data: bytes, **how: object) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(data)) as document:
        document.save(out, **how)  # type: ignore[arg-type]
    return out.getvalue()


def with_action(body: bytes, *, link: bytes = b"/OpenAction 4 0 R") -> bytes:
    return whole(catalogue(link), PAGES, PAGE, body)


HIDDEN: dict[str, Callable[[], bytes]] = {
    "plain": lambda: with_action(SCRIPT),
    "launch": lambda: with_action(LAUNCH),
    "behind comments": lambda: with_action(behind_comments(SCRIPT)),
    "catalogue behind comments": lambda: whole(
        behind_comments(catalogue(b"/OpenAction 4 0 R")), PAGES, PAGE, behind_comments(LAUNCH)
    ),
    "names in disguise": lambda: with_action(b"<</#53/J#61vaScript/J#53(1)>>"),
    "word by reference": lambda: whole(
        catalogue(b"/OpenAction 4 0 R"), PAGES, PAGE, b"<</S 5 0 R/URI(x)>>", b"/JavaScript"
    ),
    "packed": lambda: rewritten(
        with_action(SCRIPT), object_stream_mode=pikepdf.ObjectStreamMode.generate
    ),
    "appended": lambda: updated(whole(catalogue(b"/OpenAction 4 0 R"), PAGES, PAGE, PAGE), SCRIPT),
    "hybrid": lambda: hybrid(SCRIPT),
    "nobody leads there": lambda: whole(catalogue(), PAGES, PAGE, SCRIPT),
    "deep inside": lambda: whole(catalogue(b"/X" + b"[" * 90 + SCRIPT + b"]" * 90), PAGES, PAGE),
    "in the dictionary of a stream": lambda: whole(
        catalogue(), PAGES, PAGE, stream(b"x", b"/A " + SCRIPT)
    ),
    "opens an address": lambda: with_action(b"<</S/URI/URI(http://example.org)>>"),
    "file inside": lambda: whole(
        catalogue(b"/Names<</EmbeddedFiles<</Names[(x.exe)4 0 R]>>>>"),
        PAGES,
        PAGE,
        b"<</Type/Filespec/F(x.exe)/EF<</F 5 0 R>>>>",
        stream(b"MZ"),
    ),
    "file beside": lambda: whole(
        catalogue(b"/AF[4 0 R]"), PAGES, PAGE, b"<</UF(x)/EF<</UF 5 0 R>>>>", stream(b"MZ")
    ),
    "XFA": lambda: whole(catalogue(b"/AcroForm<</XFA 4 0 R>>"), PAGES, PAGE, stream(b"<x/>")),
    "rich media": lambda: whole(
        catalogue(), PAGES, PAGE, b"<</Type/Annot/Subtype/RichMedia/Rect[0 0 9 9]>>"
    ),
    "when a page opens": lambda: whole(
        catalogue(), PAGES, PAGE[:-2] + b"/AA<</O 4 0 R>>>>", b"<</S/GoTo/D[3 0 R/Fit]>>"
    ),
    "lost table": lambda: pdf().replace(b"/Catalog", b"/Catalog/OpenAction<</S/Launch/F(x)>>"),
}


@pytest.mark.parametrize("name", HIDDEN)
def test_what_acts_is_found_however_it_is_hidden(name: str) -> None:
    assert judge(HIDDEN[name]()) == "active"


def lawful() -> dict[str, bytes]:
    plain = whole(
        catalogue(b"/OpenAction[3 0 R/Fit]"),
        PAGES,
        PAGE[:-2] + b"/Contents 4 0 R/Annots[5 0 R]>>",
        stream(b"BT /F1 24 Tf (stream endstream /JavaScript) Tj ET"),
        b"<</Type/Annot/Subtype/Link/Rect[0 0 9 9]/A<</S/URI/URI(https://example.org/?AA)>>>>",
    )
    noise = zlib.compress(os.urandom(400_000))
    return {
        "without a table": pdf(),
        "with words of a script": plain,
        "packed": rewritten(plain, object_stream_mode=pikepdf.ObjectStreamMode.generate),
        "linearised": rewritten(plain, linearize=True),
        "old": rewritten(plain, force_version="1.3"),
        "appended": updated(whole(catalogue(), PAGES, PAGE, stream(b"a")), stream(b"b")),
        "with a picture": whole(catalogue(), PAGES, PAGE, stream(noise, b"/Filter/FlateDecode")),
        "with a title": whole(catalogue(), PAGES, PAGE, b"<</Title(/JS /AA)>>"),
    }


@pytest.mark.parametrize("name", lawful())
def test_what_is_lawful_is_taken(name: str) -> None:
    assert judge(lawful()[name]) == "harmless"


@pytest.mark.parametrize("user", ["", "geheim"])
def test_encrypted_documents_are_refused_with_and_without_a_password(user: str) -> None:
    locked = rewritten(
        whole(catalogue(), PAGES, PAGE), encryption=pikepdf.Encryption(user=user, owner="owner")
    )

    assert judge(locked) == "locked"


def test_pages_are_counted_by_the_tree() -> None:
    kids = b"<</Type/Pages/Count 201/Kids[" + b"3 0 R " * 201 + b"]>>"

    assert judge(whole(catalogue(), kids, PAGE)) in ("too-long", "damaged")
    assert judge(whole(catalogue(), b"<</Type/Pages/Kids[]/Count 0>>")) == "no-pages"


HEAVY: dict[str, Callable[[], bytes]] = {
    "empty streams": lambda: b"%PDF-1.7\n" + b"stream\nendstream\n" * 180_000 + b"%%EOF",
    "streams with disguised names": lambda: (
        b"%PDF-1.7\n1 0 obj<<>>\n" + (b"stream\nendstream\n" + b"#41" * 11) * 60_000 + b"%%EOF"
    ),
    "streams in one another": lambda: (
        b"%PDF-1.7\n"
        + b"".join(
            b"%d 0 obj<</Length %d>>stream\n" % (number, (30_000 - number) * 45)
            for number in range(1, 30_000)
        )
        + b"endstream endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
    ),
    "a million brackets": lambda: whole(
        catalogue(b"/X" + b"[" * 1_500_000 + b"]" * 1_500_000), PAGES, PAGE
    ),
    "a million values": lambda: whole(catalogue(b"/X[" + b"/A " * 1_000_000 + b"]"), PAGES, PAGE),
    "a ring of pages": lambda: whole(catalogue(), b"<</Type/Pages/Kids[2 0 R]/Count 1>>", PAGE),
    "names only": lambda: b"%PDF-1.7\n" + b"/J#53" * 600_000 + b"%%EOF",
    "unpacks to a gigabyte": lambda: whole(
        catalogue(), PAGES, PAGE, stream(zlib.compress(bytes(10**9), 9), b"/Filter/FlateDecode")
    ),
    "packs objects of a gigabyte": lambda: whole(
        catalogue(),
        PAGES,
        PAGE,
        stream(
            zlib.compress(b"9 0 " + b" " * 10**9, 9),
            b"/Type/ObjStm/N 1/First 4/Filter/FlateDecode",
        ),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", HEAVY)
def test_heavy_documents_are_refused_within_the_limits(name: str, tmp_path: Path) -> None:
    source = tmp_path / "heavy.pdf"
    source.write_bytes(HEAVY[name]())
    before = os.times()
    began = time.monotonic()

    wrong = pdf_checks.examine(source)

    after = os.times()
    assert wrong is not None
    assert after.children_user - before.children_user <= limited.CPU_SECONDS + 1
    assert time.monotonic() - began <= limited.PATIENCE_SECONDS + 5


def test_every_finding_has_a_sentence() -> None:
    assert set(FINDINGS) - {"harmless"} == set(pdf_checks.SENTENCES)


def test_file_that_breaks_the_parser_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "whole.pdf"
    source.write_bytes(whole(catalogue(), PAGES, PAGE))

    assert pdf_checks.examine(source) is None
    assert limited.call("no_such_module", source=source) is None


@pytest.mark.parametrize("seed", range(60))
def test_bytes_changed_by_chance_never_break_the_judge(seed: int) -> None:
    chance = random.Random(seed)
    data = bytearray(lawful()[chance.choice(list(lawful()))])
    for _ in range(chance.randrange(1, 30)):
        data[chance.randrange(len(data))] = chance.randrange(256)

    assert judge(bytes(data)) in FINDINGS
