"""Personal data at rest: an encrypted column and a blind index to look it up by.

SM4-GCM (GB/T 32907 with the mode of RFC 8998) under a key derived from the master key; a stored
value is `v1.` + base64(nonce ‖ ciphertext ‖ tag). A blind index is HMAC-SM3 over purpose and value:
equal values of one purpose meet, nothing else can be read from it.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from tortoise import fields
from tortoise.models import Model

VERSION = "v1."
NONCE_SIZE = 12
TAG_SIZE = 16


class ProtectionError(Exception):
    """A protected value cannot be read: wrong master key, or the stored text was altered."""


class Vault:
    """The keys derived from one master key."""

    def __init__(self, master: bytes) -> None:
        if len(master) < 32:
            raise ProtectionError("the master key has fewer than 32 bytes")
        self._column_key = derive(master, b"column", 16)
        self._index_key = derive(master, b"blind-index", 32)
        self.audit_key = derive(master, b"audit", 32)

    def seal(self, text: str) -> str:
        nonce = secrets.token_bytes(NONCE_SIZE)
        encryptor = Cipher(algorithms.SM4(self._column_key), modes.GCM(nonce)).encryptor()
        ciphertext = encryptor.update(text.encode()) + encryptor.finalize()
        return VERSION + base64.b64encode(nonce + ciphertext + encryptor.tag).decode()

    def open(self, stored: str) -> str:
        if not stored.startswith(VERSION):
            raise ProtectionError("not a protected value")
        text = stored[len(VERSION) :]
        try:
            raw = base64.b64decode(text, validate=True)
            if base64.b64encode(raw).decode() != text:
                raise ValueError("a second spelling of the same bytes")
            nonce, ciphertext, tag = raw[:NONCE_SIZE], raw[NONCE_SIZE:-TAG_SIZE], raw[-TAG_SIZE:]
            decryptor = Cipher(algorithms.SM4(self._column_key), modes.GCM(nonce, tag)).decryptor()
            return (decryptor.update(ciphertext) + decryptor.finalize()).decode()
        except (InvalidTag, ValueError):
            raise ProtectionError("a protected value cannot be read") from None

    def index(self, value: str, *, purpose: str) -> str:
        message = purpose.encode() + b"\x00" + value.encode()
        return hmac.new(self._index_key, message, "sm3").hexdigest()


def derive(master: bytes, purpose: bytes, size: int) -> bytes:
    """A key of `size` bytes for one purpose (HKDF, RFC 5869)."""
    info = b"yunjian/" + purpose
    return HKDF(algorithm=hashes.SHA256(), length=size, salt=None, info=info).derive(master)


_vault: Vault | None = None


def use(master: bytes) -> None:
    """Set the master key of this process. A column has no other way to reach it."""
    global _vault
    _vault = Vault(master)


def vault() -> Vault:
    if _vault is None:
        raise ProtectionError("protect.use() was not called with the master key")
    return _vault


def blind_index(value: str, *, purpose: str) -> str:
    """64 hexadecimal characters to find a protected value by. `purpose` keeps indexes apart."""
    return vault().index(value, purpose=purpose)


class ProtectedField(fields.Field[str], str):  # type: ignore[misc]
    """A text column that is encrypted at rest and plain in Python."""

    SQL_TYPE = "TEXT"
    indexable = False
    field_type = str

    def to_db_value(self, value: Any, instance: type[Model] | Model) -> str | None:
        if value is None:
            return None
        return vault().seal(str(value))

    def to_python_value(self, value: Any) -> str | None:
        if value is None:
            return None
        text = str(value)
        return vault().open(text) if text.startswith(VERSION) else text
