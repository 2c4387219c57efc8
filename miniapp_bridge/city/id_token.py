"""OpenID Connect ID tokens: RS256 or ES256 under a key of the issuer's JWKS (RFC 7519, 7517).

Parsing, signatures, `crit` and claims of time are joserfc's; what a token must say to be a proof
for us, at this log-in, stands here (OpenID Connect Core 1.0, 3.1.3.7).
"""

import hmac
from collections.abc import Mapping
from typing import Any

from joserfc import jwk, jwt
from joserfc.errors import JoseError

LEEWAY_SECONDS = 60
LONGEST = 16_384
ALGORITHMS = ("RS256", "ES256")

Keys = Mapping[str, jwk.Key]
"""The issuer's signing keys by kid."""


class TokenRefused(Exception):
    """Not a token of this issuer, for us, now."""


class UnknownKey(TokenRefused):
    """Signed under a key we do not have: the issuer may have changed it."""


def verify(
    token: str, *, keys: Keys, issuer: str, audience: str, nonce: str, at: float
) -> dict[str, Any]:
    """The claims. `at` in seconds since 1970. Raises TokenRefused, UnknownKey."""
    if len(token) > LONGEST:
        raise TokenRefused

    def wanted(signed: Any) -> jwk.Key:
        found = keys.get(str(signed.headers().get("kid")))
        if found is None:
            raise UnknownKey
        return found

    rules = jwt.JWTClaimsRegistry(
        now=int(at),
        leeway=LEEWAY_SECONDS,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": audience},
        exp={"essential": True},
    )
    try:
        claims = jwt.decode(token, wanted, algorithms=ALGORITHMS).claims
        rules.validate(claims)
    except (JoseError, ValueError, TypeError, RecursionError):
        raise TokenRefused from None
    if not (_is_made_for(audience, claims) and _is_equal(claims.get("nonce"), nonce)):
        raise TokenRefused
    return claims


def _is_made_for(audience: str, claims: Mapping[str, Any]) -> bool:
    """A token for several names the one it was made for; where one is named, it is us."""
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if "azp" not in claims:
        return not several
    return _is_equal(claims["azp"], audience)


def _is_equal(value: object, wanted: str) -> bool:
    return isinstance(value, str) and hmac.compare_digest(value.encode(), wanted.encode())


def read_keys(jwks: Mapping[str, Any]) -> dict[str, jwk.Key]:
    """The signing keys of a JWKS by kid; one that cannot be read hides no other."""
    listed = jwks.get("keys")
    return {
        str(one["kid"]): key
        for one in (listed if isinstance(listed, list) else [])
        if isinstance(one, Mapping) and "kid" in one and one.get("use", "sig") == "sig"
        if (key := _read(one)) is not None
    }


def _read(one: Mapping[str, Any]) -> jwk.Key | None:
    try:
        return jwk.import_key(dict(one))
    except (JoseError, ValueError, TypeError, KeyError):
        return None
