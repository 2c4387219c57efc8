"""Text messages lead into the app somebody uses, where its channel says so."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from redis.asyncio import Redis

from core import ids
from core.settings import Settings
from identity.people import accounts
from miniapp_bridge.config import PlatformConfigs
from miniapp_bridge.platforms import open_connectors
from miniapp_bridge.standin.world import World
from push.providers import Outlet, Outlets
from push.stand_in import StandInSms
from tests.identity import factories as people
from tests.played import configs, folder, stage, standin_keys, world
from tests.push.factories import delivered, message

__all__ = ["configs", "folder", "stage", "standin_keys", "world"]

pytestmark = pytest.mark.usefixtures("db", "frozen_clock")


async def text_to(
    person_id: UUID, settings: Settings, redis: Redis, configs: PlatformConfigs
) -> str:
    """What the person's phone shows after a message."""
    told = message(recipient_id=person_id)
    values: dict[str, Any] = {"kind": "supplement-requested", "link": "#/case/7"}
    connectors = await open_connectors(settings, redis=redis, configs=configs)
    stand_in = StandInSms(redis)
    await delivered(
        type(told)(recipient_id=person_id, title=told.title, body=told.body, **values),
        event_id=ids.new_id(),
        redis=redis,
        connectors=connectors,
        outlets=Outlets(sms=Outlet([stand_in]), email=Outlet()),
    )
    for connector in connectors.values():
        await connector.close()
    (sent,) = await stand_in.list_sent()
    return sent.text


async def test_who_uses_wechat_gets_a_link_of_their_own(
    settings: Settings, redis: Redis, configs: PlatformConfigs, world: World
) -> None:
    person_id = await people.person()
    openid = world.people["zhang"].openid
    await accounts.bind_to(person_id, platform="wechat", user_id=openid)

    text = await text_to(person_id, settings, redis, configs)

    ((link, target),) = world.links.items()
    assert text.endswith(f" {link} ")
    assert target == "pages/index/index?next=%2Fcase%2F7&from=link"


async def test_others_get_none_and_a_platform_that_is_away_holds_nothing_up(
    settings: Settings, redis: Redis, configs: PlatformConfigs, world: World
) -> None:
    somebody = await people.person()
    assert "http" not in await text_to(somebody, settings, redis, configs)
    await redis.flushall()

    world.fail("/wxa/generate_urllink", "http", times=9)
    openid = world.people["li"].openid
    user = await people.person(id_no=people.LI)
    await accounts.bind_to(user, platform="wechat", user_id=openid)
    assert "http" not in await text_to(user, settings, redis, configs)
