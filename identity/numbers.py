"""Check digits and masks of the numbers people and organisations carry. Pure.

GB 11643-1999 (公民身份号码), GB 32100-2015 (统一社会信用代码) and GB 11714 (the organisation code
inside it). An unknown administrative division is no error: divisions are merged and renumbered, and
a number keeps the division of its birth.
"""

import re
from datetime import date

from identity.errors import InvalidCreditCode, InvalidIdentityNumber

IDENTITY_NUMBER = re.compile(r"[1-9][0-9]{16}[0-9X]")
IDENTITY_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
IDENTITY_CHECKS = "10X98765432"
EARLIEST_BIRTH = date(1880, 1, 1)

CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""GB 32100, table 1: without I, O, S, V, Z."""

CREDIT_CODE = re.compile(rf"[{CREDIT_ALPHABET}]{{2}}[0-9]{{6}}[{CREDIT_ALPHABET}]{{10}}")
CREDIT_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)

ORGANISATION_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)

MASK = "*"


def check_identity_number(text: str) -> str:
    """The number without spaces and with a capital X; InvalidIdentityNumber when it is wrong."""
    number = _without_spaces(text).upper()
    if not IDENTITY_NUMBER.fullmatch(number):
        raise InvalidIdentityNumber("身份号码应为 18 位")
    birth = _birth(number)
    if birth is None or birth < EARLIEST_BIRTH:
        raise InvalidIdentityNumber("身份号码中的出生日期不存在")
    if number[17] != identity_check(number[:17]):
        raise InvalidIdentityNumber("身份号码的校验位不符")
    return number


def check_credit_code(text: str) -> str:
    """The code without spaces in capitals; InvalidCreditCode when it is wrong."""
    code = _without_spaces(text).upper()
    if not CREDIT_CODE.fullmatch(code):
        raise InvalidCreditCode("统一社会信用代码应为 18 位，不含 I、O、S、V、Z")
    if code[16] != organisation_check(code[8:16]):
        raise InvalidCreditCode("主体标识码的校验位不符")
    if code[17] != credit_check(code[:17]):
        raise InvalidCreditCode("统一社会信用代码的校验位不符")
    return code


def check_number(text: str) -> tuple[str, str]:
    """Type of document (`111` resident identity card, `001` unified social credit code) and the
    number in its normal form; InvalidIdentityNumber or InvalidCreditCode when it is neither.

    The check digits decide: a credit code of digits alone has no date of birth where an identity
    number has one. Both types are those of GB/T 36903 (持证主体代码类型).
    """
    looks_like_a_persons = IDENTITY_NUMBER.fullmatch(_without_spaces(text).upper())
    try:
        return "111", check_identity_number(text)
    except InvalidIdentityNumber as error:
        try:
            return "001", check_credit_code(text)
        except InvalidCreditCode:
            if looks_like_a_persons:
                raise error from None
            raise


def identity_check(body: str) -> str:
    """The check character of 17 digits: ISO 7064 MOD 11-2."""
    total = sum(int(digit) * weight for digit, weight in zip(body, IDENTITY_WEIGHTS, strict=True))
    return IDENTITY_CHECKS[total % 11]


def credit_check(body: str) -> str:
    """The check character of the first 17 characters of a credit code: MOD 31."""
    total = sum(
        CREDIT_ALPHABET.index(char) * weight
        for char, weight in zip(body, CREDIT_WEIGHTS, strict=True)
    )
    return CREDIT_ALPHABET[(31 - total % 31) % 31]


def organisation_check(body: str) -> str:
    """The check character of 8 characters of an organisation code: GB 11714, MOD 11."""
    total = sum(
        ORGANISATION_ALPHABET.index(char) * weight
        for char, weight in zip(body, ORGANISATION_WEIGHTS, strict=True)
    )
    check = 11 - total % 11
    return {10: "X", 11: "0"}.get(check, str(check))


def birth_date(number: str) -> date:
    """The date of birth inside a checked identity number."""
    return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))


def is_male(number: str) -> bool:
    """Whether the order code of a checked identity number is odd (GB 11643, 4.2.3)."""
    return int(number[16]) % 2 == 1


def mask_name(name: str) -> str:
    """Keep the family name (or the first character) of a person: `张演示` → `张**`."""
    return name[:1] + MASK * (len(name) - 1)


def mask_id_no(number: str) -> str:
    """Keep the first three and the last four characters: `310***********1017`."""
    return _masked(number, head=3, tail=4)


def mask_phone(phone: str) -> str:
    """Keep the first three and the last four digits: `199****0001`."""
    return _masked(phone, head=3, tail=4)


def _masked(text: str, *, head: int, tail: int) -> str:
    hidden = len(text) - head - tail
    if hidden <= 0:
        return MASK * len(text)
    return text[:head] + MASK * hidden + text[-tail:]


def _birth(number: str) -> date | None:
    try:
        return birth_date(number)
    except ValueError:
        return None


def _without_spaces(text: str) -> str:
    return re.sub(r"\s", "", text)
