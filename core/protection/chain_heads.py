"""The seal on the head of a chained log: HMAC-SM3 under a key kept apart from the database.

A head says how many records its log has and what the newest one is. Who keeps the database could
cut records and set the head back to one that still fits; without the key he cannot seal such a
head. A head that does not bear our seal stays marked, however many records follow it, until an
operator has looked and sealed it anew (`python manage.py seal-logs`): acts go on, and nothing is
washed clean by the next one. Heads that were ours once and are put back are found by the anchors
(wallet/log/anchors.py). Duty: GB/T 39786-2021 level 3, integrity of logs. Decision: docs/adr/0029.
"""

from __future__ import annotations

import hmac
import logging
from functools import cache

from core.protection.protect import ProtectionError, derive, vault

log = logging.getLogger(__name__)

UNSEALED = ""
"""A head without a seal of ours."""

MOST_NAMED = 1_000
"""So many broken logs are named in the program's own log; one is enough for an alarm."""

_key: bytes | None = None
_named: set[str] = set()


def use(key: bytes) -> None:
    """Set the key of this process, at least 32 bytes; none derives one from the master key."""
    global _key
    if key and len(key) < 32:
        raise ProtectionError("the key of the logs has fewer than 32 bytes")
    _key = key or None


def mac(name: str, n: int, digest: str) -> str:
    """The seal of the head of the log `name` with `n` records: 64 hexadecimal characters."""
    return _mac(_keys()[0], name, n, digest)


def is_sealed(stored: str, *, name: str, n: int, digest: str) -> bool:
    """Whether a stored head bears our seal."""
    given = stored.encode()
    return any(hmac.compare_digest(given, _mac(key, name, n, digest).encode()) for key in _keys())


def next_mac(stored: str, *, name: str, before: tuple[int, str], after: tuple[int, str]) -> str:
    """The seal of the head `after`; UNSEALED when the one `before` it was not ours."""
    if is_sealed(stored, name=name, n=before[0], digest=before[1]):
        return mac(name, *after)
    if name not in _named and len(_named) < MOST_NAMED:
        _named.add(name)
        log.critical("the head of the log %s was changed by somebody else: run the checks", name)
    return UNSEALED


def _mac(key: bytes, name: str, n: int, digest: str) -> str:
    return hmac.new(key, f"{name}\n{n}\n{digest}\n".encode(), "sm3").hexdigest()


def _keys() -> tuple[bytes, ...]:
    """Today's key first. Without a named one each master key gives one (the demo's)."""
    if _key is not None:
        return (_key,)
    return tuple(_derived(key) for key in vault().audit_keys)


@cache
def _derived(key: bytes) -> bytes:
    return derive(key, b"log-heads", 32)
