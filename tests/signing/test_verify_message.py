"""GB/T 35275 signed messages in OFD: the real forms accepted, everything unbound refused."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from signing import sm3, verify_document, write_package
from signing.dev import devca
from signing.pki import asn1, certificates, cms
from signing.report.report import SealReport
from tests.signing.makers import AT, DEPARTMENT, FOLDER, LIST, ByHand, authority, licence_files

SM2_VALUE = "1.2.156.10197.1.301.1"
SM3_OID = "1.2.156.10197.1.401"


@dataclass
class Message:
    """A signed message about Signature.xml, built field by field."""

    content: Callable[[bytes], bytes | None] = lambda digest: digest
    attributes: Callable[[bytes], list[bytes]] | None = None
    algorithm: str = SM2_VALUE
    digest: str = SM3_OID
    announced: str = SM3_OID
    with_certificate: bool = True
    key_id: str = devca.signer_key(DEPARTMENT)

    def build(self, description: bytes) -> bytes:
        digest = sm3(description)
        content = self.content(digest)
        signed = content or b""
        attributes = b""
        if self.attributes is not None:
            attributes = b"".join(self.attributes(digest))
            signed = asn1.element(asn1.SET, attributes)
        signer = certificates.parse(authority().signer_certificates[DEPARTMENT])
        info = asn1.sequence(
            asn1.integer(1),
            asn1.sequence(signer.issuer, asn1.integer(signer.serial)),
            asn1.sequence(asn1.oid(self.digest)),
            asn1.element(0xA0, attributes) if attributes else b"",
            asn1.sequence(asn1.oid(self.algorithm)),
            asn1.octet_string(authority().keys.sign_now(self.key_id, signed)),
        )
        inner = b"" if content is None else asn1.explicit(0, asn1.octet_string(content))
        message = asn1.sequence(
            asn1.integer(1),
            asn1.set_of([asn1.sequence(asn1.oid(self.announced))]),
            asn1.sequence(asn1.oid(cms.GB_DATA), inner),
            asn1.element(0xA0, signer.der) if self.with_certificate else b"",
            asn1.set_of([info]),
        )
        return asn1.sequence(asn1.oid(cms.GB_SIGNED_DATA), asn1.explicit(0, message))


def attribute(oid: str, value: bytes) -> bytes:
    return asn1.sequence(asn1.oid(oid), asn1.set_of([value]))


def usual_attributes(digest: bytes) -> list[bytes]:
    """In an order that is not DER's, as found in the wild."""
    return [
        attribute(cms.MESSAGE_DIGEST, asn1.octet_string(digest)),
        attribute(cms.SIGNING_TIME, asn1.utc_time(AT)),
        attribute(cms.CONTENT_TYPE, asn1.oid(cms.GB_DATA)),
    ]


def nothing(_: bytes) -> None:
    return None


def judge(message: Message) -> SealReport:
    files = ByHand().sign(licence_files())
    value = message.build(files[f"{FOLDER}/Signature.xml"])
    files[f"{FOLDER}/SignedValue.dat"] = value
    trust = authority().trust
    return verify_document(write_package(files), trust=trust, at=AT + timedelta(hours=1))


@pytest.mark.parametrize(
    "message",
    [
        Message(),
        Message(content=base64.b64encode),
        Message(content=nothing, attributes=usual_attributes),
        Message(attributes=lambda digest: usual_attributes(sm3(digest))),
        Message(algorithm="1.2.156.10197.1.501"),
    ],
    ids=["attached", "base64", "detached", "attached with attributes", "algorithm 501"],
)
def test_real_form_is_accepted(message: Message) -> None:
    report = judge(message)

    assert (report.verdict, report.reasons) == ("valid", ())
    assert report.signatures[0].structure == "p7"
    assert report.signatures[0].signer == "云间市行政审批局"


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (Message(content=sm3), "content-changed"),
        (Message(content=nothing), "content-changed"),
        (
            Message(content=nothing, attributes=lambda d: usual_attributes(sm3(d))),
            "content-changed",
        ),
        (Message(attributes=usual_attributes), "content-changed"),
        (Message(key_id=devca.MAKER_KEY), "bad-signature"),
        (Message(content=nothing, attributes=lambda d: usual_attributes(d) * 2), "content-changed"),
    ],
    ids=["other content", "nothing", "other digest", "digest of nothing", "other key", "doubled"],
)
def test_message_about_something_else_is_refused(message: Message, reason: str) -> None:
    report = judge(message)

    assert report.verdict == "invalid"
    assert reason in report.reasons


@pytest.mark.parametrize("message", [Message(with_certificate=False), Message(algorithm="1.2.3.4")])
def test_what_is_missing_or_unknown_cannot_be_told(message: Message) -> None:
    report = judge(message)

    assert (report.verdict, report.reasons) == ("cannot_tell", ("unsupported",))


def test_signing_time_comes_from_the_signed_attributes() -> None:
    stated = judge(Message(content=nothing, attributes=usual_attributes))
    unstated = judge(Message())

    assert stated.signatures[0].signed_at == AT
    assert unstated.signatures[0].signed_at is None


def two_signatures(relative: str, *, break_first: bool) -> SealReport:
    """An open first signature, and a second entry that rests on the first."""
    files = ByHand(leave_out=frozenset({LIST})).sign(licence_files())
    entry = (
        '<ofd:Signature ID="s003" Type="Seal" BaseLoc="/Doc_0/Signs/Sign_0/Signature.xml" '
        f'Relative="{relative}"/></ofd:Signatures>'
    )
    files[LIST] = files[LIST].replace(b"</ofd:Signatures>", entry.encode())
    if break_first:
        files["Doc_0/Attachs/licence.xml"] = b"<forged/>"
    return verify_document(write_package(files), trust=authority().trust, at=AT)


def test_signature_on_a_good_base_is_accepted() -> None:
    assert two_signatures("s001", break_first=False).verdict == "valid"


def test_signature_on_a_broken_base_is_refused() -> None:
    report = two_signatures("s001", break_first=True)

    assert any(check.name == "base-signature" for check in report.checks)


def test_second_list_for_one_document_is_refused() -> None:
    files = ByHand(leave_out=frozenset({"OFD.xml"})).sign(licence_files())
    pointer = b"<ofd:Signatures>/Doc_0/Other.xml</ofd:Signatures></ofd:DocBody>"
    files["OFD.xml"] = files["OFD.xml"].replace(b"</ofd:DocBody>", pointer)

    report = verify_document(write_package(files), trust=authority().trust, at=AT)

    assert report.reasons == ("unreadable",)


@pytest.mark.parametrize(
    "message",
    [
        Message(digest="1.2.156.10197.1.401.7"),
        Message(digest="2.16.840.1.101.3.4.2.1"),
        Message(announced="1.2.840.113549.2.5"),
    ],
    ids=["unknown", "another one", "announced"],
)
def test_message_that_announces_another_digest_is_not_valid(message: Message) -> None:
    assert judge(message).verdict == "invalid"
