"""Encrypting by the hundred thousand: the product's own key, form and context, fewer calls each.

`tests/bench/test_city.py` reads what this wrote through the product's own columns.
"""

from __future__ import annotations

import hmac
import os
from binascii import b2a_base64

from cryptography.hazmat.bindings._rust import openssl
from cryptography.hazmat.primitives.ciphers import modes

from core.protection.vault import NONCE_SIZE, Vault, vault

POOL = 8


class Ink:
    """Seals for one process; `depth` for what only whole people have truly."""

    def __init__(self, opened: Vault | None = None) -> None:
        keys = (opened or vault())._now
        self._cipher, self._head, self._index = keys.cipher, keys.head, keys.index
        self._pools: dict[int, list[str]] = {}
        self._turn = 0

    def seal(self, text: str, context: bytes) -> str:
        """As `Vault.seal` does."""
        nonce = os.urandom(NONCE_SIZE)
        # What `Cipher(…).encryptor()` comes to, without looking at what both are each time.
        encryptor = openssl.ciphers.create_encryption_ctx(self._cipher, modes.GCM(nonce))
        encryptor.authenticate_additional_data(context)
        sealed = encryptor.update(text.encode()) + encryptor.finalize()
        return self._head + b2a_base64(nonce + sealed + encryptor.tag, newline=False).decode()

    def blot(self, text: str) -> str:
        """Looks like a sealed text of this length, and opens nowhere."""
        size = len(text.encode())
        pool = self._pools.get(size)
        if pool is None:
            pool = [self.seal("*" * size, b"nowhere") for _ in range(POOL)]
            self._pools[size] = pool
        self._turn += 1
        return pool[self._turn % POOL]

    def index(self, value: str, purpose: bytes) -> str:
        """As `Vault.index` does; `purpose` with its closing zero."""
        return hmac.digest(self._index, purpose + value.encode(), "sm3").hex()


def context(table: str, column: str) -> bytes:
    """What all cells of a column are sealed for; the row's name follows."""
    return f"{table}\x00{column}\x00".encode()
