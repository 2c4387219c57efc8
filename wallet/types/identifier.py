"""Identifiers of electronic licences by GB/T 36904-2018. Pure.

    1.2.156.3005.2.<type 21>.<issuer 18>.<serial>.<version 3>.<check 1>

The check character is ISO 7064 MOD 37,36 over type, issuer, serial and version without dots and
without the root. It finds typing errors only; whether a licence is genuine is for the seal to say.
"""

import re
from dataclasses import dataclass

from wallet.types.check_digits import mod37_36_digit

ROOT = "1.2.156.3005.2"
_PARTS = re.compile(
    r"1\.2\.156\.3005\.2\."
    r"(?P<type_code>[0-9A-Z]{21})\."
    r"(?P<issuer_code>[0-9A-Z]{18}|[0-9]{6})\."  # some places write a division code
    r"(?P<serial>[0-9A-Z]{1,32})\."
    r"(?P<version>[0-9]{3})\."
    r"(?P<check>[0-9A-Z])"
)


@dataclass(frozen=True)
class Identifier:
    """The parts of an identifier; `str()` gives the whole with its check character."""

    type_code: str
    issuer_code: str
    serial: str
    version: int

    @property
    def body(self) -> str:
        """What the check character is computed over."""
        return f"{self.type_code}{self.issuer_code}{self.serial}{self.version:03d}"

    def __str__(self) -> str:
        parts = (ROOT, self.type_code, self.issuer_code, self.serial, f"{self.version:03d}")
        return ".".join((*parts, mod37_36_digit(self.body)))

    def next_version(self) -> "Identifier":
        """The identifier of the licence that replaces this one; the serial stays."""
        return Identifier(self.type_code, self.issuer_code, self.serial, self.version + 1)


def parse(text: str) -> Identifier | None:
    """The parts of a well-formed identifier with the right check character, else None."""
    match = _PARTS.fullmatch(text)
    if match is None:
        return None
    identifier = Identifier(
        type_code=match["type_code"],
        issuer_code=match["issuer_code"],
        serial=match["serial"],
        version=int(match["version"]),
    )
    return identifier if str(identifier) == text else None
