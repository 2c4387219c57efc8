"""Power is given by two, taken by one; nobody helps themselves, however they try."""

import asyncio
from datetime import timedelta

import pytest

from core import clock
from core.database import Statement
from core.protection import audit
from core.protection.audit import AuditRecord
from identity import account_errors, errors, sign_in
from identity.log_in import sessions
from identity.models import AccountChange, Officer, PowerProposal, PowerProposalState
from identity.principal import Principal, PrincipalKind
from identity.staff import accounts, departments, first, officers, passwords, proposals
from identity.staff.power import Power
from identity.staff.proposals import Outcome
from identity.staff.roles import Role
from tests.conftest import FrozenClock
from tests.identity import desk, factories

pytestmark = pytest.mark.usefixtures("db", "frozen_clock")

OWN = "清晨的雾-慢慢散在江边"


@pytest.fixture
async def one() -> Principal:
    return await desk.keeper("GL-01")


@pytest.fixture
async def other() -> Principal:
    return await desk.keeper("GL-02")


async def roles_of(staff_no: str) -> list[str]:
    return (await Officer.get(staff_no=staff_no)).roles


async def test_account_that_was_asked_for_may_do_nothing(one: Principal) -> None:
    outcome = await desk.asked(one)

    assert outcome.start_password is None
    assert await roles_of("SCJG-07") == []
    with pytest.raises(errors.WrongCredentials):
        await officers.authenticate("SCJG-07", "")


async def test_second_keeper_gives_and_is_shown_the_start_password(
    one: Principal, other: Principal
) -> None:
    outcome = await desk.asked(one)

    given = await proposals.approve(desk.id_of(outcome), by=other)

    assert given.start_password is not None
    await passwords.change("SCJG-07", given.start_password, new=OWN)
    principal = await officers.authenticate("SCJG-07", OWN)
    assert (principal.roles, principal.department) == ({"reviewer"}, "SCJG")
    told = await AccountChange.all().order_by("at").values_list("action", flat=True)
    assert {"account-proposed", "account-approved"} <= set(told)
    assert await audit.check() > 0


async def test_who_proposed_does_not_approve_and_the_try_is_on_record(one: Principal) -> None:
    outcome = await desk.asked(one)

    with pytest.raises(account_errors.SecondKeeperNeeded):
        await proposals.approve(desk.id_of(outcome), by=one)

    assert await AuditRecord.filter(action="power-approval-refused").count() == 1
    assert await roles_of("SCJG-07") == []


async def test_nobody_proposes_for_themselves(one: Principal) -> None:
    with pytest.raises(account_errors.OwnAccount):
        await proposals.change(one.id, power=desk.REVIEWER, cause="自己", by=one)


async def test_who_gains_does_not_approve(one: Principal, other: Principal) -> None:
    """`other` lost the keeping of accounts to a lapse of time and would give it back to itself."""
    until = clock.today() + timedelta(days=30)
    await Officer.filter(id=other.id).update(valid_to=until)
    outcome = await proposals.change(other.id, power=desk.KEEPER, cause="延长", by=one)

    with pytest.raises(account_errors.SecondKeeperNeeded):
        await proposals.approve(desk.id_of(outcome), by=other)

    assert (await Officer.get(id=other.id)).valid_to == until


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ACCOUNT_KEEPER])
async def test_other_roles_neither_propose_nor_approve(one: Principal, role: Role) -> None:
    outsider = await desk.principal(await factories.officer("X-01", roles=(role,)))
    outcome = await desk.asked(one)

    with pytest.raises(errors.RoleMissing):
        await proposals.approve(desk.id_of(outcome), by=outsider)
    with pytest.raises(errors.RoleMissing):
        await desk.asked(outsider, "SCJG-08")


async def test_of_two_approvers_at_once_one_gives(one: Principal, other: Principal) -> None:
    third = await desk.keeper("GL-03")
    proposal_id = desk.id_of(await desk.asked(one))

    answers = await asyncio.gather(
        *(proposals.approve(proposal_id, by=by) for by in (other, third)), return_exceptions=True
    )

    given = [answer for answer in answers if isinstance(answer, Outcome)]
    late = [answer for answer in answers if isinstance(answer, account_errors.PowerProposalClosed)]
    assert (len(given), len(late)) == (1, 1), answers
    assert given[0].start_password is not None
    await passwords.change("SCJG-07", given[0].start_password, new=OWN)
    assert await AuditRecord.filter(action="account-approved").count() == 1


