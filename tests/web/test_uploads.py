"""Photos over bad networks: paused, cut, the page reloaded; small and upright on arrival."""

from __future__ import annotations

import io
import random
import re
from typing import Any

import pytest
from PIL import Image
from playwright.async_api import CDPSession, Locator, expect

from tests.web import people, screens
from tests.web.installation import Demo
from tests.web.people import Window
from tests.web.screens import ANSWERS, SHOP

SLOW_BYTES_A_SECOND = 150_000
PAPER = "网络经营场所证明"


@pytest.fixture
async def phone(window: Any, demo: Demo) -> Any:
    """A citizen's phone at the materials of a new draft."""
    async with screens.Citizen(demo.url) as citizen:
        await citizen.sign_in("zhang")
        draft = await citizen.open_case(SHOP, ANSWERS)
        new: Window = await window()
        await screens.lend_session(citizen, new, hint="signed-in")
        await screens.show(new, f"/m/#/materials/{draft['id']}")
        yield new


def noisy_photo() -> bytes:
    """A picture of something that stays large however it is compressed."""
    size = (1800, 1350)
    noise = Image.frombytes("RGB", size, random.Random(7).randbytes(size[0] * size[1] * 3))
    drawing = Image.open(io.BytesIO(people.photo(size=size)))
    out = io.BytesIO()
    Image.blend(drawing, noise, 0.35).save(out, "JPEG", quality=90)
    return out.getvalue()


def card(phone: Window) -> Locator:
    return people.material_card(phone, PAPER)


async def choose(phone: Window, data: bytes, *, name: str = "photo.jpg") -> None:
    file = {"name": name, "mimeType": "image/jpeg", "buffer": data}
    await card(phone).locator("input[type=file]").last.set_input_files(file)


class Line:
    """The phone's connection."""

    def __init__(self, session: CDPSession) -> None:
        self._session = session

    @classmethod
    async def of(cls, phone: Window) -> Line:
        return cls(await phone.context.new_cdp_session(phone.page))

    async def carry(self, bytes_a_second: int = -1, *, offline: bool = False) -> None:
        """Upload so many bytes a second; -1 is as fast as it goes."""
        limits = {"latency": 20, "downloadThroughput": -1, "uploadThroughput": bytes_a_second}
        await self._session.send("Network.emulateNetworkConditions", {"offline": offline, **limits})


async def received(phone: Window) -> None:
    await expect(card(phone).get_by_text(re.compile("^(✓ )?已收到")).first).to_be_visible(
        timeout=people.PATIENCE
    )


async def test_an_upload_can_be_paused_and_goes_on(phone: Window) -> None:
    line = await Line.of(phone)
    await line.carry(SLOW_BYTES_A_SECOND)
    await choose(phone, noisy_photo())
    await phone.sees("正在上传")
    await phone.click("暂停")
    await phone.sees("已暂停")
    await line.carry()
    await phone.click("继续上传")
    await received(phone)


async def test_an_upload_goes_on_after_the_page_was_reloaded(phone: Window) -> None:
    line = await Line.of(phone)
    await line.carry(SLOW_BYTES_A_SECOND * 4)
    async with phone.page.expect_response(
        lambda answer: answer.request.method == "PATCH" and answer.status == 204
    ):
        await choose(phone, noisy_photo())
    await line.carry()

    async with phone.page.expect_request(lambda request: request.method == "HEAD") as asked:
        await phone.page.reload()
    assert "/api/citizen/uploads/" in (await asked.value).url
    await received(phone)


async def test_an_upload_waits_for_the_network(phone: Window) -> None:
    line = await Line.of(phone)
    await line.carry(SLOW_BYTES_A_SECOND * 4)
    await choose(phone, noisy_photo())
    await phone.sees(re.compile("正在上传"))
    await line.carry(offline=True)
    await phone.sees(re.compile("网络断开"))
    await line.carry()
    await received(phone)
    phone.complaints.clear()  # The browser itself reports each request that had no network.


async def test_photos_arrive_small_and_upright(phone: Window) -> None:
    tall = Image.new("RGB", (3000, 2000), "white")
    tall.paste("navy", (0, 0, 1500, 2000))
    exif = Image.Exif()
    exif[0x0112] = 6  # To be turned by 90 degrees.
    exif[0x010F] = "camera maker"
    out = io.BytesIO()
    tall.save(out, "JPEG", exif=exif)

    await choose(phone, out.getvalue())
    await received(phone)
    url = await card(phone).locator("a.thumb").get_attribute("href")
    answer = await phone.context.request.get(str(url))
    arrived = Image.open(io.BytesIO(await answer.body()))

    assert arrived.size == (1333, 2000)
    assert dict(arrived.getexif()) == {}


async def test_what_is_no_picture_is_refused_in_words(phone: Window) -> None:
    await choose(phone, b"this is no picture", name="broken.jpg")
    await phone.sees("这张照片打不开")


async def test_what_was_sent_can_be_removed(phone: Window) -> None:
    await people.attach(phone, PAPER, people.photo())
    await phone.click("删除，重新提交")
    await expect(card(phone).get_by_text("待准备")).to_be_visible()


async def test_an_upload_pauses_when_its_page_is_left_and_has_one_writer(phone: Window) -> None:
    line = await Line.of(phone)
    await line.carry(SLOW_BYTES_A_SECOND)
    created: list[str] = []
    refused: list[int] = []
    phone.page.on(
        "request",
        lambda one: (
            created.append(one.url)
            if one.method == "POST" and one.url.endswith("/uploads")
            else None
        ),
    )
    phone.page.on(
        "response",
        lambda one: (
            refused.append(one.status) if "/uploads/" in one.url and one.status >= 400 else None
        ),
    )
    await choose(phone, noisy_photo())
    await phone.sees("正在上传")
    for _ in range(2):
        await phone.page.evaluate("sessionStorage.back = location.hash; location.hash = '#/cases'")
        await expect(card(phone)).to_have_count(0)
        await phone.page.evaluate("location.hash = sessionStorage.back")
        await phone.sees("正在上传")
        await expect(card(phone).get_by_role("progressbar")).to_have_count(1)
    await line.carry()
    await received(phone)

    assert len(created) == 1
    assert refused == []
    await expect(card(phone).locator("a.thumb")).to_have_count(1)
