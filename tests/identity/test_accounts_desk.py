"""Locks, dismissal, leave and departments: at once, once, and with a trace."""

import asyncio
import json
from datetime import timedelta

import pytest

from core import clock
from core.outbox import OutboxMessage
from core.protection.audit import AuditRecord
from identity import account_errors, errors, sign_in
from identity.log_in import sessions
from identity.models import AccountChange, Department, Officer, State
from identity.principal import Principal, PrincipalKind
from identity.queries import DepartmentView
from identity.staff import absences, account_lists, accounts, departments, proposals
from identity.staff.account_lists import Standing
from tests.conftest import FrozenClock
from tests.identity import desk, factories

pytestmark = pytest.mark.usefixtures("db", "frozen_clock")

CAUSE = "调离"


@pytest.fixture
async def one() -> Principal:
    return await desk.keeper("GL-01")


async def signed_in() -> str:
    return (await sign_in.officer("SCJG-01", factories.PASSWORD, idle_minutes=30)).token


async def is_out(token: str) -> bool:
    try:
        await sessions.resolve(token, kind=PrincipalKind.OFFICER)
    except errors.SignInRequired:
        return await sessions.resolve_many([token], kind=PrincipalKind.OFFICER) == {}
    return False


async def test_dismissal_ends_sessions_and_has_streams_closed(one: Principal) -> None:
    officer_id = await factories.officer()
    tokens = [await signed_in() for _ in range(3)]

    await accounts.dismiss(officer_id, cause=CAUSE, by=one)
    await accounts.dismiss(officer_id, cause=CAUSE, by=one)

    assert all([await is_out(token) for token in tokens])
    (told,) = await OutboxMessage.filter(name="OfficerSessionsEnded")
    assert len(json.loads(told.payload)["session_ids"]) == 3
    assert await AuditRecord.filter(action="officer-dismissed").count() == 1
    assert (await AccountChange.get(action="officer-dismissed")).cause == CAUSE
    with pytest.raises(errors.WrongCredentials):
        await signed_in()


async def test_keeper_dismissed_while_a_request_runs_changes_nothing(one: Principal) -> None:
    """The request has passed its guard; the right is asked again where it counts."""
    other = await desk.keeper("GL-02")
    officer_id = await factories.officer()
    await accounts.dismiss(other.id, cause=CAUSE, by=one)

    with pytest.raises(errors.SignInRequired):
        await accounts.lock(officer_id, cause=CAUSE, by=other)
    with pytest.raises(errors.SignInRequired):
        await desk.asked(other, "SCJG-09")

    assert (await Officer.get(id=officer_id)).locked_at is None


async def test_of_two_who_dismiss_each_other_one_stays(one: Principal) -> None:
    other = await desk.keeper("GL-02")

    await asyncio.gather(
        accounts.dismiss(other.id, cause=CAUSE, by=one),
        accounts.dismiss(one.id, cause=CAUSE, by=other),
        return_exceptions=True,
    )

    assert await Officer.filter(state=State.ACTIVE).count() == 1


async def test_dismissal_and_approval_at_once_leave_no_power_behind(one: Principal) -> None:
    """Whoever comes first: the proposer's dismissal ends the proposal, or comes after it."""
    other, third = await desk.keeper("GL-02"), await desk.keeper("GL-03")
    for n in range(5):
        outcome = await desk.asked(other, f"SCJG-1{n}")
        answers = await asyncio.gather(
            proposals.approve(desk.id_of(outcome), by=third),
            accounts.lock(other.id, cause=CAUSE, by=one),
            return_exceptions=True,
        )
        given = await Officer.get(staff_no=f"SCJG-1{n}")
        refused = isinstance(answers[0], account_errors.PowerProposalClosed)
        assert refused == (given.roles == []), answers
        await accounts.unlock(other.id, cause=CAUSE, by=one)


async def test_nobody_ends_the_own_account(one: Principal) -> None:
    for act in (accounts.dismiss, accounts.lock, accounts.unlock):
        with pytest.raises(account_errors.OwnAccount):
            await act(one.id, cause=CAUSE, by=one)
    with pytest.raises(account_errors.OwnAccount):
        await proposals.new_password(one.id, cause=CAUSE, by=one)


