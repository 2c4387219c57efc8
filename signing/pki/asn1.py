"""Strict DER with the original bytes at hand. All use of `cryptography.hazmat.asn1` is in here.

Seals must be verified over the slices their maker encoded, never over a re-encoding: vendors
write a DEFAULT value out, and a library that drops it changes the bytes. So structure is read by
a small walker that keeps positions, and the values inside by `hazmat.asn1`, which refuses every
non-minimal form. Lengths are definite and minimal, tags have one byte, nothing may be left over.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from cryptography.hazmat import asn1 as hazmat
from cryptography.x509 import ObjectIdentifier

from signing.errors import MalformedData

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
UTF8_STRING, PRINTABLE_STRING, T61_STRING, IA5_STRING = 0x0C, 0x13, 0x14, 0x16
UTC_TIME, GENERALIZED_TIME, UNIVERSAL_STRING, BMP_STRING = 0x17, 0x18, 0x1C, 0x1E
SEQUENCE, SET = 0x30, 0x31

_TEXT_CODECS = {
    UTF8_STRING: "utf-8",
    PRINTABLE_STRING: "ascii",
    T61_STRING: "latin-1",
    IA5_STRING: "ascii",
    BMP_STRING: "utf-16-be",
    UNIVERSAL_STRING: "utf-32-be",
}
_UTC_TIME = re.compile(rb"(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z")
_GENERALIZED_TIME = re.compile(rb"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d*[1-9]))?Z")


class Element(NamedTuple):
    """One DER element inside a larger buffer; `der` and `content` are original slices."""

    tag: int
    source: bytes
    start: int
    body: int
    end: int

    @property
    def der(self) -> bytes:
        return self.source[self.start : self.end]

    @property
    def content(self) -> bytes:
        return self.source[self.body : self.end]

    def children(self, tag: int | None = None) -> tuple["Element", ...]:
        """The elements of a constructed element; with `tag`, this one must be it."""
        if tag is not None:
            self.expect(tag)
        if not self.tag & 0x20:
            raise MalformedData(f"element {self.tag:#04x} has no elements inside")
        found = []
        position = self.body
        while position < self.end:
            element = _read(self.source, position, self.end)
            found.append(element)
            position = element.end
        return tuple(found)

    def only_child(self, tag: int) -> "Element":
        """The single element of an explicit tag; raises MalformedData for any other tag."""
        inside = self.children(tag)
        if len(inside) != 1:
            raise MalformedData(f"explicit tag {tag:#04x} holds {len(inside)} elements")
        return inside[0]

    def expect(self, *tags: int) -> None:
        if self.tag not in tags:
            raise MalformedData(f"tag {self.tag:#04x} where {[hex(tag) for tag in tags]} belongs")

    def integer(self) -> int:
        self.expect(INTEGER)
        return _hazmat_integer(self.der)

    def boolean(self) -> bool:
        self.expect(BOOLEAN)
        if self.content not in (b"\x00", b"\xff"):
            raise MalformedData("BOOLEAN is neither 00 nor FF")
        return self.content == b"\xff"

    def oid(self) -> str:
        self.expect(OID)
        return _hazmat_oid(self.der)

    def octets(self) -> bytes:
        self.expect(OCTET_STRING)
        return self.content

    def bits(self) -> bytes:
        """Octets of a BIT STRING that has no unused bits."""
        octets, unused = self.bits_and_unused()
        if unused:
            raise MalformedData(f"BIT STRING with {unused} unused bits")
        return octets

    def bits_and_unused(self) -> tuple[bytes, int]:
        """Octets and the unused-bits octet, which some vendors fill wrongly."""
        self.expect(BIT_STRING)
        content = self.content
        if not content or content[0] > 7:
            raise MalformedData("malformed BIT STRING")
        return content[1:], content[0]

    def untrimmed_bits(self, size: int | None = None) -> tuple[bytes, int]:
        """Like `bits_and_unused`, with the zero octets put back that a writer drops who takes the
        string for a list of named bits (X.690, 11.2.2): one signature in 256 ends in one. Up to
        `size` octets, else up to the length the DER value inside states, else 64."""
        octets, unused = self.bits_and_unused()
        zeros = (octets[-1] & -octets[-1]).bit_length() - 1 if octets and octets[-1] else -1
        if unused != zeros:
            return octets, unused
        if size is None:
            stated = octets[1] if octets[0] == SEQUENCE and len(octets) > 1 else 0x80
            size = stated + 2 if stated < 0x80 else 64
        return octets.ljust(size, b"\x00"), unused

    def text(self) -> str:
        """Any string type; undecodable characters are replaced, so that no name aborts a check."""
        codec = _TEXT_CODECS.get(self.tag)
        if codec is None:
            raise MalformedData(f"tag {self.tag:#04x} is no string")
        return self.content.decode(codec, "replace")

    def time(self) -> datetime:
        """UTCTime (years 1950 to 2049) or GeneralizedTime, in UTC with seconds and a Z."""
        if self.tag == UTC_TIME:
            found = _UTC_TIME.fullmatch(self.content)
            century = 0 if found is None else (1900 if int(found[1]) >= 50 else 2000)
        else:
            self.expect(GENERALIZED_TIME)
            found = _GENERALIZED_TIME.fullmatch(self.content)
            century = 0
        if found is None:
            raise MalformedData("time is not in the form YYYYMMDDHHMMSSZ")
        year, *rest = (int(part) for part in found.groups()[:6])
        fraction = found[7] if self.tag == GENERALIZED_TIME else None
        micros = int((fraction or b"0").decode()[:6].ljust(6, "0"))
        try:
            return datetime(century + year, *rest, micros, tzinfo=UTC)  # type: ignore[misc, arg-type]
        except ValueError as problem:
            raise MalformedData("time does not exist in the calendar") from problem


def parse(data: bytes) -> Element:
    """The one element these bytes are; raises MalformedData, also for trailing bytes."""
    element = parse_prefix(data)
    if element.end != len(data):
        raise MalformedData(f"{len(data) - element.end} bytes after the structure")
    return element


def parse_prefix(data: bytes) -> Element:
    """The first element of these bytes; what follows is the caller's to judge."""
    return _read(bytes(data), 0, len(data))


