"""Passkeys of staff: signed here, for us, by a verified user, once; a copy locks the key."""

import asyncio
import random

import pytest
from redis.asyncio import Redis

from core.outbox import OutboxMessage
from core.protection.audit import AuditRecord
from identity import sign_in
from identity.errors import SignInRequired
from identity.factors import errors
from identity.log_in import sessions, sign_in_log
from identity.log_in.sessions import IssuedSession
from identity.models import Passkey
from identity.principal import PrincipalKind
from tests.conftest import FrozenClock
from tests.identity import factories
from tests.identity.authenticator import PRESENT, VERIFIED, Authenticator
from tests.identity.passkey_desk import Desk, authenticator, damaged
from tests.identity.signing_in import signed_in

pytestmark = pytest.mark.usefixtures("db", "frozen_clock")


@pytest.fixture
def desk(redis: Redis) -> Desk:
    return Desk(redis)


@pytest.fixture
async def device(desk: Desk) -> Authenticator:
    """An officer's device with a passkey."""
    await factories.officer()
    found = authenticator()
    await desk.enrol(found, await signed_in(desk.redis))
    return found


async def test_passkey_finishes_the_sign_in_and_the_log_names_it(
    desk: Desk, device: Authenticator, frozen_clock: FrozenClock
) -> None:
    frozen_clock.advance(minutes=1)
    issued = await desk.sign_in(device)

    principal = await sessions.resolve(issued.token, kind=PrincipalKind.OFFICER)
    newest, *_ = await sign_in_log.list_sign_ins(principal.id)
    assert newest.via == "password+passkey"
    assert (await Passkey.get()).sign_count == 1


async def test_device_that_does_not_count_is_taken_each_time(desk: Desk) -> None:
    await factories.officer()
    phone = authenticator(counts=False)
    await desk.enrol(phone, await signed_in(desk.redis))

    assert await desk.sign_in(phone)
    assert await desk.sign_in(phone)


async def test_copy_of_a_passkey_is_refused_and_the_key_locked(
    desk: Desk, device: Authenticator
) -> None:
    copy = device.clone()
    issued = await desk.sign_in(device)

    with pytest.raises(errors.PasskeyCloned):
        await desk.sign_in(copy)

    row = await Passkey.get()
    assert row.locked_at is not None
    record = await AuditRecord.get(action="passkey-locked")
    assert record.target == f"officer:{row.officer_id}"
    assert await OutboxMessage.filter(name__contains="PasskeyLocked").count() == 1
    with pytest.raises(SignInRequired):
        await sessions.resolve(issued.token, kind=PrincipalKind.OFFICER)


async def test_locked_key_is_refused_from_then_on(desk: Desk, device: Authenticator) -> None:
    """Also the right device: nobody can tell the two apart."""
    waiting, spare = await desk.ticket(), await desk.ticket()
    challenge = await desk.challenge(spare)
    copy = device.clone()
    await desk.answer(waiting, device.signed(await desk.challenge(waiting)))
    with pytest.raises(errors.PasskeyCloned):
        await desk.sign_in(copy)

    device.count += 10
    with pytest.raises(errors.PasskeyRefused):
        await desk.answer(spare, device.signed(challenge))


@pytest.mark.parametrize("required", [True, False])
async def test_password_alone_gains_nothing_by_the_lock(
    desk: Desk, device: Authenticator, required: bool
) -> None:
    copy = device.clone()
    await desk.sign_in(device)
    with pytest.raises(errors.PasskeyCloned):
        await desk.sign_in(copy)

    with pytest.raises(errors.SecondFactorNeeded) as refusal:
        await signed_in(desk.redis, required=required)

    assert refusal.value.members["ways"] == []


async def test_count_that_falls_back_to_none_is_a_copy(desk: Desk, device: Authenticator) -> None:
    await desk.sign_in(device)
    device.counts, device.count = False, 0

    with pytest.raises(errors.PasskeyCloned):
        await desk.sign_in(device)


async def test_unsigned_lower_count_locks_nothing(desk: Desk, device: Authenticator) -> None:
    """A stranger who knows the password must not lock a key with what it never signed."""
    device.count = 7
    await desk.sign_in(device)
    stranger = authenticator(credential_id=device.credential_id)

    with pytest.raises(errors.PasskeyRefused):
        await desk.sign_in(stranger)

    assert (await Passkey.get()).locked_at is None
    assert await desk.sign_in(device)


