"""Who an officer is at this moment, read anew for each act: roles, department, state, own matters.

A request's principal is as old as the request. An act asks here inside its transaction; the row is
held until the end of it, so that a dismissal waits for the acts that are under way, and every later
act sees it.
"""

from functools import cache
from uuid import UUID

from core import clock
from core.data.statements import Statement, columns_of, loaded
from identity import errors
from identity.authority import Standing
from identity.models import Officer, Relation, State
from identity.principal import Principal
from identity.staff import absences


def of_principal(by: Principal) -> Standing:
    """As the request's guard found the officer: enough for looking."""
    return Standing(officer=by.id, department=by.department, roles=by.roles)


async def now(by: Principal) -> Standing:
    """As the officer stands now; in the transaction of an act. Raises OfficerInactive."""
    row = await _held().row(str(by.id))
    if row is None:
        raise errors.OfficerInactive()
    officer, today = loaded(Officer, row), clock.today()
    return Standing(
        officer=officer.id,
        department=officer.department_id,
        roles=frozenset(officer.roles),
        subjects=await _subjects(officer),
        active=officer.state is State.ACTIVE and officer.may_work(today),
        away=await absences.is_away(officer.id, on=today),
    )


async def _subjects(officer: Officer) -> frozenset[UUID]:
    """The officer as an applicant, and all for whom that person may act today."""
    if officer.person_id is None:
        return frozenset()
    today = clock.today()
    rows = await Relation.filter(person_id=officer.person_id, valid_from__lte=today).values_list(
        "organisation_id", "valid_to"
    )
    acts_for = {one for one, until in rows if until is None or until >= today}
    return frozenset({officer.person_id, *acts_for})


@cache
def _held() -> Statement:
    columns, table = columns_of(Officer), Officer._meta.db_table
    return Statement(f'SELECT {columns} FROM "{table}" WHERE "id" = ? FOR SHARE')  # noqa: S608
