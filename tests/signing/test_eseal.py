"""Seals and seal signatures of every structure: built, read back, refused."""

from datetime import UTC, datetime, timedelta

import pytest

from signing import InvalidSignature, MalformedSeal, build_seal, parse_seal, suites, verify_seal
from signing.dev import devca
from signing.pki import asn1, certificates
from signing.seal import esignature
from signing.seal.eseal import Structure
from signing.seal.making import UnsignedSeal
from tests.signing.makers import AT, DEPARTMENT, authority, make_seal
from tests.signing.openssl import needs_openssl, verifies


def begin(structure: Structure = Structure.V4, **changes: object) -> UnsignedSeal:
    issuer = authority()
    arguments: dict[str, object] = {
        "seal_id": "YJ0001",
        "vendor_id": "YUNJIAN",
        "name": "云间市行政审批局",
        "kind": 1,
        "picture": b"\x89PNG",
        "picture_type": "PNG",
        "width_mm": 42,
        "height_mm": 40,
        "signer_certificates": [issuer.signer_certificates[DEPARTMENT]],
        "maker_certificate": issuer.maker_certificate,
        "created_at": AT,
        "valid_from": AT,
        "valid_until": AT + timedelta(days=365),
        "structure": structure,
        **changes,
    }
    return build_seal(**arguments)  # type: ignore[arg-type]


def sign(unsigned: UnsignedSeal) -> bytes:
    return unsigned.complete(authority().keys.sign_now(devca.MAKER_KEY, unsigned.to_sign))


@pytest.mark.parametrize("structure", list(Structure))
@pytest.mark.parametrize("by_digest", [False, True])
def test_seal_is_read_back(structure: Structure, by_digest: bool) -> None:
    seal = parse_seal(sign(begin(structure, by_digest=by_digest)))

    assert seal.structure == structure
    assert (seal.seal_id, seal.vendor_id, seal.name) == ("YJ0001", "YUNJIAN", "云间市行政审批局")
    assert (seal.created_at, seal.valid_until) == (AT, AT + timedelta(days=365))
    assert (seal.picture.type, seal.picture.width, seal.picture.height) == ("PNG", 42, 40)
    assert seal.lists(authority().signer_certificates[DEPARTMENT])
    assert not seal.lists(authority().maker_certificate)
    assert seal.is_signed_by_maker


@needs_openssl
@pytest.mark.parametrize("structure", list(Structure))
def test_openssl_agrees_with_the_maker(structure: Structure, tmp_path: object) -> None:
    seal = parse_seal(sign(begin(structure)))

    assert verifies(tmp_path, seal.maker.spki, seal.signed_part, seal.signature)  # type: ignore[arg-type]


def test_signature_of_a_signer_makes_no_seal() -> None:
    unsigned = begin()
    signature = authority().keys.sign_now(devca.signer_key(DEPARTMENT), unsigned.to_sign)

    with pytest.raises(InvalidSignature):
        unsigned.complete(signature)


@pytest.mark.parametrize(
    "changes",
    [
        {"signer_certificates": []},
        {"valid_until": AT},
        {"width_mm": 0},
        {"seal_id": "印章一号"},
        {"structure": Structure.V1, "valid_until": datetime(2050, 1, 2, tzinfo=UTC)},
    ],
)
def test_seal_that_cannot_be_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(MalformedSeal):
        begin(**changes)  # type: ignore[arg-type]


def test_only_v5_carries_a_time_stamp() -> None:
    unsigned = begin(Structure.V5)
    signature = authority().keys.sign_now(devca.MAKER_KEY, unsigned.to_sign)

    assert parse_seal(unsigned.complete(signature, timestamp=b"token")).timestamp == b"token"
    v4 = begin()
    with pytest.raises(MalformedSeal):
        v4.complete(authority().keys.sign_now(devca.MAKER_KEY, v4.to_sign), timestamp=b"token")


