"""RSA with SHA-256, PKCS #1 v1.5: certificates and PDF signatures of the world outside SM2.

Unlike the curves it has no bare 32 byte key: a private key is PKCS #8 DER, a signature is the
RSA value as it stands. Moduli of 2048, 3072 and 4096 bits are taken; others are unknown suites.
"""

import hashlib
from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from signing.errors import InvalidKey

_BITS = 3072
_PADDING = padding.PKCS1v15()
_RSA_ENCRYPTION = bytes.fromhex("300d06092a864886f70d0101010500")


def _prefix(spki_length: int, bits_length: int) -> bytes:
    """The start of a SubjectPublicKeyInfo whose two lengths depend on the size of the modulus."""
    head = b"\x30\x82" + spki_length.to_bytes(2, "big") + _RSA_ENCRYPTION
    return head + b"\x03\x82" + bits_length.to_bytes(2, "big") + b"\x00"


class RsaSha256:
    name = "rsa-sha256"
    signature_oid = "1.2.840.113549.1.1.11"
    digest_oid = "2.16.840.1.101.3.4.2.1"
    cose_algorithm = -257
    spki_prefix = (_prefix(0x122, 0x10F), _prefix(0x1A2, 0x18F), _prefix(0x222, 0x20F))

    def digest(self, data: bytes) -> bytes:
        return hashlib.sha256(data).digest()

    def hasher(self) -> hashes.Hash:
        return hashes.Hash(hashes.SHA256())

    def generate(self) -> bytes:
        return rsa.generate_private_key(public_exponent=65537, key_size=_BITS).private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    def public_key(self, secret: bytes) -> bytes:
        return (
            _private_key(secret)
            .public_key()
            .public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        )

    def sign(self, secret: bytes, message: bytes) -> bytes:
        return _private_key(secret).sign(message, _PADDING, hashes.SHA256())

    def verify(self, spki: bytes, message: bytes, signature: bytes) -> bool:
        key = _public_key(spki)
        try:
            key.verify(signature, message, _PADDING, hashes.SHA256())
        except InvalidSignature:
            return False
        return True


@lru_cache(maxsize=1024)
def _public_key(spki: bytes) -> rsa.RSAPublicKey:
    if not spki.startswith(RsaSha256.spki_prefix):
        raise InvalidKey("not an RSA SubjectPublicKeyInfo of 2048, 3072 or 4096 bits")
    try:
        key = serialization.load_der_public_key(spki)
    except (ValueError, UnsupportedAlgorithm) as problem:
        raise InvalidKey(str(problem)) from problem
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size not in (2048, 3072, 4096):
        raise InvalidKey("not an RSA key of 2048, 3072 or 4096 bits")
    return key


@lru_cache(maxsize=64)
def _private_key(secret: bytes) -> rsa.RSAPrivateKey:
    try:
        key = serialization.load_der_private_key(secret, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as problem:
        raise InvalidKey("not an RSA private key in PKCS #8") from problem
    if not isinstance(key, rsa.RSAPrivateKey):
        raise InvalidKey("not an RSA private key")
    return key
