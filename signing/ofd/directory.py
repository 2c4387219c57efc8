"""The records of a zip archive: its end, its directory, its local headers.

Python's zipfile is tolerant by design. A seal is only worth something when every reader sees the
same files, so this one checks central directory against local headers, refuses duplicates (also
by letter case), overlaps, hidden entries, encryption and zip64. Foreign bytes in front of the
archive are accepted, since one vendor writes them.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from signing.errors import MalformedDocument, UnsafeDocument
from signing.ofd.entry_names import decode_name, refuse_collisions

STORE, DEFLATE = 0, 8
_END = struct.Struct("<4s4H2IH")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_LOCAL = struct.Struct("<4s5H3I2H")
_END_MARK, _CENTRAL_MARK, _LOCAL_MARK = b"PK\x05\x06", b"PK\x01\x02", b"PK\x03\x04"
_ENCRYPTED, _DESCRIPTOR = 0x0001, 0x0008
_STRONG = 0x2040
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF


class Entry(NamedTuple):
    name: str
    method: int
    crc: int
    packed_size: int
    size: int
    start: int
    """Where the packed bytes begin in the archive."""


def read_entries(data: bytes, most: int) -> tuple[Entry, ...]:
    """The files of the archive, at most so many. Raises MalformedDocument when it is none,
    UnsafeDocument when two readers could see it differently."""
    directory, end_at, count, prefix = _find_directory(data)
    if count > most:
        raise UnsafeDocument(f"more than {most} entries")
    found = list(_read_directory(data, directory, end_at, count, prefix))
    _refuse_hidden(data, found, directory)
    refuse_collisions([entry.name for entry, _ in found])
    return tuple(entry for entry, _ in found if not entry.name.endswith("/"))


def _find_directory(data: bytes) -> tuple[int, int, int, int]:
    """Start and end of the central directory, its entry count, bytes in front of the archive."""
    floor = max(0, len(data) - _END.size - _FULL16)
    end_at = data.rfind(_END_MARK, floor)
    if end_at < 0 or end_at + _END.size > len(data):
        raise MalformedDocument("not a zip archive")
    _, disk, first_disk, here, count, size, offset, comment = _END.unpack_from(data, end_at)
    if end_at + _END.size + comment != len(data):
        raise UnsafeDocument("bytes after the archive")
    if disk or first_disk or here != count or count == _FULL16 or _FULL32 in (size, offset):
        raise UnsafeDocument("split and zip64 archives are not used for OFD")
    prefix = end_at - size - offset
    if prefix < 0:
        raise MalformedDocument("not a zip archive: the directory is cut off")
    return end_at - size, end_at, count, prefix


def _read_directory(
    data: bytes, position: int, end_at: int, count: int, prefix: int
) -> Iterator[tuple[Entry, int]]:
    """Each entry with the offset of its local header."""
    for _ in range(count):
        if position + _CENTRAL.size > end_at:
            raise UnsafeDocument("the directory is cut off")
        fields = _CENTRAL.unpack_from(data, position)
        mark, _, _, flags, method, _, _, crc, packed, size = fields[:10]
        name_size, extra_size, note_size, disk, _, _, offset = fields[10:]
        if mark != _CENTRAL_MARK or disk or _FULL32 in (packed, size, offset):
            raise UnsafeDocument("a malformed directory entry")
        if flags & (_ENCRYPTED | _STRONG) or method not in (STORE, DEFLATE):
            raise UnsafeDocument("encrypted or packed by an unusual method")
        name_at = position + _CENTRAL.size
        raw_name = data[name_at : name_at + name_size]
        extra = data[name_at + name_size : name_at + name_size + extra_size]
        name = decode_name(raw_name, flags, extra)
        local = prefix + offset
        start = _check_local(data, local, raw_name, flags, (method, crc, packed, size))
        yield Entry(name, method, crc, packed, size, start), local
        position = name_at + name_size + extra_size + note_size
    if position != end_at:
        raise UnsafeDocument("the directory has a tail")


def _check_local(
    data: bytes, local: int, raw_name: bytes, flags: int, central: tuple[int, int, int, int]
) -> int:
    """Where the packed bytes begin; the local header must tell the same story."""
    if local + _LOCAL.size > len(data):
        raise UnsafeDocument("an entry lies outside the archive")
    fields: tuple[int, ...] = _LOCAL.unpack_from(data, local)[1:]
    _, local_flags, method, _, _, crc, packed, size, name_size, extra_size = fields
    name_at = local + _LOCAL.size
    told = (method, crc, packed, size)
    deferred = bool(local_flags & _DESCRIPTOR) and told[1:] == (0, 0, 0)
    same = method == central[0] if deferred else told == central
    named = data[name_at : name_at + name_size] == raw_name
    marked = data.startswith(_LOCAL_MARK, local)
    if not marked or not named or not same or (local_flags ^ flags) & _ENCRYPTED:
        raise UnsafeDocument("a local header differs from the directory")
    return name_at + name_size + extra_size


def _refuse_hidden(data: bytes, found: list[tuple[Entry, int]], directory: int) -> None:
    """No overlap, and no local header outside the listed entries: a reader that goes through the
    archive from the front would see it."""
    position = 0
    for entry, local in sorted(found, key=lambda pair: pair[1]):
        if local < position:
            raise UnsafeDocument("entries overlap")
        if data.find(_LOCAL_MARK, position, local) >= 0:
            raise UnsafeDocument("an entry is hidden from the directory")
        position = entry.start + entry.packed_size
    if position > directory:
        raise UnsafeDocument("an entry lies over the directory")
    if data.find(_LOCAL_MARK, position, directory) >= 0:
        raise UnsafeDocument("an entry is hidden from the directory")
