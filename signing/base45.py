"""Base45 (RFC 9285), the alphabet of alphanumeric QR codes. Decoding is strict."""

import struct

from signing.errors import MalformedPass

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_FOREIGN = 0xFF
_VALUES = bytes(
    _ALPHABET.index(chr(code)) if chr(code) in _ALPHABET else _FOREIGN for code in range(256)
)


def encode(data: bytes) -> str:
    out: list[str] = []
    for position in range(0, len(data) - 1, 2):
        number = int.from_bytes(data[position : position + 2], "big")
        number, first = divmod(number, 45)
        third, second = divmod(number, 45)
        out += (_ALPHABET[first], _ALPHABET[second], _ALPHABET[third])
    if len(data) % 2:
        second, first = divmod(data[-1], 45)
        out += (_ALPHABET[first], _ALPHABET[second])
    return "".join(out)


def decode(text: str) -> bytes:
    """Raises MalformedPass for a foreign character, a lone one, or a number too large."""
    try:
        values = text.encode("ascii").translate(_VALUES)
    except UnicodeEncodeError as problem:
        raise MalformedPass("a character that is not base45") from problem
    if _FOREIGN in values:
        raise MalformedPass("a character that is not base45")
    if len(values) % 3 == 1:
        raise MalformedPass("base45 text cut short")
    whole = len(values) - len(values) % 3
    thirds = zip(values[0:whole:3], values[1:whole:3], values[2:whole:3], strict=True)
    numbers = [first + 45 * second + 2025 * third for first, second, third in thirds]
    last = values[-2] + 45 * values[-1] if whole < len(values) else None
    if max(numbers, default=0) > 0xFFFF or (last is not None and last > 0xFF):
        raise MalformedPass("a base45 group is too large")
    packed = struct.pack(f">{len(numbers)}H", *numbers)
    return packed if last is None else packed + bytes([last])
