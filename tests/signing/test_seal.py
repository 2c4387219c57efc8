"""Sealing: the issuer profile item by item, refusals, and OpenSSL's opinion of the signatures."""

import asyncio
import base64
import io
import pickle
import zipfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from signing import (
    MalformedDocument,
    SealRefused,
    UnsafeDocument,
    begin_seal,
    sm3,
    suites,
    verify_document,
    write_package,
)
from signing.dev import devca
from signing.dev.devca import DevelopmentAuthority
from signing.errors import InvalidSignature
from signing.ofd import signatures, xml
from signing.ofd.container import open_package
from signing.ofd.writer import Packed
from signing.pki import certificates
from signing.report.policy import STRICT_POLICY, Limits
from signing.seal import eseal, esignature
from signing.seal.begin import Unsigned
from tests.signing.makers import (
    AT,
    BOX,
    DEPARTMENT,
    FOLDER,
    LIST,
    OTHER,
    ByHand,
    authority,
    licence,
    licence_files,
    make_seal,
)
from tests.signing.openssl import certificate_verifies, needs_openssl, trusts, verifies
from tests.vectors.places import HERE


def begin(document: bytes, ca: DevelopmentAuthority | None = None, **changes: object) -> Unsigned:
    issuer = ca or authority()
    arguments = {
        "seal": make_seal(issuer),
        "signer_certificate": issuer.signer_certificates[DEPARTMENT],
        "at": AT,
        "boundary": BOX,
        "provider": "云间证",
        **changes,
    }
    return begin_seal(document, **arguments)  # type: ignore[arg-type]


def seal(document: bytes, ca: DevelopmentAuthority | None = None) -> bytes:
    unsigned = begin(document, ca)
    keys = (ca or authority()).keys
    return unsigned.complete(keys.sign_now(devca.signer_key(DEPARTMENT), unsigned.to_sign))


def test_sealed_document_verifies_under_every_policy(sealed: bytes) -> None:
    for policy in (STRICT_POLICY, replace(STRICT_POLICY, outcomes={})):
        report = verify_document(sealed, trust=authority().trust, at=AT, policy=policy)
        assert report.verdict == "valid"
        assert report.reasons == ()


def test_report_names_signer_seal_and_maker(sealed: bytes) -> None:
    report = verify_document(sealed, trust=authority().trust, at=AT)

    (found,) = report.signatures
    assert (found.signer, found.organisation) == ("云间市行政审批局", "云间市行政审批局")
    assert (found.seal_id, found.seal_name) == (
        "YJ3101170000000001",
        "云间市行政审批局电子证照专用章",
    )
    assert found.maker == "云间市电子印章制作系统"
    assert (found.structure, found.suite, found.type) == ("v4", "sm2-sm3", "Seal")
    assert found.signed_at == AT
    assert found.covers_signature_list


def test_document_sealed_elsewhere_verifies_too() -> None:
    unsigned = (HERE / "ofd" / "own-made" / "licence-unsigned.ofd").read_bytes()

    draft = begin(unsigned, boundary=(240, 150, 42, 42))
    signature = authority().keys.sign_now(devca.signer_key(DEPARTMENT), draft.to_sign)
    document = draft.complete(signature)

    assert verify_document(document, trust=authority().trust, at=AT).verdict == "valid"


def test_issuer_profile_is_followed_item_by_item(sealed: bytes) -> None:
    package = open_package(sealed, Limits())
    described = signatures.read_signature(package, f"{FOLDER}/Signature.xml")
    value = esignature.parse_seal_signature(package.read(f"{FOLDER}/SignedValue.dat"))
    inside = eseal.parse_seal(value.seal)

    assert (value.structure, value.version, inside.header_version) == ("v4", 4, 4)
    assert inside.certificates == (authority().signer_certificates[DEPARTMENT],)
    assert value.stated_time == "20261201040000Z"
    assert not value.slips
    assert suites.SM2_SM3.verify(
        certificates.parse(value.signer_certificate).spki, value.signed_part, value.signature
    )
    oid = "1.2.156.10197.1.501"
    assert (value.algorithm, inside.algorithm, described.signature_method) == (oid, oid, oid)
    assert described.check_method == "1.2.156.10197.1.401"
    stated = [reference.stated for reference in described.references]
    assert all(path.startswith("/") and not path.startswith("//") for path in stated)
    assert value.property_info == f"/{FOLDER}/Signature.xml"
    assert described.seal_file == f"{FOLDER}/Seal.esl"
    assert package.read(f"{FOLDER}/Seal.esl") == value.seal
    own = {f"{FOLDER}/Signature.xml", f"{FOLDER}/SignedValue.dat"}
    assert {reference.file for reference in described.references} == set(package.names) - own
    content = package.read(f"{FOLDER}/Signature.xml")
    assert content.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<')
    listed = package.read(LIST)
    assert b'ID="s001" Type="Seal"' in listed
    assert b"<ofd:MaxSignId>s002</ofd:MaxSignId>" in listed
    assert b'<ofd:StampAnnot ID="s002" PageRef="1" Boundary="140 200 42 42"/>' in content


def test_elements_stand_in_schema_order(sealed: bytes) -> None:
    package = open_package(sealed, Limits())
    info = xml.child(xml.read(package, f"{FOLDER}/Signature.xml"), "SignedInfo")
    assert info is not None

    order = [xml.local_name(element) for element in info]

    assert order == [
        "Provider",
        "SignatureMethod",
        "SignatureDateTime",
        "References",
        "StampAnnot",
        "Seal",
    ]


