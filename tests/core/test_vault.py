"""What is sealed is unreadable, unforgeable, bound to its place, and can still be found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.protection.vault import OldForm, ProtectionError, Vault
from tests.core.old_form import sealed_before

OLD, NEW = bytes(range(32)), bytes(range(1, 33))
VAULT = Vault(NEW)
HERE, THERE = b"identity_subject\x00id_no\x00a", b"identity_subject\x00id_no\x00b"


@given(st.text())
def test_what_is_sealed_opens_again(text: str) -> None:
    assert VAULT.open(VAULT.seal(text, context=HERE), context=HERE) == text


def test_equal_values_look_different_at_rest() -> None:
    assert VAULT.seal("310199199003071017", context=HERE) != VAULT.seal(
        "310199199003071017", context=HERE
    )


def test_altered_value_is_refused() -> None:
    stored = VAULT.seal("310199199003071017", context=HERE)

    for place in range(len(stored)):
        other = "A" if stored[place] != "A" else "B"
        with pytest.raises(ProtectionError):
            VAULT.open(stored[:place] + other + stored[place + 1 :], context=HERE)


def test_value_is_refused_in_another_place() -> None:
    stored = VAULT.seal("310199199003071017", context=HERE)

    with pytest.raises(ProtectionError):
        VAULT.open(stored, context=THERE)


@given(st.text())
def test_foreign_text_is_refused_and_never_crashes(text: str) -> None:
    for head in ("", "v1.", "v2.", VAULT.head):
        with pytest.raises(ProtectionError):
            VAULT.open(head + text, context=HERE)


def test_another_key_does_not_open_it() -> None:
    with pytest.raises(ProtectionError):
        Vault(OLD).open(VAULT.seal("x", context=HERE), context=HERE)


def test_previous_key_still_opens_what_it_sealed_and_seals_nothing_more() -> None:
    both = Vault(NEW, previous=[OLD])

    assert both.open(Vault(OLD).seal("x", context=HERE), context=HERE) == "x"
    assert both.seal("x", context=HERE).startswith(VAULT.head)


def test_the_head_of_one_key_on_the_bytes_of_another_is_refused() -> None:
    both = Vault(NEW, previous=[OLD])
    stored = Vault(OLD).seal("x", context=HERE)

    with pytest.raises(ProtectionError):
        both.open(VAULT.head + stored[len(VAULT.head) :], context=HERE)


def test_old_form_is_refused_unless_the_operator_allows_it() -> None:
    stored = sealed_before("310199199003071017", master=OLD)

    with pytest.raises(OldForm):
        Vault(OLD).open(stored, context=HERE)
    assert Vault(OLD, old_form=True).open(stored, context=HERE) == "310199199003071017"
    assert Vault(NEW, previous=[OLD], old_form=True).open(stored, context=HERE)
    with pytest.raises(ProtectionError):
        Vault(NEW, old_form=True).open(stored, context=HERE)


def test_new_form_cannot_be_passed_off_as_the_old_one() -> None:
    """Cutting the key id off must not take the context away with it."""
    stored = VAULT.seal("x", context=HERE)

    with pytest.raises(ProtectionError):
        Vault(NEW, old_form=True).open("v1." + stored[len(VAULT.head) :], context=HERE)


def test_blind_index_finds_equal_values_of_one_purpose_only() -> None:
    assert VAULT.index("a", purpose="id") == VAULT.index("a", purpose="id")
    assert VAULT.index("a", purpose="id") != VAULT.index("a", purpose="phone")
    assert VAULT.index("a", purpose="id") != Vault(OLD).index("a", purpose="id")


def test_blind_index_is_looked_for_under_every_key_at_hand() -> None:
    both = Vault(NEW, previous=[OLD])

    assert both.indexes("a", purpose="id") == [
        VAULT.index("a", purpose="id"),
        Vault(OLD).index("a", purpose="id"),
    ]


def test_short_master_key_is_refused() -> None:
    with pytest.raises(ProtectionError):
        Vault(b"short")
    with pytest.raises(ProtectionError):
        Vault(NEW, previous=[b"short"])
