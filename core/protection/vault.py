"""The keys derived from the master keys, and what is sealed under them.

A sealed value is `v2.` + key id + `.` + base64(nonce ‖ ciphertext ‖ tag): SM4-GCM (GB/T 32907 with
the mode of RFC 8998). The context a value is sealed in (table, column and row, or the name it is
kept under) goes into the tag: the same bytes anywhere else do not open. The key id tells which of
the master keys made it, so that an old and a new one stand side by side while the key is changed.

`v1.` is the older form, without key id and context. It opens only where an operator has said so
(YUNJIAN_OLD_VALUES=read), until `manage.py reencrypt` has written every value anew. The same holds
for the plain text of columns that became protected in a later release.
"""

from __future__ import annotations

import binascii
import hmac
import re
import secrets
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.settings import Settings

OLD_VERSION = "v1."
VERSION = "v2."
_SEALED = re.compile(r"v2\.[0-9a-f]{8}\.")
NONCE_SIZE = 12
TAG_SIZE = 16
SMALLEST_KEY = 32


class ProtectionError(Exception):
    """A sealed value cannot be read: another master key, another place, or altered text."""


class OldForm(ProtectionError):
    """A value in the older form, where the settings do not allow it any more."""


class _Keys:
    """What one master key gives."""

    def __init__(self, master: bytes) -> None:
        if len(master) < SMALLEST_KEY:
            raise ProtectionError("a master key has fewer than 32 bytes")
        self.head = f"{VERSION}{derive(master, b'key-id', 4).hex()}."
        self.cipher = algorithms.SM4(derive(master, b"column", 16))
        self.index = derive(master, b"blind-index", 32)
        self.audit = derive(master, b"audit", 32)


