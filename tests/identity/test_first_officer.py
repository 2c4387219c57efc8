"""The first keeper of accounts is made by command, once; handed-out passwords must be changed."""

import asyncio
from collections.abc import Awaitable

import pytest

from core.protection import audit
from core.protection.audit import AuditRecord
from identity import errors, sign_in
from identity.log_in import sessions
from identity.models import AccountChange, FirstOfficer, Officer, Session
from identity.principal import PrincipalKind
from identity.staff import first, officers, passwords
from identity.staff.roles import Role
from tests.conftest import FrozenClock
from tests.identity import factories

pytestmark = pytest.mark.usefixtures("db", "frozen_clock")

OWN = "清晨的雾-慢慢散在江边"


async def keeper(staff_no: str) -> None:
    """Another keeper with an own password."""
    await factories.officer(staff_no, roles=(Role.ACCOUNT_KEEPER,))
    await Officer.filter(staff_no=staff_no).update(department_id=None)


async def test_first_officer_keeps_accounts_and_nothing_else() -> None:
    start = await first.make("GL-01", name="管理员甲")

    officer = await Officer.get(staff_no="GL-01")

    assert officer.roles == ["account_keeper"]
    assert officer.department_id is None
    assert start not in officer.password_hash
    assert await AuditRecord.filter(action="first-officer-made").count() == 1
    assert (await AccountChange.get(action="first-officer-made")).actor_name == "服务器命令"
    assert await audit.check() > 0


async def test_second_first_officer_is_refused() -> None:
    await first.make("GL-01", name="管理员甲")

    with pytest.raises(errors.FirstOfficerExists):
        await first.make("GL-02", name="管理员乙")

    assert await Officer.all().count() == 1


async def test_of_six_at_once_one_is_made() -> None:
    tries = (first.make(f"GL-0{n}", name="管理员") for n in range(6))
    answers = await asyncio.gather(*tries, return_exceptions=True)

    refused = [one for one in answers if isinstance(one, errors.FirstOfficerExists)]
    assert len(refused) == 5, answers
    assert await Officer.all().count() == await FirstOfficer.all().count() == 1


async def test_first_officer_stays_the_first_after_dismissal() -> None:
    await first.make("GL-01", name="管理员甲")
    await officers.dismiss((await Officer.get()).id, by="system:tests")
    await Officer.all().update(roles=[])

    with pytest.raises(errors.FirstOfficerExists):
        await first.make("GL-02", name="管理员乙")


async def test_where_accounts_are_kept_nobody_is_the_first() -> None:
    await keeper("GL-09")

    with pytest.raises(errors.FirstOfficerExists):
        await first.make("GL-01", name="管理员甲")


@pytest.mark.parametrize("number", ["", "a", "A" * 33, "GL 01", "工号一", "-GL", "GL\n01"])
async def test_odd_staff_number_is_refused(number: str) -> None:
    with pytest.raises(errors.InvalidStaffNo):
        await first.make(number, name="管理员甲")


async def test_known_staff_number_is_refused() -> None:
    await factories.officer("GL-01")

    with pytest.raises(errors.StaffNoTaken):
        await first.make("GL-01", name="管理员甲")


async def test_start_password_opens_nothing() -> None:
    start = await first.make("GL-01", name="管理员甲")

    with pytest.raises(errors.PasswordMustChange):
        await sign_in.officer("GL-01", start, idle_minutes=30)

    assert await Session.all().count() == 0


async def test_own_password_signs_in_and_the_start_password_is_spent() -> None:
    start = await first.make("GL-01", name="管理员甲")

    await passwords.change("GL-01", start, new=OWN)
    issued = await sign_in.officer("GL-01", OWN, idle_minutes=30)

    assert (await sessions.resolve(issued.token, kind=PrincipalKind.OFFICER)).name == "管理员甲"
    with pytest.raises(errors.WrongCredentials):
        await officers.authenticate("GL-01", start)


async def test_of_two_changes_at_once_one_counts() -> None:
    start = await first.make("GL-01", name="管理员甲")

    both = [passwords.change("GL-01", start, new=f"{OWN}{n}") for n in range(2)]
    answers = await asyncio.gather(*both, return_exceptions=True)

    assert sorted(str(type(one).__name__) for one in answers) == ["NoneType", "WrongCredentials"]


async def refuse_change(change: Awaitable[None], problem: type[Exception]) -> None:
    with pytest.raises(problem):
        await change
    assert (await Officer.get(staff_no="GL-01")).start_until is not None


async def test_own_password_must_be_strong_and_new() -> None:
    start = await first.make("GL-01", name="管理员甲")

    await refuse_change(passwords.change("GL-01", start, new=start), errors.WeakPassword)
    await refuse_change(passwords.change("GL-01", start, new="GL-01GL-01"), errors.WeakPassword)
    await refuse_change(passwords.change("GL-01", "wrong", new=OWN), errors.WrongCredentials)


async def test_guesses_at_the_change_are_counted_with_those_at_the_sign_in() -> None:
    await first.make("GL-01", name="管理员甲")
    for n in range(5):
        with pytest.raises(errors.WrongCredentials):
            await passwords.change("GL-01", f"guess {n}", new=OWN)

    with pytest.raises(errors.TooManySignIns):
        await officers.authenticate("GL-01", "guess 6")


async def test_start_password_lapses(frozen_clock: FrozenClock) -> None:
    start = await first.make("GL-01", name="管理员甲")
    frozen_clock.advance(days=7)

    with pytest.raises(errors.StartPasswordLapsed):
        await officers.authenticate("GL-01", start)
    await refuse_change(passwords.change("GL-01", start, new=OWN), errors.StartPasswordLapsed)
    with pytest.raises(errors.WrongCredentials):
        await officers.authenticate("GL-01", "wrong")


async def test_lapsed_start_password_is_made_anew_by_command(frozen_clock: FrozenClock) -> None:
    await first.make("GL-01", name="管理员甲")
    frozen_clock.advance(days=8)

    await passwords.change("GL-01", await first.restart("GL-01"), new=OWN)

    assert (await officers.authenticate("GL-01", OWN)).roles == {"account_keeper"}


async def test_command_helps_as_long_as_two_others_do_not() -> None:
    await first.make("GL-01", name="管理员甲")
    await keeper("GL-02")
    await first.restart("GL-01")
    await keeper("GL-03")

    with pytest.raises(errors.KeepersAtWork):
        await first.restart("GL-01")


async def test_command_helps_keepers_only() -> None:
    await factories.officer("SCJG-01")

    for number in ("SCJG-01", "nobody"):
        with pytest.raises(errors.OfficerNotFound):
            await first.restart(number)


async def test_new_start_password_ends_what_is_open() -> None:
    start = await first.make("GL-01", name="管理员甲")
    await passwords.change("GL-01", start, new=OWN)
    issued = await sign_in.officer("GL-01", OWN, idle_minutes=30)

    await first.restart("GL-01")

    with pytest.raises(errors.SignInRequired):
        await sessions.resolve(issued.token, kind=PrincipalKind.OFFICER)


async def test_start_passwords_are_never_the_same() -> None:
    made = {(await passwords.new_start()).plain for _ in range(50)}

    assert len(made) == 50
    assert all(len(one) == 19 and set(one) <= set(passwords.ALPHABET + "-") for one in made)
    assert "plain" not in repr(await passwords.new_start())
