"""ID tokens of a city app's OpenID Connect: what is taken for a proof, and what never."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from miniapp_bridge.city import id_token
from miniapp_bridge.city.id_token import TokenRefused, UnknownKey

NOW = 1_764_500_000
ISSUER = "https://app.example.gov.cn"
CLIENT = "yunjian"
NONCE = "n-0S6_WzA2Mj"

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
CURVE = ec.generate_private_key(ec.SECP256R1())


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value: int, size: int | None = None) -> str:
    return b64(value.to_bytes(size or (value.bit_length() + 7) // 8))


def jwks() -> dict[str, Any]:
    modulus = RSA.public_key().public_numbers()
    point = CURVE.public_key().public_numbers()
    both = {"x": number(point.x, 32), "y": number(point.y, 32)}
    return {
        "keys": [
            {"kty": "RSA", "kid": "r", "use": "sig", "n": number(modulus.n), "e": "AQAB"},
            {"kty": "EC", "kid": "e", "crv": "P-256", **both},
        ]
    }


def sign(head: dict[str, Any], signed: bytes) -> bytes:
    if head["alg"] == "RS256":
        return RSA.sign(signed, padding.PKCS1v15(), hashes.SHA256())
    r, s = decode_dss_signature(CURVE.sign(signed, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32) + s.to_bytes(32)


def good_claims(**changed: Any) -> dict[str, Any]:
    claims = {
        "iss": ISSUER,
        "sub": "u-1",
        "aud": CLIENT,
        "exp": NOW + 300,
        "iat": NOW,
        "nonce": NONCE,
        **changed,
    }
    return {name: value for name, value in claims.items() if value is not ...}


def token(
    claims: dict[str, Any] | None = None,
    *,
    head: dict[str, Any] | None = None,
    signature: Callable[[dict[str, Any], bytes], bytes] = sign,
) -> str:
    head = {"alg": "ES256", "kid": "e", **(head or {})}
    head = {name: value for name, value in head.items() if value is not ...}
    parts = [b64(json.dumps(one).encode()) for one in (head, claims or good_claims())]
    signed = ".".join(parts)
    return f"{signed}.{b64(signature(head, signed.encode()))}"


def verify(text: str, *, listed: dict[str, Any] | None = None) -> dict[str, Any]:
    keys = id_token.read_keys(jwks() if listed is None else listed)
    return id_token.verify(
        text, keys=keys, issuer=ISSUER, audience=CLIENT, nonce=NONCE, at=float(NOW)
    )


@pytest.mark.parametrize("head", [{"alg": "ES256", "kid": "e"}, {"alg": "RS256", "kid": "r"}])
def test_signed_token_gives_its_claims(head: dict[str, Any]) -> None:
    assert verify(token(head=head))["sub"] == "u-1"


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://other.example.gov.cn"},
        {"iss": ...},
        {"iss": [ISSUER]},
        {"aud": "somebody"},
        {"aud": ...},
        {"aud": []},
        {"aud": {"yunjian": True}},
        {"exp": NOW - 61},
        {"exp": ...},
        {"exp": str(NOW + 300)},
        {"exp": None},
        {"exp": True},
        {"iat": NOW + 61},
        {"nbf": NOW + 61},
        {"nonce": "another"},
        {"nonce": ...},
        {"nonce": None},
        {"nonce": [NONCE]},
    ],
    ids=str,
)
def test_claims_of_another_place_or_time_are_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(TokenRefused):
        verify(token(good_claims(**changed)))


@pytest.mark.parametrize("changed", [{"exp": NOW - 59}, {"iat": NOW + 59}, {"nbf": NOW + 59}])
def test_clocks_may_differ_by_a_minute(changed: dict[str, Any]) -> None:
    assert verify(token(good_claims(**changed)))


def test_token_for_several_must_say_that_it_was_made_for_us() -> None:
    """OpenID Connect Core 1.0, 3.1.3.7, points 4 and 5."""
    several = [CLIENT, "another"]
    assert verify(token(good_claims(aud=[CLIENT])))
    assert verify(token(good_claims(aud=several, azp=CLIENT)))
    for wrong in ({"aud": several}, {"aud": several, "azp": "another"}, {"azp": "another"}):
        with pytest.raises(TokenRefused):
            verify(token(good_claims(**wrong)))


def test_key_we_do_not_have_is_told_apart() -> None:
    """The issuer may have changed its keys: whoever asks fetches them once more."""
    with pytest.raises(UnknownKey):
        verify(token(head={"kid": "new"}))
    with pytest.raises(UnknownKey):
        verify(token(head={"kid": ...}))


@pytest.mark.parametrize(
    "head",
    [
        {"alg": "none"},
        {"alg": "RS256"},
        {"alg": "ES256", "kid": "r"},
        {"alg": "HS256"},
        {"alg": "RS512", "kid": "r"},
        {"alg": None},
        {"alg": ["ES256"]},
        {"crit": ["exp"], "exp": NOW},
        {"crit": ["b64"], "b64": False},
    ],
    ids=str,
)
def test_token_cannot_choose_how_it_is_verified(head: dict[str, Any]) -> None:
    def right_key(_: dict[str, Any], signed: bytes) -> bytes:
        return sign({"alg": "RS256" if head.get("kid") == "r" else "ES256"}, signed)

    with pytest.raises(TokenRefused):
        verify(token(head=head, signature=right_key))


def test_public_key_is_no_secret_to_sign_with() -> None:
    modulus = jwks()["keys"][0]["n"].encode()

    def by_hash(_: dict[str, Any], signed: bytes) -> bytes:
        return hmac.digest(modulus, signed, hashlib.sha256)

    for kid in "re":
        with pytest.raises(TokenRefused):
            verify(token(head={"alg": "HS256", "kid": kid}, signature=by_hash))


def test_secret_among_the_published_keys_verifies_nothing() -> None:
    secret = {"kty": "oct", "kid": "s", "k": b64(bytes(32)), "use": "sig"}

    def by_secret(_: dict[str, Any], signed: bytes) -> bytes:
        return hmac.digest(bytes(32), signed, hashlib.sha256)

    with pytest.raises(TokenRefused):
        verify(
            token(head={"alg": "HS256", "kid": "s"}, signature=by_secret),
            listed={"keys": [secret]},
        )


def test_key_for_encrypting_signs_nothing() -> None:
    keys = jwks()
    keys["keys"][1]["use"] = "enc"
    with pytest.raises(TokenRefused):
        verify(token(), listed=keys)


def test_altered_signature_or_text_is_refused() -> None:
    head, body, signature = token().split(".")
    other = b64(json.dumps(good_claims(sub="u-2")).encode())
    null = b64(bytes(64))
    for wrong in (f"{head}.{other}.{signature}", f"{head}.{body}.{null}", f"{head}.{body}."):
        with pytest.raises(TokenRefused):
            verify(wrong)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "a.b.c",
        "e30.e30.",
        "e30.e30.AA",
        f"{b64(b'[]')}.{b64(b'[]')}.AA",
        f"{b64(b'1')}.{b64(b'1')}.AA",
        f"{b64(b'{')}.{b64(b'}')}.AA",
        f"{b64(b'[' * 10_000)}..",
        "é.é.é",
        "x" * 20_000,
        ".".join("abcde"),
    ],
)
def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(TokenRefused):
        verify(text)


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=80))
def test_no_text_is_a_token(text: str) -> None:
    with pytest.raises(TokenRefused):
        verify(text)


@given(st.binary(max_size=60), st.binary(max_size=60), st.binary(max_size=80))
def test_no_parts_make_a_token(head: bytes, body: bytes, signature: bytes) -> None:
    with pytest.raises(TokenRefused):
        verify(".".join(map(b64, (head, body, signature))))


@pytest.mark.parametrize(
    "listed",
    [
        {},
        {"keys": None},
        {"keys": "e"},
        {"keys": [None, 1, "x", []]},
        {"keys": [{"kid": "e"}]},
        {"keys": [{"kid": "e", "kty": "EC"}]},
        {"keys": [{"kid": "e", "kty": "EC", "crv": "P-256", "x": "!", "y": "!"}]},
        {"keys": [{"kid": "e", "kty": "EC", "crv": "P-256", "x": b64(bytes(32)), "y": b64(b"1")}]},
        {"keys": [{"kid": "e", "kty": "RSA", "n": 5, "e": []}]},
        {"keys": [{"kid": "e", "kty": "ML-DSA-65", "pub": "AA"}]},
        {"keys": [{"kid": ["e"], "kty": "EC"}]},
    ],
    ids=str,
)
def test_keys_that_cannot_be_read_verify_nothing(listed: dict[str, Any]) -> None:
    with pytest.raises(TokenRefused):
        verify(token(), listed=listed)


def test_one_key_we_cannot_read_does_not_hide_the_others() -> None:
    keys = jwks()
    keys["keys"].insert(0, {"kid": "q", "kty": "ML-DSA-65", "pub": "AA"})
    keys["keys"].insert(0, {"kid": "x", "kty": "EC", "crv": "P-256", "x": "!", "y": "!"})

    assert verify(token(), listed=keys)["sub"] == "u-1"
