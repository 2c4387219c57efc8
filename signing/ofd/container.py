"""The zip around an OFD: a reader that refuses everything two readers could see differently.

Python's zipfile is tolerant by design. A seal is only worth something when every reader sees the
same files, so this one checks central directory against local headers, refuses duplicates (also
by letter case), overlaps, hidden entries, encryption and zip64, and holds to `policy.Limits`.
Foreign bytes in front of the archive are accepted, since one vendor writes them.
"""

import re
import struct
import unicodedata
import zlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

from cryptography.hazmat.primitives import hashes

from signing.errors import MalformedDocument, UnsafeDocument
from signing.policy import Limits

ROOT = "OFD.xml"
STORE, DEFLATE = 0, 8
_END = struct.Struct("<4s4H2IH")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_LOCAL = struct.Struct("<4s5H3I2H")
_END_MARK, _CENTRAL_MARK, _LOCAL_MARK = b"PK\x05\x06", b"PK\x01\x02", b"PK\x03\x04"
_ENCRYPTED, _DESCRIPTOR, _UTF8 = 0x0001, 0x0008, 0x0800
_STRONG = 0x2040
_UNICODE_PATH = 0x7075
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF
# What is kept unpacked: small files and XML, which are read more than once, up to a sum.
_SMALL, _KEPT = 64 << 10, 32 << 20
_STEP = 128 << 10
_LONGEST_NAME = 512
# What nearly every entry is called; anything else is looked at step by step.
_PLAIN_NAME = re.compile(rb"(?:[A-Za-z0-9_][A-Za-z0-9_.-]*/)*[A-Za-z0-9_][A-Za-z0-9_.-]*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class Entry(NamedTuple):
    name: str
    method: int
    crc: int
    packed_size: int
    size: int
    start: int
    """Where the packed bytes begin in the archive."""


class Package:
    """The files of one OFD, unpacked on demand. The archive itself is never copied."""

    def __init__(self, data: bytes, entries: dict[str, Entry], limits: Limits) -> None:
        self._data = data
        self._entries = entries
        self._read: dict[str, bytes] = {}
        self.kept = 0
        """Bytes of the files that are held unpacked."""
        self._folded: dict[str, str] = {}
        self.limits = limits
        self.parsed: dict[str, object] = {}
        self.broken: dict[str, str] = {}
        """Room for `xml.read` to keep what it parsed, and what it could not."""
        self.xml_size = 0

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._entries)

    def alike(self, name: str) -> str | None:
        """The entry that equals this name but for letter case. For drawing only."""
        if not self._folded:
            self._folded = {entry.casefold(): entry for entry in self._entries}
        return self._folded.get(name.casefold())

    def size(self, name: str) -> int:
        """How many bytes the entry says it unpacks to."""
        return self._entries[name].size

    def read(self, name: str) -> bytes:
        """The unpacked bytes; KeyError when absent, UnsafeDocument when they do not unpack."""
        found = self._read.get(name)
        if found is None:
            entry = self._entries[name]
            found = self._unpack(entry)
            if self.kept + entry.size <= _KEPT:
                self.kept += entry.size
                self._read[name] = found
        return found

    def feed(self, name: str, update: Callable[[bytes | memoryview], object]) -> None:
        """Give the unpacked bytes to `update` in pieces, so that a large file needs no memory.

        Raises like `read`, and then the pieces given so far mean nothing.
        """
        entry = self._entries[name]
        if entry.size <= _SMALL or name.endswith((".xml", ".XML")) or name in self._read:
            update(self.read(name))
            return
        size = crc = 0
        for piece in self._pieces(entry):
            size += len(piece)
            if size > entry.size:
                break
            crc = zlib.crc32(piece, crc)
            update(piece)
        _insist_same(entry, size, crc)

    def digest(self, name: str, hasher: hashes.Hash) -> bytes:
        """The digest of an entry's unpacked bytes by a fresh hasher; raises like `read`."""
        self.feed(name, hasher.update)
        return hasher.finalize()

    def forget(self, name: str) -> None:
        """Free what was kept of a file that nobody will read again."""
        self.parsed.pop(name, None)
        content = self._read.pop(name, None)
        if content is not None:
            self.kept -= len(content)

    def packed(self, name: str) -> tuple[Entry, bytes]:
        """The entry and its packed bytes, to be copied into another archive."""
        entry = self._entries[name]
        return entry, self._data[entry.start : entry.start + entry.packed_size]

    def _unpack(self, entry: Entry) -> bytes:
        packed = self._data[entry.start : entry.start + entry.packed_size]
        content = packed if entry.method == STORE else _inflate(packed, entry)
        _insist_same(entry, len(content), zlib.crc32(content))
        return content

    def _pieces(self, entry: Entry) -> Iterator[bytes | memoryview]:
        packed = memoryview(self._data)[entry.start : entry.start + entry.packed_size]
        slices = (packed[at : at + _STEP] for at in range(0, len(packed), _STEP))
        return slices if entry.method == STORE else _inflate_pieces(slices, entry)