async def test_challenge_is_answered_once(desk: Desk, device: Authenticator) -> None:
    ticket = await desk.ticket()
    answer = device.signed(await desk.challenge(ticket))
    await desk.answer(ticket, answer)

    with pytest.raises(errors.SecondStepExpired):
        await desk.answer(ticket, answer)
    other = await desk.ticket()
    with pytest.raises(errors.SecondStepExpired):
        await desk.answer(other, answer)
    await desk.challenge(other)
    with pytest.raises(errors.PasskeyRefused):
        await desk.answer(other, answer)


async def test_refused_answer_spends_the_challenge(desk: Desk, device: Authenticator) -> None:
    ticket = await desk.ticket()
    challenge = await desk.challenge(ticket)
    with pytest.raises(errors.PasskeyRefused):
        await desk.answer(ticket, device.signed(challenge, flags=PRESENT))

    with pytest.raises(errors.SecondStepExpired):
        await desk.answer(ticket, device.signed(challenge))
    assert await desk.answer(ticket, device.signed(await desk.challenge(ticket)))


async def test_challenge_of_another_sign_in_is_refused(desk: Desk, device: Authenticator) -> None:
    one, other = await desk.ticket(), await desk.ticket()
    challenge = await desk.challenge(one)
    await desk.challenge(other)

    with pytest.raises(errors.PasskeyRefused):
        await desk.answer(other, device.signed(challenge))


async def test_late_answer_is_refused(
    desk: Desk, device: Authenticator, frozen_clock: FrozenClock
) -> None:
    ticket = await desk.ticket()
    challenge = await desk.challenge(ticket)
    frozen_clock.advance(minutes=3)

    with pytest.raises(errors.SecondStepExpired):
        await desk.answer(ticket, device.signed(challenge))


async def test_user_has_to_be_verified(desk: Desk, device: Authenticator) -> None:
    for flags in (PRESENT, VERIFIED, 0):
        with pytest.raises(errors.PasskeyRefused):
            await desk.sign_in(device, flags=flags)


@pytest.mark.parametrize(
    "origin",
    [
        "https://zwfw.example.gov.cn.evil.example",
        "http://zwfw.example.gov.cn",
        "https://zwfw.example.gov.cn:8443",
        "https://sub.zwfw.example.gov.cn",
        "",
    ],
)
async def test_answer_made_at_another_address_is_refused(
    desk: Desk, device: Authenticator, origin: str
) -> None:
    device.origin = origin

    with pytest.raises(errors.ForeignOrigin):
        await desk.sign_in(device)


async def test_answer_for_another_party_is_refused(desk: Desk, device: Authenticator) -> None:
    device.rp_id = "example.gov.cn"

    with pytest.raises(errors.PasskeyRefused):
        await desk.sign_in(device)


async def test_key_of_another_officer_signs_nobody_else_in(
    desk: Desk, device: Authenticator
) -> None:
    await factories.officer("SCJG-02")
    other = authenticator()
    issued = await sign_in.officer("SCJG-02", factories.PASSWORD, idle_minutes=30)
    await desk.enrol(other, issued)

    with pytest.raises(errors.PasskeyRefused):
        await desk.sign_in(other)


async def test_of_many_answers_at_once_to_one_challenge_one_counts(
    desk: Desk, device: Authenticator
) -> None:
    ticket = await desk.ticket()
    answer = device.signed(await desk.challenge(ticket))

    outcomes = await asyncio.gather(
        *(desk.answer(ticket, answer) for _ in range(8)), return_exceptions=True
    )

    assert sum(isinstance(one, IssuedSession) for one in outcomes) == 1
    assert sum(isinstance(one, errors.SecondStepExpired) for one in outcomes) == 7


async def test_no_damage_to_an_answer_gets_through(desk: Desk, device: Authenticator) -> None:
    """Every part cut, flipped, emptied and exchanged: refused each time, and nothing is locked."""
    dice = random.Random(20261130)
    for _ in range(150):
        ticket = await desk.ticket()
        answer = device.signed(await desk.challenge(ticket))
        part = dice.choice(sorted(answer))
        answer[part] = damaged(answer[part], dice)
        with pytest.raises((errors.PasskeyRefused, errors.ForeignOrigin)):
            await desk.answer(ticket, answer)

    assert (await Passkey.get()).locked_at is None
    assert await desk.sign_in(device)
