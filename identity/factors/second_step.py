"""The second step of a sign-in: the password was right, and a ticket waits for the factor.

A ticket lives five minutes, is bound to the officer and to the password it was given for, opens
nothing by itself and makes one session at most.
"""

import hashlib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from core import clock
from core.database import transaction
from identity.factors import errors, holding, one_time, passkeys
from identity.factors.passkeys import Assertion, Challenge
from identity.factors.relying_party import RelyingParty
from identity.log_in import hand_over, sessions, sign_in_log
from identity.log_in.sessions import IssuedSession
from identity.log_in.sign_in_log import Visit
from identity.models import Officer, State
from identity.principal import Principal
from identity.staff import officers

if TYPE_CHECKING:
    from redis.asyncio import Redis

KIND = "staff-step"
LIFE = timedelta(minutes=5)


async def wait_for(
    principal: Principal, *, ways: list[str], visit: Visit, redis: "Redis | None"
) -> errors.SecondFactorNeeded:
    """The refusal that asks for the second step; without `redis` one that leads nowhere."""
    if redis is None:
        return errors.SecondFactorNeeded(ways=ways)
    officer = await Officer.get(id=principal.id)
    kept = {
        "officer": str(officer.id),
        "password": _stamp(officer),
        "until": (clock.now() + LIFE).isoformat(),
        "device": visit.device,
        "address": visit.address,
    }
    seconds = int(LIFE.total_seconds())
    ticket = await hand_over.leave(redis, KIND, kept, seconds=seconds)
    recovery = await holding.recovery_of(officer.id)
    return errors.SecondFactorNeeded(ticket=ticket, ways=ways, seconds=seconds, recovery=recovery)


async def by_code(ticket: str, code: str, *, redis: "Redis", idle_minutes: int) -> IssuedSession:
    """Finish a sign-in by a one-time code; a wrong one leaves the ticket for another try.

    Raises SecondStepExpired, CodeRefused, CodeOutOfTime, CodeUsed, TooManyCodes.
    """
    officer, _ = await waiting(ticket, redis=redis)
    await one_time.check(officer.id, code)
    return await _finish(ticket, way=one_time.WAY, redis=redis, idle_minutes=idle_minutes)


async def challenge(ticket: str, *, party: RelyingParty, redis: "Redis") -> Challenge:
    """What a device is to sign. Raises SecondStepExpired, FactorNotFound."""
    officer, _ = await waiting(ticket, redis=redis)
    return await passkeys.challenge_for(officer.id, ticket=ticket, party=party, redis=redis)


async def by_passkey(
    ticket: str,
    answer: Assertion,
    *,
    party: RelyingParty,
    redis: "Redis",
    idle_minutes: int,
) -> IssuedSession:
    """Finish a sign-in by a device's answer to the challenge, which is spent.

    Raises SecondStepExpired, ForeignOrigin, PasskeyRefused, PasskeyCloned.
    """
    officer, _ = await waiting(ticket, redis=redis)
    await passkeys.check(officer.id, answer, ticket=ticket, party=party, redis=redis)
    return await _finish(ticket, way=passkeys.WAY, redis=redis, idle_minutes=idle_minutes)


async def waiting(ticket: str, *, redis: "Redis") -> tuple[Officer, dict[str, Any]]:
    """Whose sign-in waits under a ticket, without spending it. Raises SecondStepExpired."""
    return await _officer_of(await hand_over.look(redis, KIND, ticket))


async def vouch(
    staff_no: str, password: str, *, code: str, place: str, factor_required: bool
) -> Principal:
    """Another officer who is present at somebody's desk, by password and a one-time code.

    Who holds a factor shows a code also here: a password alone would grant what it does not open.
    Keys answer at their owner's device only, so who holds nothing else cannot vouch. Raises
    WrongCredentials, TooManySignIns, CodeOfSecondNeeded, CodeRefused, CodeOutOfTime, CodeUsed,
    TooManyCodes.
    """
    principal = await officers.authenticate(staff_no, password, place=place)
    if await holding.holds_any(principal.id) or factor_required:
        if one_time.WAY not in await holding.ways(principal.id) or not code.strip():
            raise errors.CodeOfSecondNeeded()
        await one_time.check(principal.id, code)
    return principal


async def open_session(
    principal: Principal, *, via: str, visit: Visit, idle_minutes: int, enrolling: bool = False
) -> IssuedSession:
    """An officer's session, and the line in the officer's log of sign-ins that names the way."""
    async with transaction():
        issued = await sessions.issue(
            principal,
            idle_minutes=idle_minutes,
            via=via,
            device=visit.device,
            enrolling=enrolling,
        )
        await sign_in_log.note(issued.principal, via=via, visit=visit)
    return issued


async def enter_recovery(ticket: str, *, redis: "Redis", idle_minutes: int) -> IssuedSession:
    """The session of an officer whom two others let in: it opens the enrolment only.

    Whether they did is for the caller to ask. Raises SecondStepExpired.
    """
    officer, kept = await _officer_of(await hand_over.take(redis, KIND, ticket))
    return await open_session(
        sessions.officer_principal(officer),
        via=sessions.RECOVERY,
        visit=_visit(kept),
        idle_minutes=idle_minutes,
        enrolling=True,
    )


async def _finish(ticket: str, *, way: str, redis: "Redis", idle_minutes: int) -> IssuedSession:
    officer, kept = await _officer_of(await hand_over.take(redis, KIND, ticket))
    if await holding.is_recovering(officer.id):
        raise errors.SecondStepExpired()
    async with transaction():
        await holding.withdraw_recovery(officer.id)
        return await open_session(
            sessions.officer_principal(officer),
            via=f"password+{way}",
            visit=_visit(kept),
            idle_minutes=idle_minutes,
        )


def _visit(kept: dict[str, Any]) -> Visit:
    return Visit(channel="", device=kept["device"], address=kept["address"])


async def _officer_of(kept: dict[str, Any] | None) -> tuple[Officer, dict[str, Any]]:
    if kept is None or clock.now() >= datetime.fromisoformat(kept["until"]):
        raise errors.SecondStepExpired()
    officer = await Officer.get_or_none(id=UUID(kept["officer"]), state=State.ACTIVE)
    if officer is None or _stamp(officer) != kept["password"]:
        raise errors.SecondStepExpired()
    return officer, kept


def _stamp(officer: Officer) -> str:
    """A new password ends what was begun with the former one."""
    return hashlib.sha256(officer.password_hash.encode()).hexdigest()
