"""Two devices fill in one form: nothing typed is lost, and nothing is overwritten unseen."""

from __future__ import annotations

from typing import Any

from playwright.async_api import expect

from tests.journeys import plausible
from tests.web import screens
from tests.web.installation import Demo
from tests.web.people import Window
from tests.web.screens import ANSWERS, SHOP


async def test_two_devices_see_each_others_words(window: Any, demo: Demo) -> None:
    async with screens.Citizen(demo.url) as citizen:
        await citizen.sign_in("zhang")
        draft = await citizen.open_case(SHOP, ANSWERS)
        draft = await citizen.fill(draft, plausible.form(draft))
        phone: Window = await window()
        await screens.lend_session(citizen, phone, hint="signed-in")
        await screens.show(phone, f"/m/#/apply/{draft['id']}")
        texts = [field for field in draft["fields"] if field["type"] in ("string", "text")]
        mine, theirs = texts[0], texts[1]
        box = phone.page.locator(f"#f-{mine['key']}")
        other = phone.page.locator(f"#f-{theirs['key']}")
        await box.fill("手机上写的")

        elsewhere = {mine["key"]: "电脑上写的", theirs["key"]: "只在电脑上写的"}
        await citizen.fill(draft, elsewhere)
        await phone.click("保存，下一步")

        await phone.sees("这份表单刚在另一处改过")
        await expect(phone.page.get_by_role("alert")).to_be_in_viewport()
        await phone.sees("另一处刚填的是：电脑上写的")
        await expect(box).to_have_value("手机上写的")
        await expect(other).to_have_value("只在电脑上写的")
        phone.complaints.clear()  # The browser itself reports the 409.

        await phone.click("改用另一处的内容")
        await expect(box).to_have_value("电脑上写的")
        await box.fill("商量好的")
        await phone.click("保存，下一步")
        stored = {
            field["key"]: field["value"] for field in (await citizen.case(draft["id"]))["fields"]
        }
        assert stored[theirs["key"]] == "只在电脑上写的"
