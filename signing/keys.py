"""Where private keys live. The protocol fits a hardware module; the software store is for
development, tests and small cities. The store does no I/O: the caller keeps its bytes.
"""

import base64
import binascii
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from signing import suites
from signing.errors import InvalidKey, KeyUnavailable, UnknownSuite
from signing.pki import certificates
from signing.suites import Suite

ROOT_KEY, MAKER_KEY, LISTS_KEY = "root", "maker", "lists"
"""Under these an installation keeps its root, the maker of its seals, the signer of its lists."""


def signer_key(department: str) -> str:
    """The key identifier of a department's signer."""
    return f"signer:{department}"


_FORMAT = "yunjian-key-store/1"
# 16 MiB and some 50 ms: opened once per process, so a guess costs the same.
_SCRYPT_COST, _SCRYPT_BLOCK, _SCRYPT_LANES = 2**14, 8, 1


class KeyStore(Protocol):
    """Keys by identifier. Every method raises KeyUnavailable when it cannot serve."""

    async def create(self, key_id: str, *, suite: str = "sm2-sm3") -> bytes:
        """Make a key; returns its SubjectPublicKeyInfo. An existing key is never replaced."""

    async def keep_certificate(self, key_id: str, certificate: bytes) -> None:
        """Put a certificate beside its key."""

    async def certificate(self, key_id: str) -> bytes:
        """The certificate of a key, DER."""

    async def sign(self, key_id: str, message: bytes) -> bytes:
        """DER signature of the message by the key's suite."""


@dataclass(frozen=True, slots=True)
class _Key:
    suite: Suite
    secret: bytes = field(repr=False)
    certificate: bytes = field(default=b"", repr=False)


class SoftwareKeyStore:
    """Keys in memory, written out under AES-256-GCM with a key derived from a passphrase.

    One SM2 signature takes 0.3 ms and frees the GIL, so `sign` stays on the event loop.
    """

    def __init__(self, *, passphrase: str | bytes | None = None) -> None:
        self._keys: dict[str, _Key] = {}
        self._passphrase = passphrase

    async def create(self, key_id: str, *, suite: str = "sm2-sm3") -> bytes:
        return self.create_now(key_id, suite=suite)

    async def keep_certificate(self, key_id: str, certificate: bytes) -> None:
        self.keep_certificate_now(key_id, certificate)

    async def certificate(self, key_id: str) -> bytes:
        return self.certificate_now(key_id)

    async def sign(self, key_id: str, message: bytes) -> bytes:
        return self.sign_now(key_id, message)

    def create_now(self, key_id: str, *, suite: str = "sm2-sm3") -> bytes:
        """`create` for callers outside an event loop."""
        chosen = _suite(suite)
        return self._add(key_id, _Key(chosen, chosen.generate()))

    def import_now(self, key_id: str, secret: bytes, *, suite: str = "sm2-sm3") -> bytes:
        """Take in an existing private key of 32 bytes; returns its SubjectPublicKeyInfo."""
        return self._add(key_id, _Key(_suite(suite), bytes(secret)))

    def certificate_now(self, key_id: str) -> bytes:
        """`certificate` for callers outside an event loop."""
        found = self._key(key_id).certificate
        if not found:
            raise KeyUnavailable(f"key {key_id!r} has no certificate")
        return found

    def sign_now(self, key_id: str, message: bytes) -> bytes:
        """`sign` for callers outside an event loop."""
        key = self._key(key_id)
        return key.suite.sign(key.secret, message)

    def suite_of(self, key_id: str) -> str:
        """The name of the suite of a key."""
        return self._key(key_id).suite.name

    def keep_certificate_now(self, key_id: str, certificate: bytes) -> None:
        """`keep_certificate` for callers outside an event loop."""
        key = self._key(key_id)
        spki = key.suite.public_key(key.secret)
        if certificates.parse(certificate).spki != spki:
            raise KeyUnavailable(f"the certificate belongs to another key than {key_id!r}")
        self._keys[key_id] = _Key(key.suite, key.secret, bytes(certificate))

    def __contains__(self, key_id: str) -> bool:
        return key_id in self._keys

    @property
    def key_ids(self) -> tuple[str, ...]:
        return tuple(sorted(self._keys))

    def __repr__(self) -> str:
        return f"SoftwareKeyStore({', '.join(self.key_ids)})"

    def _add(self, key_id: str, key: _Key) -> bytes:
        if key_id in self._keys:
            raise KeyUnavailable(f"key {key_id!r} exists already")
        try:
            spki = key.suite.public_key(key.secret)
        except InvalidKey as problem:
            raise KeyUnavailable(str(problem)) from problem
        self._keys[key_id] = key
        return spki

    def _key(self, key_id: str) -> _Key:
        key = self._keys.get(key_id)
        if key is None:
            raise KeyUnavailable(f"no key {key_id!r} in the store")
        return key

    def to_bytes(self, *, passphrase: str | bytes | None = None) -> bytes:
        """The whole store, encrypted. Without a passphrase the one it was opened with is used."""
        phrase = passphrase if passphrase is not None else self._passphrase
        if not phrase:
            raise KeyUnavailable("a passphrase is needed to write keys out")
        salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
        plain = json.dumps({key_id: _dump(key) for key_id, key in self._keys.items()})
        sealed = AESGCM(_derive(phrase, salt)).encrypt(nonce, plain.encode(), _FORMAT.encode())
        content = {"salt": salt, "nonce": nonce, "keys": sealed}
        texts = {name: base64.b64encode(value).decode() for name, value in content.items()}
        return json.dumps({"format": _FORMAT, **texts}).encode()

    @classmethod
    def from_bytes(cls, data: bytes, *, passphrase: str | bytes) -> Self:
        """Open a written store; KeyUnavailable for a wrong passphrase or damaged bytes."""
        try:
            content = json.loads(data)
            if content["format"] != _FORMAT:
                raise KeyUnavailable(f"not a {_FORMAT} file")
            salt, nonce, sealed = (
                base64.b64decode(content[name], validate=True) for name in ("salt", "nonce", "keys")
            )
            cipher = AESGCM(_derive(passphrase, salt))
            keys = json.loads(cipher.decrypt(nonce, sealed, _FORMAT.encode()))
        except InvalidTag as problem:
            raise KeyUnavailable("wrong passphrase, or the key store is damaged") from problem
        except (ValueError, KeyError, TypeError, RecursionError, binascii.Error) as problem:
            raise KeyUnavailable("the key store is damaged") from problem
        store = cls(passphrase=passphrase)
        store._keys = {key_id: _load(key) for key_id, key in keys.items()}
        return store


def _suite(name: str) -> Suite:
    try:
        return suites.by_name(name)
    except UnknownSuite as problem:
        raise KeyUnavailable(str(problem)) from problem


def _derive(passphrase: str | bytes, salt: bytes) -> bytes:
    phrase = passphrase.encode() if isinstance(passphrase, str) else passphrase
    kdf = Scrypt(salt=salt, length=32, n=_SCRYPT_COST, r=_SCRYPT_BLOCK, p=_SCRYPT_LANES)
    return kdf.derive(phrase)


def _dump(key: _Key) -> Mapping[str, str]:
    return {
        "suite": key.suite.name,
        "secret": base64.b64encode(key.secret).decode(),
        "certificate": base64.b64encode(key.certificate).decode(),
    }


def _load(stored: Mapping[str, Any]) -> _Key:
    """Authenticated content, so only a newer program could have written something else."""
    return _Key(
        _suite(stored["suite"]),
        base64.b64decode(stored["secret"]),
        base64.b64decode(stored["certificate"]),
    )
