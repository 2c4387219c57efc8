"""Further variants of the attacks in `test_attacks`, so that each has at least two refused ones."""

from dataclasses import replace
from datetime import timedelta

import pytest

from signing import STRICT_POLICY, begin_seal, verify_document, write_package
from signing.dev import devca
from signing.dev.devca import DevelopmentAuthority
from signing.ofd.container import open_package
from signing.pki import asn1
from signing.report.policy import Limits
from signing.seal import eseal
from tests.signing.makers import (
    AT,
    BOX,
    DEPARTMENT,
    LIST,
    OTHER,
    ByHand,
    authority,
    issue,
    licence_files,
    make_seal,
)
from tests.signing.test_attacks import SIGNING, expect, judge


def signed_again(seal: bytes, key_id: str) -> bytes:
    """The same seal with the value of another key than the maker's."""
    parts = asn1.parse(seal).children()
    value = authority().keys.sign_now(key_id, parts[0].der)
    return asn1.sequence(*(part.der for part in parts[:3]), asn1.bit_string(value))


def test_forged_impression_signed_by_the_user_of_the_seal_is_refused() -> None:
    """The maker's certificate stays, the signer's own key signs the altered content."""
    altered = make_seal(authority()).replace(b"impression", b"IMPRESSION")

    expect(ByHand(seal=signed_again(altered, devca.signer_key(DEPARTMENT))).document(), "bad-seal")


def test_maker_signature_of_another_seal_is_refused() -> None:
    genuine, other = make_seal(authority()), make_seal(authority(), picture=b"another impression")
    parts, donor = asn1.parse(other).children(), asn1.parse(genuine).children()
    forged = asn1.sequence(*(part.der for part in parts[:3]), donor[3].der)

    assert eseal.parse_seal(forged).picture.data == b"another impression"
    expect(ByHand(seal=forged).document(), "bad-seal")


@pytest.fixture(scope="module")
def rogue() -> DevelopmentAuthority:
    """Names itself exactly as the listed authority does, with keys of its own."""
    return devca.make(
        organisation="云间市",
        departments={DEPARTMENT: "云间市行政审批局"},
        at=AT - timedelta(days=30),
    )


def test_seal_made_by_a_look_alike_maker_for_the_real_signer_is_refused(
    rogue: DevelopmentAuthority,
) -> None:
    seal = make_seal(rogue, signers=[authority().signer_certificates[DEPARTMENT]])

    expect(ByHand(seal=seal).document(), "untrusted")


def test_look_alike_signer_with_the_real_seal_is_refused(rogue: DevelopmentAuthority) -> None:
    forged = ByHand(ca=rogue, seal=make_seal(authority())).document()

    expect(forged, "untrusted")
    expect(forged, "signer-not-in-seal")


def test_back_dating_before_the_seal_began_is_refused() -> None:
    expect(ByHand(at=AT - timedelta(days=12)).document(), "not-yet-valid")


def test_back_dating_with_a_stolen_key_is_refused(ca: DevelopmentAuthority) -> None:
    """Who has the key can write any date; after a theft only a time stamp could speak for it."""
    certificate = ca.signer_certificates[DEPARTMENT]
    robbed = ca.revoke(certificate, at=AT - timedelta(days=1), reason="key-compromise")
    forged = ByHand(ca=ca, at=AT - timedelta(days=5))

    expect(forged.document(), "certificate-revoked", robbed.trust)


@pytest.mark.parametrize("over", [timedelta(seconds=1), timedelta(days=400)])
def test_seal_used_after_its_end_is_refused(over: timedelta) -> None:
    old = make_seal(authority(), valid_from=AT - timedelta(days=800), valid_until=AT - over)

    expect(ByHand(seal=old).document(), "seal-expired")


def test_seal_by_an_expired_certificate_is_refused(ca: DevelopmentAuthority) -> None:
    leaf = issue(
        ca, "signer:late", "云间市行政审批局", usages=SIGNING, ends=AT - timedelta(seconds=1)
    )
    seal = make_seal(ca, signers=[leaf])
    forged = ByHand(ca=ca, certificate=leaf, key_id="signer:late", seal=seal)

    expect(forged.document(), "certificate-expired", ca.trust)


