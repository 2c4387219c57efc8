"""Finding and starting Chromium."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, Playwright

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium_path(playwright: Playwright) -> str | None:
    """A Chromium to start, or None."""
    own = playwright.chromium.executable_path
    for candidate in (os.environ.get("CHROME_BIN"), "/usr/bin/chromium", own):
        if candidate and Path(candidate).exists():
            return candidate
    return None


@dataclass(frozen=True)
class Launcher:
    """Starts Chromium, with extra switches where a test needs its own."""

    playwright: Playwright
    path: str

    async def start(self, *extra: str) -> Browser:
        return await self.playwright.chromium.launch(
            executable_path=self.path, args=[*QUIET, *extra]
        )
