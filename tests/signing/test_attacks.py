"""The attacks of the catalogue of real pitfalls, two variants each, against the default policy.

Each variant is a document that a naive verifier accepts: every signature in it is arithmetically
right, or every digest matches. The vectors hold one sample of each; these are others.
"""

import hashlib
import struct
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from signing import TrustList, begin_seal, verify_document, write_package
from signing.dev import devca
from signing.pki import asn1, certificates
from signing.report.report import SealReport
from signing.seal import eseal
from tests.signing.makers import (
    AT,
    BOX,
    DEPARTMENT,
    FOLDER,
    LIST,
    OTHER,
    ByHand,
    authority,
    issue,
    licence_files,
    make_seal,
)

SIGNING = frozenset({certificates.DIGITAL_SIGNATURE, certificates.NON_REPUDIATION})


def judge(document: bytes, trust: TrustList | None = None) -> SealReport:
    return verify_document(document, trust=trust or authority().trust, at=AT)


def expect(document: bytes, reason: str, trust: TrustList | None = None) -> None:
    report = judge(document, trust)
    assert report.verdict == "invalid"
    assert reason in report.reasons


def test_honest_document_made_by_hand_is_valid() -> None:
    """The control: without a fault the maker of these attacks makes a valid document."""
    assert judge(ByHand().document()).verdict == "valid"


def test_stolen_seal_used_by_another_listed_authority_is_refused() -> None:
    stolen = make_seal(authority(), department=DEPARTMENT)

    expect(ByHand(seal=stolen, department=OTHER).document(), "signer-not-in-seal")


def test_stolen_seal_with_the_owners_certificate_pasted_in_is_refused() -> None:
    owner = authority().signer_certificates[DEPARTMENT]
    forged = ByHand(key_id=devca.signer_key(OTHER), certificate=owner)

    expect(forged.document(), "bad-signature")


def test_forged_impression_is_refused() -> None:
    forged = make_seal(authority()).replace(b"impression", b"IMPRESSION")

    expect(ByHand(seal=forged).document(), "bad-seal")


def test_signer_smuggled_into_the_seal_list_is_refused() -> None:
    both = [authority().signer_certificates[name] for name in (DEPARTMENT, OTHER)]
    info = eseal.parse_seal(make_seal(authority(), signers=both))
    honest = asn1.parse(make_seal(authority())).children()
    forged = asn1.sequence(info.signed_part, *(part.der for part in honest[1:]))

    expect(ByHand(seal=forged, department=OTHER).document(), "bad-seal")


@pytest.mark.parametrize("maker", [DEPARTMENT, OTHER])
def test_seal_made_by_a_signer_is_refused(maker: str) -> None:
    """A certified signer makes itself a seal of any name: only the maker may do that."""
    seal = make_seal(authority(), maker=devca.signer_key(maker))

    expect(ByHand(seal=seal).document(), "untrusted")


def test_certificate_on_the_refused_list_is_refused() -> None:
    refused = replace(authority().trust, refused=(authority().signer_certificates[DEPARTMENT],))

    expect(ByHand().document(), "untrusted", refused)


def test_look_alike_authority_is_refused() -> None:
    rogue = devca.make(
        organisation="云间市",
        departments={DEPARTMENT: "云间市行政审批局"},
        at=AT - timedelta(days=30),
    )

    expect(ByHand(ca=rogue).document(), "untrusted")


def test_signer_issued_by_a_signer_is_refused(ca: devca.DevelopmentAuthority) -> None:
    """No certificate authority: basicConstraints of the parent says so."""
    leaf = issue(
        ca,
        "signer:child",
        "云间市行政审批局",
        usages=SIGNING,
        issuer_key=devca.signer_key(DEPARTMENT),
        issuer=ca.signer_certificates[DEPARTMENT],
    )
    forged = ByHand(
        ca=ca, certificate=leaf, key_id="signer:child", seal=make_seal(ca, signers=[leaf])
    )
    trust = replace(ca.trust, intermediates=(ca.signer_certificates[DEPARTMENT],))

    expect(forged.document(), "untrusted", trust)


