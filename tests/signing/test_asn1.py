"""Strict DER: what is written is read back, and no second form of anything is read."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing.errors import MalformedData
from signing.pki import asn1, ber

TIMES = st.datetimes(datetime(1950, 1, 1), datetime(2049, 12, 31)).map(
    lambda value: value.replace(microsecond=0, tzinfo=UTC)
)


@given(st.integers(-(2**2048), 2**2048))
def test_integers_survive(value: int) -> None:
    assert asn1.parse(asn1.integer(value)).integer() == value


@given(st.binary(max_size=70_000))
def test_octets_survive_any_length(value: bytes) -> None:
    assert asn1.parse(asn1.octet_string(value)).octets() == value
    assert asn1.parse(asn1.bit_string(value)).bits() == value


@given(TIMES)
def test_times_survive(value: datetime) -> None:
    assert asn1.parse(asn1.utc_time(value)).time() == value
    assert asn1.parse(asn1.generalized_time(value)).time() == value
    assert asn1.parse(asn1.x509_time(value)).time() == value


@given(st.lists(st.integers(0, 2**40), min_size=1).map(lambda arcs: [2, *arcs]))
def test_identifiers_survive(arcs: list[int]) -> None:
    dotted = ".".join(str(arc) for arc in arcs)
    try:
        der = asn1.oid(dotted)
    except ValueError:
        return
    assert asn1.parse(der).oid() == dotted


@given(st.text(max_size=50))
def test_text_survives(value: str) -> None:
    assert asn1.parse(asn1.utf8(value)).text() == value


@pytest.mark.parametrize(
    "der",
    [
        "0481 01 61",  # long form where short would do
        "0482 0001 61",  # leading zero in the length
        "0480 0000",  # indefinite
        "0485 0000000001 61",  # length of five octets
        "04 02 61",  # cut
        "04 01 61 62",  # tail
        "1f 81 01 00",  # tag of several bytes
        "04",
        "",
    ],
)
def test_second_forms_of_a_length_are_refused(der: str) -> None:
    with pytest.raises(MalformedData):
        asn1.parse(bytes.fromhex(der))


@pytest.mark.parametrize("der", ["0200", "02020001", "0202ff80", "020100" + "00"])
def test_second_forms_of_an_integer_are_refused(der: str) -> None:
    with pytest.raises(MalformedData):
        asn1.parse(bytes.fromhex(der)).integer()


@pytest.mark.parametrize("der", ["010101", "0100", "0102ffff"])
def test_second_forms_of_a_boolean_are_refused(der: str) -> None:
    with pytest.raises(MalformedData):
        asn1.parse(bytes.fromhex(der)).boolean()


@pytest.mark.parametrize(
    "text",
    [
        b"20261301000000Z",
        b"20260230000000Z",
        b"20261201000000",
        b"20261201000000+0800",
        b"202612010000Z",
        b"20261201000000.500Z",
        b"20261201000000.Z",
    ],
)
def test_second_forms_of_a_time_are_refused(text: bytes) -> None:
    with pytest.raises(MalformedData):
        asn1.parse(asn1.element(asn1.GENERALIZED_TIME, text)).time()


def test_fraction_without_tail_is_a_time() -> None:
    parsed = asn1.parse(asn1.element(asn1.GENERALIZED_TIME, b"20261201000000.25Z")).time()

    assert parsed.microsecond == 250_000


def test_elements_are_original_slices() -> None:
    inner = asn1.sequence(asn1.boolean(False), asn1.integer(7))
    outer = asn1.sequence(asn1.utf8("前"), inner)

    assert asn1.parse(outer).children()[1].der == inner


def test_unused_bits_are_told() -> None:
    assert asn1.parse(b"\x03\x02\x03\xf8").bits_and_unused() == (b"\xf8", 3)
    with pytest.raises(MalformedData):
        asn1.parse(b"\x03\x02\x03\xf8").bits()


def test_only_ascii_goes_into_ia5() -> None:
    with pytest.raises(MalformedData):
        asn1.ia5("印章")


def test_indefinite_message_becomes_definite() -> None:
    indefinite = bytes.fromhex("3080 2480 0401 61 0402 6263 0000 0201 05 0000")

    assert ber.to_definite(indefinite) == asn1.sequence(asn1.octet_string(b"abc"), asn1.integer(5))


@pytest.mark.parametrize("data", [b"\x30\x80" * 60, b"\x04\x80\x00\x00", b"\x30\x80\x00\x00\x00"])
def test_broken_indefinite_message_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedData):
        ber.to_definite(data)
