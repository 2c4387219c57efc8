"""Signature.xml with SignedValue.dat of real authorities, and seals of several makers."""

from pathlib import Path

import pytest

from signing import suites
from signing.judge.message import is_bound
from signing.pki import certificates, cms
from signing.seal import eseal, esignature
from tests.vectors.places import ABSENT, SHARED

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason=ABSENT)
DETACHED = SHARED / "ofd" / "detached"
SEALS = SHARED / "ofd" / "seals"
SEALED = ("suzhou-minzheng-v4", "zibo-realestate-v4-raw64", "jiangsu-tax-v4", "zhejiang-tax-v4")


@pytest.mark.parametrize("folder", [*SEALED, "antchain-tax-v4"])
def test_seal_signature_of_a_real_authority_verifies(folder: str) -> None:
    description = (DETACHED / folder / "Signature.xml").read_bytes()
    value = (DETACHED / folder / "SignedValue.dat").read_bytes()

    signature = esignature.parse_seal_signature(value)
    seal = eseal.parse_seal(signature.seal)
    signer = certificates.parse(signature.signer_certificate)

    raw = suites.is_raw(signature.signature)
    assert raw == folder.endswith("raw64")
    der = suites.from_raw(signature.signature) if raw else signature.signature
    assert suites.SM2_SM3.digest(description) == signature.data_hash
    assert suites.SM2_SM3.verify(signer.spki, signature.signed_part, der)
    assert seal.is_signed_by_maker
    assert seal.lists(signer.der)


def test_signed_message_of_a_real_authority_verifies() -> None:
    folder = DETACHED / "zibo-realestate-p7-raw64"
    message = cms.parse_signed_message((folder / "SignedValue.dat").read_bytes())
    der = cms.choose_certificate(message)

    assert der is not None
    assert is_bound(message, (folder / "Signature.xml").read_bytes())
    assert message.content is not None
    value = suites.from_raw(message.signature)
    assert suites.SM2_SM3.verify(certificates.parse(der).spki, message.content, value)


@pytest.mark.parametrize(
    ("file", "structure"),
    [
        ("UserV1.esl", "v1"),
        ("UserV4.esl", "v4"),
        ("UserV5.esl", "v5"),
        ("UserV5_ts.esl", "v5"),
        ("easyofdjava-seal-out.esl", "v4"),
        ("own-v1.esl", "v1"),
        ("own-v4.esl", "v4"),
        ("own-v4-certdigest.esl", "v4"),
        ("own-v4-ext.esl", "v4"),
        ("own-v5.esl", "v5"),
    ],
)
def test_seal_is_read_by_its_structure_and_verifies(file: str, structure: str) -> None:
    seal = eseal.parse_seal((SEALS / file).read_bytes())

    assert seal.structure == structure
    assert seal.is_signed_by_maker


@pytest.mark.parametrize("file", ["SignedValueV4.dat", "SignedValueV5.dat"])
def test_seal_signature_about_no_document_still_verifies(file: str) -> None:
    signature = esignature.parse_seal_signature((SEALS / file).read_bytes())
    signer = certificates.parse(signature.signer_certificate)

    assert suites.SM2_SM3.verify(signer.spki, signature.signed_part, signature.signature)
    assert signature.data_hash == bytes(32)


def test_vectors_are_all_used() -> None:
    folders = {path.name for path in DETACHED.iterdir() if Path(path).is_dir()}

    assert folders == {*SEALED, "antchain-tax-v4", "zibo-realestate-p7-raw64"}