def test_unknown_authority_is_no_verdict_at_all() -> None:
    stranger = devca.make(
        organisation="外地市", departments={DEPARTMENT: "外地局"}, at=AT - timedelta(days=30)
    )

    report = judge(ByHand(ca=stranger).document())

    assert report.verdict == "cannot_tell"
    assert report.reasons == ("unknown-issuer",)


def test_back_dating_before_the_certificate_is_refused() -> None:
    expect(ByHand(at=AT - timedelta(days=40)).document(), "not-yet-valid")


def test_dating_into_the_future_is_refused() -> None:
    expect(ByHand(at=AT + timedelta(days=2)).document(), "not-yet-valid")


def test_expired_seal_is_refused() -> None:
    old = make_seal(authority(), valid_until=AT - timedelta(days=1))

    expect(ByHand(seal=old).document(), "seal-expired")


def test_seal_not_yet_begun_is_refused() -> None:
    early = make_seal(authority(), valid_from=AT + timedelta(days=1))

    expect(ByHand(seal=early).document(), "not-yet-valid")


@pytest.mark.parametrize(
    "usages", [frozenset({"key-encipherment"}), frozenset({certificates.KEY_CERT_SIGN})]
)
def test_certificate_for_something_else_is_refused(
    ca: devca.DevelopmentAuthority, usages: frozenset[str]
) -> None:
    leaf = issue(ca, "signer:odd", "仅作他用", usages=usages)
    seal = make_seal(ca, signers=[leaf])

    expect(
        ByHand(ca=ca, certificate=leaf, key_id="signer:odd", seal=seal).document(),
        "untrusted",
        ca.trust,
    )


@pytest.mark.parametrize(
    "left_out", ["Doc_0/Pages/Page_0/Content.xml", "Doc_0/Tpls/Tpl_0/Content.xml"]
)
def test_page_left_out_of_the_references_is_refused(left_out: str) -> None:
    expect(ByHand(leave_out=frozenset({left_out})).document(), "not-covered")


@pytest.mark.parametrize("left_out", ["Doc_0/Res/image_5.png", "Doc_0/Attachs/licence.xml"])
def test_picture_or_attachment_left_out_is_refused(left_out: str) -> None:
    expect(ByHand(leave_out=frozenset({left_out})).document(), "not-covered")


def redirected(edit: Callable[[bytes], bytes]) -> bytes:
    files = ByHand(leave_out=frozenset({"OFD.xml"})).sign(licence_files())
    files["OFD.xml"] = edit(files["OFD.xml"])
    files["Doc_0/Evil.xml"] = files["Doc_0/Document.xml"].replace(b"Page_0", b"Page_9")
    files["Doc_0/Pages/Page_9/Content.xml"] = b"<Page/>"
    return write_package(files)


def test_document_root_redirected_is_refused() -> None:
    forged = redirected(lambda xml: xml.replace(b"Doc_0/Document.xml", b"Doc_0/Evil.xml"))

    expect(forged, "not-covered")


def test_second_document_added_is_refused() -> None:
    body = b"<ofd:DocBody><ofd:DocRoot>Doc_0/Evil.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>"

    expect(redirected(lambda xml: xml.replace(b"</ofd:OFD>", body)), "not-covered")


