"""The directory of a zip archive and its end, read so that no two readers can see two archives.

Python's zipfile is tolerant by design. A seal is only worth something when every reader sees the
same files: those that go by the directory, those that go from the front by local headers, those
that follow descriptors or zip64 records. So everything that is told twice must be told alike, names
that fall together are refused (`entry_names`), and so are overlaps, hidden entries, links and
encryption.

What common writers do is lawful: descriptors in every form, zip64 for small files, a few foreign
bytes in front (one vendor leaves nine), zeros behind.
"""

import re
import struct
from collections.abc import Iterator
from typing import NamedTuple

from signing.errors import MalformedDocument, UnsafeDocument
from signing.ofd import extra_fields
from signing.ofd.entry_names import decode_name, refuse_collisions
from signing.ofd.extra_fields import FULL16, FULL32
from signing.ofd.local_headers import (
    DEFLATE,
    LOCAL_MARK,
    REFUSED_FLAGS,
    STORE,
    Told,
    check_local,
)

_END = struct.Struct("<4s4H2IH")
_END64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR = struct.Struct("<4sIQI")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END_MARK, _CENTRAL_MARK = b"PK\x05\x06", b"PK\x01\x02"
_END64_MARK, _LOCATOR_MARK = b"PK\x06\x06", b"PK\x06\x07"
# Everything a reader may stop at: headers, descriptors, ends, archive extra data.
_MARKS = re.compile(rb"PK(?:\x01\x02|\x03\x04|\x05[\x05\x06]|\x06[\x06-\x08]|\x07\x08)")
# What split archives that turned out to be whole begin with (APPNOTE 8.5.4).
_WHOLE = (b"PK00", b"PK\x07\x08")
# Tape-like writers fill the last block with zeros.
_PADDING = 64 << 10
# Room for a stub or a vendor's bytes, and for no document of another kind.
_FRONT, _PDF, _PDF_BEGINS = 512, b"%PDF-", 1024
_EMPTY = (b"", b"\x03\x00")


class Entry(NamedTuple):
    name: str
    method: int
    crc: int
    packed_size: int
    size: int
    start: int
    """Where the packed bytes begin in the archive."""
    local: int
    """Where its local header begins."""
    end: int
    """Where the entry ends, with its descriptor."""
    raw_name: bytes

    @property
    def is_folder(self) -> bool:
        return self.name.endswith("/")


def read_entries(data: bytes, most: int) -> tuple[Entry, ...]:
    """The files of the archive, at most so many. Raises MalformedDocument when it is none,
    UnsafeDocument when two readers could see it differently."""
    end = _find_end(data)
    if end.entries > most:
        raise UnsafeDocument(f"more than {most} entries")
    found = list(_read_directory(data, end))
    _refuse_hidden(data, found, end.directory)
    refuse_collisions((entry.name, entry.raw_name) for entry in found)
    return tuple(entry for entry in found if not entry.is_folder)


class _End(NamedTuple):
    directory: int
    after: int
    """Where the directory ends."""
    entries: int
    offset: int
    """Where the directory says it begins; `prefix` foreign bytes stand in front of that count."""
    prefix: int


def _find_end(data: bytes) -> _End:
    floor = max(0, len(data) - _END.size - FULL16 - _PADDING)
    at = data.rfind(_END_MARK, floor)
    if at < 0 or at + _END.size > len(data):
        raise MalformedDocument("not a zip archive")
    _, *numbers, comment = _END.unpack_from(data, at)
    behind = at + _END.size + comment
    if behind > len(data) or data[behind:].strip(b"\x00"):
        raise UnsafeDocument("bytes after the archive")
    if behind < len(data):
        _refuse_other_end(data, floor, at)
    if data.find(_PDF, 0, _PDF_BEGINS) >= 0 or data.find(_PDF, at) >= 0:
        raise UnsafeDocument("the archive is a PDF as well")
    end = _end_of_directory(data, at, numbers)
    if end.prefix and data.startswith(_CENTRAL_MARK, end.offset):
        raise UnsafeDocument("the archive has two directories")
    return end


def _refuse_other_end(data: bytes, floor: int, at: int) -> None:
    """Readers that insist on a comment up to the last byte look further to the front."""
    other = data.find(_END_MARK, floor, at)
    while other >= 0:
        (comment,) = struct.unpack_from("<H", data, other + _END.size - 2)
        if other + _END.size + comment == len(data):
            raise UnsafeDocument("the archive has two ends")
        other = data.find(_END_MARK, other + 1, at)


