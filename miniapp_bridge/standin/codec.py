"""The platforms' signatures and ciphers, written for the stand-in alone from the same documents."""

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, padding, serialization
from cryptography.hazmat.primitives.asymmetric import padding as rsa_padding
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def new_rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def private_pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def public_pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def load_private(data: bytes) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(data, None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("no RSA key")
    return key


def rsa_sign(key: rsa.RSAPrivateKey, text: str | bytes) -> str:
    data = text.encode("utf-8") if isinstance(text, str) else text
    return b64(key.sign(data, rsa_padding.PKCS1v15(), hashes.SHA256()))


def rsa_matches(key: rsa.RSAPublicKey, text: str | bytes, signature: str) -> bool:
    data = text.encode("utf-8") if isinstance(text, str) else text
    try:
        key.verify(base64.b64decode(signature), data, rsa_padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def push_encrypt(encoding_key: str, app_id: str, message: bytes) -> str:
    """AES-256-CBC over 16 random bytes, the length, the message and the app id."""
    key = base64.b64decode(encoding_key + "=")
    body = os.urandom(16) + len(message).to_bytes(4, "big") + message + app_id.encode()
    padder = padding.PKCS7(256).padder()
    padded = padder.update(body) + padder.finalize()
    worker = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return b64(worker.update(padded) + worker.finalize())


def push_sign(*parts: str) -> str:
    return hashlib.new("sha1", "".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def cbc_encrypt(key: bytes, vector: bytes, text: str) -> str:
    padder = padding.PKCS7(128).padder()
    padded = padder.update(text.encode()) + padder.finalize()
    worker = Cipher(algorithms.AES(key), modes.CBC(vector)).encryptor()
    return b64(worker.update(padded) + worker.finalize())


def gcm_encrypt(key: bytes, nonce: str, associated: str, text: str) -> str:
    return b64(AESGCM(key).encrypt(nonce.encode(), text.encode(), associated.encode()))


def hmac_hex(secret: str, data: bytes) -> str:
    return hmac.new(secret.encode(), data, hashlib.sha256).hexdigest()


def face_hash(name: str, number: str) -> str:
    parts = [("cert_type", "IDENTITY_CARD"), ("cert_name", name), ("cert_no", number)]
    joined = "&".join(f"{label}={b64(value.encode())}" for label, value in parts)
    return hashlib.sha256(joined.encode()).hexdigest()


def alipay_text(fields: Mapping[str, str], *, drop: tuple[str, ...] = ("sign",)) -> str:
    pairs = sorted((name, value) for name, value in fields.items() if name not in drop and value)
    return "&".join("=".join(pair) for pair in pairs)


def url64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")


def json_web_token(key: rsa.RSAPrivateKey, kid: str, claims: Mapping[str, Any]) -> str:
    head = url64(json.dumps({"alg": "RS256", "typ": "JWT", "kid": kid}).encode())
    body = url64(json.dumps(claims, ensure_ascii=False).encode())
    signed = f"{head}.{body}".encode()
    signature = key.sign(signed, rsa_padding.PKCS1v15(), hashes.SHA256())
    return f"{head}.{body}.{url64(signature)}"


def json_web_key(key: rsa.RSAPrivateKey, kid: str) -> dict[str, str]:
    numbers = key.public_key().public_numbers()

    def integer(value: int) -> str:
        return url64(value.to_bytes((value.bit_length() + 7) // 8, "big"))

    return {
        "kty": "RSA",
        "use": "sig",
        "alg": "RS256",
        "kid": kid,
        "n": integer(numbers.n),
        "e": integer(numbers.e),
    }
