"""What a PDF holds, by a real parser: `services.cases.files.limited` runs `main` for one file on
standard input.

QPDF reads the objects wherever they lie (object streams, incremental updates, hybrid tables, names
in disguise, comments around), and every object is looked into, whether something leads to it or
not. Written is one word of `FINDINGS`. Source: ISO 32000-1, 7.3 to 7.5, 12.6 and 13.
"""

import io
import json
import re
import sys
import zlib
from typing import Any

MAX_PAGES = 200
MAX_OBJECTS = 100_000
MAX_NODES = 1_000_000
"""Values of all objects together; a book has some hundred thousand."""

MAX_UNPACKED = 200 * 1024 * 1024
"""Bytes all streams of a document may unpack to."""

FINDINGS = ("harmless", "damaged", "locked", "active", "too-long", "too-large", "no-pages")

ACTIVE_NAMES = frozenset(
    f"/{name}"
    for name in (
        *("JavaScript", "JS", "AA", "Launch", "SubmitForm", "ImportData", "GoToE", "GoToR"),
        *("EmbeddedFile", "EmbeddedFiles", "FileAttachment", "Collection", "XFA"),
        *("RichMedia", "RichMediaContent", "Rendition", "Movie", "Sound", "3D", "3DD"),
    )
)
"""What acts by itself or carries a file, as a key or as a value."""

HARMLESS_OPENING = "/GoTo"

REPAIRABLE = (
    "file is damaged",
    "can't find startxref",
    "xref not found",
    "Attempting to reconstruct cross-reference table",
    "Resources is missing or invalid",
)
"""What QPDF says of a document whose table of objects is lost and whose objects are whole. What it
could only guess at is damaged."""

_FLATE = frozenset({"/FlateDecode", "/Fl"})
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
_SUSPECT = re.compile(
    rb"/(?:JavaScript|Launch|EmbeddedFile|FileAttachment|RichMedia|SubmitForm|ImportData"
    rb"|Rendition|Movie|Sound|Collection|Encrypt|GoTo[ER]|XFA[^A-Za-z0-9])"
)
"""Long enough not to stand in packed data by chance."""

_ACTIVE = re.compile(
    b"(?:" + b"|".join(name.encode() for name in sorted(ACTIVE_NAMES)) + b")(?![A-Za-z0-9_.+-])"
)
_PAGE = re.compile(rb"/Type\s{0,8}/Page(?![A-Za-z])")


class Judged(Exception):
    """Carries the finding."""


def main() -> None:
    from services.cases.files import limited

    limited.confine()
    sys.stdout.write(judge(sys.stdin.buffer.read()))


def judge(data: bytes) -> str:
    """One of FINDINGS. Looks at every byte a bounded number of times."""
    import pikepdf

    try:
        with pikepdf.open(io.BytesIO(data)) as document:
            if document.is_encrypted:
                return "locked"
            _look_through(document, data)
            pages = len(document.pages)
            if warnings := document.get_warnings():
                if not all(any(one in said for one in REPAIRABLE) for said in warnings):
                    return "damaged"
                # Another reader may repair it otherwise and see what this one did not.
                pages = max(pages, _look_at_every_byte(data))
    except Judged as judged:
        return str(judged)
    except pikepdf.PasswordError:
        return "locked"
    except (pikepdf.PdfError, ArithmeticError, LookupError, TypeError, ValueError, RuntimeError):
        return "damaged"
    except (MemoryError, RecursionError):
        return "too-large"
    return "no-pages" if not pages else "harmless" if pages <= MAX_PAGES else "too-long"


def _look_through(document: Any, data: bytes) -> None:
    import pikepdf

    objects = document.objects
    if len(objects) > MAX_OBJECTS:
        raise Judged("too-large")
    nodes, packed, room = MAX_NODES, len(data), MAX_UNPACKED
    for found in (*objects, document.trailer):
        if not isinstance(found, pikepdf.Object):
            nodes -= 1  # a number, a truth value or nothing
            continue
        is_stream = isinstance(found, pikepdf.Stream)
        described = json.loads((found.stream_dict if is_stream else found).to_json(True))
        nodes -= _look_into(described, nodes)
        if is_stream:
            # Streams that lie in one another would be read again and again.
            packed -= _length(found)
            if packed < 0:
                raise Judged("damaged")
            room -= _unpacked(found, described, room)
            if described.get("/Type") == "/ObjStm":
                _look_at_packed_objects(found, described)
    opening = document.Root.get("/OpenAction")
    if isinstance(opening, pikepdf.Dictionary) and opening.get("/S") != HARMLESS_OPENING:
        raise Judged("active")


def _look_into(value: Any, nodes: int) -> int:
    """Raises Judged for what acts by itself; returns how many values there were."""
    seen, waiting = 0, [value]
    while waiting:
        seen += 1
        if seen > nodes:
            raise Judged("too-large")
        each = waiting.pop()
        if isinstance(each, dict):
            if not ACTIVE_NAMES.isdisjoint(each) or _carries_a_file(each):
                raise Judged("active")
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)
        elif isinstance(each, str) and each in ACTIVE_NAMES:
            raise Judged("active")
    return seen


def _carries_a_file(found: dict[str, Any]) -> bool:
    return "/EF" in found and ("/F" in found or "/UF" in found or found.get("/Type") == "/Filespec")


def _length(stream: Any) -> int:
    said = stream.stream_dict.get("/Length", 0)
    return max(0, int(said))


def _unpacked(stream: Any, described: dict[str, Any], room: int) -> int:
    """How large the stream is unpacked; raises Judged beyond `room`."""
    filters = described.get("/Filter", [])
    filters = filters if isinstance(filters, list) else [filters]
    if not filters or _FLATE.isdisjoint(filters):
        return 0
    if filters[0] not in _FLATE:
        size = len(stream.read_bytes())  # the memory of this process is the bound
        if size > room:
            raise Judged("too-large")
        return size
    if len(filters) > 1 and filters[1] in _FLATE:
        raise Judged("too-large")
    return _inflated(stream.read_raw_bytes(), room)


def _inflated(packed: bytes, room: int) -> int:
    inflate, size, rest = zlib.decompressobj(), 0, packed
    try:
        while rest and not inflate.eof:
            piece = inflate.decompress(rest, 1024 * 1024)
            size += len(piece)
            if size > room:
                raise Judged("too-large")
            rest = inflate.unconsumed_tail
            if not piece:
                break
    except zlib.error:
        raise Judged("damaged") from None
    return size


def _look_at_packed_objects(stream: Any, described: dict[str, Any]) -> None:
    """Also at those that the table of objects does not know."""
    if described.get("/Filter", "/FlateDecode") not in (*_FLATE, ["/FlateDecode"]):
        raise Judged("damaged")
    if _ACTIVE.search(_plain(stream.read_bytes())):
        raise Judged("active")


def _plain(text: bytes) -> bytes:
    return _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), text)


def _look_at_every_byte(data: bytes) -> int:
    """Of a document that had to be repaired: no name of what acts may stand anywhere in it.

    Returns how many pages somebody might see. One pass over the bytes, whatever they are.
    """
    plain = _plain(data)
    found = _SUSPECT.search(plain)
    if found is not None:
        raise Judged("locked" if found[0] == b"/Encrypt" else "active")
    return len(_PAGE.findall(plain))


if __name__ == "__main__":
    main()
