"""Ways to damage bytes, DER, packages and codes. Everything depends on the `Random` given alone."""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from random import Random

from signing import write_package
from signing.ofd.writer import Packed, write
from signing.passes import base45

NUMBERS = (0, 1, 2, 0x7F, 0x80, 0x81, 0x84, 0xFF)
TAGS = (0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0C, 0x13, 0x16, 0x17, 0x18, 0x30, 0x31, 0xA0, 0xA3)
LENGTHS = (b"\x80", b"\x00", b"\x84\x7f\xff\xff\xff", b"\x81\x01", b"\x82\x00\x05")
WORDS = (
    b"<!DOCTYPE x>",
    b"<!ENTITY e 'x'>",
    b"&e;",
    b"../",
    b"/",
    b"//",
    b"\\",
    b"\x00",
    b"</ofd:Signatures>",
    b"<ofd:DocRoot>Doc_0/Evil.xml</ofd:DocRoot>",
    b'CheckMethod="MD5"',
    b'Relative="s001"',
    b"]]>",
    b"<![CDATA[",
    b"\xef\xbb\xbf",
    b"PK\x03\x04",
    b"PK\x01\x02",
    b"PK\x05\x06",
    b"\x30\x80",
    b"\x00\x00",
    b"\xff\xff\xff\xff",
)


def damaged(sample: bytes, random: Random) -> bytes:
    """One to four changes anywhere: bits, bytes, words, pieces taken out, doubled or moved."""
    data = bytearray(sample)
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        place = random.randrange(len(data) + 1)
        size = random.choice((1, 1, 2, 4, 16, 64, 512))
        _CHANGES[random.randrange(len(_CHANGES))](data, place, size, random)
    return bytes(data)


def _flip(data: bytearray, place: int, size: int, random: Random) -> None:
    if data:
        data[place % len(data)] ^= 1 << random.randrange(8)


def _set(data: bytearray, place: int, size: int, random: Random) -> None:
    if data:
        data[place % len(data)] = random.choice(NUMBERS)


def _fill(data: bytearray, place: int, size: int, random: Random) -> None:
    data[place : place + size] = random.randbytes(size)


def _insert(data: bytearray, place: int, size: int, random: Random) -> None:
    data[place:place] = random.choice(WORDS)


def _overwrite(data: bytearray, place: int, size: int, random: Random) -> None:
    word = random.choice(WORDS)
    data[place : place + len(word)] = word


def _remove(data: bytearray, place: int, size: int, random: Random) -> None:
    del data[place : place + size]


def _double(data: bytearray, place: int, size: int, random: Random) -> None:
    data[place:place] = data[place : place + size]


def _move(data: bytearray, place: int, size: int, random: Random) -> None:
    piece = data[place : place + size]
    del data[place : place + size]
    target = random.randrange(len(data) + 1)
    data[target:target] = piece


def _cut(data: bytearray, place: int, size: int, random: Random) -> None:
    del data[max(1, place) :]


def _append(data: bytearray, place: int, size: int, random: Random) -> None:
    data += random.randbytes(size)


_CHANGES = (
    _flip, _flip, _flip, _set, _fill, _insert, _overwrite, _remove, _double, _move, _cut, _append,
)  # fmt: skip


def damaged_der(sample: bytes, random: Random) -> bytes:
    """Bytes changed anywhere, or one element given another tag, length, value or place."""
    if random.random() < 0.4:
        return damaged(sample, random)
    found = elements(sample)
    start, body, end = random.choice(found)
    act = random.randrange(6)
    if act == 0:
        return sample[:start] + bytes([random.choice(TAGS)]) + sample[start + 1 :]
    if act == 1:
        length = random.choice(
            (b"\x80", b"\x00", b"\x84\x7f\xff\xff\xff", b"\x81\x01", b"\x82\x00\x05")
        )
        return sample[: start + 1] + length + sample[body:]
    if act == 2:
        return sample[:start] + sample[end:]
    if act == 3:
        return sample[:end] + sample[start:end] + sample[end:]
    if act == 4:
        other_start, _, other_end = random.choice(found)
        return sample[:start] + sample[other_start:other_end] + sample[end:]
    if body == end:
        return sample[:start]
    place = random.randrange(body, min(end, body + 64))
    return sample[:place] + bytes([sample[place] ^ 1 << random.randrange(8)]) + sample[place + 1 :]