async def test_locked_account_opens_nothing_until_it_is_unlocked(one: Principal) -> None:
    officer_id = await factories.officer()
    token = await signed_in()

    await accounts.lock(officer_id, cause="异常登录", by=one)

    assert await is_out(token)
    with pytest.raises(errors.WrongCredentials):
        await signed_in()
    await accounts.unlock(officer_id, cause="核实", by=one)
    assert not await is_out(await signed_in())


@pytest.mark.parametrize(("begins", "ends"), [(1, None), (None, -1)])
async def test_account_works_in_its_time_only(begins: int | None, ends: int | None) -> None:
    officer_id = await factories.officer()
    token = await signed_in()
    today = clock.today()
    await Officer.filter(id=officer_id).update(
        valid_from=None if begins is None else today + timedelta(days=begins),
        valid_to=None if ends is None else today + timedelta(days=ends),
    )

    assert await is_out(token)
    with pytest.raises(errors.WrongCredentials):
        await signed_in()


async def test_last_day_counts(frozen_clock: FrozenClock) -> None:
    officer_id = await factories.officer()
    await Officer.filter(id=officer_id).update(valid_to=clock.today())

    assert not await is_out(await signed_in())
    frozen_clock.advance(days=1)
    with pytest.raises(errors.WrongCredentials):
        await signed_in()


async def test_dismissed_officer_returns_by_two(one: Principal) -> None:
    other = await desk.keeper("GL-02")
    officer_id = await factories.officer()
    await accounts.dismiss(officer_id, cause=CAUSE, by=one)
    with pytest.raises(account_errors.OfficerEnded):
        await accounts.unlock(officer_id, cause=CAUSE, by=one)

    outcome = await proposals.change(officer_id, power=desk.REVIEWER, cause="返岗", by=one)
    given = await proposals.approve(desk.id_of(outcome), by=other)

    with pytest.raises(errors.PasswordMustChange):
        await sign_in.officer("SCJG-01", str(given.start_password), idle_minutes=30)
    with pytest.raises(errors.WrongCredentials):
        await signed_in()


async def test_substitute_is_a_colleague_who_is_there(one: Principal) -> None:
    officer_id = await factories.officer()
    colleague = await factories.officer("SCJG-02")
    await factories.officer("GA-01", key="GA")
    from_on = clock.today()
    to_on = from_on + timedelta(days=4)

    for number in ("SCJG-01", "GA-01", "nobody"):
        with pytest.raises(account_errors.InvalidAbsence):
            await absences.record(
                officer_id, from_on=from_on, to_on=to_on, substitute_no=number, by=one
            )
    await absences.record(officer_id, from_on=from_on, to_on=to_on, substitute_no="SCJG-02", by=one)

    assert await absences.find_substitute(officer_id, on=to_on) == colleague
    assert await absences.find_substitute(officer_id, on=to_on + timedelta(days=1)) is None
    assert await absences.is_away(officer_id, on=from_on)
    with pytest.raises(account_errors.InvalidAbsence):
        await absences.record(
            colleague, from_on=to_on, to_on=to_on, substitute_no="SCJG-01", by=one
        )


async def test_leaves_do_not_overlap_however_many_are_written_at_once(one: Principal) -> None:
    officer_id, today = await factories.officer(), clock.today()

    answers = await asyncio.gather(
        *(
            absences.record(
                officer_id,
                from_on=today + timedelta(days=n),
                to_on=today + timedelta(days=n + 3),
                substitute_no=None,
                by=one,
            )
            for n in range(3)
        ),
        return_exceptions=True,
    )

    refused = [one for one in answers if isinstance(one, account_errors.AbsenceOverlaps)]
    assert len(refused) == 2, answers


async def test_leave_that_has_begun_ends_and_one_ahead_goes(
    one: Principal, frozen_clock: FrozenClock
) -> None:
    officer_id, today = await factories.officer(), clock.today()
    ahead = await absences.record(
        officer_id,
        from_on=today + timedelta(days=30),
        to_on=today + timedelta(days=31),
        substitute_no=None,
        by=one,
    )
    begun = await absences.record(
        officer_id, from_on=today, to_on=today + timedelta(days=9), substitute_no=None, by=one
    )
    frozen_clock.advance(days=3)

    await absences.cancel(ahead, by=one)
    await absences.cancel(begun, by=one)

    (left,) = await absences.list_of(officer_id, by=one)
    assert left.to_on == today + timedelta(days=2)
    with pytest.raises(account_errors.AbsenceNotFound):
        await absences.cancel(begun, by=one)