def lent_looks(*, keep_root: bool) -> bytes:
    """A page of the police's own, under its own good seal, beside the untouched approval seal."""
    files = ByHand(leave_out=frozenset({"OFD.xml", LIST})).sign(licence_files())
    files["Doc_0/Pages/Page_9/Content.xml"] = b"<Page/>"
    if keep_root:
        files["Doc_0/Attachs/extra.xml"] = b"<extra/>"
    else:
        evil = files["Doc_0/Document.xml"].replace(b"Page_0", b"Page_9")
        files["Doc_0/Evil.xml"] = evil
        files["OFD.xml"] = files["OFD.xml"].replace(b"Doc_0/Document.xml", b"Doc_0/Evil.xml")
    issuer = authority()
    unsigned = begin_seal(
        write_package(files),
        seal=make_seal(issuer, department=OTHER),
        signer_certificate=issuer.signer_certificates[OTHER],
        at=AT,
        boundary=BOX,
        provider="by hand",
    )
    return unsigned.complete(issuer.keys.sign_now(devca.signer_key(OTHER), unsigned.to_sign))


def test_seal_of_another_document_is_not_lent_to_a_new_one() -> None:
    expect(lent_looks(keep_root=False), "not-covered")


def test_second_seal_on_the_same_document_is_valid() -> None:
    assert judge(lent_looks(keep_root=True)).verdict == "valid"


@pytest.mark.parametrize("value", ["0f7f3c1e5b5a4c2f9a6d1b2c3d4e5f60", "</ofd:DocInfo>"])
def test_metadata_edited_in_covered_root_is_refused(value: str) -> None:
    files = ByHand().sign(licence_files())
    edited = "<ofd:Title>别的</ofd:Title>" + value if value.startswith("<") else "9" * 32
    files["OFD.xml"] = files["OFD.xml"].replace(value.encode(), edited.encode())

    expect(write_package(files), "content-changed")


def test_metadata_edited_in_uncovered_root_is_warned_about() -> None:
    files = ByHand(leave_out=frozenset({"OFD.xml"})).sign(licence_files())
    files["OFD.xml"] = files["OFD.xml"].replace(b"0f7f3c1e", b"ffffffff")

    report = judge(write_package(files))

    assert report.verdict == "valid"
    warned = [check for check in report.checks if check.outcome == "warning"]
    assert [check.evidence["finding"] for check in warned] == ["ofdxml-uncovered"]


def with_entry_renamed(document: bytes, old: bytes, new: bytes) -> bytes:
    assert len(old) == len(new)
    return document.replace(old, new)


@pytest.mark.parametrize(
    "twin", [b"Doc_0/Pages/Page_0/Content.xml", b"doc_0/pages/page_0/CONTENT.XML"]
)
def test_two_entries_under_one_name_are_refused(twin: bytes) -> None:
    files = ByHand().sign(licence_files())
    spare = "Z" * len(twin)
    document = write_package({**files, spare: b"<Page/>"})

    expect(with_entry_renamed(document, spare.encode(), twin), "unreadable")


def test_entry_hidden_from_the_directory_is_refused() -> None:
    document = ByHand().document()
    hidden = write_package({"OFD.xml": b"<evil/>"})
    local_only = hidden[: hidden.index(b"PK\x01\x02")]

    expect(local_only + document, "unreadable")


@pytest.mark.parametrize(("method", "algorithm"), [("MD5", "md5"), ("", "md5"), ("SHA1", "sha1")])
def test_weak_digest_is_refused(method: str, algorithm: str) -> None:
    def weak(data: bytes) -> bytes:
        return hashlib.new(algorithm, data, usedforsecurity=False).digest()

    expect(ByHand(method=method, digest=weak).document(), "weak-digest")


@pytest.mark.parametrize("path", ["../../etc/passwd", "Doc_0/../../../secret"])
def test_reference_out_of_the_package_is_refused(path: str) -> None:
    forged = ByHand(extra_references=((path, bytes(32)),))

    expect(forged.document(), "content-changed")


@pytest.mark.parametrize("name", [b"../evil.xml", b"C:/evil.xml", b"/abs/ev.xml", b"a\\evil.xml"])
def test_entry_name_out_of_the_package_is_refused(name: bytes) -> None:
    spare = "Z" * len(name)
    document = write_package({**ByHand().sign(licence_files()), spare: b"x"})

    expect(with_entry_renamed(document, spare.encode(), name), "unreadable")


