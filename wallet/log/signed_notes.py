"""Signed notes: short texts that the log's operator signs, for checkpoints and daily heads.

After the checkpoint format of transparency logs (C2SP tlog-checkpoint): lines of text, the first
names the log. The signature is DER over the UTF-8 bytes of the text, by the operator's suite.
"""

from dataclasses import dataclass

from signing import suites
from signing.errors import SigningError
from signing.keys import signer_key
from signing.pki import certificates
from wallet.types.key_store import Signs

OPERATOR = "ZWB"
"""The government-services office keeps the logs; its signer signs them."""


@dataclass(frozen=True, kw_only=True)
class SignedNote:
    """A text with its signature (hexadecimal) and the signer's certificate (DER)."""

    text: str
    signature: str
    certificate: bytes


async def sign(text: str, *, keys: Signs) -> SignedNote:
    """The text under the operator's signature. Raises signing.KeyUnavailable."""
    key_id = signer_key(OPERATOR)
    signature = await keys.sign(key_id, text.encode())
    return SignedNote(
        text=text, signature=signature.hex(), certificate=await keys.certificate(key_id)
    )


def is_genuine(note: SignedNote, *, certificate: bytes | None = None) -> bool:
    """Whether the signature is the certificate's; a pinned certificate must be the very same."""
    if certificate is not None and certificate != note.certificate:
        return False
    try:
        spki = certificates.parse(note.certificate).spki
        suite = suites.by_public_key(spki)
        return suite.verify(spki, note.text.encode(), bytes.fromhex(note.signature))
    except (SigningError, ValueError):
        return False
