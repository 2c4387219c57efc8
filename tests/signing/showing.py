"""A phone that shows passes and a reader that reads them, for the tests."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from signing.dev import devca
from signing.dev.devca import DevelopmentAuthority
from signing.passes import base45, cose, passes, statuslist
from signing.passes.passes import Claims, Licence
from signing.passes.statuslist import Status, StatusList, StatusToken
from signing.passes.verify import PassReport, verify_pass
from signing.suites import P256_SHA256, to_raw
from tests.signing.makers import AT, DEPARTMENT, OTHER, authority

PHONE = P256_SHA256.generate()


def compressed(secret: bytes) -> bytes:
    key = ec.derive_private_key(int.from_bytes(secret, "big"), ec.SECP256R1()).public_key()
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)


def claims(**changes: Any) -> Claims:
    licence = Licence(
        type_key="food",
        number="JY131****0123",
        holder="*记小吃店",
        valid_until=date(2031, 11, 24),
        version=1,
        identifier_digest=b"\x01\x02\x03\x04\x05\x06\x07\x08",
        fields={"scope": "热食"},
    )
    honest = Claims(
        id=b"cti-0001",
        issued_at=AT,
        expires_at=AT + timedelta(hours=24),
        status_list=3,
        status_index=77_001,
        licence=licence,
        phone_key=compressed(PHONE),
    )
    return replace(honest, **changes)


def issue(made: Claims, ca: DevelopmentAuthority | None = None, who: str = DEPARTMENT) -> bytes:
    issuer = ca or authority()
    unsigned = passes.begin_pass(made, signer_certificate=issuer.signer_certificates[who])
    return unsigned.complete(issuer.keys.sign_now(devca.signer_key(who), unsigned.to_sign))


def show(pass_bytes: bytes, at: datetime = AT, phone: bytes = PHONE) -> str:
    """What the phone does every thirty seconds; no budget stops a forger."""
    shown_at, proof = prove(pass_bytes, at, phone)
    return passes.PREFIX + base45.encode(cose.encode([pass_bytes, shown_at, proof]))


def prove(pass_bytes: bytes, at: datetime = AT, phone: bytes = PHONE) -> tuple[int, bytes]:
    shown_at = int(at.timestamp())
    signature = P256_SHA256.sign(phone, passes.proof_message(pass_bytes, shown_at))
    return shown_at, to_raw(signature)


def status(value: Status = Status.VALID, *, at: datetime = AT, number: int = 3) -> StatusToken:
    unsigned = statuslist.begin_token(
        StatusList.of({77_001: value}),
        uri=f"https://example.test/status-lists/{number}",
        at=at,
        signer_certificate=authority().signer_certificates[OTHER],
    )
    signature = authority().keys.sign_now(devca.signer_key(OTHER), unsigned.to_sign)
    return statuslist.parse_token(unsigned.complete(signature))


class Reader:
    """A counter's reader: trust, one status list, and the memory against replay."""

    def __init__(self, token: StatusToken | None = None, ca: DevelopmentAuthority | None = None):
        self.ca = ca or authority()
        self.lists = {3: token or status()}
        self.seen: set[bytes] = set()

    def remember(self, key: bytes) -> bool:
        known = key in self.seen
        self.seen.add(key)
        return known

    def read(self, text: str, at: datetime = AT, **changes: Any) -> PassReport:
        arguments: dict[str, Any] = {
            "signers": [self.ca.signer_certificates[DEPARTMENT]],
            "trust": self.ca.trust,
            "status_lists": self.lists,
            "seen_before": self.remember,
            "at": at,
            **changes,
        }
        return verify_pass(text, **arguments)


def signed(payload: bytes, **changes: Any) -> bytes:
    """A pass with any payload, properly signed."""
    unsigned = cose.begin(payload, authority().signer_certificates[DEPARTMENT], **changes)
    key_id = devca.signer_key(DEPARTMENT)
    return unsigned.complete(authority().keys.sign_now(key_id, unsigned.to_sign))
