"""The answer of my.getPhoneNumber, which the client hands on whole.

Encrypted answers are signed over the quoted text; clear text is always an error and has its fields
in camel case. Source: opendocs.alipay.com, getPhoneNumber.
"""

import json

from cryptography.hazmat.primitives.asymmetric import rsa

from miniapp_bridge.alipay import crypto
from miniapp_bridge.errors import CodeRefused, PlatformUnavailable

LONGEST = 8192


def opened(text: str, *, public_key: rsa.RSAPublicKey, aes_key: str) -> str:
    """The text inside, verified and decrypted. Raises CodeRefused when it is not the platform's."""
    try:
        envelope = json.loads(text) if len(text) <= LONGEST else {}
        response, signature = envelope["response"], envelope["sign"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise CodeRefused() from None
    if not isinstance(response, str) or not isinstance(signature, str):
        raise CodeRefused()
    clear = response.startswith("{")
    signed = response if clear else f'"{response}"'
    if not crypto.holds(signed, signature, public_key):
        raise CodeRefused()
    if clear:
        return response
    try:
        return crypto.decrypt(response, aes_key)
    except crypto.Unreadable:
        raise CodeRefused() from None


def phone_number(text: str, *, public_key: rsa.RSAPublicKey, aes_key: str) -> str:
    """The number. Raises CodeRefused, and PlatformUnavailable for Alipay's own system error."""
    plain = opened(text, public_key=public_key, aes_key=aes_key)
    try:
        fields = json.loads(plain)
        if str(fields["code"]) == "20000":
            raise PlatformUnavailable(vendor_code=str(fields.get("subCode", "20000")))
        return str(fields["mobile"])
    except (ValueError, KeyError, TypeError):
        raise CodeRefused() from None