def _insist_same(entry: Entry, size: int, crc: int) -> None:
    if size != entry.size or crc != entry.crc:
        raise UnsafeDocument(f"{entry.name} does not match its size and checksum")


def _inflate(packed: bytes, entry: Entry) -> bytes:
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        content = unpacker.decompress(packed, entry.size + 1)
    except zlib.error as problem:
        raise UnsafeDocument(f"{entry.name} does not unpack") from problem
    if not unpacker.eof or unpacker.unused_data:
        raise UnsafeDocument(f"{entry.name} does not end where it should")
    return content


def _inflate_pieces(slices: Iterator[memoryview], entry: Entry) -> Iterator[bytes]:
    """What the slices unpack to, at most `_STEP` bytes at a time."""
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for part in slices:
            if unpacker.eof:
                raise UnsafeDocument(f"{entry.name} does not end where it should")
            waiting: bytes | memoryview = part
            while waiting and not unpacker.eof:
                yield unpacker.decompress(waiting, _STEP)
                waiting = unpacker.unconsumed_tail
        while not unpacker.eof and (rest := unpacker.decompress(b"", _STEP)):
            yield rest
    except zlib.error as problem:
        raise UnsafeDocument(f"{entry.name} does not unpack") from problem
    if not unpacker.eof or unpacker.unused_data:
        raise UnsafeDocument(f"{entry.name} does not end where it should")


def open_package(data: bytes, limits: Limits) -> Package:
    """Open an OFD. Raises MalformedDocument when it is none, UnsafeDocument when it is unsafe."""
    if len(data) > limits.package:
        raise UnsafeDocument(f"more than {limits.package} bytes")
    directory, end_at, count, prefix = _find_directory(data)
    if count > limits.entries:
        raise UnsafeDocument(f"more than {limits.entries} entries")
    found = list(_read_directory(data, directory, end_at, count, prefix))
    _refuse_hidden(data, found, directory)
    entries = {entry.name: entry for entry, _ in found if not entry.name.endswith("/")}
    _refuse_collisions([entry.name for entry, _ in found])
    _refuse_bombs(entries, limits)
    if ROOT not in entries:
        raise MalformedDocument("no OFD.xml: not an OFD document")
    return Package(data, entries, limits)


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
        name = _decode_name(raw_name, flags, extra)
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


def _decode_name(raw: bytes, flags: int, extra: bytes) -> str:
    """UTF-8 where it is, otherwise GBK as Chinese tools write it."""
    if not extra and len(raw) <= _LONGEST_NAME and _PLAIN_NAME.fullmatch(raw):
        return raw.decode("ascii")
    try:
        name = raw.decode("utf-8")
    except UnicodeDecodeError:
        if flags & _UTF8:
            raise UnsafeDocument("an entry name is not UTF-8") from None
        name = raw.decode("gb18030", "replace")
    if len(raw) > _LONGEST_NAME or not name or name.startswith("/") or "\\" in name or ":" in name:
        raise UnsafeDocument("an entry name is absolute or malformed")
    parts = name.removesuffix("/").split("/")
    if any(part in ("", ".", "..") for part in parts):
        raise UnsafeDocument("an entry name leaves its folder")
    if _CONTROL.search(name):
        raise UnsafeDocument("an entry name holds control characters")
    _refuse_second_name(raw, extra)
    return name


def _refuse_second_name(raw: bytes, extra: bytes) -> None:
    """The Info-ZIP Unicode path field may give another name to some readers."""
    position = 0
    while position + 4 <= len(extra):
        kind, size = struct.unpack_from("<2H", extra, position)
        if kind == _UNICODE_PATH and extra[position + 9 : position + 4 + size] != raw:
            raise UnsafeDocument("an entry has two names")
        position += 4 + size


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


def _refuse_collisions(names: list[str]) -> None:
    """Names that fall together on some file system, and files that are folders as well."""
    seen: dict[str, str] = {}
    for name in names:
        plain = name if name.isascii() else unicodedata.normalize("NFC", name)
        key = plain.casefold().removesuffix("/")
        if key in seen:
            raise UnsafeDocument("two entries share a name")
        seen[key] = name
    for key in seen:
        folder, _, _ = key.rpartition("/")
        if folder in seen and not seen[folder].endswith("/"):
            raise UnsafeDocument("an entry is file and folder at once")


def _refuse_bombs(entries: dict[str, Entry], limits: Limits) -> None:
    total = 0
    for entry in entries.values():
        total += entry.size
        swollen = entry.size > limits.ratio_floor
        if entry.size > limits.entry or total > limits.total:
            raise UnsafeDocument("the unpacked files are too large")
        if swollen and entry.size > limits.ratio * max(1, entry.packed_size):
            raise UnsafeDocument("an entry expands beyond reason")
        if entry.method == STORE and entry.size != entry.packed_size:
            raise UnsafeDocument("a stored entry has two sizes")