def elements(data: bytes) -> list[tuple[int, int, int]]:
    """Start, body and end of every element of well-formed DER, also inside octet strings."""
    found: list[tuple[int, int, int]] = []
    waiting = [(0, len(data))]
    while waiting:
        position, limit = waiting.pop()
        while position < limit:
            length, body = data[position + 1], position + 2
            if length & 0x80:
                body += length & 0x7F
                length = int.from_bytes(data[position + 2 : body], "big")
            found.append((position, body, body + length))
            if data[position] & 0x20:
                waiting.append((body, body + length))
            position = body + length
    return found


def lying(archive: bytes, random: Random) -> bytes:
    """An archive one entry of which lies about its checksum or sizes, in both its headers, as only
    an attacker's writer would; damage alone makes the two differ."""
    places = [found.start() for found in re.finditer(b"PK\x01\x02", archive)]
    central = random.choice(places)
    local = int.from_bytes(archive[central + 42 : central + 46], "little")
    field = random.randrange(3)
    numbers = list(struct.unpack_from("<3I", archive, central + 16))
    change = random.choice((-64, -1, 1, 1, 2, 30, 64, 4096, 1 << 20))
    numbers[field] = (numbers[field] + change) % (1 << 32)
    changed = bytearray(archive)
    struct.pack_into("<3I", changed, central + 16, *numbers)
    struct.pack_into("<3I", changed, local + 14, *numbers)
    return bytes(changed)


def spaced(archive: bytes, random: Random) -> bytes:
    """Bytes put between the entries and the directory, which an entry may then claim."""
    directory = archive.index(b"PK\x01\x02")
    room = random.randbytes(random.choice((1, 2, 64)))
    end = len(archive) - 22
    tail = bytearray(archive[end:])
    struct.pack_into("<I", tail, 16, directory + len(room))
    return archive[:directory] + room + archive[directory:end] + bytes(tail)


def damaged_archive(archive: bytes, random: Random) -> bytes:
    """Damage anywhere, or numbers that lie consistently."""
    if random.random() < 0.6:
        return damaged(archive, random)
    if random.random() < 0.5:
        archive = spaced(archive, random)
    return lying(archive, random)


def repacked(files: Mapping[str, bytes], random: Random) -> bytes:
    """A well-formed archive of these files with one to three of them changed, gone or added."""
    changed = dict(files)
    for _ in range(random.choice((1, 1, 2, 3))):
        name = random.choice(sorted(changed))
        act = random.randrange(10)
        if act < 6:
            original = files.get(name, changed[name])
            damage = damaged_der if original[:1] == b"\x30" else damaged
            changed[name] = damage(original, random)
        elif act == 6 and len(changed) > 1:
            del changed[name]
        elif act == 7:
            changed[name] = files[random.choice(sorted(files))]
        elif act == 8:
            changed[name.replace("_0", "_1")] = changed[name]
        else:
            changed[name.swapcase()] = changed[name]
    if random.random() < 0.1:
        name = random.choice(sorted(changed))
        return write([*(Packed.of(*pair) for pair in changed.items()), Packed.of(name, b"twin")])
    return write_package(changed)


def damaged_code(text: bytes, random: Random) -> bytes:
    """The text of a code changed, or the bytes that it stands for."""
    if random.random() < 0.3:
        return damaged(text, random)
    prefix, packed = text[:4], base45.decode(text[4:].decode())
    return prefix + base45.encode(damaged(packed, random)).encode()
