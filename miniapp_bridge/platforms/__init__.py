"""The platforms we can talk to. A new one is a module here and a line in CONNECTORS."""

import functools
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from core.settings import Settings
from miniapp_bridge import config
from miniapp_bridge.config import PlatformConfigs
from miniapp_bridge.connector import Connector
from miniapp_bridge.platforms import alipay, browser, city, sandbox, wechat
from miniapp_bridge.platforms.city import Signers

if TYPE_CHECKING:
    from redis.asyncio import Redis

Opener = Callable[..., Awaitable[Connector | None]]

CONNECTORS: dict[str, Opener] = {
    wechat.PLATFORM: wechat.open_connector,
    alipay.PLATFORM: alipay.open_connector,
    city.PLATFORM: city.open_connector,
    browser.PLATFORM: browser.open_connector,
    sandbox.PLATFORM: sandbox.open_connector,
}
"""Platform name → opener(settings, configs, redis=). It gives None where it is not configured."""


def read_configs(settings: Settings) -> PlatformConfigs:
    """The platforms of this deployment. Raises SettingsError."""
    return config.load(settings.platforms_file, production=settings.environment == "production")


async def open_connectors(
    settings: Settings,
    *,
    redis: "Redis",
    configs: PlatformConfigs | None = None,
    signers: Signers | None = None,
) -> dict[str, Connector]:
    """Every platform that this deployment is configured for. Raises SettingsError.

    `signers` sign the requests to a city app whose profile asks for it.
    """
    configs = configs or read_configs(settings)
    opened: dict[str, Connector] = {}
    with_signers = functools.partial(city.open_connector, signers=signers)
    openers: dict[str, Opener] = {**CONNECTORS, city.PLATFORM: with_signers}
    for name, open_connector in openers.items():
        connector = await open_connector(settings, configs, redis=redis)
        if connector is not None:
            opened[name] = connector
    return opened
