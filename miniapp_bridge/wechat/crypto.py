"""WeChat's signatures and ciphers. Pure: bytes and text in, bytes and text out.

Sources: developers.weixin.qq.com, pages "message push", "open data check and decrypt",
"checkSessionKey", "JS-SDK appendix 1", "queryverifyinfo".
"""

import base64
import binascii
import hashlib
import hmac
import secrets
import struct
from collections.abc import Sequence

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from miniapp_bridge.signed import is_same, plain_bytes

PUSH_BLOCK = 32
"""PKCS#7 of message push pads to 32 bytes although the AES block has 16."""
RANDOM_SIZE = 16
ENCODING_KEY_LENGTH = 43


class Unreadable(Exception):
    """Wrong key, altered or foreign data. Says nothing about which of them."""


def sorted_sha1(parts: Sequence[str]) -> str:
    """The signature of message push: parts sorted as text, joined, SHA-1 in hex."""
    joined = plain_bytes("".join(sorted(parts)))
    return hashlib.sha1(joined).hexdigest()  # noqa: S324 - WeChat's choice


def push_signature_holds(signature: str, parts: Sequence[str]) -> bool:
    return is_same(sorted_sha1(parts), signature)


class PushCipher:
    """The cipher of message push in secure mode: AES-256-CBC, IV = first half of the key."""

    def __init__(self, encoding_key: str, app_id: str) -> None:
        """`encoding_key` has 43 characters; raises ValueError for others."""
        if len(encoding_key) != ENCODING_KEY_LENGTH:
            raise ValueError("EncodingAESKey must have 43 characters")
        self._key = base64.b64decode(encoding_key + "=")
        self._app_id = app_id

    def decrypt(self, encrypted: str) -> bytes:
        """The message inside. Raises Unreadable, also when it is meant for another app."""
        message, app_id = self.open(encrypted)
        if not hmac.compare_digest(app_id, self._app_id.encode()):
            raise Unreadable
        return message

    def open(self, encrypted: str) -> tuple[bytes, bytes]:
        """Message and the app id it names, which `decrypt` compares. Raises Unreadable."""
        try:
            data = base64.b64decode(encrypted, validate=True)
        except (binascii.Error, ValueError):
            raise Unreadable from None
        plain = _unpad(_cbc(self._key, self._key[:16], data), PUSH_BLOCK)
        head = RANDOM_SIZE + 4
        if len(plain) < head:
            raise Unreadable
        (length,) = struct.unpack(">I", plain[RANDOM_SIZE:head])
        if length > len(plain) - head:
            raise Unreadable
        return plain[head : head + length], plain[head + length :]

    def encrypt(self, message: bytes, *, random: bytes | None = None) -> str:
        """`message` as WeChat reads it; `random` (16 bytes) is for tests."""
        noise = random or secrets.token_bytes(RANDOM_SIZE)
        plain = noise + struct.pack(">I", len(message)) + message + self._app_id.encode()
        missing = PUSH_BLOCK - len(plain) % PUSH_BLOCK
        padded = plain + bytes([missing]) * missing
        encryptor = Cipher(algorithms.AES(self._key), modes.CBC(self._key[:16])).encryptor()
        return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()


def decrypt_data(encrypted: str, *, session_key: str, iv: str) -> bytes:
    """encryptedData of a component: AES-128-CBC under the session key. Raises Unreadable.

    A `+` that a form turned into a space is turned back.
    """
    try:
        data, key, vector = (
            base64.b64decode(text.replace(" ", "+"), validate=True)
            for text in (encrypted, session_key, iv)
        )
    except (binascii.Error, ValueError):
        raise Unreadable from None
    if len(key) != 16 or len(vector) != 16:
        raise Unreadable
    return _unpad(_cbc(key, vector, data), 16)


def raw_data_signature(raw_data: str, session_key: str) -> str:
    """sha1(rawData + session_key); the session key as base64 text."""
    return hashlib.sha1((raw_data + session_key).encode()).hexdigest()  # noqa: S324


def session_signature(session_key: str) -> str:
    """What checkSessionKey asks for: HMAC-SHA256 of nothing under the session key as text."""
    return hmac.new(session_key.encode(), b"", hashlib.sha256).hexdigest()


def page_signature(*, ticket: str, nonce: str, timestamp: int, url: str) -> str:
    """The signature of wx.config. `url` without its fragment, not encoded again."""
    text = f"jsapi_ticket={ticket}&noncestr={nonce}&timestamp={timestamp}&url={url}"
    return hashlib.sha1(text.encode()).hexdigest()  # noqa: S324


def certificate_hash(*, kind: str, name: str, number: str) -> str:
    """cert_hash of queryverifyinfo: SHA-256 over the three values, each in base64."""
    values = {"cert_type": kind, "cert_name": name, "cert_no": number}
    text = "&".join(
        f"{key}={base64.b64encode(value.encode()).decode()}" for key, value in values.items()
    )
    return hashlib.sha256(text.encode()).hexdigest()


def _cbc(key: bytes, vector: bytes, data: bytes) -> bytes:
    if not data or len(data) % 16:
        raise Unreadable
    decryptor = Cipher(algorithms.AES(key), modes.CBC(vector)).decryptor()
    return decryptor.update(data) + decryptor.finalize()


def _unpad(padded: bytes, block: int) -> bytes:
    count = padded[-1]
    if not 1 <= count <= block or padded[-count:] != bytes([count]) * count:
        raise Unreadable
    return padded[:-count]
