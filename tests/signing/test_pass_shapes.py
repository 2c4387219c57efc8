"""Offline passes of another shape: every departure is refused, and politely."""

import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signing.passes import base45, cose, passes, statuslist
from tests.signing.showing import Reader, claims, show, signed


def payload_with(change: Callable[[dict[int, Any]], object]) -> bytes:
    content = cose.decode(claims().encode())
    change(content)
    return cose.encode(content)


@pytest.mark.parametrize("key", [4, 6, 7, -70001, -70002])
def test_missing_claim_is_unreadable(key: int) -> None:
    text = show(signed(payload_with(lambda content: content.pop(key))))

    assert Reader().read(text).reasons == ("unreadable",)


@pytest.mark.parametrize("key", [4, 6, 7, -70001, -70002, -70003, 99])
@pytest.mark.parametrize("value", ["text", -1, [], {}, None, b"", 2**63, True])
def test_claim_of_the_wrong_type_is_unreadable(key: int, value: object) -> None:
    text = show(signed(payload_with(lambda content: content.update({key: value}))))

    assert Reader().read(text).reasons == ("unreadable",)


@pytest.mark.parametrize("key", range(7))
@pytest.mark.parametrize("value", [[], b"\x00", -1, 2**40, {"a": 1}])
def test_licence_field_of_the_wrong_type_is_unreadable(key: int, value: object) -> None:
    text = show(signed(payload_with(lambda content: content[-70002].update({key: value}))))

    assert Reader().read(text).reasons == ("unreadable",)


@pytest.mark.parametrize(
    "envelope",
    [
        b"",
        b"\x80",
        b"\x81\x01",
        b"\x82\x41\x00\x01",
        b"\x9f\x41\x00\xff",
        b"\x81\x41\x00\x00",
        b"\x81" * 1000,
        b"\xa1\x01\x02",
        b"\x5b\xff\xff\xff\xff\xff\xff\xff\xff",
        zlib.compress(b"\x81\x41\x00"),
        b"PK\x03\x04" + bytes(30),
    ],
)
def test_envelope_of_another_shape_is_unreadable(envelope: bytes) -> None:
    text = passes.PREFIX + base45.encode(envelope)

    assert Reader().read(text).reasons == ("unreadable",)


@pytest.mark.parametrize("text", ["EL1:", "EL1:abc", "EL1:A", "EL1:ZZZ", "EL1:" + "0" * 10_000])
def test_text_that_is_not_base45_is_unreadable(text: str) -> None:
    assert Reader().read(text).reasons == ("unreadable",)


@pytest.mark.parametrize("text", ["", "HTTPS://X.TEST/P/ABC", "HTTPS://X.TEST/L/1-ABC", "EL2:AB"])
def test_other_code_is_no_pass(text: str) -> None:
    assert Reader().read(text).reasons == ("not-a-licence-code",)


def test_duplicate_key_in_the_payload_is_unreadable() -> None:
    payload = claims().encode()
    doubled = bytes([payload[0] + 1]) + payload[1:] + cose.encode(4) + cose.encode(1)

    assert Reader().read(show(signed(doubled))).reasons == ("unreadable",)


def test_maps_have_their_keys_in_one_order_only() -> None:
    """Two byte strings with the same meaning would be two passes to a memory of what was seen."""
    made = replace(claims(), licence=replace(claims().licence, fields={"b": "1", "ab": "2"}))
    content = cose.decode(made.encode())
    licence = content[-70002]
    fields = licence[6]

    def read(changed: object) -> tuple[str, ...]:
        return Reader().read(show(signed(cbor2.dumps(changed)))).reasons

    assert read(content) == ()
    assert read(dict(reversed(content.items()))) == ("unreadable",)
    assert read({**content, -70002: dict(reversed(licence.items()))}) == ("unreadable",)
    turned = {**licence, 6: dict(reversed(fields.items()))}
    assert read({**content, -70002: turned}) == ("unreadable",)


def test_keys_that_only_equal_the_right_ones_are_unreadable() -> None:
    content = cose.decode(claims().encode())
    first, *others = content.items()
    licence = content[-70002]
    for value in (
        {4.0: first[1], **dict(others)},
        {**content, -70002: {False: licence[0], **{key: licence[key] for key in range(1, 7)}}},
        {**content, -70002: {**licence, 6: {b"a": "1"}}},
    ):
        assert Reader().read(show(signed(cbor2.dumps(value)))).reasons == ("unreadable",)


def test_status_token_shown_as_a_pass_is_unreadable() -> None:
    made = signed(claims().encode(), content_type=statuslist.CONTENT_TYPE)

    assert Reader().read(show(made)).reasons == ("unreadable",)


@settings(deadline=None)
@given(st.binary(max_size=600))
def test_base45_survives(data: bytes) -> None:
    assert base45.decode(base45.encode(data)) == data


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_refused_politely(text: str) -> None:
    reader = Reader()

    assert reader.read(text).verdict == "invalid"
    assert reader.read("EL1:" + text).verdict == "invalid"
