"""Passwords that are handed out once and must be changed, and the change by their owner.

A start password is 16 characters of an alphabet that can be read out (79 bits). It opens nothing:
whoever proves it is asked to set an own password, and it lapses when that takes too long.
"""

import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from core import clock
from core.database import transaction
from core.protection import audit
from identity import errors
from identity.log_in import revoking
from identity.models import Officer, State
from identity.staff import officers

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Without 0 O 1 I L."""

GROUPS, GROUP_SIZE = 4, 4
START_LIFE = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class StartPassword:
    """A password to be handed over, and what is stored of it."""

    plain: str = field(repr=False)
    hashed: str = field(repr=False)


async def new_start() -> StartPassword:
    """A fresh start password; before the transaction, because hashing takes its time."""
    plain = "-".join(
        "".join(secrets.choice(ALPHABET) for _ in range(GROUP_SIZE)) for _ in range(GROUPS)
    )
    return StartPassword(plain=plain, hashed=await officers.hash_of(plain))


async def put(officer_id: UUID, start: StartPassword, *, by: str) -> None:
    """Let the start password take the place of the present one; inside a transaction."""
    await Officer.filter(id=officer_id).update(
        password_hash=start.hashed, start_until=clock.now() + START_LIFE
    )
    await revoking.end_officer(officer_id, by=by)


async def end_sessions(officer_id: UUID, *, by: str) -> None:
    """Whatever is open in this account ends, streams too."""
    await revoking.end_officer(officer_id, by=by)


async def change(staff_no: str, password: str, *, new: str, place: str = "") -> None:
    """The owner sets a password of the own; every session of the account ends.

    Raises WrongCredentials, TooManySignIns, StartPasswordLapsed, WeakPassword. Of two that change
    the same password at once, the second is told that it is no longer the right one.
    """
    officer = await officers.prove(staff_no, password, place=place)
    officers.insist_on_time(officer)
    if new == password:
        raise errors.WeakPassword(
            "新密码不能与现在的密码相同，请换一个", shortest=officers.SHORTEST_PASSWORD
        )
    officers.insist_on_strength(new, staff_no=staff_no)
    hashed = await officers.hash_of(new)
    async with transaction():
        changed = await Officer.filter(
            id=officer.id, state=State.ACTIVE, password_hash=officer.password_hash
        ).update(password_hash=hashed, start_until=None)
        if not changed:
            raise errors.WrongCredentials()
        await revoking.end_officer(officer.id, by=f"officer:{officer.id}")
        await audit.record(
            actor=f"officer:{officer.id}",
            action="password-changed",
            target=f"officer:{officer.id}",
        )