ENTITY = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
BOMB = (
    b"<!DOCTYPE x ["
    + b"".join(
        b'<!ENTITY l%d "&l%d;&l%d;">' % (level, level - 1, level - 1) for level in range(1, 40)
    )
    + b"]>"
)


@pytest.mark.parametrize("dtd", [ENTITY, BOMB])
@pytest.mark.parametrize("name", ["OFD.xml", "Doc_0/Document.xml"])
def test_document_type_declaration_is_refused(dtd: bytes, name: str) -> None:
    files = licence_files()
    if name != "OFD.xml":
        files[name] = dtd + files[name]
    made = ByHand(leave_out=frozenset({"OFD.xml"})).sign(files)
    if name == "OFD.xml":
        made[name] = dtd + made[name]

    expect(write_package(made), "unreadable")


@pytest.mark.parametrize("emptied", [b"", b"<ofd:MaxSignId>s002</ofd:MaxSignId>"])
def test_emptied_signature_list_is_no_seal(emptied: bytes) -> None:
    files = ByHand(leave_out=frozenset({LIST})).sign(licence_files())
    namespace = b'xmlns:ofd="http://www.ofdspec.org/2016"'
    files[LIST] = b"<ofd:Signatures " + namespace + b">" + emptied + b"</ofd:Signatures>"

    expect(write_package(files), "no-seal")


def test_signature_pointer_removed_is_no_seal() -> None:
    files = ByHand().sign(licence_files())
    files["OFD.xml"] = licence_files()["OFD.xml"]

    expect(write_package(files), "no-seal")


def test_seal_dropped_from_a_closed_list_is_refused() -> None:
    files = ByHand().sign(licence_files())
    files[LIST] = files[LIST].replace(b"<ofd:MaxSignId>s002</ofd:MaxSignId>", b"")

    expect(write_package(files), "content-changed")


def test_dropped_seal_leaves_a_smuggled_folder_to_be_warned_about() -> None:
    files = ByHand(leave_out=frozenset({LIST})).sign(licence_files())
    files["Doc_0/Signs/Sign_1/SignedValue.dat"] = files[f"{FOLDER}/SignedValue.dat"]

    report = judge(write_package(files))

    assert report.verdict == "valid"
    assert any(check.evidence["finding"] == "smuggled" for check in report.checks)


def test_seal_file_swapped_is_refused() -> None:
    other = make_seal(authority(), picture=b"another impression")

    expect(ByHand(seal_file=other).document(), "seal-mismatch")


def test_seal_file_missing_is_refused() -> None:
    files = ByHand(leave_out=frozenset({f"{FOLDER}/Seal.esl"})).sign(licence_files())
    del files[f"{FOLDER}/Seal.esl"]

    expect(write_package(files), "seal-mismatch")


def test_signature_of_another_document_is_refused() -> None:
    files = ByHand().sign(licence_files())
    other = ByHand().sign(licence_files("有效期至二〇九九年"))
    files[f"{FOLDER}/SignedValue.dat"] = other[f"{FOLDER}/SignedValue.dat"]

    expect(write_package(files), "content-changed")


@pytest.mark.parametrize("offset", [0, 14, 26])
def test_local_header_that_differs_is_refused(offset: int) -> None:
    document = bytearray(ByHand().document())
    (value,) = struct.unpack_from("<H", document, offset)
    struct.pack_into("<H", document, offset, value ^ 0x0101)

    with_fault = bytes(document)

    assert judge(with_fault).verdict == "invalid"
    assert judge(with_fault).reasons == ("unreadable",)


def test_zip_bomb_is_refused_before_it_unpacks() -> None:
    files = {**licence_files(), "Doc_0/Res/bomb.bin": bytes(60 << 20)}

    expect(write_package(files), "unreadable")
