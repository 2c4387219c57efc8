"""Desks of officers in a real browser: copies, issuing by hand, seals, guardians, counters."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from playwright.async_api import expect

from core import clock
from tests.journeys import plausible
from tests.journeys.actors import Citizen, Officer
from tests.journeys.preparing import prepare
from tests.web import people, screens
from tests.web.installation import Demo
from tests.web.people import Window
from tests.web.test_screens import Dress, look

COMPANY = ("上海松江演示餐饮有限公司", "91310117FAKE100193")
CHILD = ("陈宝宝(示例)", "310199202002291047")
ZHANG = ("张演示", "310199199003071017")
FOOD_LICENCE = "SJ-SCJG-04"


@asynccontextmanager
async def at_desk(
    window: Any, demo: Demo, number: str, path: str, *, theme: str = "light"
) -> AsyncIterator[Window]:
    """The window of an officer who has signed in."""
    async with Officer(demo.url) as officer:
        await officer.sign_in(number, demo.passwords[number])
        desk: Window = await window(desk=True, theme=theme)
        await screens.lend_session(officer, desk, hint="staff-signed-in")
        await screens.show(desk, path)
        yield desk


FILLED_AT_ONCE = """(values) => {
  for (const [id, value] of Object.entries(values)) {
    const field = document.getElementById(id);
    field.value = value;
    field.dispatchEvent(new InputEvent('input', { bubbles: true }));
  }
}"""


async def enter(desk: Window, **values: str) -> None:
    """Fill fields by their ids."""
    for field, value in values.items():
        await desk.page.locator(f"#{field.replace('_', '-')}").fill(value)


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_officer_opens_the_copy_and_no_original(window: Any, demo: Demo, theme: str) -> None:
    async with Citizen(demo.url) as citizen:
        await citizen.sign_in("li")
        await citizen.act_for(COMPANY[0])
        case = await prepare(citizen, FOOD_LICENCE)
        case = await citizen.post(f"/api/citizen/cases/{case['id']}/submission")

    async with at_desk(window, demo, "SCJG-01", f"/staff/#/case/{case['id']}", theme=theme) as desk:
        materials = desk.page.get_by_role("region", name="材料", exact=True)
        await expect(materials.get_by_text("统一社会信用代码")).to_be_visible()
        button = desk.named("打开加注件").first
        await button.click()
        copy = desk.page.get_by_role("region", name="加注件")
        await expect(copy.get_by_text("本件仅用于")).to_be_visible(timeout=people.PATIENCE)
        assert await look(desk, Dress()) == []
        async with desk.page.expect_download() as download:
            await copy.get_by_role("link", name="下载盖章的加注件").click()
        assert (await download.value).suggested_filename.startswith("copy-")


async def test_keeper_issues_and_changes_by_hand(window: Any, demo: Demo) -> None:
    async with at_desk(window, demo, "SCJG-21", "/staff/#/licences") as desk:
        await desk.click("制发证照")
        await desk.page.get_by_label("证照类型").select_option(label="食品经营许可证")
        await enter(desk, holder_name=COMPANY[0], holder_number=COMPANY[1])
        assert await look(desk, Dress()) == []
        await desk.click("下一步，填写证照内容")
        await desk.sees("证照编号由系统编排")
        await desk.click("确认制发")
        await desk.sees("处需要修改")
        assert await look(desk, Dress()) == []
        await people.fill(
            desk,
            {
                "法定代表人": "李样例",
                "住所": "上海市松江区演示路1号",
                "经营场所": "上海市松江区演示路1号",
                "主体业态": "餐饮服务经营者",
                "经营项目": "热食类食品制售",
                "网络经营": "否",
                "日常监督管理机构": "方松市场监督管理所",
                "文书号": "沪市监〔2026〕101号",
                "原因": "依法院生效判决制发",
            },
        )
        await desk.click("确认制发")
        await desk.sees("已签章并存入持证主体的证照包")
        assert await look(desk, Dress()) == []
        identifier = await desk.page.get_by_text("1.2.156.3005").inner_text()

        await desk.click("返回证照管理")
        await desk.page.get_by_label("完整的证照编号或证照标识").fill(identifier)
        await desk.click("查找", exact=True)
        await desk.click("变更内容")
        await desk.click("调阅内容并变更")
        await people.fill(
            desk, {"法定代表人": "赵虚构", "文书号": "沪市监〔2026〕102号", "原因": "负责人变更"}
        )
        await desk.click("确认变更")
        await desk.sees("已签章并存入持证主体的证照包")


async def test_fields_that_the_browser_fills_at_once_keep_each_other(
    window: Any, demo: Demo
) -> None:
    async with at_desk(window, demo, "WJW-21", "/staff/#/issue", theme="light") as desk:
        await desk.page.get_by_label("证照类型").select_option(label="从业人员健康合格证明")
        await desk.page.evaluate(
            FILLED_AT_ONCE, {"holder-name": ZHANG[0], "holder-number": ZHANG[1]}
        )
        await desk.click("下一步，填写证照内容")
        await desk.sees("从业类别")


async def test_sensitive_licence_takes_two_at_the_desk(window: Any, demo: Demo) -> None:
    async with at_desk(window, demo, "WJW-21", "/staff/#/issue", theme="dark") as desk:
        await desk.page.get_by_label("证照类型").select_option(label="从业人员健康合格证明")
        await enter(desk, holder_name=ZHANG[0], holder_number=ZHANG[1])
        await desk.click("下一步，填写证照内容")
        await people.fill(
            desk,
            {
                "从业类别": "食品",
                "结论": "合格",
                "体检机构": "松江区演示体检中心",
                "体检日期": "2026-11-20",
                "文书号": "松卫健〔2026〕1号",
                "原因": "补录",
                "复核人工号": "WJW-01",
            },
        )
        await desk.page.get_by_label("有效期至").fill("2027-11-19")
        await desk.page.get_by_label("复核人密码").fill("wrong")
        await desk.click("确认制发")
        await desk.sees("复核人的工号或密码不正确")
        assert await look(desk, Dress()) == []
        desk.complaints.clear()  # The browser reports the refusal (409) by itself.
        await desk.page.get_by_label("复核人密码").fill(demo.passwords["WJW-01"])
        await desk.click("确认制发")
        await desk.sees("已签章并存入持证主体的证照包")


async def test_a_seal_takes_two_keepers(window: Any, demo: Demo) -> None:
    name = "上海市松江区市场监督管理局行政许可专用章"
    until = (clock.today() + timedelta(days=365)).isoformat()
    async with at_desk(window, demo, "SCJG-21", "/staff/#/seals") as desk:
        await enter(desk, seal_name=name, seal_until=until, seal_cause="新设业务")
        await desk.click("提交制章申请")
        await desk.sees("须由另一名工作人员审批")
        assert await look(desk, Dress()) == []

    async with at_desk(window, demo, "SCJG-22", "/staff/#/seals", theme="dark") as desk:
        await desk.click("批准制章")
        await desk.sees("✓ 已批准")
        seal = desk.page.get_by_role("article").filter(has_text=name).first
        await seal.get_by_label("原因").fill("密钥疑似泄露")
        await seal.get_by_role("button", name="确认冻结").click()
        await desk.sees("! 已冻结")
        await expect(seal.get_by_role("button", name="确认解冻")).to_be_visible()
        assert await look(desk, Dress()) == []


async def give_birth_certificate(demo: Demo) -> None:
    """By hand, with the second officer's number and password; into the child's wallet."""
    async with Officer(demo.url) as keeper:
        await keeper.sign_in("WJW-21", demo.passwords["WJW-21"])
        child = {"licence_type": "BIRTH", "holder": {"name": CHILD[0], "id_no": CHILD[1]}}
        draft = await keeper.post("/api/staff/licence-drafts", child)
        drafted = {one["key"]: one["value"] for one in draft["fields"] if one["value"] is not None}
        second = {"staff_no": "WJW-01", "password": demo.passwords["WJW-01"]}
        facts = {**drafted, **plausible.facts(draft), "issue_date": "2026-11-20"}
        ground = {"document_no": "松卫健〔2026〕9号", "cause": "补发", "second": second}
        await keeper.post("/api/staff/licences", {**child, "facts": facts, **ground})


async def test_registrar_opens_the_childs_wallet_to_its_guardian(window: Any, demo: Demo) -> None:
    async with at_desk(window, demo, "MZJ-21", "/staff/") as desk:
        await desk.heading("监护登记")
        await enter(
            desk,
            ward_name=CHILD[0],
            ward_number=CHILD[1],
            guardian_name=ZHANG[0],
            guardian_number=ZHANG[1],
            paper="出生医学证明 X310000001",
        )
        await desk.click("登记监护")
        await desk.sees("监护关系已登记")
        await give_birth_certificate(demo)
        await enter(desk, search_name=CHILD[0], search_number=CHILD[1])
        await desk.click("查询", exact=True)
        await desk.sees(f"监护人 {ZHANG[0]}")
        assert await look(desk, Dress()) == []

    async with Citizen(demo.url) as father:
        await father.sign_in("zhang")
        for dress in (Dress(theme="dark"), Dress(size="large", width=320)):
            phone = await window(width=dress.width, theme=dress.theme, stored=dress.stored)
            await screens.lend_session(father, phone, hint="signed-in")
            await screens.show(phone, "/m/#/wallet")
            await phone.sees(f"孩子的证照：{CHILD[0]}")
            assert await look(phone, dress) == []
        await (
            phone.page.get_by_role("region", name="孩子的证照").get_by_role("button").first.click()
        )
        await phone.heading("出生医学证明")
        await phone.go("/m/#/")
        await phone.sees(f"正在代表：{CHILD[0]}")


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_counter_uses_what_it_was_authorised_to_see(
    window: Any, demo: Demo, theme: str
) -> None:
    async with Citizen(demo.url) as citizen:
        await citizen.sign_in("li")
        licence = next(one for one in await citizen.licences() if one["showable"])
        path = f"/api/citizen/licences/{licence['id']}"
        facts = (await citizen.call("GET", path))["facts"]
        ends_at = (clock.now() + timedelta(days=1)).isoformat()
        terms = {"fields": [facts[0]["key"]], "purpose": "窗口办事", "ends_at": ends_at}
        await citizen.post(f"{path}/authorisations", {**terms, "department": "SCJG"})
        link = await citizen.post(f"{path}/shares", terms)

    desk: Window = await window(desk=True, theme=theme)
    await screens.enrol_counter(desk, demo)
    await desk.click("按授权查看")
    await desk.heading("按授权查看")
    await desk.named("查看：").first.click()
    shown = desk.page.get_by_role("region", name="授权内容")
    await expect(shown.get_by_text("还可查看")).to_be_visible(timeout=people.PATIENCE)
    assert await look(desk, Dress()) == []
    await desk.click("收起")
    await enter(desk, link=link["url"], share_code=link["code"])
    await desk.click("查看一次")
    await expect(shown.get_by_text("窗口办事")).to_be_visible(timeout=people.PATIENCE)
    await desk.click("返回核验")
    await desk.sees("等待扫码")
