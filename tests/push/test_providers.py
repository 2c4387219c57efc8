"""Providers of SMS and e-mail: shift to the next one, rest, and what is said once."""

from uuid import UUID

import pytest
from redis.asyncio import Redis

from core import ids
from identity.principal import Principal, PrincipalKind
from miniapp_bridge.errors import MessageRejected, OutcomeUnknown
from push import deliver, preferences, providers, statistics
from push.channels.sms import SIGNATURE
from push.models import Delivery, DeliveryState
from push.providers import Outlet, Outlets, ProviderDown
from push.stand_in import StandInSms
from tests.conftest import FrozenClock
from tests.identity import factories as people
from tests.push.factories import Postman, delivered, message

OPERATOR = Principal(
    kind=PrincipalKind.OFFICER, id=UUID(int=9), name="孔督办", roles=frozenset({"supervisor"})
)
LETTER = {"to": "13900000000", "title": "标题", "text": "正文", "reference": "r"}


class TestShift:
    async def test_next_provider_carries_what_the_first_cannot(self) -> None:
        first, second = Postman("first", ProviderDown("away")), Postman("second")
        outlet = Outlet([first, second])

        assert await outlet.send(**LETTER) == "second"
        assert await outlet.send(**LETTER) == "first"
        assert [health.failures for health in outlet.health] == [1, 0]

    async def test_failing_provider_rests_and_others_are_asked_first(self) -> None:
        first = Postman("first", *[ProviderDown("away")] * providers.RESTS_AFTER)
        outlet = Outlet([first, Postman("second")])
        for _ in range(providers.RESTS_AFTER):
            await outlet.send(**LETTER)

        assert await outlet.send(**LETTER) == "second"
        assert first.sent == []

    async def test_resting_provider_is_the_last_resort(self) -> None:
        first = Postman("first", *[ProviderDown("away")] * providers.RESTS_AFTER)
        second = Postman("second", *[ProviderDown("away")] * 9)
        outlet = Outlet([first, second])
        for _ in range(providers.RESTS_AFTER):
            with pytest.raises(ProviderDown):
                await outlet.send(**LETTER)

        assert await outlet.send(**LETTER) == "first"

    @pytest.mark.parametrize("failure", [MessageRejected(), OutcomeUnknown()])
    async def test_what_may_have_been_sent_goes_to_no_second_provider(
        self, failure: Exception
    ) -> None:
        second = Postman("second")
        outlet = Outlet([Postman("first", failure), second])

        with pytest.raises(type(failure)):
            await outlet.send(**LETTER)
        assert second.sent == []


@pytest.mark.usefixtures("db")
class TestDelivering:
    async def send(self, redis: Redis, outlets: Outlets, person_id: UUID, kind: str) -> None:
        told = message(recipient_id=person_id)
        values = {"kind": kind, "title": told.title, "body": told.body, "link": told.link}
        await delivered(
            type(told)(recipient_id=person_id, **values),
            event_id=ids.new_id(),
            redis=redis,
            connectors={},
            outlets=outlets,
        )

    async def state(self, channel: str) -> list[str]:
        rows = await Delivery.filter(channel=channel).order_by("created_at", "id")
        return sorted(row.state.value for row in rows)

    async def test_sms_goes_to_the_phone_of_the_person(
        self, redis: Redis, frozen_clock: FrozenClock
    ) -> None:
        person_id = await people.person()
        stand_in = StandInSms(redis)
        outlets = Outlets(sms=Outlet([stand_in]), email=Outlet())
        await self.send(redis, outlets, person_id, "supplement-requested")

        (sent,) = await stand_in.list_sent()
        assert sent.text.startswith(SIGNATURE)
        assert "*" in sent.to
        assert await self.state("sms") == ["sent"]

    async def test_same_words_do_not_ring_twice_in_ten_minutes(
        self, redis: Redis, frozen_clock: FrozenClock
    ) -> None:
        person_id, postman = await people.person(), Postman("sms")
        outlets = Outlets(sms=Outlet([postman]), email=Outlet())
        for _ in range(2):
            await self.send(redis, outlets, person_id, "supplement-requested")
        frozen_clock.advance(minutes=11)
        await self.send(redis, outlets, person_id, "supplement-requested")

        assert len(postman.sent) == 2
        assert await self.state("sms") == ["sent", "sent", "skipped"]

    async def test_channel_that_is_turned_off_is_skipped(
        self, redis: Redis, frozen_clock: FrozenClock
    ) -> None:
        person_id, postman = await people.person(), Postman("sms")
        await preferences.change(
            person_id, subscription=True, sms=False, quiet_from=None, quiet_until=None
        )
        outlets = Outlets(sms=Outlet([postman]), email=Outlet())
        await self.send(redis, outlets, person_id, "supplement-requested")

        assert postman.sent == []
        assert await self.state("sms") == ["skipped"]

    async def test_figures_count_and_time_what_was_sent(
        self, redis: Redis, frozen_clock: FrozenClock
    ) -> None:
        person_id = await people.person()
        outlets = Outlets(sms=Outlet([Postman("sms", ProviderDown("away"))]), email=Outlet())
        await self.send(redis, outlets, person_id, "supplement-requested")
        frozen_clock.advance(seconds=5)
        await deliver.retry_due(redis=redis, connectors={}, outlets=outlets)
        row = await Delivery.get(channel="sms")
        assert await deliver.mark_delivered(row.event_id, person_id, "sms")

        found = {one.channel: one for one in (await statistics.figures(by=OPERATOR)).channels}
        assert (found["sms"].sent, found["sms"].delivered) == (1, 1)
        assert found["sms"].median_seconds == 5.0
        assert (found["inbox"].sent, found["inbox"].median_seconds) == (1, 0.0)
        assert found["email"].skipped == 1
        assert row.state is DeliveryState.SENT
