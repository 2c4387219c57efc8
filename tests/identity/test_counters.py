"""Counter devices: enrolled once by a code, believed by their signature only."""

import asyncio
import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from redis.asyncio import Redis

from core import ids
from core.data import spent
from core.protection.audit import AuditRecord
from identity import errors, queries
from identity.models import Counter, EnrolmentCode
from identity.principal import Principal
from identity.systems import counters
from identity.systems.signed_request import SignedRequest
from tests.conftest import FrozenClock
from tests.identity.factories import BY, CounterDevice, department

pytestmark = pytest.mark.usefixtures("db", "frozen_clock")

TARGET = "/api/counter/verifications?limit=5"


async def read(
    headers: dict[str, str], *, target: str = TARGET, body: bytes = b"{}"
) -> SignedRequest:
    return await SignedRequest.read(
        caller=headers["X-Counter-Id"],
        time=headers["X-Counter-Time"],
        nonce=headers["X-Counter-Nonce"],
        signature=headers["X-Counter-Signature"],
        method="POST",
        target=target,
        body=body,
    )


async def verify(headers: dict[str, str], redis: Redis, **request: Any) -> Principal:
    signed = await read(headers, **request)
    return await counters.verify_request(signed, await counters.expect(signed.caller))


async def new_code() -> str:
    return await counters.new_enrolment_code(department=await department(), hall="大厅", by=BY)


async def test_enrolled_device_is_known_by_its_signature(redis: Redis) -> None:
    device = await CounterDevice().enrol()

    principal = await verify(device.headers("POST", TARGET, b"{}"), redis)

    assert principal.id == device.counter_id
    assert principal.department == "SCJG"
    assert principal.actor == f"counter:{device.counter_id}"


async def test_code_is_good_once() -> None:
    code = await new_code()
    await counters.enrol(code, public_key=CounterDevice().public_key, name="1 号窗")

    with pytest.raises(errors.EnrolmentCodeRefused):
        await counters.enrol(code, public_key=CounterDevice().public_key, name="2 号窗")


async def test_code_may_be_typed_without_dashes_in_small_letters() -> None:
    code = (await new_code()).replace("-", "").lower()

    enrolled = await counters.enrol(code, public_key=CounterDevice().public_key, name="1 号窗")

    assert enrolled.department == "SCJG"


async def test_late_code_is_refused(frozen_clock: Any) -> None:
    code = await new_code()
    frozen_clock.advance(hours=24)

    with pytest.raises(errors.EnrolmentCodeRefused):
        await counters.enrol(code, public_key=CounterDevice().public_key, name="1 号窗")


async def test_refused_key_does_not_spend_the_code() -> None:
    code = await new_code()
    with pytest.raises(errors.InvalidPublicKey):
        await counters.enrol(code, public_key="AAAA", name="1 号窗")

    assert await counters.enrol(code, public_key=CounterDevice().public_key, name="1 号窗")


async def test_code_is_stored_as_digest_and_issuing_is_on_record() -> None:
    code = await new_code()

    row = await EnrolmentCode.get()

    assert code not in str(dict(row))
    assert code.replace("-", "") not in str(dict(row))
    assert await AuditRecord.filter(action="enrolment-code-issued").count() == 1


async def test_unknown_department_gets_no_code() -> None:
    with pytest.raises(errors.DepartmentNotFound):
        await counters.new_enrolment_code(department="NONE", hall="大厅", by=BY)


def compressed() -> str:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    point = key.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    return base64.urlsafe_b64encode(point).decode()


@pytest.mark.parametrize(
    "public_key",
    [
        "",
        "不是公钥",
        "A" * 87,
        base64.urlsafe_b64encode(b"\x04" + b"\x01" * 64).decode(),
        base64.urlsafe_b64encode(b"\x04" + b"\x00" * 64).decode(),
        compressed(),
    ],
    ids=["empty", "no-base64", "wrong-tag", "off-curve", "zero", "compressed"],
)
async def test_unusable_public_key_is_refused(public_key: str) -> None:
    with pytest.raises(errors.InvalidPublicKey):
        await counters.enrol(await new_code(), public_key=public_key, name="1 号窗")


async def test_altered_body_is_refused(redis: Redis) -> None:
    device = await CounterDevice().enrol()

    with pytest.raises(errors.InvalidSignature):
        await verify(device.headers("POST", TARGET, b"{}"), redis, body=b"{ }")


async def test_altered_query_is_refused(redis: Redis) -> None:
    device = await CounterDevice().enrol()

    with pytest.raises(errors.InvalidSignature):
        await verify(device.headers("POST", TARGET, b"{}"), redis, target=TARGET + "0")


async def test_replay_is_refused(redis: Redis) -> None:
    device = await CounterDevice().enrol()
    headers = device.headers("POST", TARGET, b"{}")
    await verify(headers, redis)

    with pytest.raises(errors.InvalidSignature):
        await verify(headers, redis)


