"""Case numbers: the official one and the short one for people. Pure.

The official number (办件编号) is 实施编码 31 + date 8 + serial 4 = 43 characters, the form a
provincial evaluation interface shows. The short number (SJ20261125-0001-K) ends in a check
character by ISO 7064 MOD 37,36, so that a number read out on the telephone can be tested.
"""

import re
from datetime import date

from services.cases import errors

_SERIAL_LIMIT = 9999
_MODULUS = 36
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SHORT = re.compile(r"SJ(\d{8})-(\d{4,7})-([0-9A-Z])", re.ASCII)


def case_no(implementation_code: str, *, on: date, serial: int) -> str:
    """The official number; raises `NumbersExhausted` beyond 9999 cases of one item in a day."""
    if serial > _SERIAL_LIMIT:
        raise errors.NumbersExhausted
    return f"{implementation_code}{on:%Y%m%d}{serial:04d}"


def short_no(*, on: date, serial: int) -> str:
    """The number people read: day, serial of the day, check character."""
    return f"SJ{on:%Y%m%d}-{serial:04d}-{_check_character(f'{on:%Y%m%d}{serial:04d}')}"


def is_short_no(text: str) -> bool:
    """True for a well-formed short number with the right check character."""
    match = _SHORT.fullmatch(text)
    return match is not None and _check_character(match[1] + match[2]) == match[3]


def _check_character(body: str) -> str:
    """ISO 7064 MOD 37,36 (hybrid)."""
    remainder = _MODULUS
    for character in body:
        remainder = (remainder + _ALPHABET.index(character)) % _MODULUS or _MODULUS
        remainder = remainder * 2 % (_MODULUS + 1)
    return _ALPHABET[(_MODULUS + 1 - remainder) % _MODULUS]
