"""The code on a printed copy: leads anybody to the licence's state, and says that it is paper.

    HTTPS://<HOST>/L/<12 characters of the licence>-<10 characters of HMAC>

The first part is found in a table; the second cannot be guessed without the master key, so that
nobody reads licences by counting. Both are kept, the second encrypted, since paper is not printed
anew when the key changes. A printed code shows no presence of the holder's phone.
"""

import hmac
import re
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlsplit

from core import clock
from core.protection import protect
from core.protection.protect import for_row
from wallet.desk import Desk
from wallet.errors import PrintedCodeNotFound
from wallet.models import Licence, PrintedCode
from wallet.register import status
from wallet.register.queries import holder_masked
from wallet.seal import checks
from wallet.types import catalogue, codes
from wallet.types.verdict import Verdict

ID_LENGTH, MAC_LENGTH = 12, 10
BATCH = 500
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
    """The two parts for a licence that is drawn now; the same as long as the master key is."""
    short_id = _short_ids(identifier)[0]
    return f"{short_id}-{_macs(short_id)[0]}"


def text_of(identifier: str, *, public_url: str) -> str:
    """What the QR on the face says; "" when it is not known where we are reached."""
    if not public_url:
        return ""
    return f"HTTPS://{urlsplit(public_url).netloc.upper()}/L/{code_of(identifier)}"


async def register(licence: Licence) -> None:
    """Let the code on this licence's face be found, in the current transaction."""
    short_id, _, mac = code_of(licence.identifier).partition("-")
    await PrintedCode.create(short_id=short_id, mac=mac, licence_id=licence.id)


async def keep_codes() -> int:
    """Write the second part into rows of earlier releases; returns how many it was given.

    Before the master key they were made with is taken out. Rows are taken by their key, a batch at
    a time, so that it may be stopped and run again.
    """
    kept, after = 0, ""
    while rows := await _without_mac(after):
        licences = await Licence.filter(id__in=[row.licence_id for row in rows])
        identifiers = {licence.id: licence.identifier for licence in licences}
        for row in rows:
            kept += await _keep(row.short_id, identifiers.get(row.licence_id))
        after = rows[-1].short_id
    return kept


async def _without_mac(after: str) -> list[PrintedCode]:
    rows = PrintedCode.filter(short_id__gt=after, mac__isnull=True)
    return await rows.order_by("short_id").limit(BATCH)


async def _keep(short_id: str, identifier: str | None) -> int:
    """Under the key that made the first part. One whose key is not at hand stays as it is."""
    ids = _short_ids(identifier) if identifier else []
    if short_id not in ids:
        return 0
    values = for_row(PrintedCode, {"mac": _macs(short_id)[ids.index(short_id)]}, short_id)
    return await PrintedCode.filter(short_id=short_id, mac__isnull=True).update(**values)


async def find(text: str) -> Licence | None:
    """The licence of a printed code, whole address or its last part; None for a wrong one."""
    found = _TEXT.fullmatch(text.strip().upper())
    if found is None:
        return None
    short_id, mac = (part.translate(codes.LOOK_ALIKE) for part in found.groups())
    row = await PrintedCode.get_or_none(short_id=short_id)
    good = _macs(short_id) if row is None or row.mac is None else [row.mac]
    if not any([hmac.compare_digest(one, mac) for one in good]) or row is None:
        return None
    return await status.find_licence(row.licence_id)


async def look_up(code: str, *, desk: Desk) -> PrintedLicence:
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
        seal=await checks.verdict_of(licence, desk=desk),
    )


def _short_ids(identifier: str) -> list[str]:
    """Under every master key at hand, newest first."""
    digests = protect.blind_indexes(identifier, purpose="printed-id")
    return [codes.base32(int(digest, 16), ID_LENGTH) for digest in digests]


def _macs(short_id: str) -> list[str]:
    """The same, in the same order."""
    digests = protect.blind_indexes(short_id, purpose="printed-mac")
    return [codes.base32(int(digest, 16), MAC_LENGTH) for digest in digests]
