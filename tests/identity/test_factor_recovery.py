"""Two others let an officer in who lost every factor: no fewer, not oneself, within a day."""

import asyncio
from dataclasses import dataclass
from uuid import UUID

import pytest
from redis.asyncio import Redis

from core import clock
from core.protection.audit import AuditRecord
from identity import sign_in
from identity.errors import RoleMissing, SecondFactorMissing, SignInRequired
from identity.factors import errors, holding, one_time, recovery
from identity.log_in import sessions
from identity.log_in.sessions import IssuedSession
from identity.models import FactorRecovery, OneTimeSecret, Passkey, RecoveryState
from identity.principal import Principal, PrincipalKind
from identity.staff import officers
from identity.staff.roles import Role
from tests.conftest import FrozenClock
from tests.identity import factories
from tests.identity.signing_in import code, enrol, finish, signed_in, ticket

pytestmark = pytest.mark.usefixtures("db", "frozen_clock")

KEEPER = (Role.SUPERVISOR,)


@dataclass
class Town:
    """An officer with an app that was lost, and three operators of the city."""

    redis: Redis
    secret: str
    session: IssuedSession
    operators: list[Principal]

    async def ask(self) -> UUID:
        row = await recovery.ask(await ticket_of(self.redis), redis=self.redis)
        return row.id

    async def confirmed(self) -> UUID:
        asked = await self.ask()
        for one in self.operators[:2]:
            await recovery.confirm(asked, by=one)
        return asked

    async def enter(self) -> IssuedSession:
        waiting = await ticket_of(self.redis)
        return await recovery.enter(waiting, redis=self.redis, idle_minutes=30)


async def ticket_of(redis: Redis) -> str:
    with pytest.raises(errors.SecondFactorNeeded) as refusal:
        await signed_in(redis)
    found: str = refusal.value.members["ticket"]
    return found


async def operator(
    staff_no: str, *, department: str | None = None, roles: tuple[Role, ...] = KEEPER
) -> Principal:
    officer_id = await officers.create(
        staff_no,
        name=f"管理{staff_no[-1]}",
        password=factories.PASSWORD,
        roles=roles,
        department=department,
        by=factories.BY,
    )
    return Principal(
        kind=PrincipalKind.OFFICER,
        id=officer_id,
        name=staff_no,
        roles=frozenset(role.value for role in roles),
        department=department,
    )


@pytest.fixture
async def town(redis: Redis, frozen_clock: FrozenClock) -> Town:
    await factories.officer()
    session = await signed_in(redis)
    secret = await enrol(redis, session)
    operators = [await operator(f"ZWB-9{n}") for n in range(3)]
    frozen_clock.advance(minutes=20)
    return Town(redis, secret, session, operators)


async def test_two_others_let_the_officer_enrol_anew(town: Town, redis: Redis) -> None:
    await town.confirmed()
    issued = await town.enter()
    with pytest.raises(SecondFactorMissing):
        await sessions.resolve(issued.token, kind=PrincipalKind.OFFICER)

    fresh = await enrol(redis, issued)

    principal = await sessions.resolve(issued.token, kind=PrincipalKind.OFFICER)
    assert await sessions.via(principal) == "password+totp"
    assert (await OneTimeSecret.get()).secret == fresh
    assert (await FactorRecovery.get()).state is RecoveryState.USED
    told = await AuditRecord.filter(action__startswith="recovery-").order_by("id")
    assert [(one.action, one.detail.get("step")) for one in told] == [
        ("recovery-asked", None),
        ("recovery-confirmed", 1),
        ("recovery-confirmed", 2),
        ("recovery-used", None),
    ]


async def test_every_session_ends_with_the_second_confirmation(town: Town) -> None:
    await town.confirmed()

    with pytest.raises(SignInRequired):
        await sessions.resolve(town.session.token, kind=PrincipalKind.OFFICER)


async def test_other_sessions_end_with_the_new_factor(town: Town, redis: Redis) -> None:
    await town.confirmed()
    mine, other = await town.enter(), await town.enter()

    await enrol(redis, mine)

    with pytest.raises(SignInRequired):
        await sessions.resolve(other.token, kind=PrincipalKind.OFFICER, enrolling=True)


async def test_one_confirmation_opens_nothing(town: Town) -> None:
    asked = await town.ask()
    await recovery.confirm(asked, by=town.operators[0])

    with pytest.raises(errors.RecoveryNotOpen):
        await town.enter()


