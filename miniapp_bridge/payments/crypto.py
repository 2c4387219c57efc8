"""WeChat Pay v3: what is signed, how it is verified, how a notice is opened. Pure.

Source: pay.weixin.qq.com/doc/v3/merchant 4012365336 (signing), 4013053420 (verifying), 4012365339
(calling up), and the notify page. All texts end every part with a line feed, the last one too.
"""

import base64
import binascii

from cryptography import x509
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SCHEME = "WECHATPAY2-SHA256-RSA2048"
API_KEY_SIZE = 32


class Unreadable(Exception):
    """Not under this key, or altered."""


def lines(*parts: str) -> bytes:
    """Parts, each ended by a line feed."""
    return "".join(f"{part}\n" for part in parts).encode()


def sign(message: bytes, key: rsa.RSAPrivateKey) -> str:
    """SHA256withRSA (PKCS#1 v1.5) in base64."""
    return base64.b64encode(key.sign(message, padding.PKCS1v15(), hashes.SHA256())).decode()


def request_text(method: str, target: str, timestamp: str, nonce: str, body: bytes) -> bytes:
    """What a request signs. `target` as on the wire: path and query."""
    return lines(method, target, timestamp, nonce) + body + b"\n"


def authorization(*, merchant: str, serial: str, nonce: str, timestamp: str, signature: str) -> str:
    """The value of the Authorization header."""
    return (
        f'{SCHEME} mchid="{merchant}",nonce_str="{nonce}",signature="{signature}",'
        f'timestamp="{timestamp}",serial_no="{serial}"'
    )


def pay_signature(
    *, app_id: str, timestamp: str, nonce: str, package: str, key: rsa.RSAPrivateKey
) -> str:
    """paySign of wx.requestPayment."""
    return sign(lines(app_id, timestamp, nonce, package), key)


def answer_holds(
    *, timestamp: str, nonce: str, body: bytes, signature: str, key: rsa.RSAPublicKey
) -> bool:
    """Whether an answer or a notice is WeChat Pay's."""
    try:
        raw = base64.b64decode(signature, validate=True)
        message = lines(timestamp, nonce) + body + b"\n"
        key.verify(raw, message, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def open_resource(*, ciphertext: str, nonce: str, associated_data: str, key: bytes) -> bytes:
    """The content of a notice's resource (AEAD_AES_256_GCM). Raises Unreadable."""
    try:
        data = base64.b64decode(ciphertext, validate=True)
    except (binascii.Error, ValueError):
        raise Unreadable from None
    return decrypt(data, nonce=nonce.encode(), associated_data=associated_data.encode(), key=key)


def decrypt(data: bytes, *, nonce: bytes, associated_data: bytes, key: bytes) -> bytes:
    """AES-GCM with the tag at the end of `data`. Raises Unreadable."""
    try:
        return AESGCM(key).decrypt(nonce, data, associated_data or None)
    except (InvalidTag, ValueError):
        raise Unreadable from None


def seal_field(text: str, key: rsa.RSAPublicKey) -> str:
    """A sensitive field for WeChat Pay: RSA-OAEP with SHA-1, as its page asks for."""
    return base64.b64encode(key.encrypt(text.encode(), _oaep())).decode()


def open_field(text: str, key: rsa.RSAPrivateKey) -> str:
    """A sensitive field for us. Raises Unreadable."""
    try:
        return key.decrypt(base64.b64decode(text, validate=True), _oaep()).decode()
    except (ValueError, binascii.Error):
        raise Unreadable from None


def load_public_key(data: bytes) -> rsa.RSAPublicKey:
    """A PEM public key or certificate. Raises ValueError."""
    if b"BEGIN CERTIFICATE" in data:
        key = x509.load_pem_x509_certificate(data).public_key()
    else:
        key = serialization.load_pem_public_key(data)  # type: ignore[assignment]
    if not isinstance(key, rsa.RSAPublicKey):
        raise ValueError("not an RSA key")
    return key


def _oaep() -> padding.OAEP:
    return padding.OAEP(
        mgf=padding.MGF1(algorithm=hashes.SHA1()),  # noqa: S303 - the platform's choice
        algorithm=hashes.SHA1(),  # noqa: S303
        label=None,
    )
