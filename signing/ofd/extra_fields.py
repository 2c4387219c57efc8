"""Extra fields of zip headers (APPNOTE 4.5): sizes in 64 bits, second names, kinds of file."""

import struct
from collections.abc import Iterator

from signing.errors import UnsafeDocument

UNICODE_PATH = 0x7075
_ZIP64, _ASI_UNIX, _STREAMED_ATTRIBUTES = 0x0001, 0x756E, 0x6C78
_KIND, _PLAIN_FILE, _FOLDER, _LINK = 0xF000, 0x8000, 0x4000, 0xA000
_PLAIN_KINDS = (0, _PLAIN_FILE, _FOLDER)
_UNIX = 3
_DOS_FOLDER = 0x10
FULL16, FULL32, FULL64 = 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF


def blocks(extra: bytes) -> Iterator[tuple[int, bytes]]:
    """The fields as far as they are well formed: aligners fill the place with zeros."""
    position = 0
    while position + 4 <= len(extra):
        kind, size = struct.unpack_from("<2H", extra, position)
        yield kind, extra[position + 4 : position + 4 + size]
        position += 4 + size


def zip64(extra: bytes) -> bytes | None:
    """The body of the zip64 field; raises UnsafeDocument when there are two."""
    found = [body for kind, body in blocks(extra) if kind == _ZIP64]
    if len(found) > 1:
        raise UnsafeDocument("an entry has two sizes")
    return found[0] if found else None


def widened(extra: bytes, told: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """Size, packed size, offset and disk of a directory entry, taken from the zip64 field where
    the entry leaves them to it. One that repeats what is told already must repeat it rightly."""
    body = zip64(extra)
    full = (FULL32, FULL32, FULL32, FULL16)
    left = [place for place in range(4) if told[place] == full[place]]
    if body is None:
        if left:
            raise UnsafeDocument("a malformed directory entry")
        return told
    if not left:
        if body != struct.pack("<3QI", *told)[: len(body)]:
            raise UnsafeDocument("an entry has two sizes")
        return told
    found, position = list(told), 0
    for place in left:
        width = 4 if place == 3 else 8
        found[place] = int.from_bytes(body[position : position + width], "little")
        position += width
    if len(body) < position or body[position:] not in (b"", bytes(4)):
        raise UnsafeDocument("a malformed directory entry")
    return found[0], found[1], found[2], found[3]


def refuse_kind(system: int, attributes: int, *, is_folder: bool, size: int) -> None:
    """A link shows another file than the one that was signed, and a file that is marked as a
    folder is there for some readers only."""
    kind = attributes >> 16 & _KIND
    if kind == _LINK or (system == _UNIX and kind not in _PLAIN_KINDS):
        raise UnsafeDocument("an entry is a link or a device")
    if size and not is_folder and (kind == _FOLDER or attributes & _DOS_FOLDER):
        raise UnsafeDocument("a file is marked as a folder")


def refuse_kind_in(extra: bytes, *, is_folder: bool, size: int) -> None:
    """The same for what extra fields say: `bsdtar` believes them wherever they stand."""
    for kind, body in blocks(extra):
        if kind == _ASI_UNIX and len(body) >= 6:
            (mode,) = struct.unpack_from("<H", body, 4)
            refuse_kind(_UNIX, mode << 16, is_folder=is_folder, size=size)
        elif kind == _STREAMED_ATTRIBUTES and body[:1] > b"\x7f":
            raise UnsafeDocument("attributes of an unknown form")
        elif kind == _STREAMED_ATTRIBUTES and body and body[0] & 4:
            at = 1 + (2 if body[0] & 1 else 0) + (2 if body[0] & 2 else 0)
            attributes = int.from_bytes(body[at : at + 4], "little")
            refuse_kind(_UNIX, attributes, is_folder=is_folder, size=size)
