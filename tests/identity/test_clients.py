"""Client systems: believed by their HMAC, counted by the day."""

from datetime import UTC, datetime
from typing import Any

import pytest
from redis.asyncio import Redis

from identity import errors
from identity.principal import Principal
from identity.systems import clients
from identity.systems.signed_request import LARGE_BODY, SignedRequest
from tests.identity.factories import BY, ClientSystem

pytestmark = pytest.mark.usefixtures("db", "frozen_clock")

TARGET = "/api/enterprise/v1/seal-verifications"


async def read(headers: dict[str, str], *, body: bytes = b"file") -> SignedRequest:
    return await SignedRequest.read(
        caller=headers["X-Client-Id"],
        time=headers["X-Client-Time"],
        nonce=headers["X-Client-Nonce"],
        signature=headers["X-Client-Signature"],
        method="POST",
        target=TARGET,
        body=body,
    )


async def verify(headers: dict[str, str], redis: Redis, *, body: bytes = b"file") -> Principal:
    signed = await read(headers, body=body)
    return await clients.verify_request(signed, await clients.expect(signed.caller))


async def test_signed_request_is_believed(redis: Redis) -> None:
    system = await ClientSystem().register()

    principal = await verify(system.headers("POST", TARGET, b"file"), redis)

    assert principal.name == "示例银行"
    assert principal.actor.startswith("client:")


async def test_client_revoked_while_its_body_arrives_is_refused() -> None:
    system = await ClientSystem().register()
    signed = await read(system.headers("POST", TARGET, b"file"))
    known = await clients.expect(signed.caller)

    await clients.revoke(signed.caller, by=BY)

    with pytest.raises(errors.InvalidSignature):
        await clients.verify_request(signed, known)


async def test_large_body_is_signed_like_a_small_one(redis: Redis) -> None:
    system = await ClientSystem().register()
    body = bytes(LARGE_BODY + 1)

    assert await verify(system.headers("POST", TARGET, body), redis, body=body)


@pytest.mark.parametrize(
    "change",
    [
        {"X-Client-Id": "other"},
        {"X-Client-Signature": "0" * 64},
        {"X-Client-Signature": "é"},
        {"X-Client-Signature": ""},
    ],
)
async def test_wrong_claims_are_refused_alike(redis: Redis, change: dict[str, str]) -> None:
    system = await ClientSystem().register()

    with pytest.raises(errors.InvalidSignature):
        await verify(system.headers("POST", TARGET, b"file") | change, redis)


async def test_altered_body_is_refused(redis: Redis) -> None:
    system = await ClientSystem().register()

    with pytest.raises(errors.InvalidSignature):
        await verify(system.headers("POST", TARGET, b"file"), redis, body=b"fime")


async def test_replay_and_wrong_clock_are_refused(redis: Redis) -> None:
    system = await ClientSystem().register()
    headers = system.headers("POST", TARGET, b"file")
    await verify(headers, redis)

    for again in (headers, system.headers("POST", TARGET, b"file", skew=-61)):
        with pytest.raises(errors.InvalidSignature):
            await verify(again, redis)


async def test_replay_is_refused_also_after_valkey_has_forgotten_everything(redis: Redis) -> None:
    system = await ClientSystem().register()
    headers = system.headers("POST", TARGET, b"file")
    await verify(headers, redis)

    await redis.flushall()

    with pytest.raises(errors.InvalidSignature):
        await verify(headers, redis)


async def test_revoked_client_is_refused(redis: Redis) -> None:
    system = await ClientSystem().register()
    await clients.revoke(system.client_id, by=BY)

    with pytest.raises(errors.InvalidSignature):
        await verify(system.headers("POST", TARGET, b"file"), redis)


async def test_secret_is_told_once_and_known_clients_keep_theirs() -> None:
    secret = await clients.register("bank", name="银行", daily_quota=1, by=BY)

    assert secret is not None
    assert len(secret) >= 43
    assert await clients.register("bank", name="银行", daily_quota=1, by=BY) is None


async def test_quota_is_refused_with_its_limit_and_its_end(redis: Redis) -> None:
    system = await ClientSystem().register(daily_quota=2)
    principal = await verify(system.headers("POST", TARGET, b"file"), redis)
    await clients.spend(principal, redis=redis)
    await clients.spend(principal, redis=redis)

    with pytest.raises(errors.QuotaSpent) as refusal:
        await clients.spend(principal, redis=redis)

    assert refusal.value.members == {"limit": 2, "reset_at": "2026-11-26T00:00:00+08:00"}
    usage = await clients.usage(principal, redis=redis)
    assert (usage.used, usage.limit) == (2, 2)


async def test_quota_begins_anew_at_midnight_in_shanghai(redis: Redis, frozen_clock: Any) -> None:
    frozen_clock.set(datetime(2026, 11, 25, 15, 59, tzinfo=UTC))
    system = await ClientSystem().register(daily_quota=1)
    principal = await verify(system.headers("POST", TARGET, b"file"), redis)
    await clients.spend(principal, redis=redis)

    frozen_clock.advance(minutes=1)

    assert (await clients.spend(principal, redis=redis)).used == 1
