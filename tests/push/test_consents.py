"""Consent to messages at Alipay, here the stand-in: looked up before anything is sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from redis.asyncio import Redis

from core import ids
from identity.people import accounts
from miniapp_bridge.config import PlatformConfigs
from miniapp_bridge.platforms.alipay import CONSENT_METHOD, AlipayConnector
from miniapp_bridge.standin.world import World
from push import consents
from push.models import ConsentRecord, Delivery
from tests.identity import factories as people
from tests.played import configs, folder, stage, standin_keys, world
from tests.push.factories import delivered, message

__all__ = ["configs", "folder", "stage", "standin_keys", "world"]

pytestmark = pytest.mark.usefixtures("db")
TEMPLATE = "STANDIN-TEMPLATE-2"


class Alipay:
    """The connector, the world behind it, and one person who uses it."""

    def __init__(self, connector: AlipayConnector, world: World, person_id: UUID) -> None:
        self.connector, self.world, self.person_id = connector, world, person_id
        self.open_id = world.people["zhang"].open_id

    async def tell(self, redis: Redis) -> str:
        """What became of a message."""
        event_id = ids.new_id()
        await delivered(
            replace(message(recipient_id=self.person_id), body=f"第 {event_id} 条"),
            event_id=event_id,
            redis=redis,
            connectors={"alipay": self.connector},
        )
        row = await Delivery.get(event_id=event_id, channel="subscription")
        return row.state.value

    def subscribes(self, kind: str) -> None:
        self.world.consents[self.open_id, TEMPLATE] = kind


@pytest.fixture
async def alipay(
    configs: PlatformConfigs, world: World, redis: Redis, frozen_clock: Any
) -> AsyncIterator[Alipay]:
    assert configs.alipay is not None
    connector = AlipayConnector(configs.alipay, configs, redis=redis)
    person_id = await people.person()
    user_id = f"open_id:{world.people['zhang'].open_id}"
    await accounts.bind_to(person_id, platform="alipay", user_id=user_id)
    yield Alipay(connector, world, person_id)
    await connector.close()


async def test_who_has_not_subscribed_is_sent_nothing_there(alipay: Alipay, redis: Redis) -> None:
    assert await alipay.tell(redis) == "skipped"
    assert await alipay.tell(redis) == "skipped"

    assert alipay.world.messages == []
    assert alipay.world.count(CONSENT_METHOD) == 1, "what was told is kept"


async def test_lasting_consent_carries_many_and_a_single_one_carries_one(
    alipay: Alipay, redis: Redis, frozen_clock: Any
) -> None:
    alipay.subscribes("longterm")
    assert [await alipay.tell(redis) for _ in range(2)] == ["sent", "sent"]

    alipay.subscribes("onetime")
    frozen_clock.advance(days=2)
    assert [await alipay.tell(redis) for _ in range(2)] == ["sent", "skipped"]
    assert len(alipay.world.messages) == 3


async def test_consent_that_was_taken_back_ends_with_the_first_refusal(
    alipay: Alipay, redis: Redis
) -> None:
    alipay.subscribes("longterm")
    await alipay.tell(redis)
    alipay.world.consent_withdrawn.add(alipay.open_id)

    assert await alipay.tell(redis) == "skipped"

    assert await ConsentRecord.all().values_list("consent", flat=True) == ["none"]


async def test_platform_that_tells_nothing_is_sent_the_message_all_the_same(
    alipay: Alipay, redis: Redis
) -> None:
    alipay.world.fail(CONSENT_METHOD, "http", times=9)

    assert await alipay.tell(redis) == "sent"
    assert await ConsentRecord.all().count() == 0


async def test_users_are_not_kept_by_name_and_old_answers_are_forgotten(
    alipay: Alipay, redis: Redis, frozen_clock: Any
) -> None:
    await alipay.tell(redis)
    row = await ConsentRecord.get()
    assert alipay.open_id not in row.user_index

    frozen_clock.advance(days=91)
    assert await consents.forget_old() == 1