async def test_approval_and_refusal_at_once_are_one_of_both(
    one: Principal, other: Principal
) -> None:
    proposal_id = desk.id_of(await desk.asked(one))

    answers = await asyncio.gather(
        proposals.approve(proposal_id, by=other),
        proposals.refuse(proposal_id, cause="撤回", by=one),
        return_exceptions=True,
    )

    closed = [one for one in answers if isinstance(one, account_errors.PowerProposalClosed)]
    row = await PowerProposal.get(id=proposal_id)
    assert len(closed) == 1, answers
    assert (row.state is PowerProposalState.APPROVED) == bool(await roles_of("SCJG-07"))


async def test_proposal_lapses_after_a_week(
    one: Principal, other: Principal, frozen_clock: FrozenClock
) -> None:
    proposal_id = desk.id_of(await desk.asked(one))
    frozen_clock.advance(days=7)

    with pytest.raises(account_errors.PowerProposalClosed):
        await proposals.approve(proposal_id, by=other)

    assert await proposals.lapse() == 1
    assert (await PowerProposal.get(id=proposal_id)).state is PowerProposalState.LAPSED
    officer = await Officer.get(staff_no="SCJG-07")
    again = await proposals.change(officer.id, power=desk.REVIEWER, cause="再次申请", by=one)
    given = await proposals.approve(desk.id_of(again), by=other)
    assert given.start_password is not None


async def test_lapsed_proposal_makes_room_without_the_timer(
    one: Principal, frozen_clock: FrozenClock
) -> None:
    officer_id = (await desk.asked(one)).officer_id
    with pytest.raises(account_errors.PowerProposalOpen):
        await proposals.change(officer_id, power=desk.WINDOW, cause="换岗", by=one)
    frozen_clock.advance(days=7)

    again = await proposals.change(officer_id, power=desk.WINDOW, cause="换岗", by=one)

    assert again.proposal_id is not None


async def test_wider_power_waits_and_narrower_is_done_at_once(
    one: Principal, other: Principal
) -> None:
    officer_id = await factories.officer()
    wide = Power(roles=frozenset({Role.REVIEWER, Role.WINDOW}), department="SCJG")

    waits = await proposals.change(officer_id, power=wide, cause="兼窗口", by=one)
    assert await roles_of("SCJG-01") == ["reviewer"]
    await proposals.approve(desk.id_of(waits), by=other)
    assert await roles_of("SCJG-01") == ["reviewer", "window"]

    done = await proposals.change(officer_id, power=desk.WINDOW, cause="专窗", by=one)
    assert done.proposal_id is None
    assert await roles_of("SCJG-01") == ["window"]


async def test_narrowing_closes_what_was_proposed_from_more(
    one: Principal, other: Principal
) -> None:
    officer_id = await factories.officer()
    wide = Power(roles=frozenset({Role.REVIEWER, Role.WINDOW}), department="SCJG")
    waits = await proposals.change(officer_id, power=wide, cause="兼窗口", by=one)
    await proposals.change(officer_id, power=Power(department="SCJG"), cause="调查", by=one)

    with pytest.raises(account_errors.PowerProposalClosed):
        await proposals.approve(desk.id_of(waits), by=other)

    assert await roles_of("SCJG-01") == []


async def test_other_power_ends_the_sessions_that_had_the_former(one: Principal) -> None:
    wide = (Role.REVIEWER, Role.WINDOW)
    officer_id = await factories.officer(roles=wide)
    issued = await sign_in.officer("SCJG-01", factories.PASSWORD, idle_minutes=30)

    await proposals.change(officer_id, power=desk.WINDOW, cause="专窗", by=one)

    with pytest.raises(errors.SignInRequired):
        await sessions.resolve(issued.token, kind=PrincipalKind.OFFICER)


async def test_who_becomes_a_keeper_starts_anew_from_the_approvers_hand(
    one: Principal, other: Principal
) -> None:
    """A keeper who knew the password of an account made it a keeper, and so had two votes."""
    officer_id = await factories.officer()
    known = await proposals.new_password(officer_id, cause="忘记密码", by=one)
    assert known.start_password is not None
    await passwords.change("SCJG-01", known.start_password, new=OWN)

    outcome = await proposals.change(officer_id, power=desk.KEEPER, cause="任管理员", by=one)
    given = await proposals.approve(desk.id_of(outcome), by=other)

    assert given.start_password is not None
    with pytest.raises(errors.WrongCredentials):
        await officers.authenticate("SCJG-01", OWN)


