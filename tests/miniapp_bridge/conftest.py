"""The stand-in, and connectors that talk to it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis

from core.settings import Settings
from miniapp_bridge.config import PlatformConfigs
from miniapp_bridge.platforms import open_connectors
from tests.played import configs, folder, stage, standin_keys, world

__all__ = ["configs", "folder", "stage", "standin_keys", "world"]


@pytest.fixture
async def connectors(
    settings: Settings, redis: Redis, configs: PlatformConfigs
) -> AsyncIterator[dict[str, Any]]:
    opened = await open_connectors(settings, redis=redis, configs=configs)
    yield dict(opened)
    for connector in opened.values():
        await connector.close()
