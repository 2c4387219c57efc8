"""Alarms of the logs and the register: something is not as the logs say.

An alarm is written once, shouted into the program's own log, shown to operators, and stays until
one of them has resolved it. While one about a licence is open, online readers are told "cannot
tell" of it: what the register says of it is not to be relied on.
"""

import logging
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.exceptions import IntegrityError

from core import clock, database
from core.data import pages
from core.data.pages import Page, Section
from core.protection import audit
from wallet.models import LogAlarm
from wallet.types.verdict import Check, Outcome, Reason

log = logging.getLogger(__name__)

ROLLBACK, ANCHOR, REGISTER, STATE = "rollback", "anchor", "register", "state"
HEAD, PASSKEY = "head", "passkey"

IS_OPEN = (
    "EXISTS (SELECT 1 FROM wallet_log_alarm alarm"
    " WHERE alarm.licence_id = licence.id AND alarm.resolved_at IS NULL)"
)
"""Whether an alarm is open, for a statement that reads `wallet_licence licence`."""

_OPEN = database.Statement(
    "SELECT 1 AS found FROM wallet_log_alarm WHERE licence_id = ? AND resolved_at IS NULL LIMIT 1"
)


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """An alarm as an operator reads it."""

    id: UUID
    kind: str
    about: str
    detail: str
    found_at: datetime


async def sound(kind: str, *, about: str, detail: str, licence_id: UUID | None = None) -> bool:
    """Raise an alarm unless the same one is open. `detail` names what differs, never a value."""
    key = f"{kind}:{about}"
    if await LogAlarm.exists(open_key=key):
        return False
    try:
        async with database.transaction():
            await LogAlarm.create(
                kind=kind,
                about=about,
                detail=detail[:200],
                open_key=key,
                licence_id=licence_id,
                found_at=clock.now(),
            )
            await audit.record(
                actor="system:logs",
                action="log.alarm",
                target=about,
                detail={"kind": kind, "what": detail[:200]},
            )
    except IntegrityError:
        return False
    log.critical("%s alarm about %s: %s", kind, about, detail)
    return True


async def list_open(*, after: str | None = None, limit: int = 100) -> Page[Alarm]:
    """Alarms nobody has resolved, newest first. Raises WrongPlace."""
    waiting = Section("alarms", LogAlarm.filter(resolved_at__isnull=True), ("found_at", "id"))
    rows = await pages.read(waiting, after=after, limit=limit)
    return rows.map(
        lambda row: Alarm(
            id=row.id, kind=row.kind, about=row.about, detail=row.detail, found_at=row.found_at
        )
    )


async def is_any_open() -> bool:
    """Whether there is something an operator has to look at."""
    return await LogAlarm.exists(open_key__isnull=False)


async def resolve(kind: str, *, about: str, by: str) -> bool:
    """Close the open alarm about something; False when there is none."""
    async with database.transaction():
        closed = await LogAlarm.filter(open_key=f"{kind}:{about}").update(
            open_key=None, resolved_at=clock.now(), resolved_by=by
        )
        if closed:
            await audit.record(
                actor=by, action="log.alarm-resolved", target=about, detail={"kind": kind}
            )
    return bool(closed)


async def is_open(licence_id: UUID) -> bool:
    """Whether an alarm about a licence is open."""
    return await _OPEN.row(str(licence_id)) is not None


def doubt() -> Check:
    """The check that keeps a licence from being judged valid. Pure."""
    return Check(
        name="register",
        outcome=Outcome.UNKNOWN,
        detail="登记信息与签章文件或变更记录不一致，正在核查",
        reason=Reason.REGISTER_IN_DOUBT,
    )
