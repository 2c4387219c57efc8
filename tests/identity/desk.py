"""Keepers of accounts for tests."""

from uuid import UUID

from identity.models import Officer
from identity.principal import Principal
from identity.staff import proposals
from identity.staff.power import Power
from identity.staff.proposals import Outcome
from identity.staff.roles import Role
from tests.identity import factories

CAUSE = "新入职"
REVIEWER = Power(roles=frozenset({Role.REVIEWER}), department="SCJG")
WINDOW = Power(roles=frozenset({Role.WINDOW}), department="SCJG")
KEEPER = Power(roles=frozenset({Role.ACCOUNT_KEEPER}))


async def keeper(staff_no: str = "GL-01") -> Principal:
    """A keeper of accounts with an own password."""
    officer_id = await factories.officer(staff_no, roles=(Role.ACCOUNT_KEEPER,))
    await Officer.filter(id=officer_id).update(department_id=None, name=f"管理员{staff_no}")
    return await principal(officer_id)


async def principal(officer_id: UUID) -> Principal:
    """An officer as a request sees them."""
    from identity.log_in.sessions import officer_principal

    return officer_principal(await Officer.get(id=officer_id))


async def asked(by: Principal, staff_no: str = "SCJG-07", power: Power = REVIEWER) -> Outcome:
    """A new account is asked for."""
    await factories.department()
    return await proposals.open_account(
        staff_no, name="新同事", title="审查岗", power=power, cause=CAUSE, by=by
    )


def id_of(outcome: Outcome) -> UUID:
    assert outcome.proposal_id is not None
    return outcome.proposal_id