async def test_same_operator_confirms_once(town: Town) -> None:
    asked = await town.ask()
    await recovery.confirm(asked, by=town.operators[0])

    with pytest.raises(errors.AnotherOperatorNeeded):
        await recovery.confirm(asked, by=town.operators[0])

    assert (await FactorRecovery.get()).state is RecoveryState.ASKED


async def test_nobody_confirms_for_oneself(redis: Redis, frozen_clock: FrozenClock) -> None:
    await factories.officer(roles=KEEPER)
    issued = await signed_in(redis)
    await enrol(redis, issued)
    asked = await recovery.ask(await ticket_of(redis), redis=redis)

    with pytest.raises(errors.AnotherOperatorNeeded):
        await recovery.confirm(asked.id, by=issued.principal)


@pytest.mark.parametrize(
    "role", [Role.REVIEWER, Role.WINDOW, Role.SEAL_KEEPER, Role.REGISTRAR, Role.HEAD]
)
async def test_other_posts_confirm_nothing(town: Town, role: Role) -> None:
    asked = await town.ask()
    by = await operator("SCJG-09", roles=(role,), department="SCJG")

    for act in (recovery.confirm, recovery.refuse):
        with pytest.raises(RoleMissing):
            await act(asked, by=by)
    with pytest.raises(RoleMissing):
        await recovery.list_for(by)


async def test_operator_of_another_department_confirms_nothing(town: Town) -> None:
    asked = await town.ask()
    await factories.department("WJW")
    stranger = await operator("WJW-90", department="WJW")

    with pytest.raises(RoleMissing):
        await recovery.confirm(asked, by=stranger)
    assert await recovery.list_for(stranger) == []
    own = await operator("SCJG-90", department="SCJG")
    await recovery.confirm(asked, by=own)
    assert [one.mine for one in await recovery.list_for(own)] == [True]


async def test_officer_of_the_city_is_not_let_in_by_a_department(redis: Redis, town: Town) -> None:
    """A department's operators would make themselves one of the city's."""
    department = await operator("SCJG-90", department="SCJG")
    issued = await sign_in.officer("ZWB-90", factories.PASSWORD, idle_minutes=30, redis=redis)
    await enrol(redis, issued)
    with pytest.raises(errors.SecondFactorNeeded) as refusal:
        await sign_in.officer("ZWB-90", factories.PASSWORD, idle_minutes=30, redis=redis)
    asked = await recovery.ask(refusal.value.members["ticket"], redis=redis)

    with pytest.raises(RoleMissing):
        await recovery.confirm(asked.id, by=department)


async def test_asking_again_is_the_same_recovery(town: Town) -> None:
    assert await town.ask() == await town.ask()
    assert await FactorRecovery.all().count() == 1


async def test_many_ask_at_once_and_one_is_open(town: Town, redis: Redis) -> None:
    waiting = [await ticket_of(redis) for _ in range(6)]

    rows = await asyncio.gather(*(recovery.ask(one, redis=redis) for one in waiting))

    assert len({row.id for row in rows}) == 1


async def test_of_three_at_once_two_confirm(town: Town) -> None:
    asked = await town.ask()

    outcomes = await asyncio.gather(
        *(recovery.confirm(asked, by=one) for one in town.operators), return_exceptions=True
    )

    assert outcomes.count(None) == 2, outcomes
    assert sum(isinstance(one, errors.RecoveryNotOpen) for one in outcomes) == 1
    row = await FactorRecovery.get()
    assert row.state is RecoveryState.CONFIRMED
    assert row.first_by != row.second_by


async def test_one_operator_twice_at_once_is_one(town: Town) -> None:
    asked = await town.ask()

    outcomes = await asyncio.gather(
        *(recovery.confirm(asked, by=town.operators[0]) for _ in range(2)), return_exceptions=True
    )

    assert outcomes.count(None) == 1
    assert (await FactorRecovery.get()).state is RecoveryState.ASKED


async def test_asking_lapses_after_a_day(town: Town, frozen_clock: FrozenClock) -> None:
    asked = await town.ask()
    frozen_clock.advance(days=1)

    with pytest.raises(errors.RecoveryNotOpen):
        await recovery.confirm(asked, by=town.operators[0])
    assert await recovery.list_for(town.operators[0]) == []
    assert await town.ask() != asked
    assert await FactorRecovery.filter(state=RecoveryState.LAPSED).count() == 1


