"""People at their pages: a citizen's phone, an officer's desk. They click what is written there."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from PIL import Image, ImageDraw
from playwright.async_api import Browser, BrowserContext, Locator, Page, Request, expect

PATIENCE = 30_000
"""Milliseconds; two shared cores are slow when everything runs at once."""

TYPED_AT_ONCE = """(keys) => {
  for (const key of keys) {
    const there = document.activeElement ?? document.body;
    there.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
  }
}"""

DRAWN = "() => new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)))"

PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2}
DESK = {"viewport": {"width": 1280, "height": 900}, "device_scale_factor": 1}


def keep(key: str, value: str) -> str:
    """A script that puts a value into the local storage unless the page has put one there."""
    kept = f"localStorage.getItem('{key}') ?? localStorage.setItem('{key}', '{value}')"
    return f"if (location.protocol.startsWith('http')) {{ {kept} }}"


@dataclass
class Window:
    """One browser window with its own cookies; remembers everything its console complained of."""

    context: BrowserContext
    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)
    asked: set[Request] = field(default_factory=set)
    """Requests without an answer yet; live streams, which never end, are not among them."""

    @classmethod
    async def open(
        cls,
        browser: Browser,
        url: str,
        *,
        desk: bool = False,
        width: int | None = None,
        theme: str = "light",
        stored: Mapping[str, str] | None = None,
        permissions: Sequence[str] = (),
    ) -> Window:
        """`stored` is put into the local storage before any page runs."""
        shape: dict[str, Any] = dict(DESK if desk else PHONE)
        if width is not None:
            shape["viewport"] = {"width": width, "height": 844}
        context = await browser.new_context(
            **shape,
            is_mobile=not desk,
            has_touch=not desk,
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            color_scheme="dark" if theme == "dark" else "light",
            permissions=list(permissions),
            base_url=url,
        )
        for key, value in (stored or {}).items():
            await context.add_init_script(keep(key, value))
        page = await context.new_page()
        page.set_default_timeout(PATIENCE)
        new = cls(context, page, url)
        page.on("console", new._hear)
        page.on("request", new._ask)
        page.on("requestfinished", new._answered)
        page.on("requestfailed", new._answered)
        page.on("pageerror", lambda error: new.complaints.append(f"{page.url}: {error}"))
        return new

    def _hear(self, message: Any) -> None:
        if message.type == "error":
            self.complaints.append(f"{self.page.url}: {message.text}")

    def _ask(self, request: Request) -> None:
        if request.resource_type != "eventsource":
            self.asked.add(request)

    def _answered(self, request: Request) -> None:
        self.asked.discard(request)

    async def scan(self, text: str) -> None:
        """What a hand-held scanner does: every key within a moment, however busy the machine."""
        await self.page.evaluate(TYPED_AT_ONCE, [*text, "Enter"])

    async def quiet(self) -> None:
        """Wait until every request is answered and what came has been drawn.

        Playwright's `networkidle` means the same and waits half a second longer, every time.
        """
        async with asyncio.timeout(PATIENCE / 1000):
            await self.page.evaluate(DRAWN)
            while self.asked:
                await self.page.evaluate(DRAWN)

    async def close(self) -> None:
        await self.context.close()

    async def go(self, path: str) -> None:
        """Open an address; within the same page only the part behind # changes."""
        await self.page.goto(path)

    async def click(self, name: str, *, exact: bool = False) -> None:
        """Click the link or button that says `name`."""
        found = self.named(name, exact=exact)
        await found.first.click()

    def named(self, name: str, *, exact: bool = False) -> Locator:
        button = self.page.get_by_role("button", name=name, exact=exact)
        return button.or_(self.page.get_by_role("link", name=name, exact=exact))

    async def sees(self, text: str | re.Pattern[str]) -> None:
        await expect(self.page.get_by_text(text).first).to_be_visible(timeout=PATIENCE)

    async def heading(self, text: str | re.Pattern[str]) -> None:
        await expect(self.page.get_by_role("heading", level=1)).to_have_text(text, timeout=PATIENCE)


async def sign_in(window: Window, name: str, *, organisation: str | None = None) -> None:
    """A citizen signs in as a demo person, and may act for an organisation."""
    await window.go("/m/#/login")
    await window.page.get_by_role("button", name=name).click()
    await window.heading("云间证：城市政务一站办")
    if organisation:
        await window.go("/m/#/me")
        choice = window.page.get_by_label(organisation)
        await choice.click()
        await expect(choice).to_be_checked()
        await window.go("/m/#/")
        await window.sees(f"正在代表：{organisation}")


async def staff_sign_in(window: Window, number: str, password: str) -> None:
    await window.go("/staff/")
    await window.page.get_by_label("工号", exact=True).fill(number)
    await window.page.get_by_label("密码").fill(password)
    await window.click("登录", exact=True)
    await window.heading("待办件")


async def case_number(citizen: Window) -> str:
    """The number on the page of a case, as a citizen would read it to an officer."""
    return await citizen.page.get_by_text(re.compile(r"^SJ\d{8}-\d{4}-\w$")).inner_text()


async def open_case(officer: Window, number: str) -> None:
    """Look a case up in the worklist by its number, as an officer does, and open it."""
    await officer.page.get_by_role("searchbox", name="查找").fill(number)
    await officer.page.get_by_role("row", name=number).get_by_role("link").click()
    await officer.sees(number)


async def answer_guide(window: Window, item_code: str, answers: Sequence[str]) -> None:
    """Open the guide, answer question by question, and begin the application."""
    await window.go(f"/m/#/guide/{item_code}")
    await window.click("开始办理")
    for answer in answers:
        choice = window.page.get_by_role("button", name=answer)
        one_of_several = await choice.get_attribute("aria-pressed") is not None
        await choice.click()
        if one_of_several:
            await window.click("下一步")
    await window.heading(re.compile("您需要 .* 份材料"))
    await window.click("开始填写申请")
    await window.heading("填写信息")


async def fill(window: Window, values: Mapping[str, str]) -> None:
    """Fill the fields of the form by their labels: text, or a choice of a group."""
    for label, value in values.items():
        group = window.page.get_by_role("group", name=re.compile(re.escape(label)))
        box = window.page.get_by_label(re.compile(re.escape(label))).first
        # Which of the two it is can only be asked once the form has come.
        await expect(group.or_(box).first).to_be_visible(timeout=PATIENCE)
        if await group.count():
            await group.get_by_label(value, exact=True).check()
            continue
        if await box.evaluate("element => element.tagName") == "SELECT":
            await box.select_option(value)
        else:
            await box.fill(value)


async def attach(window: Window, material: str, picture: bytes) -> None:
    """Choose a picture for a material and wait until the server has it."""
    card = material_card(window, material)
    await card.locator("input[type=file]").last.set_input_files(
        {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": picture}
    )
    await expect(card.get_by_text(re.compile("^(✓ )?已收到")).first).to_be_visible(timeout=PATIENCE)


def material_card(window: Window, material: str) -> Locator:
    return window.page.get_by_role("region", name=re.compile(re.escape(material)))


def photo(words: str = "floor plan", *, size: tuple[int, int] = (1600, 1200)) -> bytes:
    """A picture with something on it: blank ones are refused."""
    image = Image.new("RGB", size, "#f0ead8")
    draw = ImageDraw.Draw(image)
    for step in range(0, size[0], 80):
        draw.line((step, 0, size[0] - step, size[1]), fill=(40, step % 255, 120), width=6)
    draw.rectangle((200, 200, 900, 700), outline="black", width=12)
    draw.text((260, 260), words, fill="black", font_size=90)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=88)
    return out.getvalue()
