"""The header in front of a zip entry and the descriptor behind it: they must tell what the
directory tells.

Readers that go through an archive from the front (Java's ZipInputStream, `bsdtar` behind a pipe)
never see the directory. What they go by is here: the local header, the end that the packed bytes
have by themselves, the descriptor.
"""

import struct
from typing import NamedTuple

from signing.errors import UnsafeDocument
from signing.ofd import extra_fields
from signing.ofd.entry_names import refuse_second_name
from signing.ofd.extra_fields import FULL32, FULL64

STORE, DEFLATE = 0, 8
LOCAL_MARK = b"PK\x03\x04"
_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL_MARK, _DESCRIPTOR_MARK = b"PK\x01\x02", b"PK\x07\x08"
_DESCRIPTOR = 0x0008
# Encrypted, patched, strongly encrypted, masked headers: readers differ about each of them.
REFUSED_FLAGS = 0x2061


class Told(NamedTuple):
    """What the directory says of an entry."""

    method: int
    crc: int
    packed_size: int
    size: int


def check_local(data: bytes, local: int, raw_name: bytes, name: str, told: Told) -> tuple[int, int]:
    """Where the packed bytes begin and where the entry ends, descriptor included.

    Raises UnsafeDocument when header or descriptor tell another story than the directory.
    """
    if local + _LOCAL.size > len(data):
        raise UnsafeDocument("an entry lies outside the archive")
    fields: tuple[int, ...] = _LOCAL.unpack_from(data, local)[1:]
    _, flags, method, _, _, crc, packed, size, name_size, extra_size = fields
    name_at = local + _LOCAL.size
    named = data[name_at : name_at + name_size] == raw_name
    marked = data.startswith(LOCAL_MARK, local)
    if not marked or not named or flags & REFUSED_FLAGS or method != told.method:
        raise UnsafeDocument("a local header differs from the directory")
    start = name_at + name_size + extra_size
    deferred = bool(flags & _DESCRIPTOR)
    extra = data[name_at + name_size : start] if extra_size else b""
    if extra:
        refuse_second_name(raw_name, name, extra)
        extra_fields.refuse_kind_in(extra, is_folder=name.endswith("/"), size=told.size)
    if extra or (crc, packed, size) != told[1:]:
        _insist_same((crc, packed, size), extra, told, deferred=deferred)
    end = start + told.packed_size
    if deferred:
        if method == STORE:
            _refuse_marks(data, start, end)
        end = _after_descriptor(data, end, told)
    return start, end


def _insist_same(stated: tuple[int, int, int], extra: bytes, told: Told, *, deferred: bool) -> None:
    """Checksum and sizes of a local header and of its zip64 field are those of the directory, or
    left open where a descriptor follows."""
    pairs = list(zip(stated, told[1:], strict=True))
    wide = extra_fields.zip64(extra)
    if wide is not None:
        if len(wide) < 16 or wide[16:].strip(b"\x00"):
            raise UnsafeDocument("a local header differs from the directory")
        size, packed = struct.unpack_from("<2Q", wide)
        pairs = [pair for pair in pairs if pair[0] != FULL32 or pair[1] == FULL32]
        pairs += [(packed, told.packed_size), (size, told.size)]
        if deferred:
            pairs = [pair for pair in pairs if pair[0] != FULL64]
    if not all(number == right or (deferred and number == 0) for number, right in pairs):
        raise UnsafeDocument("a local header differs from the directory")


def _refuse_marks(data: bytes, start: int, end: int) -> None:
    """Stored bytes whose length is told only behind them end, for a reader that goes from the
    front, where the first mark stands, which may reach into the descriptor."""
    for mark in (_DESCRIPTOR_MARK, LOCAL_MARK, _CENTRAL_MARK):
        if data.find(mark, start, end + len(mark) - 1) >= 0:
            raise UnsafeDocument("a stored entry of unknown length holds an archive")


def _after_descriptor(data: bytes, at: int, told: Told) -> int:
    """With and without its mark, with sizes in 32 and in 64 bits: all four are written."""
    for head in (_DESCRIPTOR_MARK, b""):
        for layout in ("<3I", "<I2Q"):
            expected = head + struct.pack(layout, *told[1:])
            if data.startswith(expected, at):
                return at + len(expected)
    raise UnsafeDocument("a descriptor is missing or differs from the directory")
