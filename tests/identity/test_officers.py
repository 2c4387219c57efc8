"""Staff passwords: one sentence for every failure, and a lock after five."""

import asyncio
from typing import Any

import pytest

from core.protection.audit import AuditRecord
from identity import errors, sign_in
from identity.log_in import sessions
from identity.models import Officer
from identity.principal import PrincipalKind
from identity.staff import officers
from identity.staff.roles import Role
from tests.conftest import FrozenClock
from tests.identity import factories

pytestmark = pytest.mark.usefixtures("db", "frozen_clock")


async def fail(staff_no: str, *, times: int, place: str = "") -> None:
    for _ in range(times):
        with pytest.raises(errors.WrongCredentials):
            await officers.authenticate(staff_no, "wrong", place=place)


async def test_right_password_signs_in() -> None:
    officer_id = await factories.officer()

    issued = await sign_in.officer("SCJG-01", factories.PASSWORD, idle_minutes=30)

    principal = await sessions.resolve(issued.token, kind=PrincipalKind.OFFICER)
    assert principal.id == officer_id
    assert principal.roles == {"reviewer"}
    assert principal.covers("SCJG")
    assert not principal.covers("GA")


async def test_password_is_kept_as_argon2id_only() -> None:
    officer = await Officer.get(id=await factories.officer())

    assert officer.password_hash.startswith("$argon2id$")


@pytest.mark.parametrize(
    ("staff_no", "password"),
    [("SCJG-01", "wrong"), ("nobody", "wrong"), ("SCJG-01", "x" * 300), ("SCJG-01", "")],
)
async def test_every_failure_says_the_same_sentence(staff_no: str, password: str) -> None:
    await factories.officer()

    with pytest.raises(errors.WrongCredentials) as refusal:
        await officers.authenticate(staff_no, password)

    assert str(refusal.value) == errors.WrongCredentials.title


async def test_failure_is_on_record_without_the_staff_number() -> None:
    await fail("someone@example", times=1)

    record = await AuditRecord.get(action="sign-in-failed")

    assert "someone" not in record.target


@pytest.mark.parametrize("staff_no", ["SCJG-01", "nobody"])
async def test_fifth_failure_locks_known_and_unknown_numbers_alike(staff_no: str) -> None:
    await factories.officer()
    await fail(staff_no, times=5)

    with pytest.raises(errors.TooManySignIns) as refusal:
        await officers.authenticate(staff_no, factories.PASSWORD)

    assert refusal.value.members["retry_after"] == 15 * 60 + 1


async def test_lock_ends_after_a_quarter_of_an_hour(frozen_clock: Any) -> None:
    await factories.officer()
    await fail("SCJG-01", times=5)
    frozen_clock.advance(minutes=15)

    assert await officers.authenticate("SCJG-01", factories.PASSWORD)


async def test_success_clears_the_count() -> None:
    await factories.officer()
    await fail("SCJG-01", times=4)
    await officers.authenticate("SCJG-01", factories.PASSWORD)

    await fail("SCJG-01", times=4)

    assert await officers.authenticate("SCJG-01", factories.PASSWORD)


async def test_dismissed_officer_is_out_at_once() -> None:
    officer_id = await factories.officer()
    issued = await sign_in.officer("SCJG-01", factories.PASSWORD, idle_minutes=30)

    await officers.dismiss(officer_id, by="system:tests")

    with pytest.raises(errors.SignInRequired):
        await sessions.resolve(issued.token, kind=PrincipalKind.OFFICER)
    with pytest.raises(errors.WrongCredentials):
        await officers.authenticate("SCJG-01", factories.PASSWORD)


async def test_new_password_ends_old_sessions() -> None:
    officer_id = await factories.officer()
    issued = await sign_in.officer("SCJG-01", factories.PASSWORD, idle_minutes=30)

    await officers.set_password(officer_id, "全新的密码，够长够乱", by="system:tests")

    with pytest.raises(errors.SignInRequired):
        await sessions.resolve(issued.token, kind=PrincipalKind.OFFICER)
    assert await officers.authenticate("SCJG-01", "全新的密码，够长够乱")


