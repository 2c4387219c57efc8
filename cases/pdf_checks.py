"""PDF documents as a material: whole, bounded and harmless. Pure; call it through `core.offload`.

Not a reader: it looks into every dictionary, also those in compressed object streams, for what
acts by itself (scripts, programs, files inside) and unpacks every stream within a bound. What it
cannot look into it refuses. Source: ISO 32000-1, 7.3 to 7.5 and 12.6.
"""

import re
import zlib
from pathlib import Path

MAX_PAGES = 200
MAX_UNPACKED = 200 * 1024 * 1024
"""Bytes all streams of a document may unpack to."""

MAX_OBJECTS = 100_000

DAMAGED = "PDF 文件不完整或已损坏，请重新导出后上传"
LOCKED = "PDF 文件有密码保护，请去掉密码后上传"
ACTIVE = "PDF 文件里有脚本、附件或自动动作，请打印成新的 PDF 后上传"
TOO_LONG = f"PDF 文件超过 {MAX_PAGES} 页，请拆分后上传"
TOO_LARGE = "PDF 文件展开后过大，请重新导出后上传"
MIXED = "PDF 文件里混有其他内容，请重新导出后上传"

_ACTIVE_NAMES = (
    "JavaScript|JS|Launch|EmbeddedFiles?|RichMedia|XFA|SubmitForm|ImportData|GoToE|GoToR|Rendition"
    "|Movie|Sound|AA|3D|Collection"
)
_ACTIVE = re.compile(rb"/(?:" + _ACTIVE_NAMES.encode() + rb")(?![A-Za-z0-9_.+-])")
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
_PAGE = re.compile(rb"/Type\s*/Page(?![A-Za-z])")
_STREAM = re.compile(rb"(?<![a-z])stream\r?\n")
_FILTER = re.compile(rb"/Filter\s*\[?\s*((?:/[A-Za-z0-9]+\s*)+)")
_END_OF_FILE = b"%%EOF"
_DICTIONARY_REACH = 4096
_LONGEST_TAIL = 64


class _Refused(Exception):
    """Carries the sentence for the citizen."""


def examine(path: Path) -> str | None:
    """What is wrong with the document, or None."""
    data = path.read_bytes()
    try:
        _check_ends(data)
        pages = _check_part(_outside_streams(data))
        pages += sum(_check_part(part) for part in _object_streams(data))
    except _Refused as refused:
        return str(refused)
    return TOO_LONG if pages > MAX_PAGES else None


def has_pages(data: bytes) -> bool:
    """Whether anything is there to look at."""
    return bool(_PAGE.search(data)) or b"/ObjStm" in data


def _check_ends(data: bytes) -> None:
    """Nothing before the header and nothing behind the end: a second format hides there."""
    end = data.rfind(_END_OF_FILE)
    if end < 0 or data.count(b" obj") > MAX_OBJECTS:
        raise _Refused(DAMAGED)
    tail = data[end + len(_END_OF_FILE) :].strip(b"\r\n\t \x00")
    if not data.startswith(b"%PDF-") or len(tail) > _LONGEST_TAIL:
        raise _Refused(MIXED)


def _check_part(part: bytes) -> int:
    """Looks through dictionaries; returns how many pages they describe."""
    names = _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), part)
    if re.search(rb"/Encrypt(?![A-Za-z])", names):
        raise _Refused(LOCKED)
    if _ACTIVE.search(names):
        raise _Refused(ACTIVE)
    return len(_PAGE.findall(names))


def _outside_streams(data: bytes) -> bytes:
    """The document without the bytes of its streams."""
    kept, at = [], 0
    for start, end in _streams(data):
        kept.append(data[at:start])
        at = end
    kept.append(data[at:])
    return b"".join(kept)


def _streams(data: bytes) -> list[tuple[int, int]]:
    found, at = [], 0
    while (opening := _STREAM.search(data, at)) is not None:
        end = data.find(b"endstream", opening.end())
        if end < 0:
            raise _Refused(DAMAGED)
        found.append((opening.end(), end))
        at = end + len(b"endstream")
    return found


def _object_streams(data: bytes) -> list[bytes]:
    """Unpacks every stream within the bound; returns those that hold dictionaries."""
    parts, room = [], MAX_UNPACKED
    for start, end in _streams(data):
        reach = data[max(0, start - _DICTIONARY_REACH) : start]
        described = _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), reach)
        described = described[described.rfind(b" obj") :]
        filters = _filters_of(described)
        holds_objects = re.search(rb"/Type\s*/ObjStm", described) is not None
        if holds_objects and filters not in ([], [b"FlateDecode"]):
            raise _Refused(DAMAGED)
        if filters[:1] not in ([b"FlateDecode"], [b"Fl"]):
            if holds_objects:
                parts.append(data[start:end])
            continue
        if len(filters) > 1 and filters[1] == filters[0]:
            raise _Refused(TOO_LARGE)
        size, unpacked = _unpack(data[start:end], room=room, keep=holds_objects)
        room -= size
        parts.extend([unpacked] if holds_objects else [])
    return parts


def _filters_of(described: bytes) -> list[bytes]:
    found = _FILTER.search(described)
    return [] if found is None else re.findall(rb"/([A-Za-z0-9]+)", found[1])


def _unpack(packed: bytes, *, room: int, keep: bool) -> tuple[int, bytes]:
    """How large the stream is unpacked, and its bytes when they are wanted."""
    inflate, kept, size, rest = zlib.decompressobj(), [], 0, packed
    try:
        while rest and not inflate.eof:
            piece = inflate.decompress(rest, 1024 * 1024)
            size += len(piece)
            if size > room:
                raise _Refused(TOO_LARGE)
            if keep:
                kept.append(piece)
            rest = inflate.unconsumed_tail
            if not piece:
                break
    except zlib.error:
        raise _Refused(DAMAGED) from None
    return size, b"".join(kept)
