"""A signer that shares no code with ours: RSA keys and certificates by `cryptography`, messages
by pyHanko. It signs at the clock's time, hence certificates that are valid for a century."""

import io
from datetime import UTC, datetime
from functools import cache

from asn1crypto import keys, x509
from cryptography import x509 as builder
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko_certvalidator.registry import SimpleCertificateStore

from signing import TrustList

BEGINS, ENDS = datetime(2020, 1, 1, tzinfo=UTC), datetime(2120, 1, 1, tzinfo=UTC)


def _name(common_name: str) -> builder.Name:
    return builder.Name([builder.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _usage(*, authority: bool) -> builder.KeyUsage:
    return builder.KeyUsage(
        digital_signature=not authority,
        content_commitment=not authority,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


@cache
def _pair() -> tuple[bytes, bytes, bytes]:
    """Root certificate, signer certificate, signer key (PKCS #8), all DER."""
    root_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    leaf_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    made = []
    for name, key in (("Foreign Root", root_key), ("Foreign Signer", leaf_key)):
        authority = key is root_key
        certificate = (
            builder.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(_name("Foreign Root"))
            .public_key(key.public_key())
            .serial_number(builder.random_serial_number())
            .not_valid_before(BEGINS)
            .not_valid_after(ENDS)
            .add_extension(builder.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(_usage(authority=authority), critical=True)
            .sign(root_key, hashes.SHA256())
        )
        made.append(certificate.public_bytes(serialization.Encoding.DER))
    secret = leaf_key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return made[0], made[1], secret


def foreign_signer() -> signers.SimpleSigner:
    root, leaf, secret = _pair()
    return signers.SimpleSigner(
        signing_cert=x509.Certificate.load(leaf),
        signing_key=keys.PrivateKeyInfo.load(secret),
        cert_registry=SimpleCertificateStore.from_certs([x509.Certificate.load(root)]),
    )


def foreign_trust() -> TrustList:
    return TrustList.of(anchors=[_pair()[0]])


def foreign_signed(pdf: bytes) -> bytes:
    """An approval signature by pyHanko's own signer, made without our code."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    metadata = signers.PdfSignatureMetadata(field_name="Foreign")
    out = io.BytesIO()
    signers.PdfSigner(metadata, signer=foreign_signer()).sign_pdf(writer, output=out)
    return out.getvalue()