async def test_known_officer_is_not_made_anew() -> None:
    first = await factories.officer()

    again = await factories.officer(roles=(Role.SUPERVISOR,))

    assert again == first
    assert (await Officer.get(id=first)).roles == ["reviewer"]


async def test_counts_are_forgotten_when_they_no_longer_matter(frozen_clock: Any) -> None:
    await fail("nobody", times=1)
    assert await officers.forget_attempts() == 0

    frozen_clock.advance(minutes=15)

    assert await officers.forget_attempts() == 2  # that of the place, and that of everywhere


async def test_parallel_guesses_get_no_more_than_five_tries() -> None:
    await factories.officer()

    results = await asyncio.gather(
        *(officers.authenticate("SCJG-01", "wrong") for _ in range(12)), return_exceptions=True
    )

    refusals = [type(result) for result in results]
    assert refusals.count(errors.WrongCredentials) == 5
    assert refusals.count(errors.TooManySignIns) == 7


@pytest.mark.parametrize(
    "password", ["1", "", "abcdefghi", "1" * 40, "SCJG-01-2026", "scjg-0120260101"]
)
async def test_password_that_is_guessed_at_once_is_refused(password: str) -> None:
    await factories.department()

    with pytest.raises(errors.WeakPassword):
        await officers.create(
            "SCJG-01", name="短", password=password, roles=[], department="SCJG", by="system:tests"
        )
    officer_id = await factories.officer()
    with pytest.raises(errors.WeakPassword):
        await officers.set_password(officer_id, password, by="system:tests")
    assert await officers.authenticate("SCJG-01", factories.PASSWORD)


async def test_strangers_keep_no_officer_from_the_own_desk() -> None:
    await factories.officer()
    desk = {"place": "10.1.0.7"}
    await officers.authenticate("SCJG-01", factories.PASSWORD, **desk)

    for number in range(officers.ATTEMPTS_FROM_EVERYWHERE // officers.ATTEMPTS):
        await fail("SCJG-01", times=5, place=f"192.0.2.{number}")

    with pytest.raises(errors.TooManySignIns):
        await officers.authenticate("SCJG-01", factories.PASSWORD, place="198.51.100.1")
    assert await officers.authenticate("SCJG-01", factories.PASSWORD, **desk)
    await fail("SCJG-01", times=5, **desk)
    with pytest.raises(errors.TooManySignIns):
        await officers.authenticate("SCJG-01", factories.PASSWORD, **desk)


async def test_lock_leaves_one_record(frozen_clock: FrozenClock) -> None:
    officer_id = await factories.officer()
    await fail("SCJG-01", times=5)

    for _ in range(3):
        with pytest.raises(errors.TooManySignIns):
            await officers.authenticate("SCJG-01", factories.PASSWORD)

    record = await AuditRecord.get(action="sign-in-locked")
    assert (record.actor, record.target) == ("anonymous", f"officer:{officer_id}")
    frozen_clock.advance(seconds=officers.LOCK.total_seconds() + 1)
    await fail("SCJG-01", times=5)
    with pytest.raises(errors.TooManySignIns):
        await officers.authenticate("SCJG-01", factories.PASSWORD)
    assert await AuditRecord.filter(action="sign-in-locked").count() == 2


async def test_lock_of_an_unknown_number_names_nobody() -> None:
    await fail("someone", times=5)

    with pytest.raises(errors.TooManySignIns):
        await officers.authenticate("someone", "wrong")

    record = await AuditRecord.get(action="sign-in-locked")
    assert record.target.startswith("staff-no:")
    assert "someone" not in record.target


async def test_record_of_a_new_officer_names_roles_and_department() -> None:
    officer_id = await factories.officer()

    record = await AuditRecord.get(action="officer-created", target=f"officer:{officer_id}")

    officer = await Officer.get(id=officer_id)
    assert record.detail == {"roles": officer.roles, "department": officer.department_id}
    assert officer.roles
