from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.cases import errors
from services.cases.rules import numbers

DAY = date(2026, 11, 25)
CODE = "11310117FAKE0001314310701001000"


def test_the_official_number_has_43_characters() -> None:
    number = numbers.case_no(CODE, on=DAY, serial=7)

    assert number == f"{CODE}202611250007"
    assert len(number) == 43


def test_more_than_9999_cases_of_an_item_in_a_day_are_refused() -> None:
    with pytest.raises(errors.NumbersExhausted):
        numbers.case_no(CODE, on=DAY, serial=10_000)


def test_the_short_number_carries_a_check_character() -> None:
    number = numbers.short_no(on=DAY, serial=1)

    assert number.startswith("SJ20261125-0001-")
    assert numbers.is_short_no(number)


@given(st.integers(1, 99_999), st.integers(0, 11), st.integers(1, 9))
def test_a_mistyped_digit_is_noticed(serial: int, position: int, shift: int) -> None:
    number = numbers.short_no(on=DAY, serial=serial)
    digits = [n for n, character in enumerate(number[:-1]) if character.isdigit()]
    place = digits[position % len(digits)]
    typed = str((int(number[place]) + shift) % 10)

    assert not numbers.is_short_no(number[:place] + typed + number[place + 1 :])


@pytest.mark.parametrize("digits", ["０１２３４５６７８９", "०१२३४५६७८९"])
def test_a_number_in_other_digits_is_no_short_number(digits: str) -> None:
    number = numbers.short_no(on=DAY, serial=1)
    typed = number.translate({ord("0") + n: digit for n, digit in enumerate(digits)})

    assert not numbers.is_short_no(typed)


@pytest.mark.parametrize("text", ["", "SJ", "SJ20261125-1-A", "sj20261125-0001-A", "办件"])
def test_other_texts_are_no_short_numbers(text: str) -> None:
    assert not numbers.is_short_no(text)