def test_other_zip_readers_read_the_document(sealed: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(sealed)) as archive:
        assert archive.testzip() is None
        assert archive.namelist()[0] == "OFD.xml"
        described = archive.read(f"{FOLDER}/Signature.xml").decode()
        digest = base64.b64encode(sm3(archive.read("OFD.xml"))).decode()
    assert f'FileRef="/OFD.xml"><ofd:CheckValue>{digest}<' in described


@needs_openssl
def test_openssl_verifies_every_signature(sealed: bytes, tmp_path: Path) -> None:
    package = open_package(sealed, Limits())
    value = esignature.parse_seal_signature(package.read(f"{FOLDER}/SignedValue.dat"))
    inside = eseal.parse_seal(value.seal)
    signer = certificates.parse(value.signer_certificate)
    root = authority().root_certificate

    assert verifies(tmp_path, signer.spki, value.signed_part, value.signature)
    assert verifies(tmp_path, inside.maker.spki, inside.signed_part, inside.signature)
    assert not verifies(tmp_path, inside.maker.spki, value.signed_part, value.signature)
    for certificate in (root, inside.maker_certificate, value.signer_certificate):
        assert certificate_verifies(tmp_path, certificate, root)
    assert trusts(tmp_path, root, value.signer_certificate)


def test_three_hundred_signatures_are_all_minimal_der() -> None:
    """A writer that pads or forgets the sign octet goes wrong in some of them only."""
    unsigned = begin(licence())
    key_id = devca.signer_key(DEPARTMENT)

    for _ in range(300):
        signature = authority().keys.sign_now(key_id, unsigned.to_sign)
        value = esignature.assemble(
            unsigned.to_sign,
            signature,
            signer_certificate=unsigned.signer_certificate,
            algorithm="1.2.156.10197.1.501",
        )
        assert esignature.parse_seal_signature(value).signature == signature
        assert suites.from_raw(suites.to_raw(signature)) == signature


def test_key_store_signs_between_the_two_steps() -> None:
    unsigned = pickle.loads(pickle.dumps(begin(licence())))  # noqa: S301 - our own bytes

    async def sign() -> bytes:
        return await authority().keys.sign(devca.signer_key(DEPARTMENT), unsigned.to_sign)

    document = unsigned.complete(asyncio.run(sign()))

    assert verify_document(document, trust=authority().trust, at=AT).verdict == "valid"


def test_signature_of_somebody_else_is_refused() -> None:
    unsigned = begin(licence())
    other = authority().keys.sign_now(devca.signer_key(OTHER), unsigned.to_sign)

    with pytest.raises(InvalidSignature):
        unsigned.complete(other)


def test_closed_document_is_refused(sealed: bytes) -> None:
    with pytest.raises(SealRefused, match="closes"):
        begin(sealed)


def test_open_document_takes_a_second_seal() -> None:
    opened = ByHand(leave_out=frozenset({LIST})).document()

    twice = seal(opened)

    report = verify_document(twice, trust=authority().trust, at=AT)
    assert report.verdict == "valid"
    assert [found.id for found in report.signatures] == ["s001", "s003"]
    assert [found.covers_signature_list for found in report.signatures] == [False, True]


@pytest.mark.parametrize("page", [0, -1, 2, 10**9])
def test_page_that_is_not_there_is_refused(page: int) -> None:
    with pytest.raises(SealRefused, match="no page"):
        begin(licence(), page=page)


@pytest.mark.parametrize(
    "box",
    [(0, 0, 0, 10), (0, 0, 10, -1), (-1, 0, 10, 10), (0, 0, float("nan"), 1), (0, 0, 1, 1e9)],
)
def test_box_that_is_none_is_refused(box: tuple[float, float, float, float]) -> None:
    with pytest.raises(SealRefused, match="boundary"):
        begin(licence(), boundary=box)


def test_signer_outside_the_seal_is_refused() -> None:
    other = authority().signer_certificates[OTHER]

    with pytest.raises(SealRefused, match="list"):
        begin(licence(), signer_certificate=other)


def test_expired_seal_is_refused() -> None:
    with pytest.raises(SealRefused, match="seal is not valid"):
        begin(licence(), seal=make_seal(authority(), valid_until=AT - timedelta(days=1)))


def test_expired_certificate_is_refused() -> None:
    with pytest.raises(SealRefused, match="certificate"):
        begin(licence(), at=AT + timedelta(days=9000))


def test_forged_seal_is_refused() -> None:
    with pytest.raises(SealRefused, match="forged"):
        begin(licence(), seal=make_seal(authority()).replace(b"impression", b"IMPRESSION"))


def test_something_else_is_no_document() -> None:
    with pytest.raises(MalformedDocument):
        begin(b"%PDF-1.7")


def test_list_that_nobody_names_is_refused() -> None:
    with pytest.raises(UnsafeDocument):
        begin(write_package({**licence_files(), LIST: b"<Signatures/>"}))


def test_files_not_touched_keep_their_packed_bytes() -> None:
    document = licence()
    before, after = open_package(document, Limits()), open_package(seal(document), Limits())

    for name in before.names:
        if name != "OFD.xml":
            assert Packed.copy(before, name) == Packed.copy(after, name)


def test_p256_suite_seals_and_verifies() -> None:
    ca = devca.make(
        organisation="国际试点",
        departments={DEPARTMENT: "试点局"},
        at=AT - timedelta(days=30),
        suite="p256-sha256",
    )

    report = verify_document(seal(licence(), ca), trust=ca.trust, at=AT)

    assert report.verdict == "valid"
    assert report.signatures[0].suite == "p256-sha256"