async def test_dismissed_substitute_stands_in_no_more(one: Principal) -> None:
    officer_id, colleague = await factories.officer(), await factories.officer("SCJG-02")
    today = clock.today()
    await absences.record(officer_id, from_on=today, to_on=today, substitute_no="SCJG-02", by=one)

    await accounts.dismiss(colleague, cause=CAUSE, by=one)

    assert await absences.find_substitute(officer_id, on=today) is None
    assert await absences.is_away(officer_id, on=today)


VIEW = DepartmentView(
    key="TYJ", name="上海市松江区体育局", short_name="区体育局", credit_code="11310117FAKE000131"
)


async def test_department_is_made_once_and_the_catalogue_leaves_it_alone(one: Principal) -> None:
    await departments.make(VIEW, by=one)
    with pytest.raises(account_errors.DepartmentTaken):
        await departments.make(VIEW, by=one)

    await departments.load([DepartmentView(**{**vars(VIEW), "short_name": "别的名字"})])

    assert (await Department.get(key="TYJ")).short_name == "区体育局"


@pytest.mark.parametrize(
    "wrong", [{"key": "tyj"}, {"key": "1TY"}, {"key": "体育"}, {"credit_code": "123"}]
)
async def test_odd_department_is_refused(one: Principal, wrong: dict[str, str]) -> None:
    with pytest.raises(account_errors.InvalidDepartment):
        await departments.make(DepartmentView(**{**vars(VIEW), **wrong}), by=one)


async def test_department_is_closed_when_nobody_belongs_to_it(one: Principal) -> None:
    officer_id = await factories.officer()
    with pytest.raises(account_errors.DepartmentInUse) as refusal:
        await departments.close("SCJG", by=one)
    await accounts.dismiss(officer_id, cause=CAUSE, by=one)

    await departments.close("SCJG", by=one)
    await departments.close("SCJG", by=one)

    assert refusal.value.members == {"officers": 1, "counters": 0}
    assert (await Department.get(key="SCJG")).closed_on == clock.today()
    with pytest.raises(account_errors.DepartmentClosed):
        await proposals.change(officer_id, power=desk.REVIEWER, cause="返岗", by=one)
    assert await AuditRecord.filter(action="department-closed").count() == 1


async def test_desk_reads_officers_by_number_page_by_page(one: Principal) -> None:
    for n in range(1, 6):
        await factories.officer(f"SCJG-0{n}")
    await desk.asked(one, "SCJG-06")

    async def page(
        after: str | None, **which: str
    ) -> account_lists.pages.Page[account_lists.OfficerLine]:
        return await account_lists.list_officers(
            department=which.get("department"),
            words=which.get("words", ""),
            after=after,
            limit=3,
            by=one,
        )

    begin = await page(None)
    rest = await page(begin.following)

    assert [line.staff_no for line in (*begin, *rest)] == [
        "GL-01",
        *(f"SCJG-0{n}" for n in range(1, 6)),
    ]
    (asked,) = await page(None, words="SCJG-06")
    assert asked.standing is Standing.WAITING
    assert asked.open_proposal is not None
    assert len(await page(None, department="SCJG")) == 3
    assert [line.staff_no for line in await page(None, words="新同事")] == ["SCJG-06"]


async def test_log_of_the_desk_is_read_newest_first_and_by_account(
    one: Principal, frozen_clock: FrozenClock
) -> None:
    officer_id = await factories.officer()
    for _ in range(3):
        frozen_clock.advance(minutes=1)
        await accounts.lock(officer_id, cause="异常", by=one)
        frozen_clock.advance(minutes=1)
        await accounts.unlock(officer_id, cause="核实", by=one)
    await accounts.rename(one.id, name="新名字", title="管理岗", by=one)

    about = f"officer:{officer_id}"
    begin = await account_lists.list_changes(target=about, after=None, limit=4, by=one)
    rest = await account_lists.list_changes(target=about, after=begin.following, limit=4, by=one)

    words = [line.action for line in (*begin, *rest)]
    assert words == ["officer-unlocked", "officer-locked"] * 3
    every = await account_lists.list_changes(target=None, after=None, limit=20, by=one)
    assert len(every) == 7
