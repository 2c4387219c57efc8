"""Officers: their accounts and passwords. Passwords are argon2id and hashed off the event loop.

Five wrong passwords from one place lock a staff number there for a quarter of an hour; fifty from
everywhere lock it for all places where its officer has not signed in lately. So a stranger who
tries passwords keeps nobody from the own desk. Unknown staff numbers are counted, locked and hashed
like known ones, so that answers and times do not tell which exist.
"""

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from tortoise.expressions import F

from core import clock
from core.data import forgetting
from core.database import transaction
from core.protection import audit
from core.protection.protect import blind_index
from identity import errors, queries
from identity.log_in import revoking, sessions
from identity.models import Officer, SignInAttempts, SignInPlace, State
from identity.principal import Principal
from identity.staff.roles import Role

ATTEMPTS = 5
ATTEMPTS_FROM_EVERYWHERE = 50
KNOWN_PLACE = timedelta(days=30)
"""How long a place where the officer signed in counts as the officer's own."""

SHORTEST_PASSWORD = 10
"""Characters. ASVS 5.0 (6.2.1) asks for eight at least and recommends fifteen; a staff number is
locked long before ten are guessed."""

FEWEST_KINDS = 5
"""Different characters; `111111111111` is long and no password."""
LOCK = timedelta(minutes=15)
"""Also how long a wrong password counts."""

LONGEST_PASSWORD = 256

HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""OWASP's first choice for argon2id: 19 MiB, two passes; about 30 ms here."""

NOBODY = HASHER.hash("nobody has this password")
"""Verified in place of the hash of an unknown staff number."""


async def create(
    staff_no: str,
    *,
    name: str,
    password: str,
    roles: Iterable[Role],
    department: str | None,
    by: str,
    person_id: UUID | None = None,
) -> UUID:
    """The officer with this staff number, made when new; a known one is left as it is.

    `person_id` is the officer as an applicant, whose matters the officer may not act on. Raises
    DepartmentNotFound, WeakPassword.
    """
    known = await Officer.get_or_none(staff_no=staff_no)
    if known is not None:
        return known.id
    if department is not None:
        await queries.get_department(department)
    insist_on_strength(password, staff_no=staff_no)
    password_hash = await hash_of(password)
    async with transaction():
        officer = await Officer.create(
            staff_no=staff_no,
            name=name,
            password_hash=password_hash,
            roles=sorted(role.value for role in roles),
            department_id=department,
            person_id=person_id,
        )
        await audit.record(
            actor=by,
            action="officer-created",
            target=f"officer:{officer.id}",
            detail={"roles": officer.roles, "department": department or "all"},
        )
    return officer.id


async def set_password(officer_id: UUID, password: str, *, by: str) -> None:
    """Replace a password and end every session of the officer.

    Raises OfficerNotFound, WeakPassword.
    """
    officer = await Officer.get_or_none(id=officer_id)
    if officer is None:
        raise errors.OfficerNotFound()
    insist_on_strength(password, staff_no=officer.staff_no)
    password_hash = await hash_of(password)
    async with transaction():
        if not await Officer.filter(id=officer_id).update(password_hash=password_hash):
            raise errors.OfficerNotFound()
        await revoking.end_officer(officer_id, by=by)
        await audit.record(actor=by, action="password-changed", target=f"officer:{officer_id}")


async def dismiss(officer_id: UUID, *, by: str) -> None:
    """Refuse the officer from the next request on. Repeating it changes nothing."""
    async with transaction():
        changed = await Officer.filter(id=officer_id, state=State.ACTIVE).update(
            state=State.REVOKED
        )
        if changed:
            await revoking.end_officer(officer_id, by=by)
            await audit.record(actor=by, action="officer-dismissed", target=f"officer:{officer_id}")


async def hash_of(password: str) -> str:
    """What is stored of a password; some 30 ms of a thread."""
    return await asyncio.to_thread(HASHER.hash, password)


def insist_on_strength(password: str, *, staff_no: str) -> None:
    """Raises WeakPassword for one that is short, monotonous or built on the staff number."""
    plain = staff_no.casefold()
    weak = (
        len(password) < SHORTEST_PASSWORD
        or len(set(password)) < FEWEST_KINDS
        or (plain and password.casefold().replace(plain, "").strip("-_.0123456789") == "")
    )
    if weak:
        raise errors.WeakPassword(shortest=SHORTEST_PASSWORD)


