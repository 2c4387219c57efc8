"""Who is told of the end of a licence, when, and only once."""

from datetime import date, timedelta

import pytest

from core.outbox import OutboxMessage
from tests.conftest import FrozenClock
from tests.wallet.city import City
from tests.wallet.factories import issue_licence
from tests.wallet.test_status import PAPER
from wallet.models import Licence
from wallet.register import reminders, status
from wallet.types import catalogue
from wallet.types.licence_types import LicenceType, OnExpiry


@pytest.mark.parametrize("type_", catalogue.all_types(), ids=lambda type_: type_.code)
def test_distances_follow_the_type(type_: LicenceType) -> None:
    found = reminders.distances(type_.validity)

    assert list(found) == sorted(found, reverse=True)
    assert set(found) <= {90, 30, 7}
    assert bool(found) == (type_.validity.on_expiry is not OnExpiry.NONE)
    for days_left in range(-3, 120):
        due = reminders.due_distance(type_.validity, days_left)
        assert due is None or (days_left >= 0 and due >= days_left)


async def told_days(frozen: FrozenClock, licence: Licence, days: range) -> list[int]:
    """On which days before the end the holder was told, the timer running daily."""
    assert licence.valid_to is not None
    told = []
    for left in days:
        moment = frozen().replace(hour=2)
        target = licence.valid_to - timedelta(days=left)
        frozen.advance(days=(target - moment.date()).days)
        if await reminders.remind():
            told.append(left)
        assert await reminders.remind() == 0
    return told


async def test_food_permit_is_told_three_times(city: City, frozen_clock: FrozenClock) -> None:
    licence = await Licence.get(id=await issue_licence(city, "FOOD"))
    expected = list(reminders.distances(catalogue.get_type("FOOD").validity))

    assert await told_days(frozen_clock, licence, range(100, -3, -1)) == expected
    assert await OutboxMessage.filter(name="LicenceEnding").count() == len(expected)


async def test_timer_that_slept_tells_the_nearest_only(
    city: City, frozen_clock: FrozenClock
) -> None:
    licence = await Licence.get(id=await issue_licence(city, "FOOD"))

    assert await told_days(frozen_clock, licence, range(3, 0, -1)) == [3]


async def test_suspended_and_endless_licences_are_not_told(
    city: City, frozen_clock: FrozenClock
) -> None:
    licence_id = await issue_licence(city)
    await status.suspend(licence_id, by=city.officer("seal_keeper"), **PAPER)
    frozen_clock.advance(days=(date(2027, 11, 20) - frozen_clock().date()).days)
    assert await reminders.remind() == 0

    await status.resume(licence_id, by=city.officer("seal_keeper"), **PAPER)
    assert await reminders.remind() == 1
