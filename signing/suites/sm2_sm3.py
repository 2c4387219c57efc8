"""SM2 with SM3, the suite of GB/T 38540 seals and of GB/T 20518 certificates."""

from functools import lru_cache

from cryptography.hazmat.primitives import hashes

from signing import sm2
from signing.errors import InvalidKey


class Sm2Sm3:
    name = "sm2-sm3"
    signature_oid = "1.2.156.10197.1.501"
    digest_oid = "1.2.156.10197.1.401"
    cose_algorithm = -65602
    spki_prefix = sm2.SPKI_PREFIX

    def digest(self, data: bytes) -> bytes:
        return sm2.sm3(data)

    def hasher(self) -> hashes.Hash:
        return hashes.Hash(hashes.SM3())

    def generate(self) -> bytes:
        return sm2.PrivateKey.generate().secret

    def public_key(self, secret: bytes) -> bytes:
        return _private_key(secret).public.spki

    def sign(self, secret: bytes, message: bytes) -> bytes:
        return _private_key(secret).sign(message)

    def verify(self, spki: bytes, message: bytes, signature: bytes) -> bool:
        if not spki.startswith(self.spki_prefix):
            raise InvalidKey("not a canonical SM2 SubjectPublicKeyInfo")
        return sm2.public_key(spki[len(self.spki_prefix) :]).verify(signature, message)


@lru_cache(maxsize=256)
def _private_key(secret: bytes) -> sm2.PrivateKey:
    return sm2.PrivateKey(secret)
