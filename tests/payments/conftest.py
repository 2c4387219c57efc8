"""Payment platforms that are played, on the test's own stores."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from core import clock
from miniapp_bridge.breaker import Breaker
from miniapp_bridge.config import PlatformConfigs
from miniapp_bridge.payments import open_providers
from miniapp_bridge.payments.provider import PaymentProvider
from tests.played import configs, folder, stage, standin_keys, world

__all__ = ["configs", "folder", "stage", "standin_keys", "world"]

Providers = dict[str, PaymentProvider]


@pytest.fixture
async def providers(redis: Redis, configs: PlatformConfigs) -> AsyncIterator[Providers]:
    # Circuits open and close by the clock of the tests, which stands until it is moved.
    opened = open_providers(
        configs, redis=redis, breaker=lambda: Breaker(seconds=lambda: clock.now().timestamp())
    )
    yield opened
    for provider in opened.values():
        await provider.close()
