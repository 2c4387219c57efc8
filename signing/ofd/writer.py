"""Write an OFD package. Unchanged files are copied as they were packed, byte for byte."""

import struct
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from signing.ofd.container import ROOT, Package
from signing.ofd.local_headers import DEFLATE, STORE

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_UTF8 = 0x0800
_VERSION = 20
# 1 January 1980: the same input gives the same bytes, and no clock is needed.
_TIME, _DATE = 0, 0x21
_SMALL = 128


@dataclass(frozen=True, slots=True)
class Packed:
    """One file as it will lie in the archive."""

    name: str
    method: int
    crc: int
    size: int
    data: bytes = field(repr=False)

    @classmethod
    def of(cls, name: str, content: bytes) -> Self:
        """Deflate, or store what deflating does not make smaller."""
        crc = zlib.crc32(content)
        if len(content) > _SMALL:
            packer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
            packed = packer.compress(content) + packer.flush()
            if len(packed) < len(content):
                return cls(name, DEFLATE, crc, len(content), packed)
        return cls(name, STORE, crc, len(content), content)

    @classmethod
    def stored(cls, name: str, content: bytes) -> Self:
        return cls(name, STORE, zlib.crc32(content), len(content), content)

    @classmethod
    def copy(cls, package: Package, name: str) -> Self:
        entry, packed = package.packed(name)
        return cls(name, entry.method, entry.crc, entry.size, packed)


def write_package(files: Mapping[str, bytes]) -> bytes:
    """An OFD package of these files, OFD.xml in front."""
    names = sorted(files, key=lambda name: name != ROOT)
    return write(Packed.of(name, files[name]) for name in names)


def write(entries: Iterable[Packed]) -> bytes:
    """The archive of these entries, in their order."""
    body: list[bytes] = []
    directory: list[bytes] = []
    offset = 0
    for entry in entries:
        name = entry.name.encode()
        flags = 0 if entry.name.isascii() else _UTF8
        sizes = (entry.crc, len(entry.data), entry.size)
        common = (_VERSION, flags, entry.method, _TIME, _DATE, *sizes, len(name), 0)
        local = _LOCAL.pack(b"PK\x03\x04", *common) + name
        directory.append(_CENTRAL.pack(b"PK\x01\x02", _VERSION, *common, 0, 0, 0, 0, offset) + name)
        body += (local, entry.data)
        offset += len(local) + len(entry.data)
    central = b"".join(directory)
    count = len(directory)
    end = _END.pack(b"PK\x05\x06", 0, 0, count, count, len(central), offset, 0)
    return b"".join((*body, central, end))
