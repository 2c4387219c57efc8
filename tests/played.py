"""The platforms played on loopback: a stand-in, and settings that lead our connectors to it."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core import clock
from core.valkey.embedded import free_port
from miniapp_bridge import config
from miniapp_bridge.config import PlatformConfigs
from miniapp_bridge.standin import settings as standin_settings
from miniapp_bridge.standin.server import serving
from miniapp_bridge.standin.world import Keys, World

ZHANG = {"name": "张演示", "id_no": "310199199003071017", "phone": "19900000001"}
LI = {"name": "李样例", "id_no": "310199198511201020", "phone": "19900000002"}


@pytest.fixture(scope="session")
def standin_keys() -> Keys:
    """RSA keys take a moment: one set a run."""
    return Keys.make()


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="yunjian-played-") as name:
        yield Path(name)


@asynccontextmanager
async def played(keys: Keys, folder: Path) -> AsyncIterator[tuple[World, Path]]:
    """A world with two people in it, served; and the settings file that leads to it."""
    world = World(keys, clock=lambda: clock.now().timestamp())
    world.add_person("zhang", **ZHANG)
    world.add_person("li", **LI)
    async with serving(world, port=free_port()) as url:
        hosts = [url.partition("://")[2]]
        yield world, standin_settings.write(folder, keys, url=url, page_hosts=hosts)


@pytest.fixture
async def stage(standin_keys: Keys, folder: Path) -> AsyncIterator[tuple[World, Path]]:
    async with played(standin_keys, folder) as both:
        yield both


@pytest.fixture
def world(stage: tuple[World, Path]) -> World:
    return stage[0]


@pytest.fixture
def configs(stage: tuple[World, Path]) -> PlatformConfigs:
    return config.load(stage[1], production=False)
