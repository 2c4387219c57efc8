"""OCSP: requests and responses built and read, by us, by `cryptography` and by OpenSSL."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp as foreign
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import TrustList
from signing.dev import devca
from signing.dev.devca import DevelopmentAuthority
from signing.errors import InvalidSignature, MalformedCertificate, MalformedTrustList
from signing.pki import asn1, certificates, ocsp, ocsp_building
from signing.pki.crl import Revocation
from signing.pki.ocsp import Answer, CertificateId, State
from signing.suites import P256_SHA256
from tests.signing import answering, openssl
from tests.signing.answering import (
    DAY,
    HOUR,
    MINUTE,
    about,
    good,
    judge,
    signed,
    signer,
    without_lists,
)
from tests.signing.makers import AT, pem


def test_critical_extension_cannot_be_told(ca: DevelopmentAuthority) -> None:
    odd = asn1.sequence(asn1.oid("1.2.3.4"), asn1.boolean(True), asn1.octet_string(b""))

    def change(tbs: bytes) -> bytes:
        return asn1.sequence(asn1.parse(tbs).content, asn1.explicit(1, asn1.sequence(odd)))

    answer = signed(ca, good(ca), change=change)

    assert judge(ca, without_lists(ca, answer)) == ("revocation-unusable", "unknown")


def test_written_out_version_is_read_and_another_one_is_not(ca: DevelopmentAuthority) -> None:
    def version(number: int) -> bytes:
        head = asn1.explicit(0, asn1.integer(number))
        return signed(
            ca, good(ca), change=lambda tbs: asn1.sequence(head + asn1.parse(tbs).content)
        )

    assert judge(ca, without_lists(ca, version(0))) == ("revocation-good", "pass")
    with pytest.raises(MalformedCertificate):
        ocsp.parse(version(1))


def longer(der: bytes) -> bytes:
    """The outer length in one octet more than needed."""
    element = asn1.parse(der)
    size = len(element.content).to_bytes(3, "big")
    return der[:1] + b"\x83" + size + element.content


@pytest.mark.parametrize(
    "spoil",
    [
        lambda der: der + b"\x00",
        lambda der: b"",
        longer,
        lambda der: answering.rewritten(der, lambda basic: basic + b"\x00"),
        lambda der: answering.rewritten(der, longer),
        lambda der: der.replace(asn1.oid(ocsp.BASIC), asn1.oid("1.3.6.1.5.5.7.48.1.2"), 1),
        lambda der: asn1.sequence(asn1.element(ocsp.ENUMERATED, b"\x03")),
        lambda der: ocsp_building.MALFORMED_REQUEST,
        lambda der: b"\x30\x05" + der[:3],
        lambda der: b"\x30" * 1000,
    ],
)
def test_malformed_response_is_refused(spoil: object) -> None:
    assert callable(spoil)
    data = spoil(signed(answering.authority(), good(answering.authority())))

    with pytest.raises(MalformedCertificate):
        ocsp.parse(data)
    with pytest.raises(MalformedTrustList):
        TrustList.of(ocsp=[data])


def test_answer_that_ends_before_it_begins_is_refused(ca: DevelopmentAuthority) -> None:
    with pytest.raises(MalformedCertificate):
        ocsp.parse(signed(ca, good(ca, begins=AT, ends=AT - DAY)))


def test_value_of_another_key_makes_no_response(ca: DevelopmentAuthority) -> None:
    root = certificates.parse(ca.root_certificate)
    tbs = ocsp_building.signed_part(root, [good(ca)], produced_at=AT)

    with pytest.raises(InvalidSignature):
        ocsp_building.assemble(tbs, ca.keys.sign_now(devca.MAKER_KEY, tbs), root)


MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2049, 1, 1)).map(
    lambda found: found.replace(microsecond=0, tzinfo=UTC)
)
ANSWERS = st.builds(
    lambda name, key, serial, begins, life, reason, state, cutoff: Answer(
        CertificateId(ocsp.SHA256, name, key, serial),
        state,
        begins,
        None if life is None else begins + life,
        Revocation(serial, begins, reason) if state is State.REVOKED else None,
        cutoff,
    ),
    st.binary(min_size=32, max_size=32),
    st.binary(min_size=32, max_size=32),
    st.integers(1, 2**159),
    MOMENTS,
    st.none() | st.timedeltas(timedelta(0), 30 * DAY).map(lambda life: life // MINUTE * MINUTE),
    st.sampled_from([reason for reason in ocsp.REASONS if reason]),
    st.sampled_from(State),
    st.none() | MOMENTS,
)


@settings(max_examples=60, deadline=None)
@given(answers=st.lists(ANSWERS, min_size=1, max_size=4), produced_at=MOMENTS, named=st.booleans())
def test_what_is_built_is_read_again(
    answers: list[Answer], produced_at: datetime, named: bool
) -> None:
    ca = answering.authority()
    found = ocsp.parse(signed(ca, *answers, produced_at=produced_at, by_name=named))

    assert list(found.answers) == answers
    assert found.produced_at == produced_at
    assert found.signer(certificates.parse(ca.root_certificate)) is not None


def test_request_is_read_again(ca: DevelopmentAuthority) -> None:
    root, leaf = certificates.parse(ca.root_certificate), certificates.parse(signer(ca))

    asked = ocsp_building.parse_request(
        ocsp_building.request(leaf, root, nonce=b"n" * 16, digest_oid=ocsp.SHA256)
    )

    assert asked.about == (about(ca, digest=ocsp.SHA256),)
    assert asked.nonce == b"n" * 16


def test_service_knows_only_its_own_certificates() -> None:
    ca, service = answering.authority(), answering.service()
    root, leaf = certificates.parse(ca.root_certificate), certificates.parse(signer(ca))
    stranger = ocsp_building.request(replace(leaf, serial=leaf.serial + 1), root)

    (answer,) = ocsp.parse(service.answer(stranger, at=AT)).answers

    assert answer.state is State.UNKNOWN
    assert service.answer(b"\x30\x00", at=AT) == ocsp_building.MALFORMED_REQUEST


def test_answer_of_the_cryptography_library_is_believed() -> None:
    ca = answering.authority(P256_SHA256.name)
    answer = foreign_answer(ca)

    assert judge(ca, without_lists(ca, answer)) == ("revoked", "fail")


def foreign_answer(ca: DevelopmentAuthority) -> bytes:
    """Signed by the root with the code of somebody else."""
    root = x509.load_der_x509_certificate(ca.root_certificate)
    secret = int.from_bytes(ca.keys._keys[devca.ROOT_KEY].secret, "big")
    made = (
        foreign.OCSPResponseBuilder()
        .add_response(
            x509.load_der_x509_certificate(signer(ca)),
            root,
            hashes.SHA1(),  # noqa: S303 - names the issuer
            foreign.OCSPCertStatus.REVOKED,
            AT - HOUR,
            AT + DAY,
            AT - DAY,
            x509.ReasonFlags.superseded,
        )
        .responder_id(foreign.OCSPResponderEncoding.NAME, root)
        .sign(ec.derive_private_key(secret, ec.SECP256R1()), hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.DER)


def test_our_answer_and_question_are_read_by_the_cryptography_library() -> None:
    ca, service = answering.authority(P256_SHA256.name), answering.service(P256_SHA256.name)
    leaf, root = certificates.parse(signer(ca)), certificates.parse(ca.root_certificate)
    question = ocsp_building.request(leaf, root, nonce=b"12345678")

    read = foreign.load_der_ocsp_response(service.answer(question, at=AT))

    assert foreign.load_der_ocsp_request(question).serial_number == leaf.serial
    assert read.certificate_status is foreign.OCSPCertStatus.GOOD
    assert read.this_update_utc == AT


@openssl.needs_openssl
def test_openssl_believes_our_answer(tmp_path: Path) -> None:
    ca, service = answering.authority(P256_SHA256.name), answering.service(P256_SHA256.name)
    leaf, root = certificates.parse(signer(ca)), certificates.parse(ca.root_certificate)
    files = {
        "answer.der": service.answer(ocsp_building.request(leaf, root), at=AT),
        "root.pem": pem("CERTIFICATE", root.der),
        "leaf.pem": pem("CERTIFICATE", leaf.der),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)

    done = openssl.run(
        *("ocsp", "-respin", str(tmp_path / "answer.der"), "-no_nonce"),
        *("-issuer", str(tmp_path / "root.pem"), "-cert", str(tmp_path / "leaf.pem")),
        *("-CAfile", str(tmp_path / "root.pem"), "-attime", str(int(AT.timestamp()))),
        *("-validity_period", "99999999"),
    )

    assert b"Response verify OK" in done.stderr + done.stdout
    assert b": good" in done.stdout
