"""Cutting a photographed sheet on the phone: suggested corners, fingers, keys, large text."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.async_api import Locator, expect

from tests.cases.factories import encoded
from tests.cases.test_sheet import LAID, photographed
from tests.web import people, screens
from tests.web.installation import Demo
from tests.web.people import Window
from tests.web.screens import ANSWERS, SHOP
from tests.web.test_screens import DRESSES, Dress, look

CORNERS = LAID["from below"]
NAMES = ("左上角", "右上角", "右下角", "左下角")


@pytest.fixture
async def phone(request: pytest.FixtureRequest, window: Any, demo: Demo) -> Any:
    """The materials of a new draft with one photograph; a phone of 390 × 844 unless said."""
    dress: Dress = getattr(request, "param", Dress())
    async with screens.Citizen(demo.url) as citizen:
        await citizen.sign_in("zhang")
        draft = await citizen.open_case(SHOP, ANSWERS)
        phone: Window = await window(width=dress.width, theme=dress.theme, stored=dress.stored)
        await screens.lend_session(citizen, phone, hint="signed-in")
        await screens.show(phone, f"/m/#/materials/{draft['id']}")
        photo = encoded(photographed(CORNERS), kind="JPEG")
        file = {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": photo}
        await phone.page.locator("input[type=file]").last.set_input_files(file)  # type: ignore[arg-type]
        await expect(phone.page.locator("a.thumb img")).to_be_visible(timeout=people.PATIENCE)
        yield phone


async def opened(phone: Window, word: str = "裁切") -> Locator:
    """The dialog with its corners."""
    await phone.page.get_by_role("button", name=re.compile(word)).first.click()
    found = phone.page.get_by_role("dialog")
    await expect(found.locator(".corner")).to_have_count(4, timeout=people.PATIENCE)
    await expect(found.locator("img")).to_have_js_property("complete", True)
    return found


async def places(found: Locator) -> list[tuple[float, float]]:
    """Where the corners are, as fractions of the picture."""
    picture = await found.locator("img").bounding_box()
    assert picture is not None
    seen = []
    for name in NAMES:
        box = await found.get_by_role("button", name=name).bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        seen.append(((x - picture["x"]) / picture["width"], (y - picture["y"]) / picture["height"]))
    return seen


async def test_a_sheet_is_cut_with_suggested_corners_and_restored(phone: Window) -> None:
    found = await opened(phone)
    for (x, y), (true_x, true_y) in zip(await places(found), CORNERS, strict=True):
        assert abs(x - true_x) < 0.02
        assert abs(y - true_y) < 0.02
    picture = phone.page.locator("a.thumb img")
    before = await picture.get_attribute("src")

    await found.get_by_role("button", name="裁切并拉直").click()
    await expect(found).to_be_hidden(timeout=people.PATIENCE)
    await expect(picture).not_to_have_attribute("src", str(before))

    found = await opened(phone)
    await found.get_by_role("button", name="恢复原图").click()
    await expect(picture).to_have_attribute("src", str(before), timeout=people.PATIENCE)


async def test_corners_follow_fingers_and_keys(phone: Window) -> None:
    found = await opened(phone)
    before = await places(found)
    box = await found.get_by_role("button", name=NAMES[2]).bounding_box()
    assert box is not None
    mouse = phone.page.mouse
    await mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    await mouse.down()
    await mouse.move(box["x"], box["y"] - 40)
    await mouse.up()
    await found.get_by_role("button", name=NAMES[0]).focus()
    await phone.page.keyboard.press("ArrowRight")
    await phone.page.keyboard.press("ArrowRight")

    after = await places(found)

    assert after[0][0] == pytest.approx(before[0][0] + 0.02, abs=0.005)
    assert after[0][1] == pytest.approx(before[0][1], abs=0.005)
    assert after[1] == pytest.approx(before[1], abs=0.005)
    assert after[2][1] < before[2][1] - 0.02
    share = round(after[0][0] * 100)
    await expect(found.get_by_role("status")).to_have_text(re.compile(f"左上角：横 {share}%"))


@pytest.mark.parametrize(
    ("phone", "dress"),
    [(dress, dress) for dress in DRESSES.values()],
    ids=list(DRESSES),
    indirect=["phone"],
)
async def test_the_dialog_suits_everybody(phone: Window, dress: Dress) -> None:
    await opened(phone, "Crop" if dress.language == "en" else "裁切")

    assert await look(phone, dress) == []