async def test_a_keepers_password_is_made_anew_by_two_others(
    one: Principal, other: Principal
) -> None:
    third = await desk.keeper("GL-03")
    outcome = await proposals.new_password(other.id, cause="忘记密码", by=one)
    assert outcome.start_password is None

    for by in (one, other):
        with pytest.raises(account_errors.SecondKeeperNeeded):
            await proposals.approve(desk.id_of(outcome), by=by)
    given = await proposals.approve(desk.id_of(outcome), by=third)

    with pytest.raises(errors.PasswordMustChange):
        await officers.authenticate("GL-02", str(given.start_password))


async def test_account_without_power_gets_no_password_from_one(one: Principal) -> None:
    officer_id = (await desk.asked(one)).officer_id

    with pytest.raises(account_errors.OfficerWithoutPower):
        await proposals.new_password(officer_id, cause="初始密码", by=one)


async def test_where_no_second_keeper_is_at_work_the_command_gives(one: Principal) -> None:
    outcome = await desk.asked(one, "GL-02", desk.KEEPER)

    given = await proposals.approve_by_command("GL-02")

    assert given.officer_id == outcome.officer_id
    assert await roles_of("GL-02") == ["account_keeper"]
    assert (await AccountChange.get(action="account-approved")).actor == "system:manage"


async def test_command_gives_nothing_once_a_second_keeper_is_at_work(
    one: Principal, other: Principal
) -> None:
    await desk.asked(one)

    with pytest.raises(errors.KeepersAtWork):
        await proposals.approve_by_command("SCJG-07")
    with pytest.raises(account_errors.PowerProposalNotFound):
        await proposals.approve_by_command("nobody")


async def test_power_that_changed_meanwhile_is_not_given(one: Principal, other: Principal) -> None:
    officer_id = await factories.officer()
    wide = Power(roles=frozenset({Role.REVIEWER, Role.WINDOW}), department="SCJG")
    outcome = await proposals.change(officer_id, power=wide, cause="兼窗口", by=one)
    await Officer.filter(id=officer_id).update(roles=["window"])

    with pytest.raises(account_errors.PowerChanged):
        await proposals.approve(desk.id_of(outcome), by=other)

    assert await roles_of("SCJG-01") == ["window"]


async def test_dismissed_keepers_proposals_end(one: Principal, other: Principal) -> None:
    third = await desk.keeper("GL-03")
    outcome = await desk.asked(one)
    await accounts.dismiss(one.id, cause="离职", by=other)

    with pytest.raises(account_errors.PowerProposalClosed):
        await proposals.approve(desk.id_of(outcome), by=third)


async def test_of_six_who_ask_for_one_account_one_does(one: Principal) -> None:
    tries = (desk.asked(one) for _ in range(6))
    answers = await asyncio.gather(*tries, return_exceptions=True)

    refused = [answer for answer in answers if isinstance(answer, errors.StaffNoTaken)]
    assert len(refused) == 5, answers
    assert await PowerProposal.all().count() == 1


async def test_power_in_a_closed_department_is_not_given(one: Principal, other: Principal) -> None:
    outcome = await desk.asked(one)
    await departments.close("SCJG", by=one)

    with pytest.raises(account_errors.DepartmentClosed):
        await proposals.approve(desk.id_of(outcome), by=other)


async def test_causes_are_encrypted_and_in_no_audit_record(one: Principal) -> None:
    await desk.asked(one)

    record = await AuditRecord.get(action="account-proposed")
    (stored,) = await Statement("SELECT cause FROM identity_power_proposal WHERE id = ?").rows(
        str((await PowerProposal.get()).id)
    )
    assert desk.CAUSE not in str(record.detail)
    assert desk.CAUSE not in stored["cause"]
    assert (await PowerProposal.get()).cause == desk.CAUSE


async def test_first_officer_builds_the_house(frozen_clock: FrozenClock) -> None:
    """From nothing: the first keeper, a second one by command, then an officer by both."""
    await passwords.change("GL-01", await first.make("GL-01", name="甲"), new=OWN)
    one = await officers.authenticate("GL-01", OWN)
    await desk.asked(one, "GL-02", desk.KEEPER)
    second = await proposals.approve_by_command("GL-02")
    await passwords.change("GL-02", str(second.start_password), new=OWN)
    other = await officers.authenticate("GL-02", OWN)

    await proposals.approve(desk.id_of(await desk.asked(one)), by=other)

    assert await roles_of("SCJG-07") == ["reviewer"]
