from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity import numbers
from identity.errors import InvalidCreditCode, InvalidIdentityNumber


@pytest.mark.parametrize(
    "number",
    ["11010519491231002X", "440524188001010014", "310199199003071017", "310199202002291047"],
)
def test_printed_and_synthetic_identity_numbers_pass(number: str) -> None:
    assert numbers.check_identity_number(number) == number


def test_identity_number_is_normalised() -> None:
    assert numbers.check_identity_number(" 110105 19491231 002x ") == "11010519491231002X"


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("310199199003071012", "校验位"),
        ("31019919900307101", "18 位"),
        ("3101991990030710170", "18 位"),
        ("310199199002301017", "出生日期"),
        ("310199179912311019", "出生日期"),
        ("３１０１９９１９９００３０７１０１７", "18 位"),
        ("", "18 位"),
    ],
)
def test_wrong_identity_number_says_what_is_wrong(number: str, reason: str) -> None:
    with pytest.raises(InvalidIdentityNumber, match=reason):
        numbers.check_identity_number(number)


def test_refusal_does_not_repeat_the_number() -> None:
    with pytest.raises(InvalidIdentityNumber) as refusal:
        numbers.check_identity_number("310199199003071012")

    assert "310199" not in str(refusal.value)


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
def test_real_and_synthetic_credit_codes_pass(code: str) -> None:
    assert numbers.check_credit_code(code) == code


def test_credit_code_is_normalised() -> None:
    assert numbers.check_credit_code("91310117 fake100193") == "91310117FAKE100193"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("914403001922038217", "信用代码的校验位"),
        ("914403001922038316", "主体标识码"),
        ("91440300192203821", "18 位"),
        ("91440300192203821I", "18 位"),
    ],
)
def test_wrong_credit_code_says_what_is_wrong(code: str, reason: str) -> None:
    with pytest.raises(InvalidCreditCode, match=reason):
        numbers.check_credit_code(code)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("310199 19900307 1017", ("111", "310199199003071017")),
        ("11310117fake000131", ("001", "11310117FAKE000131")),
        ("11100000000013338w", ("001", "11100000000013338W")),
    ],
)
def test_check_digits_tell_whose_number_it_is(text: str, expected: tuple[str, str]) -> None:
    assert numbers.check_number(text) == expected


@pytest.mark.parametrize(
    ("text", "refusal"),
    [("310199199003071018", InvalidIdentityNumber), ("11310117FAKE000132", InvalidCreditCode)],
)
def test_what_is_no_number_is_refused_as_what_it_looks_like(
    text: str, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        numbers.check_number(text)


@given(st.text(max_size=24))
def test_no_text_makes_the_checks_raise_anything_else(text: str) -> None:
    for check, refusal in (
        (numbers.check_identity_number, InvalidIdentityNumber),
        (numbers.check_credit_code, InvalidCreditCode),
    ):
        try:
            check(text)
        except refusal:
            continue


@given(st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(position: int, shift: int) -> None:
    number = "310199199003071017"
    digit = str((int(number[position]) + shift) % 10)
    altered = number[:position] + digit + number[position + 1 :]

    with pytest.raises(InvalidIdentityNumber):
        numbers.check_identity_number(altered)


def test_birth_and_sex_are_read_from_the_number() -> None:
    assert numbers.birth_date("310199199003071017") == date(1990, 3, 7)
    assert numbers.is_male("310199199003071017")
    assert not numbers.is_male("310199198511201020")


@pytest.mark.parametrize(
    ("mask", "plain", "masked"),
    [
        (numbers.mask_name, "张演示", "张**"),
        (numbers.mask_name, "李", "李"),
        (numbers.mask_name, "", ""),
        (numbers.mask_id_no, "310199199003071017", "310***********1017"),
        (numbers.mask_phone, "19900000001", "199****0001"),
        (numbers.mask_phone, "110", "***"),
    ],
)
def test_masks_keep_only_what_the_catalogue_allows(mask: object, plain: str, masked: str) -> None:
    assert callable(mask)
    assert mask(plain) == masked
