"""Alipay's signatures and ciphers. Pure.

Source: opendocs.alipay.com, pages on signing, asynchronous notices, certificate mode and
getPhoneNumber; details from the official SDKs' tests.
"""

import base64
import binascii
import functools
import hashlib
import re
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.x509.oid import NameOID

BLOCK = 16
ISSUER_ORDER = (
    (NameOID.COMMON_NAME, "CN"),
    (NameOID.ORGANIZATIONAL_UNIT_NAME, "OU"),
    (NameOID.ORGANIZATION_NAME, "O"),
    (NameOID.COUNTRY_NAME, "C"),
)
PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
RSA_OID_PREFIX = "1.2.840.113549.1.1"


class Unreadable(Exception):
    """A wrong signature, or a text that cannot be taken apart."""


def sign_text(params: Mapping[str, str | None]) -> str:
    """What a request signs: sorted by key, raw values, without `sign` and empty values."""
    kept = {key: value for key, value in params.items() if key != "sign" and value}
    return "&".join(f"{key}={kept[key]}" for key in sorted(kept))


def sign(text: str, key: rsa.RSAPrivateKey) -> str:
    """RSA2: SHA256withRSA, PKCS#1 v1.5, in base64."""
    return base64.b64encode(key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()


def holds(text: str, signature: str, key: rsa.RSAPublicKey) -> bool:
    """Whether `signature` (base64) is the platform's over `text`."""
    try:
        raw = base64.b64decode(signature, validate=True)
        key.verify(raw, text.encode(), padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def parse_notice(body: bytes) -> dict[str, str]:
    """The fields of a notice, decoded exactly once. Raises Unreadable."""
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=200)
    except (UnicodeDecodeError, ValueError):
        raise Unreadable from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Unreadable  # a repeated name could mean two things
    return fields


def notice_holds(fields: Mapping[str, str], key: rsa.RSAPublicKey) -> bool:
    """Whether a notice is the platform's.

    Trade notices leave `sign_type` out of the signed text, gateway messages keep it. Empty values
    are dropped by one and may stand in the other, so that both spellings are tried.
    """
    signature = fields.get("sign", "")
    without_type = {name: value for name, value in fields.items() if name != "sign_type"}
    return any(holds(text, signature, key) for text in (sign_text(without_type), sign_text(fields)))


def answer_node(text: str, method: str) -> tuple[str, str, str | None]:
    """Name, raw text and signature of an answer. Raises Unreadable.

    The signature covers the text as it came, with its escapes and spaces: it is cut out, never
    written anew. The node is the method's own or `error_response`.
    """
    members = dict(_members(text))
    own = f"{method.replace('.', '_')}_response"
    for name in (own, "error_response"):
        if name in members:
            signature = members.get("sign")
            plain = signature[1:-1].replace("\\/", "/") if signature else None
            return name, members[name], plain
    raise Unreadable


def _members(text: str) -> Iterator[tuple[str, str]]:
    """Top-level members of a JSON object, values as raw text."""
    position = _skip(text, 0)
    if position >= len(text) or text[position] != "{":
        raise Unreadable
    position = _skip(text, position + 1)
    while position < len(text) and text[position] != "}":
        end = _value_end(text, position)
        name = text[position + 1 : end - 1]
        position = _skip(text, end)
        if text[position : position + 1] != ":":
            raise Unreadable
        position = _skip(text, position + 1)
        end = _value_end(text, position)
        yield name, text[position:end]
        position = _skip(text, end)
        if text[position : position + 1] == ",":
            position = _skip(text, position + 1)


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t\r\n":
        position += 1
    return position


def _value_end(text: str, start: int) -> int:
    """Where the value that begins at `start` ends: braces are counted outside strings."""
    depth, quoted, position = 0, False, start
    while position < len(text):
        sign_ = text[position]
        if quoted:
            if sign_ == "\\":
                position += 1
            elif sign_ == '"':
                quoted = False
                if depth == 0:
                    return position + 1
        elif sign_ == '"':
            quoted = True
        elif sign_ in "{[":
            depth += 1
        elif sign_ in "}]":
            if depth == 0:
                return position
            depth -= 1
            if depth == 0:
                return position + 1
        elif depth == 0 and sign_ in ", \t\r\n":
            return position
        position += 1
    raise Unreadable


def decrypt(text: str, aes_key: str) -> str:
    """AES-128-CBC with a zero IV under the application's AES key. Raises Unreadable."""
    try:
        data, key = base64.b64decode(text, validate=True), base64.b64decode(aes_key)
        decryptor = Cipher(algorithms.AES(key), modes.CBC(bytes(BLOCK))).decryptor()
        padded = decryptor.update(data) + decryptor.finalize()
        count = padded[-1]
        if not 1 <= count <= BLOCK or padded[-count:] != bytes([count]) * count:
            raise Unreadable
        return padded[:-count].decode()
    except (binascii.Error, ValueError, IndexError):
        raise Unreadable from None


@functools.cache
def load_private_key(data: bytes) -> rsa.RSAPrivateKey:
    """A PEM private key. Raises ValueError when it is no RSA key.

    Kept once it was read: checking its primes takes 50 ms, and log-in and payment share a key.
    """
    key = serialization.load_pem_private_key(data, password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("not an RSA key")
    return key


def load_public_key(data: bytes) -> rsa.RSAPublicKey:
    """A PEM public key, or that of the first certificate. Raises ValueError."""
    if b"BEGIN CERTIFICATE" in data:
        key = certificates(data)[0].public_key()
    else:
        key = serialization.load_pem_public_key(data)  # type: ignore[assignment]
    if not isinstance(key, rsa.RSAPublicKey):
        raise ValueError("not an RSA key")
    return key


def certificates(data: bytes) -> list[x509.Certificate]:
    """The certificates of a PEM file that can be read; the root file holds odd ones as well."""
    found = []
    for block in PEM.findall(data):
        try:
            found.append(x509.load_pem_x509_certificate(block))
        except ValueError:
            continue
    if not found:
        raise ValueError("no certificate in the file")
    return found


def serial_of(certificate: x509.Certificate) -> str:
    """Alipay's serial text: MD5 over the issuer, written CN,OU,O,C, and the decimal serial."""
    issuer = ",".join(
        f"{label}={attribute.value!s}"
        for oid, label in ISSUER_ORDER
        for attribute in certificate.issuer.get_attributes_for_oid(oid)
    )
    text = f"{issuer}{certificate.serial_number}"
    return hashlib.md5(text.encode()).hexdigest()  # noqa: S324 - Alipay's choice, a name only


def root_serial(data: bytes) -> str:
    """Serial texts of the root file's RSA certificates, joined."""
    return "_".join(
        serial_of(one)
        for one in certificates(data)
        if one.signature_algorithm_oid.dotted_string.startswith(RSA_OID_PREFIX)
    )
