"""Every screen in every dress: axe finds nothing, nothing sideways, targets large enough."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Route, expect

from core.ids import new_id
from tests.journeys.actors import Citizen
from tests.journeys.preparing import prepare
from tests.web import screens
from tests.web.installation import Demo
from tests.web.people import Window
from tests.web.screens import Town

HERE = Path(__file__).parent
TOOLS = [(HERE / name).read_text("utf-8") for name in ("axe.min.js", "look.js")]


@dataclass(frozen=True)
class Dress:
    """How a phone is set up."""

    width: int = 390
    theme: str = "light"
    size: str = "standard"
    language: str = "zh"

    @property
    def smallest_target(self) -> int:
        return 44 if self.size == "standard" else 60

    @property
    def smallest_text(self) -> float:
        return 13 if self.size == "standard" else 18

    @property
    def stored(self) -> dict[str, str]:
        return {"size": self.size, "lang": self.language}


DRESSES = {
    "light": Dress(),
    "dark-english": Dress(theme="dark", language="en"),
    "elder-narrow": Dress(size="large", width=320),
    "extra-narrow": Dress(size="extra", width=320),
}


@pytest.fixture(scope="module")
async def town(demo: Demo) -> AsyncIterator[Town]:
    async with screens.town(demo) as prepared:
        yield prepared


async def findings(window: Window, addresses: Mapping[str, str], dress: Dress) -> dict[str, Any]:
    """What is wrong, by screen; empty when nothing is."""
    found = {}
    for name, path in addresses.items():
        await screens.show(window, path)
        wrong = await look(window, dress)
        if wrong:
            found[name] = wrong
    return found


async def look(window: Window, dress: Dress) -> list[str]:
    """Findings of axe, sideways scroll, targets and text that are too small."""
    for tool in TOOLS:
        await window.page.evaluate(tool)
    least = {"target": dress.smallest_target, "text": dress.smallest_text}
    found: list[str] = await window.page.evaluate("(least) => look(least)", least)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", DRESSES)
async def test_citizens_screens(window: Any, town: Town, name: str) -> None:
    dress = DRESSES[name]
    phone = await window(width=dress.width, theme=dress.theme, stored=dress.stored)
    await screens.lend_session(town.citizen, phone, hint="signed-in")

    assert await findings(phone, town.citizen_screens, dress) == {}


@pytest.mark.parametrize("name", ["light", "dark", "elder-narrow", "extra-narrow"])
async def test_confirming_by_certificate(window: Any, demo: Demo, name: str) -> None:
    dress = DRESSES.get(name, Dress(theme=name))
    async with Citizen(demo.url) as boss:
        await boss.sign_in("li")
        await boss.act_for("上海松江演示餐饮有限公司")
        phone = await window(width=dress.width, theme=dress.theme, stored=dress.stored)
        await screens.lend_session(boss, phone, hint="signed-in")
        await screens.show(phone, "/m/#/confirm?next=/me")
        await phone.click("用企业证书确认")
        await phone.sees("第一步")
        assert await look(phone, dress) == []

        for field, chosen in (("certificate-file", "本单位.cer"), ("signature-file", "结果.sig")):
            file = {"name": chosen, "mimeType": "application/octet-stream", "buffer": b"0\x03abc"}
            await phone.page.set_input_files(f"#{field}", file)
            await phone.sees(f"已选好：{chosen}")
        assert await look(phone, dress) == []
        await phone.click("完成确认")
        await phone.sees("企业证书没有通过核验")
        phone.complaints.clear()  # files of nobody were sent, and the refusal stands on the console


@pytest.mark.parametrize("name", ["light", "elder-narrow"])
async def test_form_that_must_be_signed_leads_to_confirming(
    window: Any, demo: Demo, name: str
) -> None:
    dress = DRESSES[name]
    async with Citizen(demo.url) as boss:
        await boss.sign_in("li")
        await boss.act_for("上海松江演示餐饮有限公司")
        case = await prepare(boss, "SJ-JGW-02")
        phone = await window(width=dress.width, theme=dress.theme, stored=dress.stored)
        await screens.lend_session(boss, phone, hint="signed-in")
        await screens.show(phone, f"/m/#/review/{case['id']}")
        await phone.sees("签署申请表")
        assert await look(phone, dress) == []
        await phone.click("提交申请")
        await phone.sees("请先签署申请表")

        await phone.click("核对无误，签署")
        await phone.heading("确认是您本人")
        refused = await boss.problem("POST", f"/api/citizen/cases/{case['id']}/submission")
        assert refused["slug"] == "form-not-signed"
        phone.complaints.clear()  # the refusal that leads to confirming stands on the console


@pytest.mark.parametrize("name", ["light", "extra-narrow"])
async def test_ending_a_mandate_is_asked_twice(window: Any, town: Town, name: str) -> None:
    dress = DRESSES[name]
    phone = await window(width=dress.width, theme=dress.theme, stored=dress.stored)
    await screens.lend_session(town.citizen, phone, hint="signed-in")
    await screens.show(phone, town.citizen_screens["mandates"])
    await phone.click("结束授权")
    await phone.sees("确定结束孙假名的授权")
    assert await look(phone, dress) == []

    await phone.click("先不结束")
    await phone.sees("结束授权")


@pytest.mark.parametrize(("theme", "size"), [("light", "standard"), ("dark", "large")])
async def test_staff_screens(window: Any, town: Town, theme: str, size: str) -> None:
    dress = Dress(theme=theme, size=size)
    desk = await window(desk=True, theme=theme, stored=dress.stored)
    await screens.lend_session(town.officer, desk, hint="staff-signed-in")
    assert await findings(desk, town.staff_screens, dress) == {}

    supervisor = await window(desk=True, theme=theme, stored=dress.stored)
    await screens.lend_session(town.supervisor, supervisor, hint="staff-signed-in")
    desks = {
        "overview": "/staff/#/overview",
        "operations": "/staff/#/operations",
        "delivery": "/staff/#/delivery",
        "webhooks": "/staff/#/webhooks",
        "licences": "/staff/#/licences",
    }
    assert await findings(supervisor, desks, dress) == {}


async def test_screens_that_cannot_be_opened_are_sound_too(window: Any, town: Town) -> None:
    nothing = new_id()
    desk, phone = await window(desk=True), await window()
    await screens.lend_session(town.officer, desk, hint="staff-signed-in")
    await screens.lend_session(town.citizen, phone, hint="signed-in")

    assert await findings(desk, {"case": f"/staff/#/case/{nothing}"}, Dress()) == {}
    addresses = {"case": f"/m/#/case/{nothing}", "talk": f"/m/#/talk/{nothing}"}
    assert await findings(phone, addresses, Dress()) == {}
    await phone.heading("页面打不开")
    for one in (desk, phone):
        one.complaints.clear()  # The browser reports what was not found.


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 1280), ("light", 320)])
async def test_public_screens(window: Any, theme: str, width: int) -> None:
    visitor = await window(desk=width > 400, width=width, theme=theme)
    assert await findings(visitor, screens.PUBLIC, Dress()) == {}


@pytest.mark.parametrize("act", ["受理", "不予受理", "要求补正"])
async def test_officers_forms(window: Any, town: Town, act: str) -> None:
    case = await screens.submitted(town.citizen)
    desk = await window(desk=True)
    await screens.lend_session(town.officer, desk, hint="staff-signed-in")
    await screens.show(desk, f"/staff/#/case/{case['id']}")
    await desk.click(act, exact=True)

    assert await look(desk, Dress()) == []


async def test_approval_form(window: Any, town: Town) -> None:
    desk = await window(desk=True)
    await screens.lend_session(town.officer, desk, hint="staff-signed-in")
    await screens.show(desk, town.staff_screens["staff-case"])
    await desk.click("批准", exact=True)
    await desk.sees("证照内容")

    assert await look(desk, Dress()) == []


async def test_material_pictures_open_large(window: Any, town: Town) -> None:
    desk = await window(desk=True)
    await screens.lend_session(town.officer, desk, hint="staff-signed-in")
    await screens.show(desk, town.staff_screens["staff-case"])
    await desk.click("放大看")
    picture = desk.page.get_by_role("dialog").locator("img")
    await desk.click("放大", exact=True)
    await expect(picture).to_have_css("width", "1500px")
    await desk.click("适合宽度")
    await expect(picture).not_to_have_css("width", "1500px")
    assert await look(desk, Dress()) == []


async def test_a_picture_that_is_still_on_its_way_waits_to_be_enlarged(
    window: Any, town: Town
) -> None:
    desk = await window(desk=True)
    await screens.lend_session(town.officer, desk, hint="staff-signed-in")
    await screens.show(desk, town.staff_screens["staff-case"])
    asked, let_go = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        asked.set()
        await let_go.wait()
        await route.continue_()

    await desk.page.route(re.compile("/materials/.*/content"), hold)
    await desk.click("放大看")
    await asked.wait()
    larger = desk.page.get_by_role("button", name="放大", exact=True)
    await expect(larger).to_be_disabled()

    let_go.set()
    await larger.click()

    await expect(desk.page.get_by_role("dialog").locator("img")).to_have_css("width", "1500px")


async def test_a_form_says_what_is_wrong_and_leads_there(window: Any, town: Town) -> None:
    phone = await window()
    await screens.lend_session(town.citizen, phone, hint="signed-in")
    await screens.show(phone, town.citizen_screens["apply"])
    await phone.click("保存，下一步")
    await phone.sees("处需要修改")
    assert (await phone.page.title()).startswith("错误：")
    assert await look(phone, Dress()) == []

    await phone.page.get_by_role("alert").get_by_role("link", name="经营范围").click()
    focused = await phone.page.evaluate("document.activeElement.id")
    assert focused == "f-scope"


async def test_guide_questions(window: Any, town: Town) -> None:
    phone = await window(width=320, stored={"size": "large"})
    await screens.show(phone, town.citizen_screens["guide"])
    await phone.click("开始办理")
    await phone.sees("第 1 题")
    elder = DRESSES["elder-narrow"]
    assert await look(phone, elder) == []

    await phone.click("仅网络经营")
    await phone.click("不起字号")
    await phone.sees("份不用您准备")
    assert await look(phone, elder) == []
