"""Personal data at rest is unreadable, unforgeable, and can still be found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.protect import ProtectionError, Vault

VAULT = Vault(bytes(range(32)))


@given(st.text())
def test_what_is_sealed_opens_again(text: str) -> None:
    assert VAULT.open(VAULT.seal(text)) == text


def test_equal_values_look_different_at_rest() -> None:
    assert VAULT.seal("310199199003071017") != VAULT.seal("310199199003071017")


def test_altered_value_is_refused() -> None:
    stored = VAULT.seal("310199199003071017")

    for place in range(len("v1."), len(stored)):
        other = "A" if stored[place] != "A" else "B"
        with pytest.raises(ProtectionError):
            VAULT.open(stored[:place] + other + stored[place + 1 :])


@given(st.text())
def test_foreign_text_is_refused_and_never_crashes(text: str) -> None:
    with pytest.raises(ProtectionError):
        VAULT.open("v1." + text)


def test_another_key_does_not_open_it() -> None:
    with pytest.raises(ProtectionError):
        Vault(bytes(32)).open(VAULT.seal("x"))


def test_blind_index_finds_equal_values_of_one_purpose_only() -> None:
    assert VAULT.index("a", purpose="id") == VAULT.index("a", purpose="id")
    assert VAULT.index("a", purpose="id") != VAULT.index("a", purpose="phone")
    assert VAULT.index("a", purpose="id") != Vault(bytes(32)).index("a", purpose="id")


def test_short_master_key_is_refused() -> None:
    with pytest.raises(ProtectionError):
        Vault(b"short")
