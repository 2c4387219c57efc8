"""Codes: once, for one reader, for a minute."""

import asyncio
from uuid import UUID

import pytest
from redis.asyncio import Redis

from core.errors import TooMany
from core.outbox import OutboxMessage
from identity.principal import Principal
from tests.conftest import FrozenClock
from tests.wallet.city import City
from tests.wallet.factories import desk, issue_licence
from wallet.errors import LicenceNotFound, LicenceNotInForce, PresentationNotFound
from wallet.register import status
from wallet.show import present
from wallet.show.present import Presentation, Redemption, State
from wallet.types import codes

URL = "http://127.0.0.1:8800"


async def open_code(city: City, redis: Redis, licence_id: UUID | None = None) -> Presentation:
    licence_id = licence_id or await issue_licence(city)
    return await present.open(licence_id, by=city.citizen(city.zhang), desk=desk(city, redis))


async def redeem(shown: Presentation, redis: Redis, *, by: Principal) -> Redemption:
    code = codes.parse(shown.text)
    assert code is not None
    return (await present.redeem(code, by=by, redis=redis, reader_name=by.name)).outcome


async def test_code_is_redeemed_once(city: City, redis: Redis) -> None:
    shown = await open_code(city, redis)
    here, there = await city.counter(), await city.counter("综合窗口2号")

    assert await redeem(shown, redis, by=here) is Redemption.REDEEMED
    assert await redeem(shown, redis, by=there) is Redemption.USED


async def test_same_counter_may_read_twice(city: City, redis: Redis) -> None:
    shown, here = await open_code(city, redis), await city.counter()

    await redeem(shown, redis, by=here)

    assert await redeem(shown, redis, by=here) is Redemption.AGAIN


async def test_two_counters_at_once_exactly_one_wins(city: City, redis: Redis) -> None:
    shown = await open_code(city, redis)
    counters = [await city.counter(f"窗口{number}") for number in range(8)]

    outcomes = await asyncio.gather(*(redeem(shown, redis, by=one) for one in counters))

    assert outcomes.count(Redemption.REDEEMED) == 1
    assert outcomes.count(Redemption.USED) == 7


@pytest.mark.parametrize(
    ("seconds", "outcome"),
    [
        (0, Redemption.REDEEMED),
        (59, Redemption.REDEEMED),
        (70, Redemption.REDEEMED),
        (71, Redemption.EXPIRED),
        (120, Redemption.EXPIRED),
    ],
)
async def test_code_lives_a_minute_and_ten_seconds(
    city: City, redis: Redis, frozen_clock: FrozenClock, seconds: int, outcome: Redemption
) -> None:
    shown, here = await open_code(city, redis), await city.counter()

    frozen_clock.advance(seconds=seconds)

    assert await redeem(shown, redis, by=here) is outcome


async def test_used_code_is_not_good_again_after_its_life(
    city: City, redis: Redis, frozen_clock: FrozenClock
) -> None:
    shown, here = await open_code(city, redis), await city.counter()
    await redeem(shown, redis, by=here)

    frozen_clock.advance(seconds=71)

    assert await redeem(shown, redis, by=here) is Redemption.EXPIRED


async def test_stopped_code_is_refused(city: City, redis: Redis) -> None:
    shown, here = await open_code(city, redis), await city.counter()

    await present.stop(shown.id, by=city.citizen(city.zhang), redis=redis)

    assert await redeem(shown, redis, by=here) is Redemption.STOPPED
    assert await OutboxMessage.filter(name="PresentationStopped").count() == 1


async def test_stopping_a_used_code_changes_nothing(city: City, redis: Redis) -> None:
    shown, here = await open_code(city, redis), await city.counter()
    await redeem(shown, redis, by=here)

    await present.stop(shown.id, by=city.citizen(city.zhang), redis=redis)

    found = await present.state(shown.id, by=city.citizen(city.zhang), redis=redis)
    assert found.state is State.USED
    assert await OutboxMessage.filter(name="PresentationStopped").count() == 0


async def test_codes_are_lost_with_redis_and_never_accepted(city: City, redis: Redis) -> None:
    shown, here = await open_code(city, redis), await city.counter()

    await redis.flushall()

    assert await redeem(shown, redis, by=here) is Redemption.UNKNOWN


async def test_code_itself_is_not_stored(city: City, redis: Redis) -> None:
    shown = await open_code(city, redis)
    code = codes.parse(shown.text)
    assert code is not None

    stored = [name async for name in redis.scan_iter("*")]
    values = [await redis.hgetall(name) for name in stored if name.startswith(b"present:")]

    assert code not in repr((stored, values))


async def test_holder_sees_who_used_the_code(city: City, redis: Redis) -> None:
    shown, here = await open_code(city, redis), await city.counter()
    me = city.citizen(city.zhang)
    assert (await present.state(shown.id, by=me, redis=redis)).state is State.OPEN

    await redeem(shown, redis, by=here)

    found = await present.state(shown.id, by=me, redis=redis)
    assert (found.state, found.used_by) == (State.USED, "综合窗口1号")


async def test_open_code_shows_as_expired_after_its_life(
    city: City, redis: Redis, frozen_clock: FrozenClock
) -> None:
    shown = await open_code(city, redis)

    frozen_clock.advance(seconds=61)

    found = await present.state(shown.id, by=city.citizen(city.zhang), redis=redis)
    assert found.state is State.EXPIRED


async def test_nobody_else_sees_or_stops_a_presentation(city: City, redis: Redis) -> None:
    shown, other = await open_code(city, redis), city.citizen(city.li)

    with pytest.raises(PresentationNotFound):
        await present.state(shown.id, by=other, redis=redis)
    with pytest.raises(PresentationNotFound):
        await present.stop(shown.id, by=other, redis=redis)


async def test_only_the_holder_presents(city: City, redis: Redis) -> None:
    licence_id = await issue_licence(city)

    with pytest.raises(LicenceNotFound):
        await present.open(licence_id, by=city.citizen(city.li), desk=desk(city, redis))


async def test_company_licence_is_presented_by_who_acts_for_it(city: City, redis: Redis) -> None:
    licence_id = await issue_licence(city, "FOOD")

    shown = await present.open(
        licence_id,
        by=city.citizen(city.li, acting_for=city.company),
        desk=desk(city, redis),
    )

    assert shown.text.startswith("HTTPS://127.0.0.1:8800/P/")


async def test_suspended_licence_is_not_presented(city: City, redis: Redis) -> None:
    licence_id = await issue_licence(city)
    await status.suspend(
        licence_id,
        cause="信息待核实",
        document_no="松公证〔2026〕1号",
        by=city.officer("seal_keeper"),
    )

    with pytest.raises(LicenceNotInForce):
        await open_code(city, redis, licence_id)


async def test_opening_is_limited(city: City, redis: Redis) -> None:
    licence_id = await issue_licence(city)
    for _ in range(present.OPENED_PER_MINUTE):
        await open_code(city, redis, licence_id)

    with pytest.raises(TooMany):
        await open_code(city, redis, licence_id)
