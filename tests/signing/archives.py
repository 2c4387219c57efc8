"""Zip archives written by hand, right or wrong, and a reader that never sees their directory.

The reader is nobody's own: it does what Java's ZipInputStream, commons-compress and bsdtar do with
a stream, each of their habits being a switch. It knows nothing of the code under test.
"""

import struct
import unicodedata
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

LOCAL, CENTRAL, END, DESCRIPTOR = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"PK\x07\x08"
DEFERRED, UTF8 = 0x0008, 0x0800


def deflated(content: bytes) -> bytes:
    packer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()


def block(kind: int, body: bytes) -> bytes:
    """One extra field."""
    return struct.pack("<2H", kind, len(body)) + body


def unicode_path(raw_name: bytes, name: str) -> bytes:
    """The Info-ZIP Unicode path field, which gives an entry a second name."""
    return block(0x7075, b"\x01" + struct.pack("<I", zlib.crc32(raw_name)) + name.encode())


@dataclass(frozen=True)
class Made:
    """One entry; whatever is None is as it should be."""

    name: bytes
    content: bytes
    stored: bool = False
    descriptor: str = ""
    """A struct layout such as `<4s3I`, or nothing for an entry without a descriptor."""
    known: bool = False
    """Whether the local header tells the sizes although a descriptor follows."""
    packed: bytes | None = None
    crc: int | None = None
    size: int | None = None
    flags: int = 0
    local_flags: int | None = None
    local_name: bytes | None = None
    local_extra: bytes = b""
    central_extra: bytes = b""
    local_numbers: tuple[int, int, int] | None = None
    made: int = 20
    attributes: int = 0
    behind: bytes = b""
    """Foreign bytes after the entry."""
    listed: bool = True

    @property
    def numbers(self) -> tuple[int, int, int]:
        crc = zlib.crc32(self.content) if self.crc is None else self.crc
        size = len(self.content) if self.size is None else self.size
        return crc, len(self.body), size

    @property
    def body(self) -> bytes:
        if self.packed is not None:
            return self.packed
        return self.content if self.stored else deflated(self.content)

    def local(self) -> bytes:
        name = self.name if self.local_name is None else self.local_name
        flags = self.flags if self.local_flags is None else self.local_flags
        numbers = self.local_numbers or self.numbers
        tail = b""
        if self.descriptor:
            flags |= DEFERRED
            numbers = numbers if self.known else (self.local_numbers or (0, 0, 0))
            mark = (DESCRIPTOR,) if "4s" in self.descriptor else ()
            tail = struct.pack(self.descriptor, *mark, *self.numbers)
        method = 0 if self.stored else 8
        sizes = (*numbers, len(name), len(self.local_extra))
        head = struct.pack("<4s5H3I2H", LOCAL, 20, flags, method, 0, 0x21, *sizes)
        return head + name + self.local_extra + self.body + tail + self.behind

    def central(self, offset: int) -> bytes:
        flags = self.flags | (DEFERRED if self.descriptor else 0)
        method = 0 if self.stored else 8
        sizes = (*self.numbers, len(self.name), len(self.central_extra), 0)
        head = struct.pack("<4s6H3I3H", CENTRAL, self.made, 20, flags, method, 0, 0x21, *sizes)
        return (
            (head + struct.pack("<2H2I", 0, 0, self.attributes, offset))
            + self.name
            + self.central_extra
        )


def archive(
    entries: Sequence[Made], *, front: bytes = b"", comment: bytes = b"", behind: bytes = b""
) -> bytes:
    """These entries in their order, the offsets counted from the first byte of all."""
    body, listed = bytearray(front), []
    for entry in entries:
        if entry.listed:
            listed.append(entry.central(len(body)))
        body += entry.local()
    directory = b"".join(listed)
    count = len(listed)
    end = struct.pack("<4s4H2IH", END, 0, 0, count, count, len(directory), len(body), len(comment))
    return bytes(body) + directory + end + comment + behind


def entries_of(files: dict[str, bytes], pattern: Made | None = None) -> list[Made]:
    """Plain entries of these files, or entries like `pattern`."""
    like = pattern or Made(b"", b"")
    return [replace(like, name=name.encode(), content=files[name]) for name in files]