def parse_prefix_at(data: bytes, position: int) -> Element:
    """The element that begins at this position."""
    return _read(data, position, len(data))


def _read(source: bytes, start: int, limit: int) -> Element:
    if limit - start < 2:
        raise MalformedData("data ends inside an element")
    tag, length, body = source[start], source[start + 1], start + 2
    if tag & 0x1F == 0x1F:
        raise MalformedData("tags of several bytes are not used here")
    if length & 0x80:
        count = length & 0x7F
        octets = source[body : body + count]
        body += count
        if not 1 <= count <= 4 or body > limit:
            raise MalformedData("indefinite, huge or cut length")
        length = int.from_bytes(octets, "big")
        if length < 0x80 or octets[0] == 0:
            raise MalformedData("length is not minimal")
    if body + length > limit:
        raise MalformedData("data ends inside an element")
    return Element(tag, source, start, body, body + length)


@lru_cache(maxsize=512)
def _hazmat_oid(der: bytes) -> str:
    try:
        return hazmat.decode_der(ObjectIdentifier, der).dotted_string
    except ValueError as problem:
        raise MalformedData("malformed OBJECT IDENTIFIER") from problem


@lru_cache(maxsize=512)
def _hazmat_integer(der: bytes) -> int:
    try:
        return hazmat.decode_der(int, der)
    except ValueError as problem:
        raise MalformedData("malformed INTEGER") from problem


def element(tag: int, content: bytes) -> bytes:
    """Tag, minimal length, content."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content


def sequence(*parts: bytes) -> bytes:
    return element(SEQUENCE, b"".join(parts))


def set_of(parts: Sequence[bytes]) -> bytes:
    """SET OF in DER order."""
    return element(SET, b"".join(sorted(parts)))


def explicit(number: int, part: bytes) -> bytes:
    """[number] EXPLICIT."""
    return element(0xA0 | number, part)


def integer(value: int) -> bytes:
    return hazmat.encode_der(value)


@lru_cache(maxsize=512)
def oid(dotted: str) -> bytes:
    return hazmat.encode_der(ObjectIdentifier(dotted))


def boolean(value: bool) -> bytes:
    return element(BOOLEAN, b"\xff" if value else b"\x00")


def octet_string(value: bytes) -> bytes:
    return element(OCTET_STRING, value)


def bit_string(value: bytes) -> bytes:
    return element(BIT_STRING, b"\x00" + value)


def utf8(value: str) -> bytes:
    return element(UTF8_STRING, value.encode())


def ia5(value: str) -> bytes:
    """IA5String; raises MalformedData for anything but ASCII."""
    if not value.isascii():
        raise MalformedData(f"{value!r} is not ASCII")
    return element(IA5_STRING, value.encode())


def printable(value: str) -> bytes:
    return element(PRINTABLE_STRING, value.encode("ascii"))


def utc_time(value: datetime) -> bytes:
    return element(UTC_TIME, value.astimezone(UTC).strftime("%y%m%d%H%M%SZ").encode())


def generalized_time(value: datetime) -> bytes:
    return element(GENERALIZED_TIME, value.astimezone(UTC).strftime("%Y%m%d%H%M%SZ").encode())


def x509_time(value: datetime) -> bytes:
    """UTCTime to 2049 and GeneralizedTime after (RFC 5280, 4.1.2.5)."""
    return utc_time(value) if value.astimezone(UTC).year < 2050 else generalized_time(value)
