"""Applicant and officer talk: live, read marks, nothing sent is lost and nothing is doubled."""

from __future__ import annotations

import re
from typing import Any

from playwright.async_api import Locator, Page, Route, expect

from tests.web import people, screens
from tests.web.installation import Demo
from tests.web.people import Window

CUT = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}


def bubbles(window: Window) -> Locator:
    return window.page.get_by_role("log", name="对话内容").get_by_role("article")


async def write(window: Window, text: str) -> None:
    await window.page.get_by_label(re.compile("^写给")).fill(text)
    await window.click("发送", exact=True)


async def shows(window: Window, *texts: str) -> None:
    await expect(bubbles(window)).to_have_text(
        [re.compile(text) for text in texts], timeout=people.PATIENCE
    )


async def lose_answer(page: Page) -> list[str]:
    """The server gets the next message, but no answer arrives. What is sent is listed."""
    sent: list[str] = []

    async def lose(route: Route) -> None:
        if route.request.method == "POST":
            sent.append(route.request.post_data or "")
        if len(sent) > 1:
            await route.fallback()
            return
        if route.request.method == "POST":
            await route.fetch()
        await route.abort("connectionreset")

    await page.route(re.compile(r"/messages(\?.*)?$"), lose)
    return sent


async def test_both_sides_talk_and_a_cut_line_neither_loses_nor_doubles(
    window: Any, demo: Demo
) -> None:
    async with screens.Citizen(demo.url) as zhang, screens.Officer(demo.url) as officer:
        await zhang.sign_in("zhang")
        await officer.sign_in("SCJG-01", demo.passwords["SCJG-01"])
        case = await screens.submitted(zhang)
        phone, desk = await window(), await window(desk=True)
        await screens.lend_session(zhang, phone, hint="signed-in")
        await screens.lend_session(officer, desk, hint="staff-signed-in")
        await screens.show(phone, f"/m/#/talk/{case['id']}")
        await screens.show(desk, f"/staff/#/case/{case['id']}")
        await desk.page.get_by_role("heading", name="与申请人对话").scroll_into_view_if_needed()

        await write(phone, "复印件可以吗？")
        await shows(desk, "复印件可以吗")
        await shows(phone, "复印件可以吗？.*对方已读")
        await write(desk, "可以，请拍清楚。")
        await shows(phone, "复印件", "可以，请拍清楚")
        await shows(desk, "复印件", "可以，请拍清楚。.*对方已读")

        # The answer gets lost: the page sends the same message again, the server knows it.
        sent = await lose_answer(phone.page)
        await write(phone, "第三句")
        await shows(phone, "复印件", "请拍清楚", "第三句.*对方已读")
        assert len(sent) == 2
        assert sent[0] == sent[1]

        # No network, and then even a reload: what was written is still on its way.
        session = await phone.context.new_cdp_session(phone.page)
        await session.send("Network.emulateNetworkConditions", {"offline": True, **CUT})
        await write(phone, "第四句")
        await phone.page.locator("#say-pictures").set_input_files(
            {"name": "门面.jpg", "mimeType": "image/jpeg", "buffer": people.photo()}
        )
        await write(phone, "第五句，附照片")
        everything = ("复印件", "请拍清楚", "第三句", "第四句", "第五句")
        await shows(phone, *everything)
        await expect(bubbles(phone).last).to_contain_text("网络恢复后自动发送")
        await session.send("Network.emulateNetworkConditions", {"offline": False, **CUT})
        await phone.page.reload()

        await expect(bubbles(phone).last).to_contain_text("对方已读", timeout=people.PATIENCE)
        await shows(phone, *everything)
        await shows(desk, *everything)
        picture = bubbles(desk).last.locator("img")
        await expect(picture).to_have_js_property("naturalWidth", 1600)
        found = await zhang.get(f"/api/citizen/cases/{case['id']}/messages")
        assert [one["n"] for one in found["messages"]] == [1, 2, 3, 4, 5]
        phone.complaints.clear()  # The browser reports each request that was cut.


async def test_lists_say_who_has_written(window: Any, demo: Demo) -> None:
    async with screens.Citizen(demo.url) as zhao, screens.Officer(demo.url) as officer:
        await zhao.sign_in("zhao")
        await officer.sign_in("SCJG-01", demo.passwords["SCJG-01"])
        case = await screens.submitted(zhao)
        phone, desk = await window(), await window(desk=True)
        await screens.lend_session(zhao, phone, hint="signed-in")
        await screens.lend_session(officer, desk, hint="staff-signed-in")
        await screens.show(phone, "/m/#/cases")
        await screens.show(desk, "/staff/#/")
        await desk.click("有新留言")

        path = f"cases/{case['id']}/messages"
        await zhao.post(f"/api/citizen/{path}", {"client_key": "key-of-zhao", "text": "在吗"})
        await officer.post(f"/api/staff/{path}", {"client_key": "key-of-office", "text": "在"})

        await phone.sees("1 条新留言")
        row = desk.page.get_by_role("row", name=case["short_no"])
        await expect(row.get_by_text("1 条新留言")).to_be_visible(timeout=people.PATIENCE)
        await phone.page.get_by_role("link", name=re.compile("1 条新留言")).click()
        await phone.page.get_by_role("link", name="给经办人员留言").click()
        await shows(phone, "在吗", "在.*")
        await phone.page.go_back()
        await expect(phone.page.get_by_text("1 条新留言")).to_have_count(0)
