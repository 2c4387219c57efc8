"""The accounts desk in a real browser: two keepers, a newcomer, a device, a system, the log."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.async_api import expect

from tests.web.installation import Demo
from tests.web.people import PATIENCE, Window
from tests.web.test_officer_desks import at_desk
from tests.web.test_screens import Dress, look

OWN = "清晨的雾-慢慢散在江边"
PAGES = ("accounts", "departments", "power", "systems", "changes")
SIZES = {"desk": (1366, 768), "phone": (390, 844)}


async def sound(desk: Window, dress: Dress | None = None) -> None:
    await desk.quiet()
    assert await look(desk, dress or Dress()) == []


async def shown_once(desk: Window, title: str) -> str:
    """The secret on the card that is shown once; afterwards it is gone."""
    card = desk.page.get_by_role("alert", name=title)
    text = await card.locator("b.mono").last.inner_text()
    await desk.click("已经交付，不再显示")
    await expect(card).to_have_count(0)
    return text


@pytest.mark.parametrize(
    ("size", "theme"), [("desk", "light"), ("desk", "dark"), ("phone", "dark")]
)
async def test_pages_of_the_desk_are_sound(window: Any, demo: Demo, size: str, theme: str) -> None:
    width, height = SIZES[size]
    async with at_desk(window, demo, "GL-01", "/staff/#/accounts", theme=theme) as desk:
        await desk.page.set_viewport_size({"width": width, "height": height})
        for page in PAGES:
            await desk.go(f"/staff/#/{page}")
            await desk.page.get_by_role("heading", level=1).wait_for(timeout=PATIENCE)
            await sound(desk)
        await desk.go("/staff/#/accounts")
        await desk.click("新增人员")
        await sound(desk)
        await desk.click("冯审查")
        await desk.heading("冯审查")
        await desk.sees("请假与代班")
        await sound(desk)


async def test_newcomer_is_asked_for_approved_and_signs_in(window: Any, demo: Demo) -> None:
    async with at_desk(window, demo, "GL-01", "/staff/#/accounts") as one:
        await one.click("新增人员")
        await one.page.get_by_label("工号").fill("SCJG-61")
        await one.page.get_by_label("姓名", exact=True).fill("林新人")
        await one.page.get_by_label("职务（选填）").fill("受理岗")
        await one.page.get_by_label("综合窗口").check()
        await one.page.get_by_label("部门").first.select_option(label="区市场监管局")
        await one.page.get_by_label("原因").fill("新入职")
        await one.click("提交申请")
        await one.sees("已为林新人提交申请")
        await one.click("待批准的授权")
        await one.sees("须由另一名账号管理员批准")
        await expect(one.page.get_by_role("button", name="批准", exact=True)).to_have_count(0)
        await sound(one)

    async with at_desk(window, demo, "GL-02", "/staff/#/power", theme="dark") as other:
        card = other.page.get_by_role("region", name=re.compile("林新人"))
        await expect(card.get_by_text("综合窗口；区市场监管局；长期")).to_be_visible()
        await card.get_by_role("button", name="批准", exact=True).click()
        await other.sees("已批准林新人的申请")
        await sound(other)
        start = await shown_once(other, "初始密码")
        await other.click("变更记录")
        await other.sees("批准新增人员")
        await sound(other)

    newcomer: Window = await window(desk=True)
    await newcomer.go("/staff/")
    await newcomer.page.get_by_label("工号", exact=True).fill("SCJG-61")
    await newcomer.page.get_by_label("密码").fill(start)
    await newcomer.click("登录", exact=True)
    await newcomer.heading("设置新密码")
    newcomer.complaints.clear()  # the refusal that leads here stands on the console
    await sound(newcomer)
    await newcomer.page.get_by_label("初始密码").fill(start)
    await newcomer.page.get_by_label("新密码", exact=True).fill(OWN)
    await newcomer.page.get_by_label("再输入一次新密码").fill(f"{OWN}!")
    await newcomer.click("设置新密码")
    await newcomer.sees("两次输入的新密码不一样")
    await newcomer.page.get_by_label("再输入一次新密码").fill(OWN)
    await newcomer.click("设置新密码")
    await newcomer.sees("新密码已设置")
    await sound(newcomer)
    await newcomer.page.get_by_label("密码").fill(OWN)
    await newcomer.click("登录", exact=True)
    await newcomer.heading("待办件")


async def test_dismissed_officer_is_out_while_the_page_is_open(window: Any, demo: Demo) -> None:
    async with at_desk(window, demo, "LHSR-01", "/staff/") as clerk:
        await clerk.heading("待办件")
        await clerk.sees("实时更新中")
        async with at_desk(window, demo, "GL-01", "/staff/#/accounts") as one:
            await one.page.get_by_label("查找").fill("LHSR")
            await one.click("朱审查")
            await one.click("停用…")
            await sound(one)
            await one.page.get_by_label("原因").first.fill("调离本市")
            await one.click("确认停用")
            await one.sees("账号已停用，所有登录已退出")
            await one.sees("已停用")
            await sound(one)
        await clerk.heading("工作人员登录")
        clerk.complaints.clear()  # what the server refuses stands on the console


async def test_less_is_done_at_once_and_more_waits(window: Any, demo: Demo) -> None:
    async with at_desk(window, demo, "GL-01", "/staff/#/accounts") as one:
        await one.page.get_by_label("查找").fill("JTW-01")
        await one.click("何审查")
        await one.heading("何审查")
        form = one.page.get_by_role("form", name="岗位与任期")
        await form.get_by_label("综合窗口").check()
        await form.get_by_label("原因").fill("兼窗口")
        await form.get_by_role("button", name="提交").click()
        await one.sees("已提交申请，须由另一名账号管理员批准")
        await one.sees("有一项申请等待另一名账号管理员批准")
        await sound(one)
        form = one.page.get_by_role("form", name="岗位与任期")
        await form.get_by_label("任期截止（不填为长期）").fill("2027-12-31")
        await form.get_by_label("综合窗口").uncheck()
        await form.get_by_label("原因").fill("合同到期日")
        await form.get_by_role("button", name="提交").click()
        await one.sees("权限已缩减，立即生效")

        await one.page.get_by_label("开始日").fill("2030-01-01")
        await one.page.get_by_label("结束日").fill("2030-01-07")
        await one.click("登记请假")
        await one.sees("取消这次请假")
        await sound(one)


async def test_device_and_system_get_their_keys_once(window: Any, demo: Demo) -> None:
    async with at_desk(window, demo, "GL-01", "/staff/#/systems") as one:
        await one.page.get_by_label("部门").select_option(label="区市场监管局")
        await one.page.get_by_label("地点（大厅和窗口）").fill("政务服务中心 9 号窗")
        await one.click("生成登记码")
        code = await shown_once(one, "登记码")
        await one.click("登记接入系统")
        await one.page.get_by_label("系统编号").fill("city-bank")
        await one.page.get_by_label("名称").fill("城市示例银行")
        await one.page.get_by_label("证照核验").check()
        await sound(one)
        await one.click("登记并显示密钥")
        first = await shown_once(one, "接入密钥")
        card = one.page.get_by_role("article", name="城市示例银行")
        await card.get_by_role("button", name="更换密钥").click()
        await card.get_by_role("button", name="确认更换").click()
        second = await shown_once(one, "接入密钥")
        await sound(one)

        assert re.fullmatch("[0-9A-Z]{4}(-[0-9A-Z]{4}){2}", code)
        assert first != second

    device: Window = await window(desk=True)
    await device.go("/counter/")
    await device.page.get_by_label("登记码").fill(code)
    await device.page.get_by_label("设备名称").fill("9 号窗口")
    await device.click("登记", exact=True)
    await device.sees("没有找到摄像头")


async def test_who_keeps_no_accounts_finds_no_desk(window: Any, demo: Demo) -> None:
    async with at_desk(window, demo, "SCJG-01", "/staff/#/accounts") as clerk:
        await clerk.sees("您的岗位没有这项权限")
        clerk.complaints.clear()  # the refusals stand on the console
