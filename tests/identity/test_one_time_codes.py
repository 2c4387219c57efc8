"""One-time codes of staff: each once, in their time, a few tries a day, sealed at rest."""

import asyncio
import base64
from datetime import UTC, datetime

import pytest
from redis.asyncio import Redis
from tortoise import connections

from core.database import CONNECTION
from core.protection.audit import AuditRecord
from identity import sign_in
from identity.factors import errors, one_time
from identity.log_in import sessions, sign_in_log
from identity.log_in.sessions import IssuedSession
from identity.models import OneTimeSecret
from identity.principal import PrincipalKind
from identity.staff import officers
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


async def test_code_finishes_the_sign_in_and_the_log_names_it(redis: Redis, secret: str) -> None:
    issued = await finish(redis, await ticket(redis), code(secret))

    principal = await sessions.resolve(issued.token, kind=PrincipalKind.OFFICER)
    assert principal.roles == {"reviewer"}
    newest, *_ = await sign_in_log.list_sign_ins(principal.id)
    assert newest.via == "password+totp"
    record = await AuditRecord.filter(action="signed-in").order_by("-id").first()
    assert record is not None
    assert record.detail["via"] == "password+totp"


async def test_password_alone_gives_no_session_once_there_is_an_app(
    redis: Redis, secret: str
) -> None:
    with pytest.raises(errors.SecondFactorNeeded):
        await sign_in.officer("SCJG-01", factories.PASSWORD, idle_minutes=30)


@pytest.mark.parametrize("steps", [-1, 0, 1])
async def test_code_of_the_step_beside_is_taken(redis: Redis, secret: str, steps: int) -> None:
    assert await finish(redis, await ticket(redis), code(secret, steps=steps))


@pytest.mark.parametrize("steps", [-2, 2, -20, 20])
async def test_code_beside_the_window_is_told_to_be_out_of_time(
    redis: Redis, secret: str, steps: int
) -> None:
    with pytest.raises(errors.CodeOutOfTime):
        await finish(redis, await ticket(redis), code(secret, steps=steps))


@pytest.mark.parametrize("typed", ["000000", "", "12345", "abcdef", "１２", "0" * 20, "\u0661" * 6])
async def test_wrong_code_is_refused_and_the_ticket_stays(
    redis: Redis, secret: str, typed: str
) -> None:
    waiting = await ticket(redis)
    assert typed != code(secret)
    with pytest.raises(errors.CodeRefused):
        await finish(redis, waiting, typed)

    assert await finish(redis, waiting, code(secret))


async def test_code_typed_at_full_width_and_in_groups_is_read(redis: Redis, secret: str) -> None:
    typed = code(secret)
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in typed)

    assert await finish(redis, await ticket(redis), f" {wide[:3]} {wide[3:]} ")


async def test_code_is_taken_once(redis: Redis, secret: str) -> None:
    typed = code(secret)
    await finish(redis, await ticket(redis), typed)

    with pytest.raises(errors.CodeUsed):
        await finish(redis, await ticket(redis), typed)


async def test_older_code_is_not_taken_after_a_newer_one(redis: Redis, secret: str) -> None:
    await finish(redis, await ticket(redis), code(secret, steps=1))

    with pytest.raises(errors.CodeUsed):
        await finish(redis, await ticket(redis), code(secret))


async def test_code_that_enrolled_the_app_signs_nobody_in(
    redis: Redis, frozen_clock: FrozenClock
) -> None:
    await factories.officer()
    found = await enrol(redis, await signed_in(redis))

    with pytest.raises(errors.CodeUsed):
        await finish(redis, await ticket(redis), code(found))


async def test_of_ten_at_once_with_one_code_one_is_signed_in(redis: Redis, secret: str) -> None:
    waiting = [await ticket(redis) for _ in range(10)]

    outcomes = await asyncio.gather(
        *(finish(redis, one, code(secret)) for one in waiting), return_exceptions=True
    )

    assert sum(isinstance(one, IssuedSession) for one in outcomes) == 1
    refused = (errors.CodeUsed, errors.TooManyCodes)
    assert sum(isinstance(one, refused) for one in outcomes) == 9


