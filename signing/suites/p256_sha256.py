"""ECDSA P-256 with SHA-256: time-stamp authorities, phones, and cities without SM2."""

import hashlib
from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from signing.errors import InvalidKey

_ALGORITHM = ec.ECDSA(hashes.SHA256())


class P256Sha256:
    name = "p256-sha256"
    signature_oid = "1.2.840.10045.4.3.2"
    digest_oid = "2.16.840.1.101.3.4.2.1"
    cose_algorithm = -7
    spki_prefix = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")

    def digest(self, data: bytes) -> bytes:
        return hashlib.sha256(data).digest()

    def hasher(self) -> hashes.Hash:
        return hashes.Hash(hashes.SHA256())

    def generate(self) -> bytes:
        number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
        return number.to_bytes(32, "big")

    def public_key(self, secret: bytes) -> bytes:
        return (
            _private_key(secret)
            .public_key()
            .public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        )

    def sign(self, secret: bytes, message: bytes) -> bytes:
        return _private_key(secret).sign(message, _ALGORITHM)

    def verify(self, spki: bytes, message: bytes, signature: bytes) -> bool:
        key = _public_key(spki)
        try:
            key.verify(signature, message, _ALGORITHM)
        except InvalidSignature:
            return False
        return True


@lru_cache(maxsize=1024)
def spki_of_point(point: bytes) -> bytes:
    """SubjectPublicKeyInfo of a compressed point of 33 bytes; raises InvalidKey."""
    if len(point) != 33:
        raise InvalidKey("a compressed P-256 point has 33 bytes")
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except (ValueError, UnsupportedAlgorithm) as problem:
        raise InvalidKey(str(problem)) from problem
    return key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


@lru_cache(maxsize=1024)
def _public_key(spki: bytes) -> ec.EllipticCurvePublicKey:
    if len(spki) != 91 or not spki.startswith(P256Sha256.spki_prefix):
        raise InvalidKey("not a canonical P-256 SubjectPublicKeyInfo")
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), spki[26:])
    except (ValueError, UnsupportedAlgorithm) as problem:
        raise InvalidKey(str(problem)) from problem


@lru_cache(maxsize=256)
def _private_key(secret: bytes) -> ec.EllipticCurvePrivateKey:
    if len(secret) != 32:
        raise InvalidKey("a P-256 private key is 32 bytes")
    try:
        return ec.derive_private_key(int.from_bytes(secret, "big"), ec.SECP256R1())
    except ValueError as problem:
        raise InvalidKey(str(problem)) from problem
