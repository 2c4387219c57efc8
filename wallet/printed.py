"""The code on a printed copy: leads anybody to the licence's state, and says that it is paper.

    HTTPS://<HOST>/L/<12 characters of the licence>-<10 characters of HMAC>

The first part is found in a table; the second cannot be guessed without the master key, so that
nobody reads licences by counting. A printed code shows no presence of the holder's phone.
"""

import hmac
import re
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlsplit

from redis.asyncio import Redis

from core import clock, protect
from core.blobs import Blobs
from signing import TrustList
from wallet import catalogue, codes, seal_checks, status
from wallet.errors import PrintedCodeNotFound
from wallet.models import Licence, PrintedCode
from wallet.queries import holder_masked
from wallet.verdict import Verdict

ID_LENGTH, MAC_LENGTH = 12, 10
_TEXT = re.compile(
    rf"(?:HTTPS?://[^/?#]{{1,253}}/L/)?([0-9A-Z]{{{ID_LENGTH}}})-([0-9A-Z]{{{MAC_LENGTH}}})/?",
    re.ASCII,
)


@dataclass(frozen=True, kw_only=True)
class PrintedLicence:
    """What anybody who holds the paper may know."""

    name: str
    holder_masked: str
    issuer: str
    state: str
    state_text: str
    in_force: bool
    valid_to: date | None
    seal: Verdict


def code_of(identifier: str) -> str:
    """The two parts for a licence with this identifier; always the same."""
    short_id = _short_id(identifier)
    return f"{short_id}-{_mac(short_id)}"


def text_of(identifier: str, *, public_url: str) -> str:
    """What the QR on the face says; "" when it is not known where we are reached."""
    if not public_url:
        return ""
    return f"HTTPS://{urlsplit(public_url).netloc.upper()}/L/{code_of(identifier)}"


async def register(licence: Licence) -> None:
    """Let the code on this licence's face be found, in the current transaction."""
    await PrintedCode.create(short_id=_short_id(licence.identifier), licence_id=licence.id)


async def find(text: str) -> Licence | None:
    """The licence of a printed code, whole address or its last part; None for a wrong one."""
    found = _TEXT.fullmatch(text.strip().upper())
    if found is None:
        return None
    short_id, mac = (part.translate(codes.LOOK_ALIKE) for part in found.groups())
    if not any(hmac.compare_digest(good, mac) for good in _macs(short_id)):
        return None
    row = await PrintedCode.get_or_none(short_id=short_id)
    return None if row is None else await status.find_licence(row.licence_id)


async def look_up(code: str, *, blobs: Blobs, trust: TrustList, redis: Redis) -> PrintedLicence:
    """Type, masked holder, state and seal of the licence on paper. Raises PrintedCodeNotFound."""
    licence = await find(code)
    if licence is None:
        raise PrintedCodeNotFound()
    type_ = catalogue.get_type(licence.licence_type)
    state = status.state_of(licence, clock.today())
    return PrintedLicence(
        name=type_.name,
        holder_masked=holder_masked(licence),
        issuer=type_.issuer_name,
        state=state.value,
        state_text=state.text,
        in_force=state.in_force,
        valid_to=licence.valid_to,
        seal=await seal_checks.verdict_of(licence, blobs=blobs, trust=trust, redis=redis),
    )


def _short_id(identifier: str) -> str:
    digest = protect.blind_index(identifier, purpose="printed-id")
    return codes.base32(int(digest, 16), ID_LENGTH)


def _mac(short_id: str) -> str:
    return _macs(short_id)[0]


def _macs(short_id: str) -> list[str]:
    """Under every master key at hand: paper is not printed anew when the key changes."""
    digests = protect.blind_indexes(short_id, purpose="printed-mac")
    return [codes.base32(int(digest, 16), MAC_LENGTH) for digest in digests]
