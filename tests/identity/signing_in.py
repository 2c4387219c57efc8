"""Officers sign in with an app of one-time codes, act by act."""

import pyotp
import pytest
from redis.asyncio import Redis

from core import clock
from identity import sign_in
from identity.factors import errors, one_time, second_step
from identity.log_in.sessions import IssuedSession
from tests.identity import factories


async def signed_in(redis: Redis, *, required: bool = False) -> IssuedSession:
    return await sign_in.officer(
        "SCJG-01", factories.PASSWORD, idle_minutes=30, factor_required=required, redis=redis
    )


async def ticket(redis: Redis) -> str:
    """The password was right; what waits for the second step."""
    with pytest.raises(errors.SecondFactorNeeded) as refusal:
        await signed_in(redis)
    assert refusal.value.members["ways"] == ["totp"]
    found: str = refusal.value.members["ticket"]
    return found


def code(secret: str, *, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(clock.now(), counter_offset=steps)


async def enrol(redis: Redis, issued: IssuedSession) -> str:
    """An app in use; returns its secret. Its first code counts as used."""
    begun = await one_time.begin(staff_no="SCJG-01", redis=redis, by=issued.principal)
    await one_time.confirm(begun.id, code(begun.secret), redis=redis, by=issued.principal)
    return begun.secret


async def finish(redis: Redis, waiting: str, typed: str) -> IssuedSession:
    return await second_step.by_code(waiting, typed, redis=redis, idle_minutes=30)
