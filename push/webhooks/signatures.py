"""How a call is signed: Standard Webhooks 1.0, and the same with HMAC-SM3. Pure.

The signed text is `id.timestamp.body`; receivers refuse timestamps that are more than five minutes
off, and an id they have seen. While a key is being changed a call carries a signature of each, so
that a receiver may change its own at any moment of that time.
Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hmac
from collections.abc import Iterable

from core import ids

PREFIX = "whsec_"
KEY_BYTES = 32

SUITES = {"hmac-sha256": ("v1", "sha256"), "hmac-sm3": ("v1sm3", "sm3")}
"""Suite → label of the signature and name of the hash (GB/T 32905 for SM3)."""


def new_secret() -> str:
    """A fresh key as its receiver keeps it: `whsec_` and base64."""
    raw = base64.urlsafe_b64decode(ids.new_token(KEY_BYTES) + "=")
    return PREFIX + base64.b64encode(raw).decode()


def sign(
    *, suite: str, secrets: Iterable[str], call_id: str, timestamp: int, body: bytes
) -> dict[str, str]:
    """The three headers of a call. `timestamp` is in Unix seconds."""
    label, digest = SUITES[suite]
    text = f"{call_id}.{timestamp}.".encode() + body
    signatures = (
        f"{label}," + base64.b64encode(hmac.digest(_key(secret), text, digest)).decode()
        for secret in secrets
    )
    return {
        "Webhook-Id": call_id,
        "Webhook-Timestamp": str(timestamp),
        "Webhook-Signature": " ".join(signatures),
    }


def verify(
    *, suite: str, secret: str, call_id: str, timestamp: str, signature: str, body: bytes
) -> bool:
    """Whether one of the signatures is good; what a receiver in Python needs."""
    label, digest = SUITES[suite]
    text = f"{call_id}.{timestamp}.".encode() + body
    expected = f"{label}," + base64.b64encode(hmac.digest(_key(secret), text, digest)).decode()
    return any(hmac.compare_digest(expected.encode(), one.encode()) for one in signature.split(" "))


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("a webhook secret is whsec_ and base64") from error