async def test_confirmation_lapses_after_a_day_and_the_former_factor_stays(
    town: Town, frozen_clock: FrozenClock, redis: Redis
) -> None:
    await town.confirmed()
    issued = await town.enter()
    begun = await one_time.begin(staff_no="SCJG-01", redis=redis, by=issued.principal)
    frozen_clock.advance(days=1)

    with pytest.raises((errors.RecoveryNotOpen, errors.FreshSignInRequired)):
        await one_time.confirm(begun.id, code(begun.secret), redis=redis, by=issued.principal)
    with pytest.raises(errors.RecoveryNotOpen):
        await town.enter()
    assert await finish(redis, await ticket(redis), code(town.secret))


async def test_former_factor_signs_in_no_more_once_confirmed(town: Town, redis: Redis) -> None:
    """Whoever found the device must not be quicker than the officer."""
    early = await ticket(redis)
    await town.confirmed()

    with pytest.raises(errors.SecondStepExpired):
        await finish(redis, early, code(town.secret))
    with pytest.raises(errors.SecondFactorNeeded) as refusal:
        await signed_in(redis)
    assert refusal.value.members["ways"] == []
    assert refusal.value.members["recovery"] == "confirmed"


async def test_found_device_withdraws_the_asking(town: Town, redis: Redis) -> None:
    asked = await town.ask()

    await finish(redis, await ticket(redis), code(town.secret))

    assert (await FactorRecovery.get()).state is RecoveryState.WITHDRAWN
    with pytest.raises(errors.RecoveryNotOpen):
        await recovery.confirm(asked, by=town.operators[0])


async def test_refused_recovery_opens_nothing(town: Town) -> None:
    asked = await town.confirmed()
    await recovery.refuse(asked, by=town.operators[2])

    with pytest.raises(errors.RecoveryNotOpen):
        await town.enter()
    with pytest.raises(errors.RecoveryNotOpen):
        await recovery.refuse(asked, by=town.operators[2])


async def test_refusal_reaches_who_has_entered_already(town: Town, redis: Redis) -> None:
    asked = await town.confirmed()
    issued = await town.enter()
    begun = await one_time.begin(staff_no="SCJG-01", redis=redis, by=issued.principal)
    await recovery.refuse(asked, by=town.operators[2])

    with pytest.raises(errors.RecoveryNotOpen):
        await one_time.confirm(begun.id, code(begun.secret), redis=redis, by=issued.principal)
    assert (await OneTimeSecret.get()).secret == town.secret


async def test_recovery_is_used_once(town: Town, redis: Redis) -> None:
    await town.confirmed()
    await enrol(redis, await town.enter())

    with pytest.raises(errors.RecoveryNotOpen):
        await town.enter()


async def test_who_was_let_in_to_enrol_removes_nothing(town: Town) -> None:
    await town.confirmed()
    issued = await town.enter()

    with pytest.raises(errors.FreshSignInRequired):
        await one_time.remove(required=False, by=issued.principal)
    assert await holding.holds_any(issued.principal.id)


async def test_dismissed_officer_is_not_recovered(town: Town) -> None:
    asked = await town.ask()
    await officers.dismiss(town.session.principal.id, by="system:tests")

    with pytest.raises(errors.RecoveryNotOpen):
        await recovery.confirm(asked, by=town.operators[0])


async def test_copied_key_goes_with_the_recovery(town: Town, redis: Redis) -> None:
    await Passkey.create(
        officer_id=town.session.principal.id,
        digest="0" * 64,
        credential_id=b"1",
        public_key=b"2",
        sign_count=1,
        name="旧电脑",
        locked_at=clock.now(),
    )
    assert [one.staff_no for one in await recovery.list_locked(town.operators[0])] == ["SCJG-01"]
    await town.confirmed()

    await enrol(redis, await town.enter())

    assert await recovery.list_locked(town.operators[0]) == []
    assert await Passkey.all().count() == 0


async def test_unknown_ticket_asks_and_enters_nothing(town: Town, redis: Redis) -> None:
    with pytest.raises(errors.SecondStepExpired):
        await recovery.ask("x", redis=redis)
    with pytest.raises(errors.SecondStepExpired):
        await recovery.enter("x", redis=redis, idle_minutes=30)
