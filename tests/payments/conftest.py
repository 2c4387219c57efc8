"""Payment platforms that are played, on the test's own stores."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from miniapp_bridge.config import PlatformConfigs
from miniapp_bridge.payments import open_providers
from miniapp_bridge.payments.provider import PaymentProvider
from tests.played import configs, folder, stage, standin_keys, world

__all__ = ["configs", "folder", "stage", "standin_keys", "world"]

Providers = dict[str, PaymentProvider]


@pytest.fixture
async def providers(redis: Redis, configs: PlatformConfigs) -> AsyncIterator[Providers]:
    opened = open_providers(configs, redis=redis)
    yield opened
    for provider in opened.values():
        await provider.close()
