"""Certificate files as certificate software exports them, bundles made by OpenSSL among them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs7

from signing.errors import SigningError
from signing.pki.certificate_files import unfold

AT = datetime(2026, 1, 1, tzinfo=UTC)


def issue(
    name: str, issuer: str, key: ec.EllipticCurvePrivateKey, by: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])

    made = x509.CertificateBuilder(
        issuer_name=named(issuer),
        subject_name=named(name),
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=AT,
        not_valid_after=AT + timedelta(days=300),
    )
    return made.sign(by, hashes.SHA256())


@pytest.fixture(scope="module")
def chain() -> list[x509.Certificate]:
    """Holder, authority, root."""
    root, middle, holder = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    return [
        issue("holder", "middle", holder, middle),
        issue("middle", "root", middle, root),
        issue("root", "root", root, root),
    ]


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


def test_bundle_is_taken_apart_with_the_holder_first(chain: list[x509.Certificate]) -> None:
    for order in ((0, 1, 2), (2, 1, 0), (1, 2, 0)):
        bundle = pkcs7.serialize_certificates(
            [chain[place] for place in order], serialization.Encoding.DER
        )
        found = unfold([bundle])
        assert found[0] == der(chain[0])
        assert set(found) == {der(one) for one in chain}


def test_single_certificates_stay_as_they_are(chain: list[x509.Certificate]) -> None:
    plain = tuple(der(one) for one in chain)

    assert unfold(plain) == plain


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x30",
        b"\x30\x00\x00",
        b"\x04\x01a",
        bytes.fromhex("300f 06092a864886f70d010702 a002 0500"),
        bytes.fromhex("300f 06092a864886f70d010701 a002 3000"),
    ],
)
def test_what_is_no_certificate_file_is_refused(data: bytes) -> None:
    with pytest.raises(SigningError):
        unfold([data])
