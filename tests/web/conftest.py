"""A demo installation as a reader of the README starts it, and a real Chromium to look at it.

The tests act through the pages only. Chromium is found through CHROME_BIN, at /usr/bin/chromium, or
where Playwright keeps its own; without one they are skipped.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, async_playwright

from tests.web.chromium import Launcher, chromium_path
from tests.web.installation import Demo, running_demo
from tests.web.people import Window

HERE = Path(__file__).resolve().parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents and "launcher" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.web)


@pytest.fixture(scope="session")
def demo(fresh_demo: Path) -> Iterator[Demo]:
    with running_demo(fresh_demo) as started:
        yield started


@pytest.fixture(scope="session")
async def launcher() -> AsyncIterator[Launcher]:
    async with async_playwright() as playwright:
        path = chromium_path(playwright)
        if path is None:
            pytest.skip("no Chromium: apt-get install chromium, or set CHROME_BIN")
        yield Launcher(playwright, path)


@pytest.fixture(scope="session")
async def chromium(launcher: Launcher) -> AsyncIterator[Browser]:
    started = await launcher.start()
    yield started
    await started.close()


@pytest.fixture
async def window(chromium: Browser, demo: Demo) -> AsyncIterator[Any]:
    """Opens windows of people; at the end none of them may have complained on its console."""
    opened: list[Window] = []

    async def open_window(**options: Any) -> Window:
        new = await Window.open(chromium, demo.url, **options)
        opened.append(new)
        return new

    yield open_window
    complaints = [complaint for one in opened for complaint in one.complaints]
    for one in opened:
        await one.close()
    assert complaints == []
