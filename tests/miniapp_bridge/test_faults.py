"""Each fault against each call, and that none of it tells a secret."""

from typing import Any

import pytest
from redis.asyncio import Redis

from miniapp_bridge.client import ATTEMPTS
from miniapp_bridge.config import PlatformConfigs
from miniapp_bridge.payments import open_providers
from miniapp_bridge.standin.world import World
from tests.miniapp_bridge.fault_table import PAGE, Row, Stage, page

pytestmark = pytest.mark.slow

LOST = ("cut", "http")


@pytest.fixture
async def rows(
    connectors: dict[str, Any], configs: PlatformConfigs, redis: Redis, world: World
) -> list[Row]:
    providers = open_providers(configs, redis=redis)
    found = await Stage(world, connectors, dict(providers), redis).rows()
    for provider in providers.values():
        await provider.close()
    return found


async def test_faults_come_out_as_the_documents_say(
    rows: list[Row], world: World, caplog: pytest.LogCaptureFixture
) -> None:
    assert PAGE.read_text(encoding="utf-8") == page(rows)
    for row in rows:
        limit = ATTEMPTS[row.trial.retry] + (1 if row.fault == "expired" else 0)
        assert row.attempts <= limit, row
        if row.trial.retry in ("once", "send") and row.fault in LOST:
            assert row.attempts == 1, row
        if row.trial.retry == "send":
            assert row.reached <= 1, row
        if row.fault in ("bad_signature", "unsigned"):
            assert row.outcome not in ("ok", "sent"), row
    secrets = ["standin-secret", "standinapikey", world.token.value, "19900000001", "310199"]
    assert [one for one in secrets if one in caplog.text] == []
