"""Check characters against the standards' own examples."""

import pytest

from wallet.types import check_digits


@pytest.mark.parametrize(
    "code",
    [
        "914403001922038216",
        "11100000000013338W",
        "91350100M000100Y43",
        "91310117FAKE100193",
        "11310117FAKE000131",
    ],
)
def test_credit_codes(code: str) -> None:
    assert check_digits.is_credit_code(code)
    assert check_digits.organisation_digit(code[8:16]) == code[16]


@pytest.mark.parametrize("code", ["914403001922038217", "91440300192203821", "9144030019220382I6"])
def test_wrong_credit_codes(code: str) -> None:
    assert not check_digits.is_credit_code(code)


@pytest.mark.parametrize(
    "number", ["11010519491231002X", "440524188001010014", "310199199003071017"]
)
def test_identity_numbers(number: str) -> None:
    assert check_digits.is_identity_number(number)


@pytest.mark.parametrize(
    "number", ["310199199003071012", "31019919900307101", "31019919900307101x"]
)
def test_wrong_identity_numbers(number: str) -> None:
    assert not check_digits.is_identity_number(number)


def test_food_permit_number() -> None:
    assert check_digits.is_mod11_10("JY23101170000012")
    assert not check_digits.is_mod11_10("JY23101170000013")


def test_disability_certificate_begins_with_the_identity_number() -> None:
    assert check_digits.begins_with_identity_number("31019919480615103443")
    assert not check_digits.begins_with_identity_number("31019919480615103543")