def _end_of_directory(data: bytes, at: int, numbers: list[int]) -> _End:
    """What the end record and, where there is one, the zip64 end record say."""
    after, place = at, -1
    locator = at - _LOCATOR.size
    if locator >= 0 and data.startswith(_LOCATOR_MARK, locator):
        after, numbers, place = _read_end64(data, locator, numbers)
    disk, first_disk, here, count, size, offset = numbers
    if disk or first_disk or here != count or count == FULL16 or FULL32 in (size, offset):
        raise UnsafeDocument("split archives and archives of that size are not used for OFD")
    prefix = after - size - offset
    if prefix < 0:
        raise MalformedDocument("not a zip archive: the directory is cut off")
    if place >= 0 and (prefix or place != after):
        raise UnsafeDocument("the archive has two ends")
    return _End(after - size, after, count, offset, prefix)


def _read_end64(data: bytes, locator: int, told: list[int]) -> tuple[int, list[int], int]:
    """Where the zip64 end record begins, what it tells, and where its locator says it is. Both
    ends must tell the same, since each reader believes one of them."""
    start = locator - _END64.size
    if start < 0:
        raise UnsafeDocument("a malformed zip64 end")
    mark, length, _, _, *numbers = _END64.unpack_from(data, start)
    _, holder, place, disks = _LOCATOR.unpack_from(data, locator)
    full = (FULL16,) * 4 + (FULL32,) * 2
    same = all(short in (wide, top) for short, wide, top in zip(told, numbers, full, strict=True))
    if mark != _END64_MARK or length != _END64.size - 12 or holder or disks > 1 or not same:
        raise UnsafeDocument("a malformed zip64 end")
    return start, numbers, place


def _read_directory(data: bytes, end: _End) -> Iterator[Entry]:
    position = end.directory
    for _ in range(end.entries):
        if position + _CENTRAL.size > end.after:
            raise UnsafeDocument("the directory is cut off")
        fields = _CENTRAL.unpack_from(data, position)
        mark, made, _, flags, method, _, _, crc, packed, size = fields[:10]
        name_size, extra_size, note_size, disk, _, attributes, offset = fields[10:]
        name_at = position + _CENTRAL.size
        raw_name = data[name_at : name_at + name_size]
        extra = data[name_at + name_size : name_at + name_size + extra_size]
        if extra or FULL32 in (packed, size, offset):
            size, packed, offset, disk = extra_fields.widened(extra, (size, packed, offset, disk))
        if mark != _CENTRAL_MARK or disk:
            raise UnsafeDocument("a malformed directory entry")
        if flags & REFUSED_FLAGS or method not in (STORE, DEFLATE):
            raise UnsafeDocument("encrypted or packed by an unusual method")
        name = decode_name(raw_name, flags, extra)
        if attributes or extra:
            is_folder = name.endswith("/")
            extra_fields.refuse_kind(made >> 8, attributes, is_folder=is_folder, size=size)
            extra_fields.refuse_kind_in(extra, is_folder=is_folder, size=size)
        told = Told(method, crc, packed, size)
        local = end.prefix + offset
        if end.prefix and data.startswith(LOCAL_MARK, offset):
            raise UnsafeDocument("an entry stands in two places")
        start, after = check_local(data, local, raw_name, name, told)
        yield Entry(name, *told, start, local, after, raw_name)
        position = name_at + name_size + extra_size + note_size
    if position != end.after:
        raise UnsafeDocument("the directory has a tail")


def _refuse_hidden(data: bytes, found: list[Entry], directory: int) -> None:
    """No overlap, no folder with content, and nothing of an archive outside the listed entries: a
    reader that goes from the front would see it or stop at it."""
    position = 0
    for entry in sorted(found, key=lambda entry: entry.local):
        if entry.local != position:
            _refuse_gap(data, position, entry.local)
        if entry.is_folder and (entry.size or _packed(data, entry) not in _EMPTY):
            raise UnsafeDocument("a folder has content")
        position = entry.end
    if position != directory:
        _refuse_gap(data, position, directory)


def _refuse_gap(data: bytes, start: int, end: int) -> None:
    if end < start:
        raise UnsafeDocument("entries overlap")
    if start == 0 and end > _FRONT:
        raise UnsafeDocument("too many foreign bytes in front of the archive")
    if _MARKS.search(data, start, end) and not (start == 0 and data[:end] in _WHOLE):
        raise UnsafeDocument("an entry is hidden from the directory")


def _packed(data: bytes, entry: Entry) -> bytes:
    return data[entry.start : entry.start + entry.packed_size]
