"""Values as they were written before keys had an id and values a context."""

import base64
import secrets

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from core.protection.vault import derive


def sealed_before(text: str, *, master: bytes) -> str:
    """`text` in the form `v1.`, under this master key."""
    nonce = secrets.token_bytes(12)
    cipher = Cipher(algorithms.SM4(derive(master, b"column", 16)), modes.GCM(nonce))
    encryptor = cipher.encryptor()
    ciphertext = encryptor.update(text.encode()) + encryptor.finalize()
    return "v1." + base64.b64encode(nonce + ciphertext + encryptor.tag).decode()
