"""An authenticator in a few lines: makes and uses a passkey as a device does (WebAuthn, CTAP2)."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field, replace

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class Authenticator:
    """One passkey. Its count goes up with each signature, unless it counts nothing (`counts`)."""

    origin: str
    rp_id: str
    counts: bool = True
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    count: int = 0

    def clone(self) -> Authenticator:
        """What a thief made of it: the same key, with the count of now."""
        return replace(self)

    def made(self, challenge: str, *, flags: int = PRESENT | VERIFIED) -> dict[str, str]:
        """The answer to `navigator.credentials.create`, without attestation."""
        numbers = self.key.public_key().public_numbers()
        public = cbor2.dumps(
            {
                1: 2,
                3: -7,
                -1: 1,
                -2: numbers.x.to_bytes(32, "big"),
                -3: numbers.y.to_bytes(32, "big"),
            }
        )
        size = len(self.credential_id).to_bytes(2, "big")
        data = self._data(flags | ATTESTED) + bytes(16) + size + self.credential_id + public
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return {
            "credential_id": encoded(self.credential_id),
            "client_data": encoded(self._client_data("webauthn.create", challenge)),
            "attestation": encoded(attestation),
        }

    def signed(self, challenge: str, *, flags: int = PRESENT | VERIFIED) -> dict[str, str]:
        """The answer to `navigator.credentials.get`."""
        self.count += self.counts
        client_data, data = self._client_data("webauthn.get", challenge), self._data(flags)
        signature = self.key.sign(
            data + hashlib.sha256(client_data).digest(), ec.ECDSA(hashes.SHA256())
        )
        return {
            "credential_id": encoded(self.credential_id),
            "client_data": encoded(client_data),
            "authenticator_data": encoded(data),
            "signature": encoded(signature),
        }

    def _client_data(self, kind: str, challenge: str) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(said).encode()

    def _data(self, flags: int) -> bytes:
        party = hashlib.sha256(self.rp_id.encode()).digest()
        return party + bytes([flags]) + self.count.to_bytes(4, "big")
