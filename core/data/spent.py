"""What may be used once (nonces, showings, tickets), remembered in the database while it lives.

Valkey forgets when it is restarted, and a captured request or a pass that was read would be taken
again. A row is small, lives minutes and costs one statement; the database is asked anyway.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from tortoise import fields
from tortoise.models import Model

from core import clock, database
from core.data import forgetting

_INTO = "INSERT INTO core_spent (digest, until)"
_ONCE = "ON CONFLICT (digest) DO NOTHING RETURNING digest"
_SPEND = database.Statement(f"{_INTO} VALUES (?, ?) {_ONCE}")


class Spent(Model):
    digest = fields.CharField(max_length=64, primary_key=True, generated=False)
    until = fields.BigIntField(db_index=True)
    """Seconds since 1970: from then on it would be refused for its age."""

    class Meta:
        table = "core_spent"
        app = "core"


async def spend(kind: str, value: str, *, until: datetime) -> bool:
    """Whether this is the first use; of two at the same instant exactly one is.

    `until` is when `value` is dead by itself, so that nothing has to be remembered.
    """
    return await _SPEND.row(*_row(kind, value, until)) is not None


class Spending:
    """`spend` in one statement with a question: nothing is spent unless `source` gives a row.

    `source` is a table and what must hold in it, such as `identity_counter WHERE id = ?`.
    """

    def __init__(self, source: str) -> None:
        values = "SELECT CAST(? AS text), CAST(? AS bigint)"
        self._statement = database.Statement(f"{_INTO} {values} FROM {source} {_ONCE}")

    async def spend(self, kind: str, value: str, *given: Any, until: datetime) -> bool:
        """Whether it holds for what was `given`, and this is the first use."""
        return await self._statement.row(*_row(kind, value, until), *given) is not None


def _row(kind: str, value: str, until: datetime) -> tuple[str, int]:
    digest = hashlib.sha256(f"{kind}\n{value}".encode()).hexdigest()
    return digest, int(until.timestamp()) + 1


async def forget() -> int:
    """Delete what is dead, a bounded number at once; how many."""
    now = int(clock.now().timestamp())
    return await forgetting.forget(Spent.filter(until__lt=now), by="until")
