"""The reader by position takes exactly what a general decoder with a check of every key takes."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import MalformedData
from signing.passes import cbor, cose
from signing.passes.pass_claims import Claims, Licence, read_claims
from tests import mutations

EPOCH = date(1970, 1, 1)
SECONDS = st.integers(0, 2**36 - 1).map(lambda second: datetime.fromtimestamp(second, UTC))
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
LICENCES = st.builds(
    Licence,
    TEXTS,
    TEXTS,
    TEXTS,
    st.none() | st.integers(0, 199_999).map(lambda days: EPOCH + timedelta(days)),
    st.integers(0, 2**16 - 1),
    st.binary(min_size=8, max_size=8),
    st.dictionaries(TEXTS, TEXTS, max_size=5),
)
CLAIMS = st.builds(
    Claims,
    st.binary(min_size=8, max_size=8),
    SECONDS,
    SECONDS,
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**32 - 1),
    LICENCES,
    st.none() | st.binary(min_size=33, max_size=33),
)
SAMPLE = Claims(
    b"cti-0001",
    datetime(2026, 12, 1, tzinfo=UTC),
    datetime(2026, 12, 2, tzinfo=UTC),
    3,
    77_001,
    Licence("res", "JZ31****", "张*示", date(2031, 1, 1), 1, b"12345678", {"a": "x", "bc": "y"}),
    b"\x02" * 33,
)


def second_opinion(payload: bytes) -> Claims | None:
    """The claims by way of `cbor2`, None when they are not what a pass may say."""
    try:
        claims = cose.decode(payload)
    except MalformedData:
        return None
    keys = [4, 6, 7, -70001, -70002, -70003]
    if not _map(claims, keys) and not _map(claims, keys[:-1]):
        return None
    status, licence, key = claims[-70001], claims[-70002], claims.get(-70003)
    good = (
        type(status) is list
        and len(status) == 2
        and all(_whole(number, 2**32) for number in status)
        and all(_whole(claims[name], 2**36) for name in (4, 6))
        and _bytes(claims[7], 8)
        and (-70003 not in claims or _bytes(key, 33))
        and _map(licence, list(range(7)))
        and all(_text(licence[name]) for name in range(3))
        and (licence[3] is None or _whole(licence[3], 200_000))
        and _whole(licence[4], 2**16)
        and _bytes(licence[5], 8)
        and type(licence[6]) is dict
        and all(_text(part) for pair in licence[6].items() for part in pair)
    )
    if not good:
        return None
    ends = None if licence[3] is None else EPOCH + timedelta(licence[3])
    shown = (licence[name] for name in range(3))
    return Claims(
        claims[7],
        datetime.fromtimestamp(claims[6], UTC),
        datetime.fromtimestamp(claims[4], UTC),
        *status,
        Licence(*shown, ends, licence[4], licence[5], licence[6]),
        key,
    )


def _map(value: object, keys: list[int]) -> bool:
    return type(value) is dict and list(value) == keys and all(type(key) is int for key in value)


def _whole(value: object, limit: int) -> bool:
    return type(value) is int and 0 <= value < limit


def _text(value: object) -> bool:
    return type(value) is str and len(value) <= 200


def _bytes(value: object, size: int) -> bool:
    return type(value) is bytes and len(value) == size


def read(payload: bytes) -> Claims | None:
    try:
        return read_claims(payload)
    except MalformedData:
        return None


@settings(max_examples=150, deadline=None)
@given(claims=CLAIMS)
def test_what_is_written_is_read_again(claims: Claims) -> None:
    assert read(claims.encode()) == claims == second_opinion(claims.encode())


@settings(max_examples=150, deadline=None)
@given(claims=CLAIMS, seed=st.integers(0, 2**32))
def test_both_readers_agree_about_damaged_claims(claims: Claims, seed: int) -> None:
    random = Random(seed)
    for _ in range(20):
        damaged = mutations.damaged(claims.encode(), random)

        assert read(damaged) == second_opinion(damaged), damaged.hex()


def test_both_readers_agree_about_every_byte() -> None:
    """Every value of every byte but the phone's key, which is content and nothing else."""
    payload = SAMPLE.encode()
    for place in range(len(payload) - 33):
        for value in range(256):
            changed = payload[:place] + bytes([value]) + payload[place + 1 :]
            assert read(changed) == second_opinion(changed), changed.hex()


RESPELT: dict[str, Callable[[dict[Any, Any]], bytes]] = {
    "keys in another order": lambda claims: cbor2.dumps(dict(reversed(claims.items()))),
    "number as a float": lambda claims: cbor2.dumps({**claims, 4: float(claims[4])}),
    "number as a big one": lambda claims: cbor2.dumps(claims).replace(
        b"\x04\x1a" + claims[4].to_bytes(4, "big"), b"\x04\xc2\x44" + claims[4].to_bytes(4, "big")
    ),
    "number in eight octets": lambda claims: cbor2.dumps(claims).replace(
        b"\x04\x1a", b"\x04\x1b\x00\x00\x00\x00"
    ),
    "text with a longer head": lambda claims: cbor2.dumps(claims).replace(
        b"\x63res", b"\x78\x03res"
    ),
    "bytes with a longer head": lambda claims: cbor2.dumps(claims).replace(
        b"\x07\x48", b"\x07\x58\x08"
    ),
    "text in pieces": lambda claims: cbor2.dumps(claims).replace(b"\x63res", b"\x7f\x63res\xff"),
    "tagged": lambda claims: b"\xd8\x3d" + cbor2.dumps(claims),
    "longer map": lambda claims: b"\xb8\x06" + cbor2.dumps(claims)[1:],
    "trailing byte": lambda claims: cbor2.dumps(claims) + b"\x00",
}


@pytest.mark.parametrize("name", RESPELT)
def test_another_spelling_is_refused(name: str) -> None:
    """They mean the same, and are not the one encoding that counts."""
    payload = RESPELT[name](cose.decode(SAMPLE.encode()))

    assert payload != SAMPLE.encode()
    assert read(payload) is None
    assert second_opinion(payload) is None


@pytest.mark.parametrize("number", [0, 23, 24, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**64 - 1])
def test_numbers_have_one_spelling(number: int) -> None:
    encoded = cbor2.dumps(number)

    assert cbor.uint_at(encoded, 0) == (number, len(encoded))
    for width, head in ((1, 0x18), (2, 0x19), (4, 0x1A), (8, 0x1B)):
        if number < 1 << 8 * width and width + 1 > len(encoded):
            with pytest.raises(MalformedData):
                cbor.uint_at(bytes([head]) + number.to_bytes(width, "big"), 0)
    for cut in range(len(encoded)):
        with pytest.raises(MalformedData):
            cbor.uint_at(encoded[:cut], 0)


@pytest.mark.parametrize("size", [0, 23, 24, 255, 256, 65_535, 65_536])
def test_strings_have_one_spelling(size: int) -> None:
    encoded = cbor2.dumps(bytes(size))

    assert cbor.string_at(encoded, 0, cbor.BYTES) == (bytes(size), len(encoded))
    for width, head in ((1, 0x58), (2, 0x59), (4, 0x5A)):
        head_size = len(encoded) - size
        if size < 1 << 8 * width and width + 1 > head_size:
            with pytest.raises(MalformedData):
                cbor.string_at(bytes([head]) + size.to_bytes(width, "big") + bytes(size), 0, 0x40)
    with pytest.raises(MalformedData):
        cbor.string_at(encoded[:-1], 0, cbor.BYTES)
    with pytest.raises(MalformedData):
        cbor.string_at(encoded, 0, cbor.TEXT)
