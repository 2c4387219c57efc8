"""CBOR of one known shape, read by position: the deterministic encoding and nothing else.

A general decoder builds every value and must then encode it again to see whether the bytes were
the shortest. Where the shape is known it is enough to insist on the one spelling of each part:
heads in their shortest form (RFC 8949, 4.2.1), definite lengths, and the caller's order of parts.
What runs over the end raises MalformedData like everything else.
"""

from signing.errors import MalformedData

BYTES, TEXT = 0x40, 0x60
# The shortest form of a whole number below 2^16, 2^32 and 2^64, as a part of a regular expression
# with DOTALL.
UINT16 = rb"(?:[\x00-\x17]|\x18[\x18-\xff]|\x19[\x01-\xff].)"
UINT32 = rb"(?:" + UINT16 + rb"|\x1a(?!\x00\x00).{4})"
UINT64 = rb"(?:" + UINT32 + rb"|\x1b(?!\x00\x00\x00\x00).{8})"
SHORT = 24
# What one, two, four and eight octets of a head are needed for.
_LEAST = (SHORT, 1 << 8, 1 << 16, 1 << 32)


def string_at(data: bytes, position: int, kind: int) -> tuple[bytes, int]:
    """The content of a byte or text string with its shortest head, and the position after it."""
    first = data[position] - kind if position < len(data) else -1
    if 0 <= first < SHORT:
        begin = position + 1
        end = begin + first
    elif 0 <= first <= SHORT + 2:
        begin = position + 1 + (1 << first - SHORT)
        size = int.from_bytes(data[position + 1 : begin], "big")
        if size < _LEAST[first - SHORT]:
            raise MalformedData("a length that is not the shortest")
        end = begin + size
    else:
        raise MalformedData("not a string as it is used here")
    if end > len(data):
        raise MalformedData("a string that is cut short")
    return data[begin:end], end


def uint_at(data: bytes, position: int) -> tuple[int, int]:
    """A whole number with its shortest head, and the position after it."""
    first = data[position] if position < len(data) else 0xFF
    if first < SHORT:
        return first, position + 1
    if first > SHORT + 3:
        raise MalformedData("not a whole number")
    end = position + 1 + (1 << first - SHORT)
    value = int.from_bytes(data[position + 1 : end], "big")
    if end > len(data) or value < _LEAST[first - SHORT]:
        raise MalformedData("a number that is cut short or not the shortest")
    return value, end


def number(encoded: bytes) -> int:
    """The value of what one of these expressions matched."""
    return encoded[0] if len(encoded) == 1 else int.from_bytes(encoded[1:], "big")
