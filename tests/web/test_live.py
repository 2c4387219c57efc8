"""Screens that move by themselves, also after the connection was lost."""

from __future__ import annotations

import re
from typing import Any

from playwright.async_api import Response, expect

from tests.journeys.actors import CounterDevice
from tests.web import people, screens
from tests.web.installation import Demo
from tests.web.people import Window


async def test_a_case_moves_without_reload_and_nothing_is_lost_in_a_break(
    window: Any, demo: Demo
) -> None:
    async with screens.Citizen(demo.url) as zhang, screens.Officer(demo.url) as officer:
        await zhang.sign_in("zhang")
        await officer.sign_in("SCJG-01", demo.passwords["SCJG-01"])
        case = await screens.submitted(zhang)
        phone = await window()
        await screens.lend_session(zhang, phone, hint="signed-in")
        await screens.show(phone, f"/m/#/case/{case['id']}")
        await phone.sees("进度实时更新中")

        session = await phone.context.new_cdp_session(phone.page)
        broken = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        await phone.page.evaluate("() => dispatchEvent(new Event('offline'))")
        await session.send("Network.emulateNetworkConditions", {"offline": True, **broken})
        await officer.act(case["id"], "acceptance")
        await session.send("Network.emulateNetworkConditions", {"offline": False, **broken})

        await expect(phone.page.get_by_text("已受理，审查中").first).to_be_visible(
            timeout=people.PATIENCE
        )
        phone.complaints.clear()  # The browser reports the lost connection by itself.


async def test_a_new_case_appears_on_the_worklist_by_itself(window: Any, demo: Demo) -> None:
    async with screens.Citizen(demo.url) as zhao, screens.Officer(demo.url) as officer:
        await zhao.sign_in("zhao")
        await officer.sign_in("SCJG-01", demo.passwords["SCJG-01"])
        desk = await window(desk=True)
        await screens.lend_session(officer, desk, hint="staff-signed-in")
        await screens.show(desk, "/staff/#/")
        await desk.sees("实时更新中")

        case = await screens.submitted(zhao)

        await expect(desk.page.get_by_text(case["short_no"])).to_be_visible(timeout=people.PATIENCE)


async def test_a_code_that_was_just_renewed_is_said_to_be_read(window: Any, demo: Demo) -> None:
    """The one before is good for some seconds more, and may lie before the scanner."""
    phone: Window = await window()
    async with screens.Citizen(demo.url) as zhang, CounterDevice(demo.url) as counter:
        await zhang.sign_in("zhang")
        await counter.enrol(demo.new_enrolment_code())
        licence = next(one for one in await zhang.licences() if one["showable"])
        await screens.lend_session(zhang, phone, hint="signed-in")
        async with phone.page.expect_response(is_new_code) as opened:
            await phone.go(f"/m/#/qr/{licence['id']}")
        first = await (await opened.value).json()
        async with phone.page.expect_response(is_new_code):
            await phone.page.get_by_role("button", name="换一个码").click()

        assert (await counter.verify(first["code"]))["verdict"] == "valid"

        await phone.sees(re.compile("刚刚被.*核验"))


def is_new_code(response: Response) -> bool:
    return response.request.method == "POST" and response.url.endswith("/presentations")


async def test_signing_out_closes_the_door(window: Any, demo: Demo) -> None:
    phone = await window()
    await people.sign_in(phone, "王测试")
    await phone.go("/m/#/me")
    await phone.click("退出登录")
    await phone.sees("已退出登录")
    await phone.go("/m/#/wallet")
    await phone.heading("您是哪一位？")


async def test_a_visitor_keeps_answers_while_signing_in(window: Any, demo: Demo) -> None:
    phone = await window()
    await phone.go(f"/m/#/guide/{screens.SHOP}")
    await phone.click("开始办理")
    await phone.click("仅网络经营")
    await phone.click("不起字号")
    await phone.click("开始填写申请")
    await phone.heading("您是哪一位？")
    await phone.page.get_by_role("button", name="张演示").click()

    await phone.heading("您需要 3 份材料")
    await phone.click("开始填写申请")
    await phone.heading("填写信息")


async def test_a_withdrawn_case_says_so(window: Any, demo: Demo) -> None:
    async with screens.Citizen(demo.url) as zhang:
        await zhang.sign_in("zhang")
        case = await screens.submitted(zhang)
        phone = await window()
        await screens.lend_session(zhang, phone, hint="signed-in")
        await screens.show(phone, f"/m/#/case/{case['id']}")
        await phone.click("撤回申请")
        await phone.heading("确定要撤回这个申请吗？")
        await phone.click("确定撤回")
        await phone.sees("请选择一个原因")
        await phone.page.get_by_label("不需要办了").check()
        await phone.click("确定撤回")

        await phone.sees("申请已撤回")
        await phone.sees("已撤回")