async def authenticate(staff_no: str, password: str, *, place: str = "") -> Principal:
    """The officer with this number and password, who tries from `place` (a network address).

    Raises WrongCredentials with one sentence for every cause, or TooManySignIns(retry_after).
    An attempt counts before the password is looked at: parallel guesses do not get more tries.
    Who proved a password that was handed out is asked to set an own one: PasswordMustChange, or
    StartPasswordLapsed.
    """
    officer = await prove(staff_no, password, place=place)
    if officer.start_until is not None:
        insist_on_time(officer)
        raise errors.PasswordMustChange()
    return sessions.officer_principal(officer)


def insist_on_time(officer: Officer) -> None:
    """Raises StartPasswordLapsed when a password that was handed out has waited too long."""
    if officer.start_until is not None and officer.start_until <= clock.now():
        raise errors.StartPasswordLapsed()


async def prove(staff_no: str, password: str, *, place: str = "") -> Officer:
    """The officer who knows this password, also one that was handed out.

    Raises WrongCredentials, TooManySignIns.
    """
    index = blind_index(staff_no, purpose="identity.staff_no")
    here = blind_index(f"{staff_no}\n{place}", purpose="identity.staff_no.place")
    await _insist_on_a_try(here, limit=ATTEMPTS, staff_no=staff_no)
    if not await _is_known(here):
        await _insist_on_a_try(index, limit=ATTEMPTS_FROM_EVERYWHERE, staff_no=staff_no)
    officer = await Officer.get_or_none(staff_no=staff_no, state=State.ACTIVE)
    if officer is not None and not (officer.password_hash and officer.may_work(clock.today())):
        officer = None
    stored = NOBODY if officer is None else officer.password_hash
    if not await asyncio.to_thread(_fits, stored, password) or officer is None:
        await _record_of_anonymous("sign-in-failed", staff_no, officer)
        raise errors.WrongCredentials()
    await SignInAttempts.filter(index=here).delete()
    await SignInAttempts.filter(index=index, count__gt=0).update(count=F("count") - 1)
    await SignInPlace.update_or_create({"until": clock.now() + KNOWN_PLACE}, index=here)
    return officer


async def forget_attempts() -> int:
    """Delete counts and places that no longer matter (a timer calls it)."""
    await forgetting.forget(SignInPlace.filter(until__lte=clock.now()), by="until")
    over = SignInAttempts.filter(until__lte=clock.now())
    return await forgetting.forget(over, by="until")


async def _is_known(here: str) -> bool:
    return await SignInPlace.exists(index=here, until__gt=clock.now())


async def _insist_on_a_try(index: str, *, limit: int, staff_no: str) -> None:
    """Raises TooManySignIns; the first who is turned away leaves a record of the lock."""
    seconds, locked_now = await _count_attempt(index, limit=limit)
    if locked_now:
        officer = await Officer.get_or_none(staff_no=staff_no)
        await _record_of_anonymous("sign-in-locked", staff_no, officer)
    if seconds:
        raise errors.TooManySignIns(retry_after=seconds)


async def _count_attempt(index: str, *, limit: int) -> tuple[int, bool]:
    """For how many seconds nobody may try, and whether this attempt is the first to hear so."""
    at = clock.now()
    async with transaction():
        await SignInAttempts.bulk_create(
            [SignInAttempts(index=index, until=at + LOCK)], ignore_conflicts=True
        )
        row = await SignInAttempts.filter(index=index).select_for_update().get()
        count = row.count + 1 if at < row.until else 1
        if count > limit:
            locked_now = row.count == limit
            if locked_now:
                await SignInAttempts.filter(index=index).update(count=count)
            return int((row.until - at).total_seconds()) + 1, locked_now
        await SignInAttempts.filter(index=index).update(count=count, until=at + LOCK)
    return 0, False


async def _record_of_anonymous(action: str, staff_no: str, officer: Officer | None) -> None:
    index = blind_index(staff_no, purpose="identity.staff_no")
    target = f"staff-no:{index[:16]}" if officer is None else f"officer:{officer.id}"
    async with transaction():
        await audit.record(actor="anonymous", action=action, target=target)


def _fits(stored: str, password: str) -> bool:
    try:
        return len(password) <= LONGEST_PASSWORD and HASHER.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False