def test_maker_that_may_only_encipher_is_refused(ca: DevelopmentAuthority) -> None:
    """The wrong usage on the other certificate: the one that made the seal."""
    odd = issue(ca, "signer:odd", "制章", usages=frozenset({"data-encipherment"}))
    lent = replace(ca, signer_certificates={**ca.signer_certificates, "odd": odd})
    seal = make_seal(lent, maker="signer:odd")
    trust = replace(ca.trust, makers=(odd,))

    expect(ByHand(ca=ca, seal=seal).document(), "untrusted", trust)


def two_seals() -> dict[str, bytes]:
    """Two departments one after the other; only the second covers the list."""
    files = ByHand(leave_out=frozenset({"OFD.xml", LIST})).sign(licence_files())
    issuer = authority()
    unsigned = begin_seal(
        write_package(files),
        seal=make_seal(issuer, department=OTHER),
        signer_certificate=issuer.signer_certificates[OTHER],
        at=AT,
        boundary=BOX,
        provider="by hand",
    )
    key_id = devca.signer_key(OTHER)
    sealed = unsigned.complete(issuer.keys.sign_now(key_id, unsigned.to_sign))
    package = open_package(sealed, Limits())
    return {name: package.read(name) for name in package.names}


def without_entry(signature_list: bytes, folder: str) -> bytes:
    """Signatures.xml without the line of this signature."""
    begins = signature_list.index(b"<ofd:Signature ", signature_list.index(b"</ofd:MaxSignId>"))
    while folder.encode() not in signature_list[begins : signature_list.index(b"/>", begins)]:
        begins = signature_list.index(b"<ofd:Signature ", begins + 1)
    return signature_list[:begins] + signature_list[signature_list.index(b"/>", begins) + 2 :]


def test_first_seal_dropped_from_the_list_of_the_second_is_refused() -> None:
    """The second covers the list as it was, and so falls with what is missing from it."""
    files = two_seals()
    files[LIST] = without_entry(files[LIST], "Sign_0")

    expect(write_package(files), "content-changed")


def test_seal_that_rests_on_a_dropped_one_is_refused() -> None:
    files = ByHand(leave_out=frozenset({LIST})).sign(licence_files())
    files[LIST] = files[LIST].replace(b'ID="s001"', b'ID="s001" Relative="s000"')

    expect(write_package(files), "content-changed")


def test_second_seal_dropped_is_shown_and_refused_by_a_strict_reader() -> None:
    """The first seal cannot know of a later one. What is left of it lies in the package unused:
    a warning by default; who insists on two seals counts them in the report."""
    files = two_seals()
    files[LIST] = without_entry(files[LIST], "Sign_1")
    forged = write_package(files)

    shown = judge(forged)
    strict = verify_document(forged, trust=authority().trust, at=AT, policy=STRICT_POLICY)

    assert any(check.evidence["finding"] == "smuggled" for check in shown.checks)
    assert len(shown.signatures) == 1
    assert strict.verdict == "invalid"
    assert "not-covered" in strict.reasons


@pytest.mark.parametrize("words", [b"<ofd:Title>x</ofd:Title>", b"<ofd:CustomDatas/>"])
def test_metadata_put_into_an_uncovered_root_is_refused_by_a_strict_reader(words: bytes) -> None:
    files = ByHand(leave_out=frozenset({"OFD.xml"})).sign(licence_files())
    files["OFD.xml"] = files["OFD.xml"].replace(b"</ofd:DocInfo>", words + b"</ofd:DocInfo>")

    report = verify_document(
        write_package(files), trust=authority().trust, at=AT, policy=STRICT_POLICY
    )

    assert report.verdict == "invalid"
    assert "not-covered" in report.reasons


@pytest.mark.parametrize("mark", ["+ADwAIQ-DOCTYPE x+AD4-", "<!DOCTYPE x>"])
def test_document_type_in_another_encoding_is_refused(mark: str) -> None:
    """UTF-7 hides the brackets of a declaration from a search in the bytes."""
    body = mark.encode() + b"<D/>"
    files = {
        **licence_files(),
        "Doc_0/Document.xml": b'<?xml version="1.0" encoding="UTF-7"?>' + body,
    }

    assert judge(ByHand().document(files)).verdict == "invalid"
