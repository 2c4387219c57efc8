"""OpenID Connect ID tokens: RS256 or ES256 under a key of the issuer's JWKS (RFC 7519, 7517)."""

import base64
import binascii
import hmac
import json
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

LEEWAY_SECONDS = 60
LONGEST = 16_384


class TokenRefused(Exception):
    """Not a token of this issuer, for us, now."""


class UnknownKey(TokenRefused):
    """Signed under a key we do not have: the issuer may have changed it."""


def verify(
    token: str,
    *,
    keys: Mapping[str, Mapping[str, str]],
    issuer: str,
    audience: str,
    nonce: str,
    at: float,
) -> dict[str, Any]:
    """The claims. `keys` by kid, `at` in seconds since 1970. Raises TokenRefused, UnknownKey."""
    head, body, signature, signed = _parts(token)
    key = keys.get(str(head.get("kid")))
    if key is None:
        raise UnknownKey
    if not _signature_holds(head.get("alg"), key, signature, signed):
        raise TokenRefused
    audiences = body.get("aud")
    listed = audiences if isinstance(audiences, list) else [audiences]
    good = (
        body.get("iss") == issuer
        and audience in listed
        and _number(body.get("exp")) > at - LEEWAY_SECONDS
        and _number(body.get("iat", 0)) < at + LEEWAY_SECONDS
        and hmac.compare_digest(str(body.get("nonce", "")).encode(), nonce.encode())
    )
    if not good:
        raise TokenRefused
    return body


def read_keys(jwks: Mapping[str, Any]) -> dict[str, Mapping[str, str]]:
    """The signing keys of a JWKS by kid."""
    listed = jwks.get("keys")
    if not isinstance(listed, list):
        return {}
    return {
        str(key["kid"]): key
        for key in listed
        if isinstance(key, Mapping) and "kid" in key and key.get("use", "sig") == "sig"
    }


def _parts(token: str) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes]:
    pieces = token.split(".") if len(token) <= LONGEST else []
    if len(pieces) != 3:
        raise TokenRefused
    try:
        head, body = (json.loads(_bytes(piece)) for piece in pieces[:2])
        signature = _bytes(pieces[2])
    except (binascii.Error, ValueError, RecursionError):
        raise TokenRefused from None
    if not isinstance(head, dict) or not isinstance(body, dict):
        raise TokenRefused
    return head, body, signature, ".".join(pieces[:2]).encode()


def _signature_holds(
    algorithm: object, key: Mapping[str, str], signature: bytes, signed: bytes
) -> bool:
    """The key's own type decides; a token cannot choose a weaker algorithm."""
    try:
        if key.get("kty") == "RSA" and algorithm == "RS256":
            numbers = rsa.RSAPublicNumbers(e=_integer(key["e"]), n=_integer(key["n"]))
            numbers.public_key().verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
            return True
        if key.get("kty") == "EC" and algorithm == "ES256" and len(signature) == 64:
            point = ec.EllipticCurvePublicNumbers(
                _integer(key["x"]), _integer(key["y"]), ec.SECP256R1()
            )
            both = (int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))
            point.public_key().verify(
                encode_dss_signature(*both), signed, ec.ECDSA(hashes.SHA256())
            )
            return True
    except (InvalidSignature, KeyError, ValueError):
        return False
    return False


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _integer(text: str) -> int:
    return int.from_bytes(_bytes(text))


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