def test_placeholder_for_a_time_stamp_is_refused() -> None:
    unsigned = begin(Structure.V5)
    signature = authority().keys.sign_now(devca.MAKER_KEY, unsigned.to_sign)
    seal = unsigned.complete(signature, timestamp=b"\x01\x02\x03")

    report = verify_seal(seal, trust=authority().trust, at=AT)

    assert report.reasons == ("bad-timestamp",)


def test_seal_alone_is_judged() -> None:
    report = verify_seal(make_seal(authority()), trust=authority().trust, at=AT)

    assert report.verdict == "valid"
    assert report.signatures[0].maker == "云间市电子印章制作系统"


def test_version_number_alone_does_not_tell_the_structure() -> None:
    """One vendor writes the structure of 2014 and calls it 4."""
    v1 = asn1.parse(sign(begin(Structure.V1))).children()
    info = v1[0].der.replace(asn1.ia5("ES") + asn1.integer(1), asn1.ia5("ES") + asn1.integer(4))

    seal = parse_seal(asn1.sequence(info, v1[1].der))

    assert (seal.structure, seal.header_version) == ("v1", 4)


def test_false_written_out_in_extensions_is_read() -> None:
    parts = asn1.parse(sign(begin())).children()
    extension = asn1.sequence(
        asn1.oid("1.2.156.10197.6.7.2.2.1"), asn1.boolean(False), asn1.octet_string(b"2.1")
    )
    fields = [part.der for part in parts[0].children()]
    info = asn1.sequence(*fields, asn1.sequence(extension))

    seal = parse_seal(asn1.sequence(info, *(part.der for part in parts[1:])))

    assert seal.signed_part == info


@pytest.mark.parametrize(
    ("written", "expected", "slips"),
    [
        (asn1.generalized_time(AT), AT, ()),
        (asn1.utc_time(AT), AT, ()),
        (asn1.bit_string(b"2026-12-01 12:00:00"), AT, ("time-zone-assumed",)),
        (asn1.bit_string(b"2026-12-01T04:00:00.123Z"), AT, ()),
        (asn1.bit_string(asn1.utc_time(AT)), AT, ()),
        (asn1.bit_string(b"some day"), None, ()),
        (asn1.bit_string(b"2026-02-31 12:00:00"), None, ()),
    ],
)
def test_signing_time_is_read_in_every_form_met(
    written: bytes, expected: datetime | None, slips: tuple[str, ...]
) -> None:
    seal = make_seal(authority())
    tbs = asn1.sequence(
        asn1.integer(4), seal, written, asn1.bit_string(bytes(32)), asn1.ia5("/Signature.xml")
    )
    value = esignature.assemble(
        tbs, b"0", signer_certificate=b"0", algorithm=suites.SM2_SM3.signature_oid
    )

    parsed = esignature.parse_seal_signature(value)

    assert parsed.signed_at == expected
    assert parsed.slips == slips


def test_v1_signature_is_read_back() -> None:
    signer = authority().signer_certificates[DEPARTMENT]
    oid = suites.SM2_SM3.signature_oid
    tbs = esignature.build_tbs(
        seal=sign(begin(Structure.V1)),
        at=AT,
        data_hash=bytes(32),
        property_info="/Doc_0/Signs/Sign_0/Signature.xml",
        structure=Structure.V1,
        signer_certificate=signer,
        algorithm=oid,
    )
    signature = authority().keys.sign_now(devca.signer_key(DEPARTMENT), tbs)

    parsed = esignature.parse_seal_signature(
        esignature.assemble(
            tbs, signature, signer_certificate=signer, algorithm=oid, structure=Structure.V1
        )
    )

    assert (parsed.structure, parsed.signed_at, parsed.signer_certificate) == ("v1", AT, signer)
    spki = certificates.parse(signer).spki
    assert suites.SM2_SM3.verify(spki, parsed.signed_part, parsed.signature)
