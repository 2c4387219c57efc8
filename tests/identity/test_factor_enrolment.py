"""A factor is enrolled in a fresh, whole sign-in; a password alone opens its enrolment only."""

import asyncio
from typing import Any

import pytest
from redis.asyncio import Redis

from identity.errors import SecondFactorMissing, SignInRequired
from identity.factors import errors, holding, one_time
from identity.log_in import sessions
from identity.models import OneTimeSecret
from identity.principal import PrincipalKind
from tests.conftest import FrozenClock
from tests.identity import factories
from tests.identity.signing_in import code, enrol, finish, signed_in, ticket

pytestmark = pytest.mark.usefixtures("db", "frozen_clock")


@pytest.fixture
async def secret(redis: Redis, frozen_clock: FrozenClock) -> str:
    """An officer with an app, some minutes later."""
    await factories.officer()
    found = await enrol(redis, await signed_in(redis))
    frozen_clock.advance(minutes=5)
    return found


# Enrolling and removing


async def test_wrong_first_code_leaves_the_enrolment(redis: Redis) -> None:
    await factories.officer()
    by = (await signed_in(redis)).principal
    begun = await one_time.begin(staff_no="SCJG-01", redis=redis, by=by)
    with pytest.raises(errors.CodeRefused):
        await one_time.confirm(begun.id, "000000", redis=redis, by=by)
    assert await holding.ways(by.id) == []

    await one_time.confirm(begun.id, code(begun.secret), redis=redis, by=by)

    assert await holding.ways(by.id) == ["totp"]


async def test_secret_of_another_session_cannot_be_confirmed(redis: Redis) -> None:
    await factories.officer()
    mine, other = await signed_in(redis), await signed_in(redis)
    begun = await one_time.begin(staff_no="SCJG-01", redis=redis, by=mine.principal)

    with pytest.raises(errors.SecondStepExpired):
        await one_time.confirm(begun.id, code(begun.secret), redis=redis, by=other.principal)


async def test_old_session_enrols_nothing(redis: Redis, frozen_clock: FrozenClock) -> None:
    await factories.officer()
    by = (await signed_in(redis)).principal
    begun = await one_time.begin(staff_no="SCJG-01", redis=redis, by=by)
    frozen_clock.advance(minutes=11)

    with pytest.raises(errors.FreshSignInRequired):
        await one_time.begin(staff_no="SCJG-01", redis=redis, by=by)
    with pytest.raises(errors.FreshSignInRequired):
        await one_time.confirm(begun.id, code(begun.secret), redis=redis, by=by)


async def test_first_app_ends_the_other_sessions(redis: Redis) -> None:
    await factories.officer()
    thief = await signed_in(redis)

    await enrol(redis, await signed_in(redis))

    with pytest.raises(SignInRequired):
        await sessions.resolve(thief.token, kind=PrincipalKind.OFFICER)


async def test_session_without_the_factor_adds_none_when_there_is_one(redis: Redis) -> None:
    """Begun at the same time with the password alone: the second to come finds the first there."""
    await factories.officer()
    mine, thief = await signed_in(redis), await signed_in(redis)
    begun = await one_time.begin(staff_no="SCJG-01", redis=redis, by=thief.principal)
    await enrol(redis, mine)

    with pytest.raises((errors.FreshSignInRequired, SignInRequired)):
        await one_time.confirm(begun.id, code(begun.secret), redis=redis, by=thief.principal)


async def test_new_app_takes_the_place_of_the_former(
    redis: Redis, secret: str, frozen_clock: FrozenClock
) -> None:
    newer = await enrol(redis, await finish(redis, await ticket(redis), code(secret)))
    frozen_clock.advance(minutes=1)

    with pytest.raises(errors.CodeRefused):
        await finish(redis, await ticket(redis), code(secret))
    assert await finish(redis, await ticket(redis), code(newer))
    assert await OneTimeSecret.all().count() == 1


async def test_last_factor_stays_where_one_is_required(redis: Redis, secret: str) -> None:
    by = (await finish(redis, await ticket(redis), code(secret))).principal

    with pytest.raises(errors.LastFactor):
        await one_time.remove(required=True, by=by)

    assert await holding.ways(by.id) == ["totp"]
    await one_time.remove(required=False, by=by)
    assert await holding.ways(by.id) == []
    with pytest.raises(errors.FactorNotFound):
        await one_time.remove(required=False, by=by)


# Where a factor is required


async def test_password_alone_opens_the_enrolment_only(redis: Redis) -> None:
    await factories.officer()

    issued = await signed_in(redis, required=True)

    with pytest.raises(SecondFactorMissing):
        await sessions.resolve(issued.token, kind=PrincipalKind.OFFICER)
    with pytest.raises(SignInRequired):
        await sessions.resolve(issued.token, kind=PrincipalKind.CITIZEN)
    assert await sessions.resolve_many([issued.token], kind=PrincipalKind.OFFICER) == {}
    principal = await sessions.resolve(issued.token, kind=PrincipalKind.OFFICER, enrolling=True)
    assert principal.enrolling


async def test_first_app_makes_a_whole_session_of_it(redis: Redis) -> None:
    await factories.officer()
    issued = await signed_in(redis, required=True)

    await enrol(redis, issued)

    principal = await sessions.resolve(issued.token, kind=PrincipalKind.OFFICER)
    assert not principal.enrolling
    assert await sessions.via(principal) == "password+totp"


async def test_second_enrolment_with_the_password_alone_is_refused(redis: Redis) -> None:
    """A thief with the password waits beside the officer; whoever is first has the only app."""
    await factories.officer()
    mine, thief = await signed_in(redis, required=True), await signed_in(redis, required=True)
    begun = await one_time.begin(staff_no="SCJG-01", redis=redis, by=thief.principal)
    await enrol(redis, mine)

    with pytest.raises((errors.FreshSignInRequired, SignInRequired)):
        await one_time.confirm(begun.id, code(begun.secret), redis=redis, by=thief.principal)
    with pytest.raises(SignInRequired):
        await sessions.resolve(thief.token, kind=PrincipalKind.OFFICER, enrolling=True)


async def test_two_first_enrolments_at_once_leave_one(redis: Redis) -> None:
    await factories.officer()
    both = [await signed_in(redis, required=True) for _ in range(2)]
    begun = [
        await one_time.begin(staff_no="SCJG-01", redis=redis, by=one.principal) for one in both
    ]

    outcomes: list[Any] = await asyncio.gather(
        *(
            one_time.confirm(new.id, code(new.secret), redis=redis, by=one.principal)
            for new, one in zip(begun, both, strict=True)
        ),
        return_exceptions=True,
    )

    assert outcomes.count(None) == 1, outcomes
    assert await OneTimeSecret.all().count() == 1
