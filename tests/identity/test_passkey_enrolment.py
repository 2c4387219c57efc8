"""Passkeys are enrolled and given up by their officer, right after a whole sign-in."""

import asyncio
import random
from uuid import UUID

import pytest
from redis.asyncio import Redis

from identity import sign_in
from identity.factors import errors, holding, passkeys
from identity.factors.passkeys import Attestation
from identity.factors.relying_party import RelyingParty, relying_party
from identity.models import Passkey
from tests.identity import factories
from tests.identity.authenticator import PRESENT, VERIFIED, Authenticator
from tests.identity.passkey_desk import PARTY, Desk, authenticator, damaged
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


async def test_several_keys_are_named_and_listed(desk: Desk, device: Authenticator) -> None:
    issued = await desk.sign_in(device)
    await desk.enrol(authenticator(), issued, name="值班手机")

    listed = (await holding.standing(issued.principal)).factors

    assert [one.name for one in listed] == ["办公室电脑", "值班手机"]
    assert {one.way for one in listed} == {"passkey"}


async def test_damaged_enrolment_is_refused(desk: Desk) -> None:
    await factories.officer()
    issued = await signed_in(desk.redis)
    dice = random.Random(20261130)
    for _ in range(100):
        begun = await passkeys.begin(party=PARTY, redis=desk.redis, by=issued.principal)
        made = authenticator().made(begun.challenge)
        part = dice.choice(["client_data", "attestation"])
        made[part] = damaged(made[part], dice)
        try:
            await passkeys.enrol(
                begun.id,
                Attestation(**made),
                name="x",
                party=PARTY,
                redis=desk.redis,
                by=issued.principal,
            )
        except (errors.PasskeyRefused, errors.ForeignOrigin):
            continue
        # A bit of the key itself may flip: it is another key then, which nobody holds.
        assert part == "attestation"
        await Passkey.all().delete()


@pytest.mark.parametrize("flags", [PRESENT, VERIFIED, 0])
async def test_key_without_verification_of_its_user_is_not_enrolled(desk: Desk, flags: int) -> None:
    await factories.officer()
    with pytest.raises(errors.PasskeyRefused):
        await desk.enrol(authenticator(), await signed_in(desk.redis), flags=flags)


async def test_enrolment_made_at_another_address_is_refused(desk: Desk) -> None:
    await factories.officer()
    device = authenticator(origin="https://evil.example")
    with pytest.raises(errors.ForeignOrigin):
        await desk.enrol(device, await signed_in(desk.redis))


async def test_key_is_enrolled_once(desk: Desk, device: Authenticator) -> None:
    issued = await desk.sign_in(device)
    with pytest.raises(errors.PasskeyKnown):
        await desk.enrol(device, issued)

    await factories.officer("SCJG-02")
    other = await sign_in.officer("SCJG-02", factories.PASSWORD, idle_minutes=30)
    with pytest.raises(errors.PasskeyKnown):
        await desk.enrol(device, other)


async def test_officer_holds_ten_keys_at_most(desk: Desk, device: Authenticator) -> None:
    issued = await desk.sign_in(device)
    for _ in range(passkeys.MOST - 1):
        await desk.enrol(authenticator(), issued)

    with pytest.raises(errors.TooManyPasskeys):
        await desk.enrol(authenticator(), issued)


async def test_challenge_of_another_session_enrols_nothing(
    desk: Desk, device: Authenticator
) -> None:
    one, other = await desk.sign_in(device), await desk.sign_in(device)
    begun = await passkeys.begin(party=PARTY, redis=desk.redis, by=one.principal)

    with pytest.raises(errors.SecondStepExpired):
        await passkeys.enrol(
            begun.id,
            Attestation(**authenticator().made(begun.challenge)),
            name="x",
            party=PARTY,
            redis=desk.redis,
            by=other.principal,
        )


async def test_challenge_of_a_sign_in_enrols_nothing(desk: Desk, device: Authenticator) -> None:
    issued = await desk.sign_in(device)
    ticket = await desk.ticket()
    challenge = await desk.challenge(ticket)

    with pytest.raises(errors.SecondStepExpired):
        await passkeys.enrol(
            ticket,
            Attestation(**authenticator().made(challenge)),
            name="x",
            party=PARTY,
            redis=desk.redis,
            by=issued.principal,
        )


async def key_id() -> UUID:
    return (await Passkey.all().order_by("created_at").first()).id  # type: ignore[union-attr]


async def test_last_key_stays_where_a_factor_is_required(desk: Desk, device: Authenticator) -> None:
    issued = await desk.sign_in(device)
    with pytest.raises(errors.LastFactor):
        await passkeys.remove(await key_id(), required=True, by=issued.principal)
    await desk.enrol(authenticator(), issued)

    await passkeys.remove(await key_id(), required=True, by=issued.principal)

    assert await Passkey.all().count() == 1


async def test_of_two_removals_at_once_one_key_stays(desk: Desk, device: Authenticator) -> None:
    issued = await desk.sign_in(device)
    await desk.enrol(authenticator(), issued)
    keys = [row.id for row in await Passkey.all()]

    outcomes = await asyncio.gather(
        *(passkeys.remove(one, required=True, by=issued.principal) for one in keys),
        return_exceptions=True,
    )

    assert sorted(map(str, outcomes)) == sorted(["None", errors.LastFactor.title])
    assert await Passkey.all().count() == 1


async def test_key_of_somebody_else_is_not_there(desk: Desk, device: Authenticator) -> None:
    await factories.officer("SCJG-02")
    other = await sign_in.officer("SCJG-02", factories.PASSWORD, idle_minutes=30)

    with pytest.raises(errors.FactorNotFound):
        await passkeys.remove(await key_id(), required=False, by=other.principal)


@pytest.mark.parametrize(
    ("address", "party"),
    [
        ("https://zwfw.example.gov.cn", PARTY),
        ("https://ZWFW.example.gov.cn:443", PARTY),
        (
            "https://zwfw.example.gov.cn:8443",
            RelyingParty(id=PARTY.id, origin=f"{PARTY.origin}:8443"),
        ),
        ("http://localhost:8800", RelyingParty(id="localhost", origin="http://localhost:8800")),
        ("http://zwfw.example.gov.cn", None),
        ("http://127.0.0.1:8800", None),
        ("https://[::1]:8800", None),
        ("https://10.8.0.1", None),
        ("https://zwfw.example.gov.cn:port", None),
        ("", None),
    ],
)
def test_party_is_the_public_address(address: str, party: RelyingParty | None) -> None:
    assert relying_party(address) == party
