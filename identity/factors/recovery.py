"""The way back of an officer who lost every factor: two others confirm who it is.

The officer proves the password and asks. Two different operators, neither of them the officer, who
may do so for the officer's department, confirm; they see the officer before them or ring back. From
then on the former factors sign in no more and every session is ended; within a day the password
opens the enrolment, and the first new factor takes the place of all former ones. What is not
finished within a day lapses at either step.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from core import clock
from core.database import transaction
from core.protection import audit
from identity.errors import RoleMissing
from identity.factors import errors, holding, second_step
from identity.log_in import revoking
from identity.log_in.sessions import IssuedSession
from identity.models import FactorRecovery, Officer, Passkey, RecoveryState, State
from identity.principal import Principal
from identity.staff import roles
from identity.staff.roles import Act

if TYPE_CHECKING:
    from redis.asyncio import Redis

LIFE = timedelta(days=1)
"""From asking to the second confirmation, and from that to the new factor."""
SHOWN = 100


@dataclass(frozen=True, kw_only=True)
class RecoveryView:
    """One recovery as an operator reads it."""

    id: UUID
    name: str
    staff_no: str
    department: str | None
    """In short; None for all departments."""
    state: str
    asked_at: datetime
    expires_at: datetime
    confirmations: int
    mine: bool
    """The reader is the officer, or has confirmed already: somebody else is needed."""
    first_name: str
    """Who confirmed first; empty when nobody has."""


@dataclass(frozen=True, kw_only=True)
class LockedKey:
    """A passkey that is locked because it was copied, as an operator reads it."""

    name: str
    staff_no: str
    department: str | None
    locked_at: datetime


async def ask(ticket: str, *, redis: "Redis") -> FactorRecovery:
    """The open recovery of whose sign-in waits under `ticket`; asking again changes nothing.

    Raises SecondStepExpired.
    """
    officer, _ = await second_step.waiting(ticket, redis=redis)
    async with transaction():
        await Officer.filter(id=officer.id).select_for_update().get()
        at = clock.now()
        await FactorRecovery.filter(open_key=str(officer.id), expires_at__lte=at).update(
            state=RecoveryState.LAPSED, open_key=None, ended_at=at
        )
        found = await FactorRecovery.get_or_none(open_key=str(officer.id))
        if found is not None:
            return found
        made = await FactorRecovery.create(
            officer_id=officer.id, open_key=str(officer.id), asked_at=at, expires_at=at + LIFE
        )
        await _record("recovery-asked", made, actor=f"officer:{officer.id}")
    return made


async def confirm(recovery_id: UUID, *, by: Principal) -> None:
    """One of the two confirmations. The second ends every session of the officer.

    Raises RoleMissing, RecoveryNotOpen, AnotherOperatorNeeded.
    """
    async with transaction():
        row = await _get_for(recovery_id, by=by)
        if by.id == row.officer_id:
            raise errors.AnotherOperatorNeeded()
        at = clock.now()
        asked = FactorRecovery.filter(
            id=row.id, state=RecoveryState.ASKED, expires_at__gt=at, open_key__isnull=False
        )
        step = 1
        if not await asked.filter(first_by=None).update(first_by=by.id):
            step = 2
            changed = await asked.exclude(first_by=by.id).update(
                second_by=by.id, state=RecoveryState.CONFIRMED, expires_at=at + LIFE
            )
            if not changed:
                again = await FactorRecovery.get(id=row.id)
                if again.state is RecoveryState.ASKED and again.first_by == by.id:
                    raise errors.AnotherOperatorNeeded()
                raise errors.RecoveryNotOpen()
            await revoking.end_officer(row.officer_id, by=by.actor)
        await _record("recovery-confirmed", row, actor=by.actor, step=step)


async def refuse(recovery_id: UUID, *, by: Principal) -> None:
    """End an open recovery, also a confirmed one. Raises RoleMissing, RecoveryNotOpen."""
    async with transaction():
        row = await _get_for(recovery_id, by=by)
        changed = await FactorRecovery.filter(id=row.id, open_key__isnull=False).update(
            state=RecoveryState.REFUSED, open_key=None, ended_at=clock.now()
        )
        if not changed:
            raise errors.RecoveryNotOpen()
        await _record("recovery-refused", row, actor=by.actor)


async def enter(ticket: str, *, redis: "Redis", idle_minutes: int) -> IssuedSession:
    """A session that opens the enrolment, for an officer whom two others confirmed.

    Raises SecondStepExpired, RecoveryNotOpen.
    """
    officer, _ = await second_step.waiting(ticket, redis=redis)
    if not await holding.is_recovering(officer.id):
        raise errors.RecoveryNotOpen()
    return await second_step.enter_recovery(ticket, redis=redis, idle_minutes=idle_minutes)


async def list_for(by: Principal) -> list[RecoveryView]:
    """What waits for two confirmations or for its officer, the oldest first. Raises RoleMissing."""
    roles.insist(by, Act.RECOVER_FACTORS)
    rows = FactorRecovery.filter(open_key__isnull=False, expires_at__gt=clock.now())
    if by.department is not None:
        rows = rows.filter(officer__department_id=by.department)
    found = await rows.order_by("asked_at").limit(SHOWN)
    people = {row.officer_id for row in found} | {row.first_by for row in found if row.first_by}
    named = await _named(people)
    return [
        RecoveryView(
            id=row.id,
            name=named[row.officer_id].name,
            staff_no=named[row.officer_id].staff_no,
            department=_department(named[row.officer_id]),
            state=row.state.value,
            asked_at=row.asked_at,
            expires_at=row.expires_at,
            confirmations=int(row.first_by is not None) + int(row.second_by is not None),
            mine=by.id in (row.officer_id, row.first_by),
            first_name=named[row.first_by].name if row.first_by else "",
        )
        for row in found
    ]


async def list_locked(by: Principal) -> list[LockedKey]:
    """Keys that were copied and are not given up yet, the newest first. Raises RoleMissing."""
    roles.insist(by, Act.RECOVER_FACTORS)
    rows = Passkey.filter(locked_at__isnull=False)
    if by.department is not None:
        rows = rows.filter(officer__department_id=by.department)
    found = await rows.order_by("-locked_at").limit(SHOWN)
    named = await _named({row.officer_id for row in found})
    return [
        LockedKey(
            name=named[row.officer_id].name,
            staff_no=named[row.officer_id].staff_no,
            department=_department(named[row.officer_id]),
            locked_at=row.locked_at,
        )
        for row in found
        if row.locked_at is not None
    ]


async def _named(officer_ids: set[UUID]) -> dict[UUID, Officer]:
    rows = await Officer.filter(id__in=list(officer_ids)).prefetch_related("department")
    return {row.id: row for row in rows}


def _department(officer: Officer) -> str | None:
    return officer.department.short_name if officer.department else None


async def _get_for(recovery_id: UUID, *, by: Principal) -> FactorRecovery:
    """An open recovery this operator may decide on; those of others are not there."""
    roles.insist(by, Act.RECOVER_FACTORS)
    row = await FactorRecovery.get_or_none(id=recovery_id, open_key__isnull=False)
    if row is None or row.expires_at <= clock.now():
        raise errors.RecoveryNotOpen()
    officer = await Officer.get(id=row.officer_id)
    if officer.state is not State.ACTIVE:
        raise errors.RecoveryNotOpen()
    # An officer of all departments is let in by operators of all departments only.
    if by.department is not None and by.department != officer.department_id:
        raise RoleMissing()
    return row


async def _record(action: str, row: FactorRecovery, *, actor: str, **detail: int) -> None:
    await audit.record(
        actor=actor,
        action=action,
        target=f"officer:{row.officer_id}",
        detail={"recovery": str(row.id), **detail},
    )
