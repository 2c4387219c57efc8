"""Files somebody might send to do harm, made here: bombs, floods, polyglots, payloads, wrecks.

Those that are `cleaned` may be taken, but without what was hidden in them, of which `MARK` is a
part; all others must be refused.
"""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.cases.factories import encoded, photo

MARK = b"HIDDEN-PAYLOAD"
SCRIPT = b"<?php system('id'); /*" + MARK + b"*/ ?><script>alert(1)</script>"
HEIC = Path(__file__).with_name("photo.heic")


@dataclass(frozen=True)
class Hostile:
    name: str
    data: bytes
    cleaned: bool = False


def everything() -> list[Hostile]:
    return [*wrecks(), *floods(), *hidden(), *strangers(), *pdfs(), *ofds()]


def wrecks() -> Iterator[Hostile]:
    """Pictures that are cut short or damaged."""
    for kind in ("JPEG", "PNG"):
        whole = photo(kind=kind)
        for tenth in range(1, 10):
            yield Hostile(f"{kind} cut at {tenth} tenths", whole[: len(whole) * tenth // 10])
    heic = HEIC.read_bytes()
    yield Hostile("HEIC cut", heic[: len(heic) // 2])
    yield Hostile("HEIC without data", heic[:40])
    yield Hostile("HEIC of zeros", heic[:32] + bytes(2000))
    yield Hostile("JPEG of one marker", b"\xff\xd8\xff" + b"x" * 500)
    yield Hostile("PNG with a wrong checksum", _png(b"\0" * 33, crc=0))
    yield Hostile("PNG with wrong pixels", _png(b"", packed=b"no zlib here"))
    yield Hostile("PNG with half its pixels", _png(b"\0" * 33, size=(64, 64)))
    yield Hostile("PNG without pixels", b"\x89PNG\r\n\x1a\n" + _chunk(b"IEND", b""))


def floods() -> Iterator[Hostile]:
    """Little files that ask for much memory or time."""
    for size in ((65500, 65500), (20_001, 10), (10_000, 5001), (65535, 1)):
        yield Hostile(f"JPEG that says {size}", _jpeg_of(size))
    for size in ((100_000, 100_000), (2**31 - 1, 2**31 - 1), (7000, 7000), (1, 30_000)):
        yield Hostile(f"PNG that says {size}", _png(bytes(1000), size=size))
    rows = zlib.compress(bytes(3751 * 30_000), 9)
    yield Hostile("PNG of 900 megapixels, whole", _png(b"", size=(30_000, 30_000), packed=rows))
    yield Hostile("JPEG of a thousand scans", _many_scans())
    bomb = zlib.compress(bytes(100_000_000), 9)
    for name in (b"zTXt", b"iCCP"):
        body = b"x\0\0" + bomb
        yield Hostile(f"PNG with a bomb in {name.decode()}", _with_chunk(name, body), cleaned=True)
    yield Hostile("PNG of many small texts", _with_chunks(b"tEXt", b"a\0b", 20_000), cleaned=True)


def hidden() -> Iterator[Hostile]:
    """Good pictures that carry more than a picture."""
    for name, exif in _exifs():
        yield Hostile(f"JPEG, EXIF {name}", _red("JPEG", exif=exif), cleaned=True)
    jpeg, png = photo(), photo(kind="PNG")
    segments = {
        "comment": (0xFE, SCRIPT),
        "XMP": (0xE1, b"http://ns.adobe.com/xap/1.0/\0" + SCRIPT),
        "ICC": (0xE2, b"ICC_PROFILE\0\1\1" + SCRIPT),
        "Photoshop": (0xED, b"Photoshop 3.0\x008BIM" + SCRIPT),
        "JFXX": (0xE0, b"JFXX\0\x10" + SCRIPT),
        "EXIF cut short": (0xE1, b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + SCRIPT),
        "EXIF that loops": (0xE1, b"Exif\0\0II*\0\x08\0\0\0\0\0\x08\0\0\0" + SCRIPT),
    }
    for name, (marker, body) in segments.items():
        yield Hostile(f"JPEG with {name}", _with_segment(jpeg, marker, body), cleaned=True)
    info = PngInfo()
    info.add_text("Comment", SCRIPT.decode())
    info.add_itxt("XML:com.adobe.xmp", SCRIPT.decode(), zip=True)
    yield Hostile(
        "PNG with texts",
        encoded(Image.new("RGB", (300, 300)), kind="PNG", pnginfo=info),
        cleaned=True,
    )
    yield Hostile("PNG with a private chunk", _with_chunk(b"prVt", SCRIPT), cleaned=True)
    tails = {
        "a script": SCRIPT,
        "a zip": _zip({"a.txt": MARK}),
        "a PDF": b"%PDF-1.4 " + MARK + b"%%EOF",
        "a program": b"MZ" + MARK,
        "a page": b"<html>" + SCRIPT,
        "a jar": _zip({"META-INF/MANIFEST.MF": MARK}),
    }
    for name, tail in tails.items():
        yield Hostile(f"JPEG and {name} behind it", jpeg + tail, cleaned=True)
        yield Hostile(f"PNG and {name} behind it", png + tail, cleaned=True)
    yield Hostile("HEIC and a script behind it", HEIC.read_bytes() + SCRIPT, cleaned=True)


def strangers() -> Iterator[Hostile]:
    """Types nobody asked for, whatever their names say."""
    svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><script>1</script></svg>"
    files = {
        "SVG": svg,
        "SVG behind a mark": b"\xef\xbb\xbf  " + svg,
        "SVG by XML": b"<?xml version='1.0'?><!DOCTYPE svg [<!ENTITY x SYSTEM 'file:///'>]>" + svg,
        "SVGZ": gzip.compress(svg),
        "HTML": b"<!DOCTYPE html><script>alert(1)</script>",
        "script of PHP": SCRIPT,
        "shell script": b"#!/bin/sh\nexit\n",
        "batch file": b"@echo off\r\ndel *\r\n",
        "program of Windows": b"MZ\x90\0" + bytes(100),
        "program of Linux": b"\x7fELF" + bytes(100),
        "program of macOS": b"\xcf\xfa\xed\xfe" + bytes(100),
        "class of Java": b"\xca\xfe\xba\xbe" + bytes(100),
        "shortcut": b"L\0\0\0\x01\x14\x02\0" + bytes(100),
        "old Word": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100),
        "RAR": b"Rar!\x1a\x07\0" + bytes(100),
        "7z": b"7z\xbc\xaf\x27\x1c" + bytes(100),
        "gzip": gzip.compress(bytes(100_000)),
        "bzip2": b"BZh91AY" + bytes(100),
        "xz": b"\xfd7zXZ\0" + bytes(100),
        "tar": bytes(257) + b"ustar" + bytes(300),
        "Flash": b"FWS\x09" + bytes(100),
        "PostScript": b"%!PS-Adobe-3.0\n(file) run",
        "GIF and script": b"GIF89a/*" + bytes(20) + b"*/=alert(1)",
        "WebP": encoded(Image.new("RGB", (300, 300)), kind="WEBP"),
        "BMP": encoded(Image.new("RGB", (30, 30)), kind="BMP"),
        "TIFF": encoded(Image.new("RGB", (30, 30)), kind="TIFF"),
        "ICO": encoded(Image.new("RGB", (32, 32)), kind="ICO"),
        "video": b"\0\0\0\x18ftypmp42" + bytes(100),
        "AVIF": b"\0\0\0\x18ftypavif" + bytes(100),
        "nothing but zeros": bytes(5000),
    }
    for name, data in files.items():
        yield Hostile(name, data)


def pdfs() -> Iterator[Hostile]:
    """Documents that act, hide, or unpack without end."""
    actions = {
        "a script": b"/OpenAction<</S/JavaScript/JS(app.alert(1))>>",
        "an escaped script": b"/OpenAction<</S/J#61va#53cript/J#53(app.alert(1))>>",
        "a program to start": b"/OpenAction<</S/Launch/F(cmd.exe)>>",
        "a file inside": b"/Names<</EmbeddedFiles<</Names[(a)3 0 R]>>>>",
        "automatic actions": b"/AA<</O 4 0 R>>",
        "rich media": b"/Type/RichMedia",
        "an XFA form": b"/AcroForm<</XFA 5 0 R>>",
        "a form that sends itself": b"/A<</S/SubmitForm/F(http://example.org)>>",
        "a document to go to": b"/A<</S/GoToR/F(//host/share)>>",
        "a portfolio": b"/Collection<<>>",
    }
    for name, entry in actions.items():
        yield Hostile(f"PDF with {name}", pdf_of(catalog=entry))
    script = zlib.compress(b"4 0 <</S/JavaScript/JS(1)>>")
    stream = b"/Type/ObjStm/Filter/FlateDecode"
    yield Hostile("PDF with a packed script", pdf_of(stream=(stream, script)))
    odd = (b"/Type/ObjStm/Filter/ASCIIHexDecode", script.hex().encode())
    yield Hostile("PDF with a script packed oddly", pdf_of(stream=odd))
    yield Hostile("PDF under a password", pdf_of(catalog=b"", trailer=b"/Encrypt 9 0 R"))
    bomb = zlib.compress(bytes(300_000_000), 9)
    yield Hostile("PDF that unpacks to 300 MB", pdf_of(stream=(b"/Filter/FlateDecode", bomb)))
    twice = (b"/Filter[/FlateDecode/FlateDecode]", zlib.compress(bomb))
    yield Hostile("PDF that unpacks twice", pdf_of(stream=twice))
    good = pdf_of()
    yield Hostile("PDF behind a page", b"<html>" + SCRIPT + good)
    yield Hostile("PDF behind a comment", b"/*" + MARK + b"*/" + good)
    yield Hostile("PDF before a zip", good + _zip({"a": MARK * 10}))
    yield Hostile("PDF before a script", good + SCRIPT)
    yield Hostile("PDF without an end", good[:80])
    yield Hostile("PDF with an endless stream", good.replace(b"%%EOF", b"stream\n%%EOF"))
    yield Hostile("PDF of 201 pages", pdf_of(pages=201))
    yield Hostile("PDF of too many objects", good.replace(b"trailer", b"1 0 obj" * 100_001))
    broken = (b"/Filter/FlateDecode", b"not packed at all")
    yield Hostile("PDF with a damaged stream", pdf_of(stream=broken))


def ofds() -> Iterator[Hostile]:
    """Packages that are more, or less, than a document."""
    for name in ("../evil.xml", "/etc/evil.xml", "a\\..\\evil.xml", "C:/evil.xml", "Doc/../../x"):
        yield Hostile(f"OFD with an entry {name}", ofd_of({name: b"x"}))
    inside = {
        "a program": b"MZ" + bytes(50),
        "a Linux program": b"\x7fELF" + bytes(50),
        "a script": b"#!/bin/sh\n",
        "a zip": _zip({"b": b"c"}),
        "a RAR": b"Rar!\x1a\x07" + bytes(50),
        "a gzip": gzip.compress(b"x"),
    }
    for name, data in inside.items():
        yield Hostile(f"OFD with {name} inside", ofd_of({"Doc_0/Res/image.png": data}))
    entities = b"<!DOCTYPE x [<!ENTITY a 'b'><!ENTITY c '&a;&a;'>]><x>&c;</x>"
    yield Hostile("OFD with entities", ofd_of({"Doc_0/Document.xml": entities}))
    wide = "<!DOCTYPE x><x/>".encode("utf-16")
    yield Hostile("OFD with wide letters", ofd_of({"Doc_0/Document.xml": wide}))
    yield Hostile("OFD that unpacks to 300 MB", ofd_of({"bomb.bin": bytes(300_000_000)}))
    yield Hostile("OFD of 6000 entries", ofd_of({f"{n}": b"" for n in range(6000)}))
    yield Hostile("OFD with two of a name", ofd_of({"a": b"1", "A": b"2"}))
    yield Hostile("OFD with a link", _ofd_with_link())
    good = ofd_of()
    yield Hostile("OFD behind another zip", _zip({"a": MARK}) + good)
    yield Hostile("OFD before a script", good + SCRIPT)
    yield Hostile("OFD with a comment", good[:-2] + struct.pack("<H", len(SCRIPT)) + SCRIPT)
    yield Hostile("OFD cut short", good[: len(good) // 2])
    yield Hostile("OFD with a wrong checksum", good.replace(b"<x/>", b"<y/>", 1))
    yield Hostile("OFD with a lock", _locked(good))
    yield Hostile("OFD without its document", ofd_of(document=None))
    yield Hostile("OFD of 201 pages", ofd_of(document=b"<Document>" + b"<Page ID='1'/>" * 201))
    for name, entry in {
        "Word document": "word/document.xml",
        "jar": "META-INF/MANIFEST.MF",
        "app": "AndroidManifest.xml",
        "plain zip": "readme.txt",
    }.items():
        yield Hostile(f"{name} that says it is an OFD", _zip({entry: b"<x/>"}))


def pdf_of(
    *,
    catalog: bytes = b"",
    trailer: bytes = b"",
    pages: int = 1,
    stream: tuple[bytes, bytes] | None = None,
) -> bytes:
    page = b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]>>endobj\n"
    extra = b""
    if stream is not None:
        described, body = stream
        head = b"8 0 obj<<%s/Length %d>>stream\n" % (described, len(body))
        extra = head + body + b"\nendstream endobj\n"
    return (
        b"%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R" + catalog + b">>endobj\n"
        b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        + page * pages
        + extra
        + b"trailer<</Root 1 0 R"
        + trailer
        + b">>\n%%EOF\n"
    )


def ofd_of(
    entries: dict[str, bytes] | None = None, *, document: bytes | None = b"<Document><x/>"
) -> bytes:
    whole: dict[str, bytes] = {"OFD.xml": b"<OFD><DocRoot>Doc_0/Document.xml</DocRoot></OFD>"}
    if document is not None:
        whole["Doc_0/Document.xml"] = document
    return _zip(whole | (entries or {}))


def _zip(entries: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in entries.items():
            packing = zipfile.ZIP_DEFLATED if len(data) > 100_000 else zipfile.ZIP_STORED
            archive.writestr(name, data, compress_type=packing)
    return buffer.getvalue()


def _ofd_with_link() -> bytes:
    buffer = io.BytesIO(ofd_of())
    with zipfile.ZipFile(buffer, "a") as archive:
        link = zipfile.ZipInfo("Doc_0/link")
        link.create_system = 3
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    return buffer.getvalue()


def _locked(good: bytes) -> bytes:
    """Every entry says that it is encrypted."""
    central = bytearray(good)
    at = -1
    while (at := central.find(b"PK\x01\x02", at + 1)) >= 0:
        central[at + 8] |= 1
    return bytes(central)


def _exifs() -> Iterator[tuple[str, Image.Exif]]:
    place = Image.Exif()
    place.get_ifd(0x8825).update({1: "N", 2: (31.0, 2.0, 3.0), 3: "E", 4: (121.0, 13.0, 0.0)})
    place[0x010F] = MARK.decode()
    yield "with a place", place
    for tag, name in ((0x010E, "title"), (0x013B, "artist"), (0x8298, "rights")):
        payload = Image.Exif()
        payload[tag] = SCRIPT.decode()
        yield f"with a script in its {name}", payload
    for orientation in (0, 3, 8, 9, 65535):
        turned = Image.Exif()
        turned[0x0112], turned[0x010F] = orientation, MARK.decode()
        yield f"turned to {orientation}", turned


def _red(kind: str, **options: object) -> bytes:
    return encoded(Image.new("RGB", (300, 200), "red"), kind=kind, **options)


def _with_segment(jpeg: bytes, marker: int, body: bytes) -> bytes:
    segment = b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body
    return jpeg[:2] + segment + jpeg[2:]


def _jpeg_of(size: tuple[int, int]) -> bytes:
    jpeg = bytearray(photo())
    frame = jpeg.find(b"\xff\xc0")
    struct.pack_into(">HH", jpeg, frame + 5, size[1], size[0])
    return bytes(jpeg)


def _many_scans() -> bytes:
    """A progressive picture whose last scan comes again and again."""
    jpeg = encoded(Image.new("RGB", (4000, 4000), "red"), kind="JPEG", progressive=True)
    last = jpeg.rfind(b"\xff\xda")
    return jpeg[:last] + jpeg[last:-2] * 1000 + jpeg[-2:]


def _chunk(name: bytes, body: bytes, crc: int | None = None) -> bytes:
    check = zlib.crc32(name + body) if crc is None else crc
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", check)


def _png(
    rows: bytes,
    *,
    size: tuple[int, int] = (8, 8),
    packed: bytes | None = None,
    crc: int | None = None,
) -> bytes:
    header = struct.pack(">IIBBBBB", *size, 1, 0, 0, 0, 0)
    pixels = zlib.compress(rows) if packed is None else packed
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header, crc)
        + _chunk(b"IDAT", pixels)
        + _chunk(b"IEND", b"")
    )


def _with_chunk(name: bytes, body: bytes) -> bytes:
    return _with_chunks(name, body, 1)


def _with_chunks(name: bytes, body: bytes, count: int) -> bytes:
    png = photo(kind="PNG")
    after_header = 8 + 25
    return png[:after_header] + _chunk(name, body) * count + png[after_header:]
