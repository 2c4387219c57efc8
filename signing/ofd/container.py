"""The zip around an OFD as files, unpacked on demand within `policy.Limits`.

`directory` has refused before everything two readers could see differently.
"""

import zlib
from collections.abc import Callable, Iterator

from cryptography.hazmat.primitives import hashes

from signing.errors import MalformedDocument, UnsafeDocument
from signing.ofd.directory import Entry, read_entries
from signing.ofd.local_headers import STORE
from signing.report.policy import Limits

ROOT = "OFD.xml"
# What is kept unpacked: small files and XML, which are read more than once, up to a sum.
_SMALL, _KEPT = 64 << 10, 32 << 20
_STEP = 128 << 10
# One byte more than may stand behind deflated bytes.
_LONGEST_TAIL = 5


class Package:
    """The files of one OFD, unpacked on demand. The archive itself is never copied."""

    def __init__(self, data: bytes, entries: dict[str, Entry], limits: Limits) -> None:
        self._data = data
        self._entries = entries
        self._read: dict[str, bytes] = {}
        self._sound: set[str] = set()
        """Files that were unpacked to their end at least once."""
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
        self._sound.add(name)

    def unpack_rest(self) -> None:
        """Unpack what nobody asked for: a file that ends before its packed bytes do may hold others
        for readers that go through the archive from the front. Raises UnsafeDocument."""
        for name in self._entries.keys() - self._sound:
            self.feed(name, len)

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
        self._sound.add(entry.name)
        return content

    def _pieces(self, entry: Entry) -> Iterator[bytes | memoryview]:
        packed = memoryview(self._data)[entry.start : entry.start + entry.packed_size]
        return _slices(packed) if entry.method == STORE else _inflate_pieces(packed, entry)


def _slices(packed: memoryview) -> Iterator[memoryview]:
    return (packed[at : at + _STEP] for at in range(0, len(packed), _STEP))


def _insist_same(entry: Entry, size: int, crc: int) -> None:
    if size != entry.size or crc != entry.crc:
        raise UnsafeDocument(f"{entry.name} does not match its size and checksum")


def _inflate(packed: bytes, entry: Entry) -> bytes:
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        content = unpacker.decompress(packed, entry.size + 1)
    except zlib.error as problem:
        raise UnsafeDocument(f"{entry.name} does not unpack") from problem
    behind = unpacker.unused_data
    if not unpacker.eof or (behind and not _is_checksum(memoryview(packed), behind)):
        raise UnsafeDocument(f"{entry.name} does not end where it should")
    return content


def _inflate_pieces(packed: memoryview, entry: Entry) -> Iterator[bytes]:
    """What they unpack to, at most `_STEP` bytes at a time."""
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    behind = b""
    try:
        for part in _slices(packed):
            if unpacker.eof:
                behind = (behind + part)[:_LONGEST_TAIL]
                continue
            waiting: bytes | memoryview = part
            while waiting and not unpacker.eof:
                yield unpacker.decompress(waiting, _STEP)
                waiting = unpacker.unconsumed_tail
            behind = unpacker.unused_data
        while not unpacker.eof and (rest := unpacker.decompress(b"", _STEP)):
            yield rest
    except zlib.error as problem:
        raise UnsafeDocument(f"{entry.name} does not unpack") from problem
    if not unpacker.eof or (behind and not _is_checksum(packed, behind)):
        raise UnsafeDocument(f"{entry.name} does not end where it should")


def _is_checksum(packed: memoryview, behind: bytes) -> bool:
    """Whether behind the deflated bytes, which are known to be sound, stands what one vendor leaves
    there: the checksum of the zlib format. They are unpacked once more for it, since hardly any
    file comes here. A content whose checksum reads as the mark of another entry has no excuse."""
    if len(behind) != 4 or behind.startswith(b"PK"):
        return False
    unpacker, adler = zlib.decompressobj(-zlib.MAX_WBITS), 1
    for part in _slices(packed):
        waiting: bytes | memoryview = part
        while waiting and not unpacker.eof:
            adler = zlib.adler32(unpacker.decompress(waiting, _STEP), adler)
            waiting = unpacker.unconsumed_tail
    while not unpacker.eof:
        adler = zlib.adler32(unpacker.decompress(b"", _STEP), adler)
    return behind == adler.to_bytes(4, "big")


def open_package(data: bytes, limits: Limits) -> Package:
    """Open an OFD. Raises MalformedDocument when it is none, UnsafeDocument when it is unsafe."""
    if len(data) > limits.package:
        raise UnsafeDocument(f"more than {limits.package} bytes")
    entries = {entry.name: entry for entry in read_entries(data, limits.entries)}
    _refuse_bombs(entries, limits)
    if ROOT not in entries:
        raise MalformedDocument("no OFD.xml: not an OFD document")
    return Package(data, entries, limits)


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
