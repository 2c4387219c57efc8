"""What an officer holds beside the password, and when it may be changed.

Whoever enrols or removes a factor has signed in wholly within the last ten minutes: by password,
and by a factor they hold if they hold one. An officer of an office that requires a factor, and who
holds none, has a session that opens nothing but the enrolment (`sessions.ENROLLING`); the first
factor makes a whole one of it, and ends every other session of the officer.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from core import clock, outbox
from core.database import transaction
from core.protection import audit
from identity.errors import SignInRequired
from identity.events import LockedPasskeysGone
from identity.factors import errors
from identity.log_in import revoking, sessions
from identity.models import (
    FactorRecovery,
    Officer,
    OneTimeSecret,
    Passkey,
    RecoveryState,
    Session,
    State,
)
from identity.principal import Principal

if TYPE_CHECKING:
    from tortoise.queryset import QuerySet

FRESH = timedelta(minutes=10)
"""How long after a sign-in factors may be changed."""


@dataclass(frozen=True, kw_only=True)
class FactorView:
    """One factor as its owner reads it; `id` is None for the app, of which there is one."""

    way: str
    id: UUID | None
    name: str
    created_at: datetime
    last_used_at: datetime | None
    locked_at: datetime | None = None
    """Since when a key is refused because there seem to be two of it."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """An officer's factors, and what the calling session may do about them."""

    must_enrol: bool
    may_change_until: datetime | None
    factors: list[FactorView]


async def holds_any(officer_id: UUID) -> bool:
    """Whether a password alone is not enough. A locked key counts: whoever copied it must not gain
    by its being locked; who holds nothing else is let in by two others (recovery)."""
    return await OneTimeSecret.exists(officer_id=officer_id) or await Passkey.exists(
        officer_id=officer_id
    )


async def ways(officer_id: UUID) -> list[str]:
    """How this officer can take the second step now; empty also when every key is locked."""
    if await is_recovering(officer_id):
        return []
    found = ["totp"] if await OneTimeSecret.exists(officer_id=officer_id) else []
    if await Passkey.exists(officer_id=officer_id, locked_at=None):
        found.append("passkey")
    return found


async def is_recovering(officer_id: UUID) -> bool:
    """Whether two others have let this officer in anew: former factors sign in no more."""
    return await _confirmed(officer_id).exists()


def _confirmed(officer_id: UUID) -> QuerySet[FactorRecovery]:
    return FactorRecovery.filter(
        open_key=str(officer_id), state=RecoveryState.CONFIRMED, expires_at__gt=clock.now()
    )


async def recovery_of(officer_id: UUID) -> str | None:
    """How far an open recovery of the officer is: `asked`, `confirmed`; None without one."""
    row = await FactorRecovery.get_or_none(open_key=str(officer_id), expires_at__gt=clock.now())
    return None if row is None else row.state.value


async def withdraw_recovery(officer_id: UUID) -> None:
    """The officer has signed in by a factor: nobody has to confirm anything."""
    asked = FactorRecovery.filter(open_key=str(officer_id), state=RecoveryState.ASKED)
    if await asked.update(state=RecoveryState.WITHDRAWN, open_key=None, ended_at=clock.now()):
        who = f"officer:{officer_id}"
        await audit.record(actor=who, action="recovery-withdrawn", target=who)


async def tell_when_none_is_locked(officer_id: UUID) -> None:
    """After a locked key went, within its transaction: operators need not look any more."""
    if not await Passkey.exists(officer_id=officer_id, locked_at__isnull=False):
        await outbox.publish(LockedPasskeysGone(officer_id=officer_id), key=f"officer:{officer_id}")


async def standing(by: Principal) -> Standing:
    """The caller's own factors, the app first."""
    session = await Session.get(id=by.session_id)
    try:
        await insist_on_right(by)
        until = session.created_at + FRESH
    except (errors.FreshSignInRequired, errors.RecoveryNotOpen):
        until = None
    return Standing(
        must_enrol=session.kind == sessions.ENROLLING,
        may_change_until=until,
        factors=await _list(by.id),
    )


