"""Keys and certificates as files hold them: PEM or DER, PKCS #8 or SEC 1, SM2, P-256 or RSA.

Read here because `cryptography` knows no SM2 keys. Encrypted keys are refused: a key that matters
belongs in a hardware module or a key store, not in a file with a passphrase beside it.
"""

import base64
import binascii
import re

from signing.errors import InvalidKey, MalformedCertificate, MalformedData
from signing.pki import asn1, certificates
from signing.suites import P256_SHA256, RSA_SHA256, SM2_SM3, Suite

_PEM = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\s]+)-----END \1-----")
# `openssl ec` writes the last for SM2 keys.
_LABELS = (b"PRIVATE KEY", b"EC PRIVATE KEY", b"SM2 PRIVATE KEY")
_EC, _RSA = "1.2.840.10045.2.1", "1.2.840.113549.1.1.1"
_CURVES: dict[str, Suite] = {
    "1.2.156.10197.1.301": SM2_SM3,
    "1.2.840.10045.3.1.7": P256_SHA256,
}


def read_private_key(data: bytes) -> tuple[Suite, bytes]:
    """The suite and the private key as that suite takes it; raises InvalidKey."""
    for label, body in _PEM.findall(data):
        if label in _LABELS:
            return _read_der(_decode(body))
        if b"ENCRYPTED" in label:
            raise InvalidKey("the key is encrypted: keep it in a key store or a hardware module")
    if b"-----BEGIN" in data:
        raise InvalidKey("the file holds no private key")
    return _read_der(data)


def read_certificates(data: bytes) -> list[bytes]:
    """The certificates of a file, DER, in its order; raises MalformedCertificate."""
    found = [_decode(body) for label, body in _PEM.findall(data) if label == b"CERTIFICATE"]
    if not found:
        found = [data]
    for der in found:
        certificates.parse(der)
    return found


def _decode(body: bytes) -> bytes:
    try:
        return base64.b64decode(b"".join(body.split()), validate=True)
    except (binascii.Error, ValueError) as problem:
        raise MalformedCertificate("malformed base64") from problem


def _read_der(der: bytes) -> tuple[Suite, bytes]:
    try:
        parts = asn1.parse(der).children(asn1.SEQUENCE)
        if len(parts) >= 3 and parts[1].tag == asn1.SEQUENCE:
            return _read_pkcs8(der, parts)
        curve = [part.only_child(0xA0).oid() for part in parts[2:] if part.tag == 0xA0]
        return _suite(curve[0] if curve else ""), _secret(parts)
    except MalformedData as problem:
        raise InvalidKey("not a private key in PKCS #8 or SEC 1") from problem


def _read_pkcs8(der: bytes, parts: tuple[asn1.Element, ...]) -> tuple[Suite, bytes]:
    algorithm = parts[1].children()
    kind = algorithm[0].oid() if algorithm else ""
    if kind == _RSA:
        RSA_SHA256.public_key(der)
        return RSA_SHA256, der
    if kind != _EC or len(algorithm) != 2:
        raise InvalidKey(f"keys of type {kind} are not in use")
    inner = asn1.parse(parts[2].octets()).children(asn1.SEQUENCE)
    return _suite(algorithm[1].oid()), _secret(inner)


def _suite(curve: str) -> Suite:
    suite = _CURVES.get(curve)
    if suite is None:
        raise InvalidKey(f"keys on the curve {curve or 'that is not named'} are not in use")
    return suite


def _secret(parts: tuple[asn1.Element, ...]) -> bytes:
    """privateKey of ECPrivateKey (RFC 5915), which some writers shorten by leading zeros."""
    if len(parts) < 2 or parts[0].integer() != 1:
        raise InvalidKey("not an ECPrivateKey")
    return parts[1].octets().rjust(32, b"\x00")
