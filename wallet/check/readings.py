"""Readings that a counter made without network, handed in later.

The counter's own verdict stays what it showed; here the same pass is judged again for the moment of
the reading but with the evidence of now, so that the counter hears what has changed meanwhile. The
holder sees the look in the list of uses as soon as it is known.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from core import clock
from identity.principal import Principal
from wallet.check.at_counter import CodeAnswer, Errand, Reading, answer, earlier
from wallet.check.offline import look_at_pass
from wallet.desk import Desk
from wallet.errors import ReadingNotPossible
from wallet.types import codes
from wallet.types.codes import Kind

OLDEST = timedelta(days=3)
AHEAD = timedelta(minutes=2)
"""How far a counter's clock may run ahead of ours."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One reading. `key` is the counter's own name for it: sent twice, it is entered once."""

    key: str
    code: str
    read_at: datetime
    errand: Errand


async def hand_in(entry: Entry, *, by: Principal, desk: Desk) -> CodeAnswer:
    """Enter a reading and judge it again. Raises ReadingNotPossible."""
    now = clock.now()
    if not now - OLDEST <= entry.read_at <= now + AHEAD:
        raise ReadingNotPossible("核验时间不在可补录的范围内")
    if codes.kind_of(entry.code) is not Kind.OFFLINE_PASS:
        raise ReadingNotPossible("只有离线证照码可以补录")
    reading = Reading.of(
        by,
        errand=entry.errand,
        kind=Kind.OFFLINE_PASS,
        read_at=entry.read_at,
        request_key=entry.key,
    )
    before = await earlier(reading, "")
    if before is not None:
        return before
    looked = await look_at_pass(entry.code, at=entry.read_at, desk=desk, fresh=False)
    return await answer(reading, looked)
