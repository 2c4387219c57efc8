"""Revocation lists and answers inside signed messages: found, believed by their own signatures."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from signing import STRICT_POLICY, TrustList, verify_document
from signing.dev import devca
from signing.dev.devca import DevelopmentAuthority
from signing.pki import asn1, certificates, cms, cms_building
from signing.pki.cms_evidence import ADOBE_REVOCATION, NOTHING, OCSP_RESPONSE, Evidence
from signing.suites import P256_SHA256
from tests.signing import answering
from tests.signing.makers import AT, DEPARTMENT
from tests.signing.pdf_makers import begin, plain


def with_revocation(message: bytes, *infos: bytes) -> bytes:
    """The message with a field crls, which no signature covers."""
    kind, wrapped = asn1.parse(message).children()
    fields = [element.der for element in wrapped.only_child(0xA0).children()]
    fields.insert(-1, asn1.element(0xA1, b"".join(infos)))
    return asn1.sequence(kind.der, asn1.explicit(0, asn1.sequence(*fields)))


def as_choice(answer: bytes) -> bytes:
    """An OCSP response as RFC 5940 puts it into the field crls."""
    return asn1.element(0xA1, asn1.oid(OCSP_RESPONSE) + answer)


def sealed(ca: DevelopmentAuthority, *infos: bytes) -> bytes:
    """A PDF whose message brings these along."""
    unsigned = begin(plain(), ca)
    signature = ca.keys.sign_now(devca.signer_key(DEPARTMENT), unsigned.to_sign)
    document = unsigned.complete(signature)
    found = re.search(rb"/Contents <([0-9A-Fa-f]+)>", document)
    assert found is not None
    message = asn1.parse_prefix(bytes.fromhex(found[1].decode())).der
    longer = with_revocation(message, *infos).hex().encode().ljust(len(found[1]), b"0")
    assert len(longer) == len(found[1])
    return document.replace(found[1], longer)


def judged(document: bytes, trust: TrustList) -> tuple[str, tuple[str, ...]]:
    report = verify_document(document, trust=trust, at=AT, policy=STRICT_POLICY)
    return report.verdict, report.reasons


@pytest.fixture
def city() -> DevelopmentAuthority:
    return devca.make(
        organisation="云间市",
        departments={DEPARTMENT: "云间市行政审批局"},
        at=AT - timedelta(days=30),
        suite=P256_SHA256.name,
    )


def test_list_in_the_message_is_enough(city: DevelopmentAuthority) -> None:
    bare = replace(city.trust, crls=())

    assert judged(sealed(city), bare) == ("cannot_tell", ("status-unreachable",))
    assert judged(sealed(city, city.crl), bare) == ("valid", ())


def test_answer_in_the_message_is_enough(city: DevelopmentAuthority) -> None:
    bare = replace(city.trust, crls=())
    answer = answering.signed(city, answering.good(city))

    assert judged(sealed(city, as_choice(answer)), bare) == ("valid", ())


def test_old_list_in_the_message_hides_no_revocation(city: DevelopmentAuthority) -> None:
    later = city.revoke(city.signer_certificates[DEPARTMENT], at=AT - timedelta(days=1))

    assert judged(sealed(city, city.crl), later.trust) == ("invalid", ("certificate-revoked",))


def test_garbage_in_the_message_changes_nothing(city: DevelopmentAuthority) -> None:
    garbage = [asn1.sequence(asn1.integer(1)), as_choice(b"\x05\x00"), asn1.octet_string(b"x")]

    assert judged(sealed(city, *garbage), city.trust) == ("valid", ())


def test_attribute_of_adobe_is_read(city: DevelopmentAuthority) -> None:
    """RevocationInfoArchival: lists under [0], answers under [1]."""
    answer = answering.signed(city, answering.good(city))
    archival = asn1.sequence(
        asn1.explicit(0, asn1.sequence(city.crl)), asn1.explicit(1, asn1.sequence(answer))
    )
    signer = certificates.parse(city.signer_certificates[DEPARTMENT])
    signed = asn1.set_of([cms_building.attribute(ADOBE_REVOCATION, archival)])

    message = cms.parse_signed_message(cms_building.assemble(signed, b"\x30\x00", signer=signer))

    assert Evidence.of(message) == ((city.crl,), (answer,))
    assert Evidence.of(replace(message, values=())) == NOTHING
