"""What a citizen is told by and when not, and messages that are put away."""

from __future__ import annotations

from typing import Any

from playwright.async_api import expect

from tests.web import people, screens
from tests.web.installation import Demo


async def test_quiet_hours_are_changed_and_kept(window: Any, demo: Demo) -> None:
    async with screens.Citizen(demo.url) as zhao:
        await zhao.sign_in("zhao")
        phone = await window()
        await screens.lend_session(zhao, phone, hint="signed-in")
        await screens.show(phone, "/m/#/notices")
        await phone.page.get_by_label("短信").uncheck()
        await phone.page.get_by_label("从几点开始").fill("21:15")
        await phone.click("保存", exact=True)
        await phone.sees("已保存")
        kept = await zhao.get("/api/citizen/notices")
        assert (kept["sms"], kept["quiet_from"], kept["quiet_until"]) == (False, "21:15", "07:30")

        await phone.page.get_by_label("开启免打扰").uncheck()
        await phone.click("保存", exact=True)
        await phone.sees("已保存")
        await screens.show(phone, "/m/#/notices")
        await expect(phone.page.get_by_label("开启免打扰")).not_to_be_checked()
        await expect(phone.page.get_by_label("从几点开始")).to_have_count(0)


async def test_a_message_is_put_away_and_taken_back(window: Any, demo: Demo) -> None:
    async with screens.Citizen(demo.url) as zhao:
        await zhao.sign_in("zhao")
        phone = await window()
        await screens.lend_session(zhao, phone, hint="signed-in")
        await screens.show(phone, "/m/#/")
        await screens.submitted(zhao)
        await phone.page.get_by_role("link", name="条未读消息").click()  # It came by itself.
        await phone.sees("申请已提交")

        await phone.page.get_by_role("button", name="归档：申请已提交").first.click()
        await phone.click("已归档", exact=True)
        back = phone.page.get_by_role("button", name="放回收件箱：申请已提交")
        await expect(back.first).to_be_visible(timeout=people.PATIENCE)
        await back.first.click()
        await phone.sees("还没有归档的消息")
        await phone.click("收件箱", exact=True)
        await phone.sees("申请已提交")


async def test_desks_have_large_text_too(window: Any, demo: Demo) -> None:
    for path in ("/staff/", "/counter/", "/biz/"):
        desk = await window(desk=True)
        await desk.go(path)
        await desk.click("大字版")
        await desk.page.reload()
        await expect(desk.named("标准版")).to_be_visible(timeout=people.PATIENCE)
        assert await desk.page.evaluate("document.documentElement.dataset.size") == "large"
