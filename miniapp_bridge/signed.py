"""What stands beside a signed body: its moment and its signature, as strangers may write them.

Both are read before anybody is believed, so that no text may raise: not digits of other scripts,
not a number without end, not half a surrogate pair.
"""

import hmac
import re
from datetime import datetime

UNIX_SECONDS = re.compile(r"[0-9]{1,12}")


def is_recent(timestamp: str, *, at: datetime, seconds: int) -> bool:
    """Whether `timestamp` (Unix seconds as text) is at most `seconds` before or after `at`."""
    if not UNIX_SECONDS.fullmatch(timestamp):
        return False
    return abs(at.timestamp() - int(timestamp)) <= seconds


def is_same(expected: str, given: str) -> bool:
    """Compared in a time that tells nothing of where they differ."""
    return hmac.compare_digest(plain_bytes(expected), plain_bytes(given))


def plain_bytes(text: str) -> bytes:
    """UTF-8 that every text has: halves of surrogate pairs are written as they stand."""
    return text.encode("utf-8", errors="surrogatepass")
