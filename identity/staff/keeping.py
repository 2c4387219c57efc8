"""A keeper of accounts at work: the right is asked again where it counts, in the transaction.

The rows of the keeper and of everybody concerned are locked in one order. So a keeper who is
dismissed while a request of theirs is running changes nothing any more, and of two keepers who
dismiss each other the second is refused.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from uuid import UUID

from core import clock
from core.database import transaction
from identity import errors
from identity.account_errors import OwnAccount
from identity.models import Officer, State
from identity.principal import Principal
from identity.staff.power import NONE, Power
from identity.staff.roles import ALLOWED, Act, Role, insist


@asynccontextmanager
async def at_desk(by: Principal, *officer_ids: UUID) -> AsyncIterator[dict[UUID, Officer]]:
    """A transaction of somebody who keeps accounts, with the locked rows of the officers named.

    Raises RoleMissing, SignInRequired for a keeper who no longer is one, OfficerNotFound.
    """
    insist(by, Act.KEEP_ACCOUNTS)
    async with transaction():
        rows = await held(by.id, *officer_ids)
        if not is_keeper(rows[by.id]):
            raise errors.SignInRequired()
        yield rows


@asynccontextmanager
async def still(by: Principal, act: Act, *, department: str | None = None) -> AsyncIterator[None]:
    """A transaction of an officer who may do `act` now, whatever the guard found a moment ago.

    Raises RoleMissing, SignInRequired.
    """
    insist(by, act, department=department)
    async with transaction():
        row = (await held(by.id))[by.id]
        if not row.may_work(clock.today()):
            raise errors.SignInRequired()
        now = replace(by, roles=frozenset(row.roles), department=row.department_id)
        insist(now, act, department=department)
        yield


async def held(*officer_ids: UUID) -> dict[UUID, Officer]:
    """The rows, locked until the transaction ends. Raises OfficerNotFound when one is missing."""
    wanted = set(officer_ids)
    rows = await Officer.filter(id__in=wanted).order_by("id").select_for_update()
    if len(rows) != len(wanted):
        raise errors.OfficerNotFound()
    return {row.id: row for row in rows}


def is_keeper(officer: Officer) -> bool:
    """Whether this row keeps accounts today."""
    return officer.may_work(clock.today()) and Role.ACCOUNT_KEEPER in officer.roles


def insist_not_own(by: Principal, officer_id: UUID) -> None:
    """Raises OwnAccount."""
    if by.id == officer_id:
        raise OwnAccount()


def power_of(officer: Officer) -> Power:
    """What the officer may do; a lock takes nothing away for good."""
    if officer.state is not State.ACTIVE:
        return NONE
    return Power(
        roles=frozenset(Role(role) for role in officer.roles if role in ALLOWED),
        department=officer.department_id,
        valid_from=officer.valid_from,
        valid_to=officer.valid_to,
    )
