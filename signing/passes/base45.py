"""Base45 (RFC 9285), the alphabet of alphanumeric QR codes. Decoding is strict."""

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


def encoded_length(size: int) -> int:
    """How many characters that many bytes take."""
    return size // 2 * 3 + size % 2 * 2


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
    numbers = _thirds(values[:whole])
    if whole == len(values):
        return numbers
    last = values[-2] + 45 * values[-1]
    if last > 0xFF:
        raise MalformedPass("a base45 group is too large")
    return numbers + bytes([last])


def _thirds(values: bytes) -> bytes:
    """Two bytes for every three values a, b, c: a + 45 b + 2025 c.

    All groups are reckoned at once, each in a lane of 32 bits of three long numbers; a lane holds
    91,124 at most and never runs into its neighbour.
    """
    count = len(values) // 3
    text = values.decode("latin-1")
    a, b, c = _lanes(text[0::3]), _lanes(text[1::3]), _lanes(text[2::3])
    lanes = (a + 45 * (b + 45 * c)).to_bytes(4 * count, "little")
    if lanes[2::4].count(0) != count:
        raise MalformedPass("a base45 group is too large")
    pairs = bytearray(2 * count)
    pairs[0::2], pairs[1::2] = lanes[1::4], lanes[0::4]
    return bytes(pairs)


def _lanes(values: str) -> int:
    """One value in every 32 bits; a codec is the quickest way to spread bytes."""
    return int.from_bytes(values.encode("utf-32-le"), "little")
