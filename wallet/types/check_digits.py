"""Check characters of the numbers that licences carry. Pure; nothing is looked up.

Each `*_digit` function computes the last character from what stands before it, so the same code
checks a number someone typed and completes a number we allot.
"""

import re

DIGITS_AND_CAPITALS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CREDIT_CODE_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100: no I O S V Z
CREDIT_CODE_WEIGHTS = tuple(pow(3, i, 31) for i in range(17))
ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
IDENTITY_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
IDENTITY_CHECKS = "10X98765432"

_CREDIT_CODE = re.compile(rf"[{CREDIT_CODE_ALPHABET}]{{18}}")
_IDENTITY_NUMBER = re.compile(r"[0-9]{17}[0-9X]")


def credit_code_digit(body: str) -> str:
    """Last character of a unified social credit code (GB 32100-2015) from the first 17."""
    values = (CREDIT_CODE_ALPHABET.index(character) for character in body)
    total = sum(value * weight for value, weight in zip(values, CREDIT_CODE_WEIGHTS, strict=True))
    return CREDIT_CODE_ALPHABET[-total % 31]


def organisation_digit(body: str) -> str:
    """Check character of an organisation code (GB 11714-1997) from its first 8 characters."""
    values = (DIGITS_AND_CAPITALS.index(character) for character in body)
    total = sum(value * weight for value, weight in zip(values, ORGANISATION_WEIGHTS, strict=True))
    return "0123456789X0"[11 - total % 11]


def identity_digit(body: str) -> str:
    """Last character of a citizen identity number (GB 11643-1999, ISO 7064 MOD 11-2)."""
    pairs = zip(body, IDENTITY_WEIGHTS, strict=True)
    return IDENTITY_CHECKS[sum(int(digit) * weight for digit, weight in pairs) % 11]


def mod11_10_digit(body: str) -> str:
    """Check digit of a string of digits by ISO 7064 MOD 11,10."""
    product = 10
    for digit in body:
        product = (product + int(digit)) % 10 or 10
        product = product * 2 % 11
    return str((11 - product) % 10)


def mod37_36_digit(body: str) -> str:
    """Check character over 0-9 and A-Z by ISO 7064 MOD 37,36 (GB/T 36904 identifiers)."""
    product = 36
    for character in body:
        product = (product + DIGITS_AND_CAPITALS.index(character)) % 36 or 36
        product = product * 2 % 37
    return DIGITS_AND_CAPITALS[(37 - product) % 36]


def is_credit_code(number: str) -> bool:
    """Whether this is a whole, correct unified social credit code."""
    return bool(_CREDIT_CODE.fullmatch(number)) and credit_code_digit(number[:17]) == number[17]


def is_identity_number(number: str) -> bool:
    """Whether the form and the check digit of a citizen identity number are right.

    The division is not looked up: unassigned ones are what synthetic persons have.
    """
    return bool(_IDENTITY_NUMBER.fullmatch(number)) and identity_digit(number[:17]) == number[17]


def is_mod11_10(number: str) -> bool:
    """Whether the digits of a number (letters do not count) end in their check digit."""
    digits = "".join(filter(str.isdigit, number))
    return len(digits) > 1 and mod11_10_digit(digits[:-1]) == digits[-1]


def begins_with_identity_number(number: str) -> bool:
    """Whether the first 18 characters are a correct identity number (disability certificates)."""
    return is_identity_number(number[:18])


CHECKS = {
    "gb32100": is_credit_code,
    "gb11643": is_identity_number,
    "gb11643_prefix": begins_with_identity_number,
    "mod11_10": is_mod11_10,
}
