"""Status lists: packed, signed, read back, refused."""

import zlib
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import MalformedStatusList, SigningError, UnknownSuite
from signing.dev import devca
from signing.passes import cose, statuslist
from signing.passes.statuslist import Status, StatusList
from tests.signing.makers import AT, DEPARTMENT, OTHER, authority

URI = "https://licences.example/status-lists/12"


def issue(statuses: StatusList) -> bytes:
    unsigned = statuslist.begin_token(
        statuses, uri=URI, at=AT, signer_certificate=authority().signer_certificates[OTHER]
    )
    return sign(unsigned)


def sign(unsigned: cose.Unsigned) -> bytes:
    return unsigned.complete(authority().keys.sign_now(devca.signer_key(OTHER), unsigned.to_sign))


def signed(claims: dict[int, Any], content_type: str = statuslist.CONTENT_TYPE) -> bytes:
    certificate = authority().signer_certificates[OTHER]
    return sign(cose.begin(cose.encode(claims), certificate, content_type=content_type))


@settings(max_examples=40)
@given(st.dictionaries(st.integers(0, statuslist.SIZE - 1), st.sampled_from(Status), max_size=50))
def test_statuses_survive(statuses: dict[int, Status]) -> None:
    made = StatusList.of(statuses)

    assert len(made) == statuslist.SIZE
    assert all(made[index] is status for index, status in statuses.items())
    assert made[(max(statuses, default=0) + 1) % statuslist.SIZE] in Status


def test_entries_are_packed_from_the_lowest_bits() -> None:
    """As section 4.1 of the specification shows for two bits."""
    values = [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3]
    made = StatusList.of({place: Status(value) for place, value in enumerate(values)}, size=12)

    assert made.packed == bytes([0xC9, 0x44, 0xF9])


def test_token_is_read_back_and_verified() -> None:
    token = statuslist.parse_token(issue(StatusList.of({5: Status.REVOKED})))

    assert (token.uri, token.number) == (URI, 12)
    assert (token.issued_at, token.ttl) == (AT, timedelta(minutes=15))
    assert token.expires_at == AT + timedelta(days=1)
    assert token.statuses[5] is Status.REVOKED
    signer = token.signer(list(authority().signer_certificates.values()))
    assert signer is not None
    assert signer.der == authority().signer_certificates[OTHER]


def test_token_of_a_stranger_has_no_signer() -> None:
    token = statuslist.parse_token(issue(StatusList.of({})))

    with pytest.raises(UnknownSuite):
        token.signer([authority().signer_certificates[DEPARTMENT]])


def test_altered_token_has_no_signer() -> None:
    data = bytearray(issue(StatusList.of({})))
    data[-1] ^= 1

    token = statuslist.parse_token(bytes(data))

    assert token.signer([authority().signer_certificates[OTHER]]) is None


def test_a_list_with_one_in_a_hundred_set_is_small() -> None:
    statuses = {index * 97 % statuslist.SIZE: Status.REVOKED for index in range(1310)}

    assert len(issue(StatusList.of(statuses))) < 6_000


@pytest.mark.parametrize("index", [-1, statuslist.SIZE])
def test_index_outside_the_list_is_refused(index: int) -> None:
    with pytest.raises(IndexError):
        StatusList.of({index: Status.REVOKED})
    with pytest.raises(IndexError):
        StatusList.of({})[index]


PACKED = zlib.compress(bytes(16))
LIST = {"bits": 2, "lst": PACKED}


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {2: URI, 6: 1, 65533: {"bits": 1, "lst": PACKED}},
        {2: URI, 6: 1, 65533: {"bits": 2}},
        {2: URI, 6: 1, 65533: {"bits": 2, "lst": b"not zlib"}},
        {2: URI, 6: 1, 65533: {"bits": 2, "lst": PACKED + b"tail"}},
        {2: URI, 6: 1, 65533: {"bits": 2, "lst": zlib.compress(bytes(4 << 20))}},
        {2: URI, 6: -1, 65533: LIST},
        {2: URI, 6: 2**39, 65533: LIST},
        {2: URI, 6: True, 65533: LIST},
        {2: 7, 6: 1, 65533: LIST},
        {2: URI, 6: 1, 4: "soon", 65533: LIST},
    ],
)
def test_token_of_another_shape_is_refused(claims: dict[int, Any]) -> None:
    with pytest.raises(MalformedStatusList):
        statuslist.parse_token(signed(claims))


def test_token_of_another_kind_is_refused() -> None:
    with pytest.raises(MalformedStatusList):
        statuslist.parse_token(signed({2: URI, 6: 1, 65533: LIST}, content_type=""))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_refused_politely(data: bytes) -> None:
    with pytest.raises(SigningError):
        statuslist.parse_token(data)