class Vault:
    """Seals under `master`; opens also what was sealed under one of the `previous` keys."""

    def __init__(
        self, master: bytes, *, previous: Sequence[bytes] = (), old_form: bool = False
    ) -> None:
        self._keys = [_Keys(key) for key in (master, *previous)]
        self._now = self._keys[0]
        self._by_head = {keys.head: keys for keys in self._keys}
        self._head_size = len(self._now.head)
        self._old_form = old_form
        self.audit_key = self._now.audit

    @property
    def head(self) -> str:
        """How every value begins that is sealed now."""
        return self._now.head

    @property
    def audit_keys(self) -> tuple[bytes, ...]:
        """The audit's key and its predecessors, newest first."""
        return tuple(keys.audit for keys in self._keys)

    def seal(self, text: str, *, context: bytes) -> str:
        """`text` for this context only."""
        nonce = secrets.token_bytes(NONCE_SIZE)
        encryptor = Cipher(self._now.cipher, modes.GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(context)
        ciphertext = encryptor.update(text.encode()) + encryptor.finalize()
        sealed = binascii.b2a_base64(nonce + ciphertext + encryptor.tag, newline=False)
        return self._now.head + sealed.decode()

    def open(self, stored: str, *, context: bytes, once_plain: bool = False) -> str:
        """What `seal` was given for this context. Raises ProtectionError for anything else.

        `once_plain`: the place held plain text in an earlier release. That is given as it is, where
        the settings allow old values, unless it has the form of a sealed one: nothing that was
        sealed under a lost key is ever shown as if somebody had typed it.
        """
        size = self._head_size
        keys = self._by_head.get(stored[:size])
        if keys is None and once_plain and not _SEALED.match(stored):
            if not self._old_form:
                raise OldForm("a plain value in a protected column: run `manage.py reencrypt`")
            return stored
        if keys is None:
            return self._open_old(stored)
        try:
            return _decrypt(keys, _bytes(stored[size:]), context)
        except (InvalidTag, ValueError):
            raise ProtectionError("a sealed value cannot be read here") from None

    def _open_old(self, stored: str) -> str:
        if not stored.startswith(OLD_VERSION):
            raise ProtectionError("not a sealed value, or sealed under a key that is not at hand")
        if not self._old_form:
            raise OldForm("a value in the old form: run `manage.py reencrypt`")
        for keys in self._keys:
            try:
                return _decrypt(keys, _bytes(stored[len(OLD_VERSION) :]), None)
            except (InvalidTag, ValueError):
                continue
        raise ProtectionError("a value in the old form cannot be read")

    def index(self, value: str, *, purpose: str) -> str:
        """HMAC-SM3 over purpose and value: equal values of one purpose meet, no more is told."""
        return _index(self._now, value, purpose)

    def indexes(self, value: str, *, purpose: str) -> list[str]:
        """The index under every key at hand, newest first: to find what is not yet rewritten."""
        return [_index(keys, value, purpose) for keys in self._keys]


def derive(master: bytes, purpose: bytes, size: int) -> bytes:
    """A key of `size` bytes for one purpose (HKDF, RFC 5869)."""
    info = b"yunjian/" + purpose
    return HKDF(algorithm=hashes.SHA256(), length=size, salt=None, info=info).derive(master)


def _decrypt(keys: _Keys, raw: bytes, context: bytes | None) -> str:
    mode = modes.GCM(raw[:NONCE_SIZE], raw[-TAG_SIZE:])
    decryptor = Cipher(keys.cipher, mode).decryptor()
    if context is not None:
        decryptor.authenticate_additional_data(context)
    return (decryptor.update(raw[NONCE_SIZE:-TAG_SIZE]) + decryptor.finalize()).decode()


def _bytes(text: str) -> bytes:
    """Raises ValueError for anything but the one spelling of at least a nonce and a tag."""
    raw = binascii.a2b_base64(text, strict_mode=True)
    if len(raw) < NONCE_SIZE + TAG_SIZE:
        raise ValueError("too short")
    # Nothing but the unused bits of the last group can be spelt in a second way.
    last = binascii.b2a_base64(raw[-(len(raw) % 3 or 3) :], newline=False)
    if last.decode() != text[-4:] or len(text) != (len(raw) + 2) // 3 * 4:
        raise ValueError("a second spelling of the same bytes")
    return raw


def _index(keys: _Keys, value: str, purpose: str) -> str:
    message = purpose.encode() + b"\x00" + value.encode()
    return hmac.new(keys.index, message, "sm3").hexdigest()


_vault: Vault | None = None


def use(master: bytes, *, previous: Sequence[bytes] = (), old_form: bool = False) -> None:
    """Set the master keys of this process. A column has no other way to reach them."""
    global _vault
    _vault = Vault(master, previous=previous, old_form=old_form)


def use_settings(settings: Settings) -> None:
    """The master keys of the settings."""
    use(
        settings.secret_key,
        previous=settings.previous_secret_keys,
        old_form=settings.read_old_values,
    )


def vault() -> Vault:
    """The keys of this process."""
    if _vault is None:
        raise ProtectionError("protect.use() was not called with the master key")
    return _vault


def blind_index(value: str, *, purpose: str) -> str:
    """64 hexadecimal characters to find a protected value by. `purpose` keeps indexes apart."""
    return vault().index(value, purpose=purpose)


def blind_indexes(value: str, *, purpose: str) -> list[str]:
    """Every index the value may stand under while the master key is changed, newest first."""
    return vault().indexes(value, purpose=purpose)


def seal_note(name: str, text: str) -> str:
    """A short-lived value for Redis, sealed for the name it is kept under and no other."""
    return vault().seal(text, context=_note(name))


def open_note(name: str, stored: bytes | str | None) -> str | None:
    """What was kept under `name`; None when nothing is, or nothing that was sealed for it."""
    if stored is None:
        return None
    try:
        text = stored if isinstance(stored, str) else stored.decode()
        return vault().open(text, context=_note(name))
    except (ProtectionError, UnicodeDecodeError):
        return None


def _note(name: str) -> bytes:
    return b"note\x00" + name.encode()
