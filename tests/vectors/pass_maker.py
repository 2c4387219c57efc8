"""An authority, a phone and the honest pass of the vectors, and the worlds of their readers."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from signing.dev import devca
from signing.dev.devca import DevelopmentAuthority
from signing.passes import base45, cose, passes, readerlist, statuslist
from signing.passes.passes import Claims, Licence
from signing.passes.readerlist import Signer, SignerState
from signing.passes.statuslist import Status, StatusList
from signing.suites import P256_SHA256, to_raw

AT = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
DEPARTMENT = "SCJG"
LIST, PLACE = 1, 77_001
SM2, P256 = "sm2", "p256"


@dataclass(frozen=True)
class Step:
    """One reading: which text, when, at which reader, and what must come of it."""

    text: str
    verdict: str
    reasons: tuple[str, ...] = ()
    after: float = 0
    reader: str = "a"

    def to_dict(self) -> dict[str, Any]:
        return {
            "text": self.text,
            "at": AT.timestamp() + self.after,
            "reader": self.reader,
            "verdict": self.verdict,
            "reasons": list(self.reasons),
        }


class Maker:
    """One authority, one phone, and the honest pass that everything else departs from."""

    def __init__(self, suite: str) -> None:
        self.ca = devca.make(
            organisation="云间市",
            departments={DEPARTMENT: "云间市市场监督管理局"},
            at=AT - timedelta(days=30),
            suite="sm2-sm3" if suite == SM2 else "p256-sha256",
        )
        self.phone = P256_SHA256.generate()
        self.certificate = self.ca.signer_certificates[DEPARTMENT]

    def claims(self, **changes: Any) -> Claims:
        licence = Licence(
            type_key="FOOD",
            number="JY2*********0012",
            holder="云间演示餐饮有限公司",
            valid_until=date(2031, 11, 24),
            version=1,
            identifier_digest=bytes(range(1, 9)),
            fields={"premises": "云间市演示街道****"},
        )
        honest = Claims(
            id=b"vector-1",
            issued_at=AT,
            expires_at=AT + timedelta(hours=24),
            status_list=LIST,
            status_index=PLACE,
            licence=licence,
            phone_key=self.point(self.phone),
        )
        return replace(honest, **changes)

    @staticmethod
    def point(secret: bytes) -> bytes:
        number = int.from_bytes(secret, "big")
        key = ec.derive_private_key(number, ec.SECP256R1()).public_key()
        return key.public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint
        )

    def sign(self, unsigned: cose.Unsigned) -> bytes:
        key = devca.signer_key(DEPARTMENT)
        return unsigned.complete(self.ca.keys.sign_now(key, unsigned.to_sign))

    def issue(self, claims: Claims | None = None) -> bytes:
        made = claims or self.claims()
        return self.sign(passes.begin_pass(made, signer_certificate=self.certificate))

    def issue_payload(self, payload: bytes) -> bytes:
        """A signed pass whose claims are of any shape."""
        return self.sign(cose.begin(payload, self.certificate))

    def show(self, data: bytes, *, after: float = 0, phone: bytes | None = None) -> str:
        shown_at = int(AT.timestamp() + after)
        message = passes.proof_message(data, shown_at)
        proof = to_raw(P256_SHA256.sign(phone or self.phone, message))
        return text_of([data, shown_at, proof])

    def status(self, value: Status, *, at: datetime = AT) -> bytes:
        certificate = self.lists_certificate
        unsigned = statuslist.begin_token(
            StatusList.of({PLACE: value}),
            uri=f"https://vectors.example/api/status-lists/{LIST}",
            at=at,
            signer_certificate=certificate,
            valid_for=timedelta(days=7),
        )
        return unsigned.complete(self.ca.keys.sign_now(devca.LISTS_KEY, unsigned.to_sign))

    def signers(self, state: SignerState, since: datetime | None = None, *, sequence: int) -> bytes:
        listed = [
            Signer(self.lists_certificate, (readerlist.LISTS,)),
            Signer(self.certificate, (readerlist.PASSES,), state, since),
        ]
        unsigned = readerlist.begin_list(
            listed, sequence=sequence, at=AT, signer_certificate=self.lists_certificate
        )
        return unsigned.complete(self.ca.keys.sign_now(devca.LISTS_KEY, unsigned.to_sign))

    @property
    def lists_certificate(self) -> bytes:
        return self.ca.keys.certificate_now(devca.LISTS_KEY)


def text_of(envelope: object) -> str:
    return passes.PREFIX + base45.encode(cose.encode(envelope))


def world(
    maker: Maker,
    *,
    status: bytes | None,
    signers: bytes | None = None,
    ca: DevelopmentAuthority | None = None,
) -> dict[str, Any]:
    """What a reader has: the trust list in both forms, and the status list."""
    authority = ca or maker.ca
    listed = signers or maker.signers(SignerState.GOOD, sequence=10)
    return {
        "signers": b64(listed),
        "certificates": [b64(maker.certificate)],
        "trust": json.loads(authority.trust.to_bytes()),
        "status": b64(status) if status is not None else None,
    }


def worlds(maker: Maker) -> dict[str, dict[str, Any]]:
    good = partial(world, maker)
    valid = maker.status(Status.VALID)
    early, late = AT - timedelta(hours=1), AT + timedelta(hours=1)
    before = maker.ca.revoke(maker.certificate, at=early)
    after = maker.ca.revoke(maker.certificate, at=late)
    stranger = Maker(SM2)
    return {
        "good": good(status=valid),
        "revoked": good(status=maker.status(Status.REVOKED)),
        "suspended": good(status=maker.status(Status.SUSPENDED)),
        "superseded": good(status=maker.status(Status.SUPERSEDED)),
        "no-status": good(status=None),
        "old-status": good(status=maker.status(Status.VALID, at=AT - timedelta(hours=25))),
        "old-revoked": good(
            status=maker.status(Status.REVOKED, at=AT - timedelta(days=3)),
        ),
        "certificate-revoked": good(
            status=valid,
            signers=maker.signers(SignerState.REVOKED, early, sequence=11),
            ca=before,
        ),
        "certificate-revoked-later": good(
            status=valid,
            signers=maker.signers(SignerState.REVOKED, late, sequence=11),
            ca=after,
        ),
        "unknown-issuer": world(stranger, status=maker.status(Status.VALID)),
    }


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()