@dataclass(frozen=True)
class FrontReader:
    """Reads local headers one after another and never looks at the directory."""

    resumes: bool = False
    """Looks for the next mark after bytes it does not know, instead of stopping."""
    believes_sizes: bool = True
    """Goes on where the packed size ends; otherwise where the deflated bytes do."""
    unicode_paths: bool = True
    seen: dict[str, list[bytes]] = field(default_factory=dict)

    def read(self, data: bytes) -> dict[str, list[bytes]]:
        """Every content met under a name, in order; stops where nothing can be read any more."""
        position = 0
        while True:
            if not data.startswith(LOCAL, position):
                position = data.find(LOCAL, position) if self.resumes else -1
            if position < 0 or position + 30 > len(data):
                return self.seen
            after = self._entry(data, position)
            if after is None:
                return self.seen
            position = after

    def _entry(self, data: bytes, at: int) -> int | None:
        fields = struct.unpack_from("<5H3I2H", data, at + 4)
        _, flags, method, _, _, _, packed, size, name_size, extra_size = fields
        name = data[at + 30 : at + 30 + name_size]
        start = at + 30 + name_size + extra_size
        extra = data[at + 30 + name_size : start]
        packed, _ = wide_sizes(extra, packed, size)
        deferred = bool(flags & DEFERRED)
        if method == 0:
            end = self._stored_end(data, start) if deferred else start + packed
            content = data[start:end]
        else:
            unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
            try:
                content = unpacker.decompress(data[start:], 64 << 20)
            except zlib.error:
                return None
            end = len(data) - len(unpacker.unused_data)
            if not deferred and self.believes_sizes:
                end = start + packed
        if end is None or end > len(data):
            return None
        for known in self._names(name, flags, extra):
            self.seen.setdefault(folded(known), []).append(content)
        return after_descriptor(data, end) if deferred else end

    def _stored_end(self, data: bytes, start: int) -> int | None:
        """Where the first mark stands; in front of a header a descriptor without one is due."""
        found = [data.find(mark, start) for mark in (DESCRIPTOR, LOCAL, CENTRAL)]
        places = [place for place in found if place >= 0]
        if not places:
            return None
        first = min(places)
        return first if data.startswith(DESCRIPTOR, first) else max(start, first - 12)

    def _names(self, raw: bytes, flags: int, extra: bytes) -> Iterator[str]:
        for kind, body in extra_fields(extra):
            if kind == 0x7075 and self.unicode_paths and body[1:5] == crc_bytes(raw):
                yield body[5:].decode("utf-8", "replace")
                return
        yield raw.decode("utf-8" if flags & UTF8 or raw.isascii() else "gb18030", "replace")


def crc_bytes(raw: bytes) -> bytes:
    return struct.pack("<I", zlib.crc32(raw))


def extra_fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<2H", extra, at)
        yield kind, extra[at + 4 : at + 4 + size]
        at += 4 + size


def wide_sizes(extra: bytes, packed: int, size: int) -> tuple[int, int]:
    for kind, body in extra_fields(extra):
        if kind == 1 and len(body) >= 16 and 0xFFFFFFFF in (packed, size):
            wide_size, wide_packed = struct.unpack_from("<2Q", body)
            return wide_packed, wide_size
    return packed, size


def after_descriptor(data: bytes, at: int) -> int:
    """The first of the four forms behind which something known begins, else the shortest."""
    begin = at + 4 if data.startswith(DESCRIPTOR, at) else at
    for width in (12, 20):
        if data[begin + width : begin + width + 4] in (LOCAL, CENTRAL):
            return begin + width
    return begin + 12


def folded(name: str) -> str:
    """The file a name leads to on a system that is careless about case, width and separators."""
    plain = unicodedata.normalize("NFKC", name).casefold().replace("\\", "/")
    parts = [part.rstrip(". ") for part in plain.split("/")]
    return "/".join(part for part in parts if part)


FRONT_READERS = tuple(
    FrontReader(resumes=resumes, believes_sizes=sizes, unicode_paths=paths)
    for resumes in (False, True)
    for sizes in (False, True)
    for paths in (False, True)
)


def front_views(data: bytes) -> Iterator[dict[str, list[bytes]]]:
    """What readers of every habit see that go through the archive from the front."""
    for reader in FRONT_READERS:
        yield replace(reader, seen={}).read(data)
