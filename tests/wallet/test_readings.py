"""What a counter read without network, handed in later."""

from datetime import timedelta

import pytest
from redis.asyncio import Redis

from core.outbox import OutboxMessage
from identity.principal import Principal
from tests.conftest import FrozenClock
from tests.wallet.city import TODAY, City
from tests.wallet.factories import desk, issue_licence
from tests.wallet.phones import Phone
from wallet.check import readings
from wallet.check.at_counter import CodeAnswer, Errand
from wallet.check.readings import Entry
from wallet.errors import ReadingNotPossible
from wallet.log import access_log
from wallet.models import Verification
from wallet.register import status

PAPER = {"cause": "信息待核实", "document_no": "松公证〔2026〕1号"}


async def code_shown(city: City, redis: Redis) -> str:
    phone = Phone()
    await phone.register(city)
    made = await phone.fetch(await issue_licence(city), city=city, redis=redis)
    return phone.show(made.data)


def entry(code: str, *, key: str = "a" * 32, after: timedelta = timedelta()) -> Entry:
    return Entry(key=key, code=code, read_at=TODAY + after, errand=Errand(purpose="收件核验"))


async def hand_in(city: City, redis: Redis, one: Entry, *, by: Principal) -> CodeAnswer:
    return await readings.hand_in(one, by=by, desk=desk(city, redis))


async def test_reading_is_judged_for_its_own_moment(
    city: City, redis: Redis, frozen_clock: FrozenClock
) -> None:
    code = await code_shown(city, redis)
    frozen_clock.advance(hours=5)

    answer = await hand_in(city, redis, entry(code), by=await city.counter())

    assert answer.verdict.verdict == "valid"
    row = await Verification.get()
    assert (row.read_at, row.at) == (TODAY, TODAY + timedelta(hours=5))
    (use,) = await access_log.list_uses(city.zhang)
    assert "读码时间 2026-11-25 10:00:00" in use.ground
    assert await OutboxMessage.filter(name="LicencePresented").count() == 1


async def test_what_changed_meanwhile_is_told(
    city: City, redis: Redis, frozen_clock: FrozenClock
) -> None:
    code = await code_shown(city, redis)
    frozen_clock.advance(hours=1)
    (licence,) = await status.Licence.all()
    await status.revoke(licence.id, by=city.officer("supervisor"), **PAPER)

    answer = await hand_in(city, redis, entry(code), by=await city.counter())

    assert answer.verdict.reasons == ("licence-revoked",)


async def test_reading_sent_twice_is_entered_once(city: City, redis: Redis) -> None:
    code, counter = await code_shown(city, redis), await city.counter()

    first = await hand_in(city, redis, entry(code), by=counter)
    second = await hand_in(city, redis, entry(code), by=counter)

    assert first.verification_id == second.verification_id
    assert await Verification.all().count() == 1
    assert len(await access_log.list_uses(city.zhang)) == 1


@pytest.mark.parametrize("after", [timedelta(minutes=3), -timedelta(days=3, seconds=1)])
async def test_reading_of_another_time_is_refused(
    city: City, redis: Redis, after: timedelta
) -> None:
    code = await code_shown(city, redis)
    with pytest.raises(ReadingNotPossible):
        await hand_in(city, redis, entry(code, after=after), by=await city.counter())


@pytest.mark.parametrize("code", ["", "HTTPS://HOST/P/00000000000000000000000000", "x" * 5_000])
async def test_only_offline_passes_are_handed_in(city: City, redis: Redis, code: str) -> None:
    with pytest.raises(ReadingNotPossible):
        await hand_in(city, redis, entry(code), by=await city.counter())
    assert await Verification.all().count() == 0
