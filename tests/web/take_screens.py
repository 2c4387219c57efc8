"""Write pictures of the main screens to docs/screens: `python -m tests.web.take_screens`.

Starts the demo, plays a little of it, photographs the pages, and keeps each picture under 150 KB.
"""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

from PIL import Image
from playwright.async_api import Browser, async_playwright

from tests.web import screens
from tests.web.chromium import Launcher, chromium_path
from tests.web.installation import Demo, running_demo
from tests.web.people import Window
from tests.web.screens import Town

TARGET = Path(__file__).resolve().parents[2] / "docs" / "screens"
MOST_BYTES = 150 * 1024
COLOURS = (256, 128, 64, 32)

OVERVIEW = ("home", "materials", "case-waiting", "wallet", "qr")
PHONE_SCREENS = (
    "home",
    "guide",
    "apply",
    "materials",
    "case-waiting",
    "talk",
    "wallet",
    "licence",
    "qr",
)


async def main() -> None:
    TARGET.mkdir(parents=True, exist_ok=True)
    with running_demo() as demo:
        async with async_playwright() as playwright:
            path = chromium_path(playwright)
            if path is None:
                raise SystemExit("no Chromium: set CHROME_BIN or install the package chromium")
            browser = await Launcher(playwright, path).start()
            async with screens.town(demo) as town:
                await phone_pictures(browser, demo, town)
                await desk_pictures(browser, demo, town)
            await browser.close()
    overview()


async def phone_pictures(browser: Browser, demo: Demo, town: Town) -> None:
    phone = await Window.open(browser, demo.url)
    await screens.lend_session(town.citizen, phone, hint="signed-in")
    for name in PHONE_SCREENS:
        await screens.show(phone, town.citizen_screens[name])
        await picture(phone, name)
    elder = await Window.open(browser, demo.url, theme="dark", stored={"size": "large"})
    await screens.lend_session(town.citizen, elder, hint="signed-in")
    await screens.show(elder, town.citizen_screens["case"])
    await picture(elder, "case-elder-dark")


async def desk_pictures(browser: Browser, demo: Demo, town: Town) -> None:
    desk = await Window.open(browser, demo.url, desk=True)
    await screens.lend_session(town.officer, desk, hint="staff-signed-in")
    await screens.show(desk, town.staff_screens["staff-case"])
    await picture(desk, "staff-case")
    counter = await Window.open(browser, demo.url, desk=True)
    await screens.enrol_counter(counter, demo)
    await counter.page.get_by_label("粘贴码的内容").fill(await screens.shown_code(town.citizen))
    await counter.click("核验", exact=True)
    await counter.sees("核验下一位")
    await picture(counter, "counter")
    clerk = await Window.open(browser, demo.url, desk=True)
    await screens.enter_enterprise(clerk, demo)
    await screens.drop(clerk, await screens.document(town.citizen))
    await clerk.sees("检查项")
    await picture(clerk, "enterprise")


async def picture(window: Window, name: str) -> None:
    """Photograph the window, with as few colours as it takes to stay small."""
    await window.page.evaluate("scrollTo(0, 0)")
    image = Image.open(io.BytesIO(await window.page.screenshot())).convert("RGB")
    for colours in COLOURS:
        out = io.BytesIO()
        image.quantize(colours, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
        if out.tell() <= MOST_BYTES:
            break
    (TARGET / f"{name}.png").write_bytes(out.getvalue())
    print(f"{name}.png  {out.tell() // 1024} KB")


def overview() -> None:
    """Five phones side by side: the picture at the top of the README."""
    phones = [Image.open(TARGET / f"{name}.png").convert("RGB") for name in OVERVIEW]
    width, height = (side // 2 for side in phones[0].size)
    gap = 16
    sheet = Image.new("RGB", ((width + gap) * len(phones) + gap, height + 2 * gap), "#DFE5EE")
    for place, phone in enumerate(phones):
        small = phone.resize((width, height), Image.Resampling.LANCZOS)
        sheet.paste(small, (gap + place * (width + gap), gap))
    sheet.quantize(128, dither=Image.Dither.NONE).save(TARGET / "overview.png", optimize=True)


if __name__ == "__main__":
    asyncio.run(main())
