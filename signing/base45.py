"""Base45 (RFC 9285), the alphabet of alphanumeric QR codes. Decoding is strict."""

from signing.errors import MalformedPass

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VALUES = {character: value for value, character in enumerate(_ALPHABET)}


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
        values = [_VALUES[character] for character in text]
    except KeyError as problem:
        raise MalformedPass("a character that is not base45") from problem
    if len(values) % 3 == 1:
        raise MalformedPass("base45 text cut short")
    out = bytearray()
    for position in range(0, len(values), 3):
        group = values[position : position + 3]
        number = sum(value * 45**power for power, value in enumerate(group))
        size = len(group) - 1
        if number >= 256**size:
            raise MalformedPass("a base45 group is too large")
        out += number.to_bytes(size, "big")
    return bytes(out)
