"""Alipay's links, and who has subscribed to what."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from redis.asyncio import Redis

from miniapp_bridge.config import PlatformConfigs, Template
from miniapp_bridge.connector import Consent
from miniapp_bridge.platforms.alipay import CONSENT_METHOD, AlipayConnector
from miniapp_bridge.standin import world as played
from miniapp_bridge.standin.world import World


@pytest.fixture
def alipay(connectors: dict[str, Any]) -> AlipayConnector:
    found = connectors["alipay"]
    assert isinstance(found, AlipayConnector)
    return found


async def test_links_lead_to_the_page_and_carry_its_query(alipay: AlipayConnector) -> None:
    scheme = await alipay.app_link(path="/pages/index/index", query="next=/case/7&a=1")
    link = await alipay.link(path="/pages/index/index", query="next=/case/7&a=1")

    assert scheme.startswith("alipays://platformapi/startapp?")
    assert parse_qs(urlsplit(scheme).query) == {
        "appId": [played.ALIPAY_APP],
        "page": ["pages/index/index"],
        "query": ["next=/case/7&a=1"],
    }
    assert urlsplit(link).hostname == "ds.alipay.com"
    assert parse_qs(urlsplit(link).query)["scheme"] == [scheme]


async def test_consents_are_told_by_our_names(
    world: World, configs: PlatformConfigs, redis: Redis
) -> None:
    assert configs.alipay is not None
    names = ("accepted", "supplement", "closed", "issued")
    templates = {name: Template(id=f"T-{name}", keys={}) for name in names}
    config = msgspec.structs.replace(configs.alipay, templates=templates)
    alipay = AlipayConnector(config, configs, redis=redis)
    zhang = world.people["zhang"]
    world.consents[zhang.open_id, "T-accepted"] = "longterm"
    world.consents[zhang.open_id, "T-issued"] = "onetime"

    found = await alipay.consents(f"open_id:{zhang.open_id}", templates=[*names, "unknown"])
    await alipay.close()

    assert found == {
        "accepted": Consent.LASTING,
        "supplement": Consent.NONE,
        "closed": Consent.NONE,
        "issued": Consent.ONCE,
    }
    assert world.count(CONSENT_METHOD) == 2, "three templates a call"


async def test_one_template_for_everything_is_asked_for_once(
    alipay: AlipayConnector, world: World
) -> None:
    zhang = world.people["zhang"]
    world.consents[zhang.open_id, "STANDIN-TEMPLATE-2"] = "longterm"

    found = await alipay.consents(f"open_id:{zhang.open_id}", templates=["accepted", "closed"])

    assert found == {"accepted": Consent.LASTING, "closed": Consent.LASTING}
    assert world.count(CONSENT_METHOD) == 1
