"""Times in seals and in seal signatures, in every form met."""

import re
from datetime import UTC, datetime, timedelta, timezone

from signing.pki import asn1

CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")
_PLAIN_TIME = re.compile(
    r"(\d{4})[-/.]?(\d\d)[-/.]?(\d\d)[ T]?(\d\d):?(\d\d):?(\d\d)(?:\.\d{1,9})?(Z?)", re.ASCII
)


def read_time(element: asn1.Element) -> tuple[str, datetime | None, tuple[str, ...]]:
    """timeInfo in any form met: GeneralizedTime, UTCTime, or either or plain text in bits.

    A time stamp token in v1's place reads as unknown here; nobody was seen to write one.
    """
    if element.tag in (asn1.UTC_TIME, asn1.GENERALIZED_TIME):
        return _lenient_text(element.content), *_read_text_time(element.content)
    octets, _ = element.bits_and_unused()
    if octets[:1] in (b"\x17", b"\x18"):
        inner = asn1.parse(octets)
        return _lenient_text(inner.content), inner.time(), ()
    return _lenient_text(octets), *_read_text_time(octets)


def _read_text_time(octets: bytes) -> tuple[datetime | None, tuple[str, ...]]:
    """Text such as 2022-03-24 08:54:12; without a zone it is taken as China's time."""
    text = _lenient_text(octets).strip()
    if re.fullmatch(r"\d{12}Z", text, re.ASCII):
        text = ("19" if text[:2] >= "50" else "20") + text
    found = _PLAIN_TIME.fullmatch(text)
    if found is None:
        return None, ()
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    zone = UTC if found[7] else CHINA
    try:
        at = datetime(year, month, day, hour, minute, second, tzinfo=zone)
    except ValueError:
        return None, ()
    return at.astimezone(UTC), () if found[7] else ("time-zone-assumed",)


def _lenient_text(octets: bytes) -> str:
    return octets[:64].decode("utf-8", "replace")