async def test_ticket_makes_one_session(redis: Redis, secret: str) -> None:
    waiting = await ticket(redis)
    await finish(redis, waiting, code(secret))

    with pytest.raises(errors.SecondStepExpired):
        await finish(redis, waiting, code(secret, steps=1))


async def test_late_second_step_begins_anew(
    redis: Redis, secret: str, frozen_clock: FrozenClock
) -> None:
    waiting = await ticket(redis)
    frozen_clock.advance(minutes=5)

    with pytest.raises(errors.SecondStepExpired):
        await finish(redis, waiting, code(secret))


@pytest.mark.parametrize("unknown", ["", "x", "a" * 64])
async def test_unknown_ticket_is_refused(redis: Redis, secret: str, unknown: str) -> None:
    with pytest.raises(errors.SecondStepExpired):
        await finish(redis, unknown, code(secret))


async def test_new_password_ends_a_half_finished_sign_in(redis: Redis, secret: str) -> None:
    waiting = await ticket(redis)
    officer = await OneTimeSecret.first()
    assert officer is not None
    await officers.set_password(officer.officer_id, "全新的密码，够长够乱", by="system:tests")

    with pytest.raises(errors.SecondStepExpired):
        await finish(redis, waiting, code(secret))


async def test_dismissed_officer_does_not_finish(redis: Redis, secret: str) -> None:
    waiting = await ticket(redis)
    row = await OneTimeSecret.first()
    assert row is not None
    await officers.dismiss(row.officer_id, by="system:tests")

    with pytest.raises(errors.SecondStepExpired):
        await finish(redis, waiting, code(secret))


async def test_guesses_have_a_budget_that_new_tickets_do_not_renew(
    redis: Redis, secret: str, frozen_clock: FrozenClock
) -> None:
    for _ in range(one_time.WRONG_A_DAY):
        with pytest.raises(errors.CodeRefused):
            await finish(redis, await ticket(redis), "000000")

    with pytest.raises(errors.TooManyCodes) as refusal:
        await finish(redis, await ticket(redis), code(secret))
    assert refusal.value.members["retry_after"] == 24 * 3600 + 1
    frozen_clock.advance(hours=24)
    assert await finish(redis, await ticket(redis), code(secret))


async def test_right_codes_cost_nothing_of_the_budget(
    redis: Redis, secret: str, frozen_clock: FrozenClock
) -> None:
    for _ in range(one_time.WRONG_A_DAY + 2):
        frozen_clock.advance(seconds=30)
        await finish(redis, await ticket(redis), code(secret))


async def test_failed_step_is_on_record_without_the_code(redis: Redis, secret: str) -> None:
    with pytest.raises(errors.CodeRefused):
        await finish(redis, await ticket(redis), "000000")

    record = await AuditRecord.get(action="second-step-failed")
    assert record.detail == {"way": "totp", "reason": "code-refused"}


async def test_secret_is_sealed_at_rest(secret: str) -> None:
    rows = await connections.get(CONNECTION).execute_query_dict(
        "SELECT secret FROM identity_one_time_secret"
    )

    assert len(rows) == 1
    assert secret not in rows[0]["secret"]


async def test_secret_that_waits_is_sealed_in_valkey(redis: Redis) -> None:
    await factories.officer()
    issued = await signed_in(redis)
    begun = await one_time.begin(staff_no="SCJG-01", redis=redis, by=issued.principal)

    kept = [await redis.get(key) for key in await redis.keys("handover:*")]

    assert kept
    assert all(begun.secret.encode() not in value for value in kept if value)
    assert begun.secret not in repr(begun)


def test_step_is_the_one_of_rfc_6238() -> None:
    """Appendix B of RFC 6238, SHA-1, the last six of eight digits."""
    seed = base64.b32encode(b"12345678901234567890").decode()
    for seconds, digits in [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ]:
        at = datetime.fromtimestamp(seconds, UTC)
        assert one_time.step_of(seed, digits[2:], at=at) == seconds // 30


async def test_nothing_is_left_in_valkey_after_the_enrolment(redis: Redis, secret: str) -> None:
    assert await redis.keys("handover:staff-one-time:*") == []
