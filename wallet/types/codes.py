"""The text of presentation codes and their QR picture. Pure.

    HTTPS://<HOST>/P/<26 characters>      Crockford base32 of 128 random bits, in capitals

Capitals keep the QR in alphanumeric mode and so at 29 modules. The text holds no personal data.
"""

import hashlib
import re
import secrets
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

import zxingcpp

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 26
MAX_TEXT = 1_200
QUIET_ZONE = 4
"""Modules of white around the code (ISO/IEC 18004)."""

_CODE = re.compile(r"HTTPS?://[^/?#]{1,253}/P/([0-9A-Z]{26})/?", re.ASCII)
_PRINTED = re.compile(r"HTTPS?://[^/?#]{1,253}/L/", re.ASCII)
LOOK_ALIKE = str.maketrans("OIL", "011")
"""Letters that Crockford's alphabet leaves out, and the digits they are taken for."""


class Kind(StrEnum):
    """What kind of code a text is."""

    ONLINE = "online"
    OFFLINE_PASS = "offline_pass"  # noqa: S105 - a kind of code
    PRINTED = "printed"
    OTHER = "other"
    UNREADABLE = "unreadable"


def new_code() -> str:
    """26 characters that carry 128 bits from the system's generator."""
    return base32(secrets.randbits(128), LENGTH)


def base32(number: int, length: int) -> str:
    """The lowest bits of a number as so many characters."""
    return "".join(ALPHABET[number >> shift & 31] for shift in range(5 * (length - 1), -1, -5))


def text_of(code: str, *, public_url: str) -> str:
    """What the QR says; an ordinary camera opens it as an address of ours."""
    return f"HTTPS://{urlsplit(public_url).netloc.upper()}/P/{code}"


def kind_of(text: str) -> Kind:
    """What a counter has read. Never raises, whatever the text is."""
    stripped = text.strip()
    if not stripped or len(stripped) > MAX_TEXT or not stripped.isprintable():
        return Kind.UNREADABLE
    if stripped.startswith("EL1:"):
        return Kind.OFFLINE_PASS
    upper = stripped.upper()
    if _CODE.fullmatch(upper):
        return Kind.ONLINE if parse(stripped) else Kind.OTHER
    return Kind.PRINTED if _PRINTED.match(upper) else Kind.OTHER


def parse(text: str) -> str | None:
    """The code in the text of an online QR, in its one normal form; None for anything else."""
    if len(text) > MAX_TEXT:
        return None
    found = _CODE.fullmatch(text.strip().upper())
    return normal(found[1]) if found else None


def normal(code: str) -> str | None:
    """The code with letters people confuse put right; None if it is none."""
    code = code.upper().translate(LOOK_ALIKE)
    if len(code) != LENGTH or code[0] > "7" or any(letter not in ALPHABET for letter in code):
        return None
    return code


def digest(code: str) -> str:
    """What a code is stored under: whoever reads the store cannot show it."""
    return hashlib.sha256(code.encode()).hexdigest()


def modules(text: str, *, level: str = "M") -> list[list[tuple[int, int]]]:
    """The QR row by row, as runs of dark modules: column and length. Half a millisecond."""
    barcode = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level=level)
    # The picture offers the buffer protocol, though its stub does not say so.
    image: Any = barcode.to_image(scale=1, add_quiet_zones=False)
    dark = memoryview(image)
    height, width = dark.shape or (0, 0)
    rows = []
    for y in range(height):
        runs = []
        x = 0
        while x < width:
            length = 0
            while x + length < width and dark[y, x + length] == 0:
                length += 1
            if length:
                runs.append((x, length))
            x += length + 1
        rows.append(runs)
    return rows


def svg(text: str, *, level: str = "M") -> str:
    """The QR as one SVG path."""
    rows = modules(text, level=level)
    path = "".join(
        f"M{x + QUIET_ZONE} {y + QUIET_ZONE}h{length}v1h-{length}z"
        for y, runs in enumerate(rows)
        for x, length in runs
    )
    side = len(rows) + 2 * QUIET_ZONE
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" '
        f'shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{side}v{side}H0z"/>'
        f'<path d="{path}"/></svg>'
    )