async def _list(officer_id: UUID) -> list[FactorView]:
    apps = [
        FactorView(
            way="totp",
            id=None,
            name="动态口令",
            created_at=row.created_at,
            last_used_at=row.last_used_at,
        )
        for row in await OneTimeSecret.filter(officer_id=officer_id)
    ]
    keys = [
        FactorView(
            way="passkey",
            id=row.id,
            name=row.name,
            created_at=row.created_at,
            last_used_at=row.last_used_at,
            locked_at=row.locked_at,
        )
        for row in await Passkey.filter(officer_id=officer_id).order_by("created_at")
    ]
    return [*apps, *keys]


async def insist_on_right(by: Principal, *, lock: bool = False) -> Session:
    """The caller's session, if it may change factors. Raises FreshSignInRequired, and
    RecoveryNotOpen for one of a recovery that has ended meanwhile.

    `lock` keeps every other change of the same officer's factors waiting: within a transaction.
    """
    officers = Officer.filter(id=by.id, state=State.ACTIVE)
    officer = await (officers.select_for_update() if lock else officers).get_or_none()
    session = await Session.get_or_none(id=by.session_id, revoked_at=None)
    if officer is None or session is None:
        raise SignInRequired()
    if clock.now() - session.created_at > FRESH:
        raise errors.FreshSignInRequired()
    if session.via == sessions.RECOVERY:
        if not await is_recovering(by.id):
            raise errors.RecoveryNotOpen()
    elif session.via not in sessions.WITH_FACTOR and await holds_any(by.id):
        raise errors.FreshSignInRequired()
    return session


async def insist_on_removal(by: Principal) -> None:
    """Within the transaction of a removal: a session that is let in to enrol removes nothing.

    Raises FreshSignInRequired.
    """
    session = await insist_on_right(by, lock=True)
    if session.kind == sessions.ENROLLING:
        raise errors.FreshSignInRequired()


@asynccontextmanager
async def enrolling(by: Principal, *, way: str) -> AsyncIterator[None]:
    """The transaction in which a factor is written; the session has shown it then.

    Raises FreshSignInRequired, SignInRequired.
    """
    async with transaction():
        session = await insist_on_right(by, lock=True)
        recovered = session.via == sessions.RECOVERY
        if recovered:
            await _use_recovery(by)
        first = not await holds_any(by.id)
        yield
        moved = await Session.filter(id=session.id, kind=session.kind, revoked_at=None).update(
            kind=by.kind.value, via=f"password+{way}"
        )
        if not moved:
            raise SignInRequired()
        if first:
            await revoking.end_officer(by.id, by=by.actor, keep=session.id)
        await audit.record(
            actor=by.actor, action="factor-enrolled", target=by.actor, detail={"way": way}
        )


async def _use_recovery(by: Principal) -> None:
    """The new factor takes the place of every former one."""
    used = await _confirmed(by.id).update(
        state=RecoveryState.USED, open_key=None, ended_at=clock.now()
    )
    if not used:
        raise errors.RecoveryNotOpen()
    await OneTimeSecret.filter(officer_id=by.id).delete()
    locked = await Passkey.exists(officer_id=by.id, locked_at__isnull=False)
    await Passkey.filter(officer_id=by.id).delete()
    if locked:
        await tell_when_none_is_locked(by.id)
    await audit.record(actor=by.actor, action="recovery-used", target=by.actor)


async def insist_on_another(officer_id: UUID, *, required: bool) -> None:
    """After a removal, within its transaction. Raises LastFactor."""
    if required and not await ways(officer_id):
        raise errors.LastFactor()


async def record_refusal(officer_id: UUID, *, way: str, reason: str) -> None:
    """A second step that failed is on record like a wrong password."""
    async with transaction():
        await audit.record(
            actor="anonymous",
            action="second-step-failed",
            target=f"officer:{officer_id}",
            detail={"way": way, "reason": reason},
        )
