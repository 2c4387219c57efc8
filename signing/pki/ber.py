"""Indefinite lengths made definite, for CMS messages only: Java libraries write them (RFC 5652
allows BER outside the signed attributes). Definite elements pass through byte for byte."""

from signing.errors import MalformedData
from signing.pki import asn1

_DEEPEST = 24
_CONSTRUCTED_OCTETS = 0x24
_END = b"\x00\x00"


def is_indefinite(data: bytes) -> bool:
    return len(data) > 2 and data[1] == 0x80


def to_definite(data: bytes) -> bytes:
    """The same message with definite lengths; raises MalformedData, also for trailing bytes."""
    element, position = to_definite_prefix(data)
    if position != len(data):
        raise MalformedData("bytes after the message")
    return element


def to_definite_prefix(data: bytes) -> tuple[bytes, int]:
    """The first message of these bytes with definite lengths, and where it ended in them."""
    return _element(data, 0, 0)


def _element(data: bytes, position: int, depth: int) -> tuple[bytes, int]:
    """One element and the position after it."""
    if depth > _DEEPEST:
        raise MalformedData("nested too deeply")
    if data[position + 1 : position + 2] != b"\x80":
        found = asn1.parse_prefix_at(data, position)
        return found.der, found.end
    tag = data[position]
    if not tag & 0x20:
        raise MalformedData("indefinite length on a primitive element")
    position += 2
    parts = []
    while data[position : position + 2] != _END:
        part, position = _element(data, position, depth + 1)
        parts.append(part)
    if tag == _CONSTRUCTED_OCTETS:
        pieces = (asn1.parse(part).octets() for part in parts)
        return asn1.octet_string(b"".join(pieces)), position + 2
    return asn1.element(tag, b"".join(parts)), position + 2
