"""The platforms we can talk to. A new one is a module here and a line in CONNECTORS."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from core.settings import Settings
from miniapp_bridge.connector import Connector
from miniapp_bridge.platforms import sandbox

if TYPE_CHECKING:
    from redis.asyncio import Redis

Opener = Callable[..., Awaitable[Connector | None]]

CONNECTORS: dict[str, Opener] = {
    sandbox.PLATFORM: sandbox.open_connector,
}
"""Platform name → opener(settings, redis=). An opener gives None where it is not configured."""


async def open_connectors(settings: Settings, *, redis: "Redis") -> dict[str, Connector]:
    """Every platform that this deployment is configured for."""
    opened: dict[str, Connector] = {}
    for name, open_connector in CONNECTORS.items():
        connector = await open_connector(settings, redis=redis)
        if connector is not None:
            opened[name] = connector
    return opened
