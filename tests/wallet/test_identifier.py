"""Identifiers of GB/T 36904 against published examples."""

import pytest

from wallet.types.check_digits import mod37_36_digit
from wallet.types.identifier import Identifier, parse

PUBLISHED = (
    "1.2.156.3005.2.11100000000013338W009.11330105002500287C.2025052201.002.0",
    "1.2.156.3005.2.11100000MB03271699022.340100.000000016.001.9",
    "1.2.156.3005.2.11100000FAKE900128001.11310117FAKE000131.2024000001.001.E",
)


@pytest.mark.parametrize("text", PUBLISHED)
def test_published_identifiers_are_read_and_written_alike(text: str) -> None:
    identifier = parse(text)

    assert identifier is not None
    assert str(identifier) == text


def test_published_check_character() -> None:
    assert mod37_36_digit("11100000000013338W00211320482014138860P201807250201001") == "M"


def test_every_wrong_check_character_is_refused() -> None:
    good = PUBLISHED[2]
    others = "0123456789ABCDFGHIJKLMNOPQRSTUVWXYZ"

    assert not any(parse(good[:-1] + other) for other in others)


@pytest.mark.parametrize(
    "text", ["", "1.2.156.3005.2", PUBLISHED[0].lower(), PUBLISHED[0] + "\n", "1.2.3.4"]
)
def test_other_texts_are_no_identifiers(text: str) -> None:
    assert parse(text) is None


def test_next_version_keeps_the_serial() -> None:
    first = Identifier("11100000FAKE900128001", "11310117FAKE000131", "2024000001", 1)

    following = first.next_version()

    assert (following.serial, following.version) == ("2024000001", 2)
    assert parse(str(following)) == following