@pytest.mark.parametrize(
    "spelled", [str.upper, "{{{}}}".format, "urn:uuid:{}".format, lambda id_: id_.replace("-", "")]
)
async def test_replay_under_another_spelling_of_the_caller_is_refused(
    redis: Redis, spelled: Callable[[str], str]
) -> None:
    device = await CounterDevice().enrol()
    headers = device.headers("POST", TARGET, b"{}")
    await verify(headers, redis)

    with pytest.raises(errors.InvalidSignature):
        await verify({**headers, "X-Counter-Id": spelled(headers["X-Counter-Id"])}, redis)


async def test_counter_revoked_while_its_body_arrives_is_refused() -> None:
    device = await CounterDevice().enrol()
    signed = await read(device.headers("POST", TARGET, b"{}"))
    known = await counters.expect(signed.caller)

    await counters.revoke(device.counter_id, by=BY)

    with pytest.raises(errors.InvalidSignature):
        await counters.verify_request(signed, known)


async def test_replay_is_refused_also_after_valkey_has_forgotten_everything(redis: Redis) -> None:
    device = await CounterDevice().enrol()
    headers = device.headers("POST", TARGET, b"{}")
    await verify(headers, redis)

    await redis.flushall()

    with pytest.raises(errors.InvalidSignature):
        await verify(headers, redis)
    assert await verify(device.headers("POST", TARGET, b"{}"), redis)


async def test_nonce_is_forgotten_when_the_request_is_too_old_anyway(
    redis: Redis, frozen_clock: FrozenClock
) -> None:
    device = await CounterDevice().enrol()
    headers = device.headers("POST", TARGET, b"{}")
    await verify(headers, redis)
    assert await spent.forget() == 0

    frozen_clock.advance(seconds=63)

    assert await spent.forget() == 1
    with pytest.raises(errors.InvalidSignature):
        await verify(headers, redis)


async def test_forged_request_does_not_burn_the_nonce(redis: Redis) -> None:
    device = await CounterDevice().enrol()
    forger = CounterDevice(counter_id=device.counter_id)
    nonce = ids.new_token(16)
    with pytest.raises(errors.InvalidSignature):
        await verify(forger.headers("POST", TARGET, b"{}", nonce=nonce), redis)

    assert await verify(device.headers("POST", TARGET, b"{}", nonce=nonce), redis)


@pytest.mark.parametrize("skew", [-60, 60])
async def test_clock_may_be_a_minute_off(redis: Redis, skew: int) -> None:
    device = await CounterDevice().enrol()

    assert await verify(device.headers("POST", TARGET, b"{}", skew=skew), redis)


@pytest.mark.parametrize("skew", [-61, 61])
async def test_clock_may_not_be_more_than_a_minute_off(redis: Redis, skew: int) -> None:
    device = await CounterDevice().enrol()

    with pytest.raises(errors.InvalidSignature):
        await verify(device.headers("POST", TARGET, b"{}", skew=skew), redis)


@pytest.mark.parametrize(
    "change",
    [
        {"X-Counter-Id": "not an id"},
        {"X-Counter-Id": str(UUID(int=1))},
        {"X-Counter-Id": ""},
        {"X-Counter-Time": "soon"},
        {"X-Counter-Time": ""},
        {"X-Counter-Nonce": "short"},
        {"X-Counter-Nonce": "含中文的随机数" * 4},
        {"X-Counter-Signature": ""},
        {"X-Counter-Signature": "AAAA"},
        {"X-Counter-Signature": "é" * 86},
        {"X-Counter-Signature": base64.urlsafe_b64encode(bytes(64)).decode()},
        {"X-Counter-Signature": base64.urlsafe_b64encode(b"\xff" * 64).decode()},
    ],
)
async def test_unreadable_headers_are_refused_alike(redis: Redis, change: dict[str, str]) -> None:
    device = await CounterDevice().enrol()
    headers = device.headers("POST", TARGET, b"{}") | change

    with pytest.raises(errors.InvalidSignature):
        await verify(headers, redis)


async def test_revoked_device_is_refused(redis: Redis) -> None:
    device = await CounterDevice().enrol()
    assert device.counter_id is not None

    await counters.revoke(device.counter_id, by=BY)
    await counters.revoke(device.counter_id, by=BY)

    assert not (await queries.get_counter(device.counter_id)).active
    assert await AuditRecord.filter(action="counter-revoked").count() == 1
    with pytest.raises(errors.InvalidSignature):
        await verify(device.headers("POST", TARGET, b"{}"), redis)


async def test_code_life_can_be_shorter(frozen_clock: Any) -> None:
    code = await counters.new_enrolment_code(
        department=await department(), hall="大厅", by=BY, life=timedelta(minutes=10)
    )
    frozen_clock.advance(minutes=10)

    with pytest.raises(errors.EnrolmentCodeRefused):
        await counters.enrol(code, public_key=CounterDevice().public_key, name="1 号窗")


async def test_code_used_by_two_at_once_enrols_one() -> None:
    code = await new_code()

    results = await asyncio.gather(
        *(
            counters.enrol(code, public_key=CounterDevice().public_key, name="1 号窗")
            for _ in range(4)
        ),
        return_exceptions=True,
    )

    assert sum(isinstance(result, counters.EnrolledCounter) for result in results) == 1
    assert await Counter.all().count() == 1
