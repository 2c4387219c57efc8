"""Delegations and representatives in a real browser: from both sides of the second signature."""

from __future__ import annotations

from typing import Any

from playwright.async_api import expect

from core import clock
from tests.journeys.actors import Citizen
from tests.journeys.preparing import prepare
from tests.web import people, screens
from tests.web.installation import Demo
from tests.web.test_officer_desks import COMPANY, ZHANG, at_desk, enter
from tests.web.test_screens import Dress, look

PAPER = "松市监委〔2026〕99号"


async def test_a_delegation_is_proposed_countersigned_and_taken_back(
    window: Any, demo: Demo
) -> None:
    async with at_desk(window, demo, "SCJG-31", "/staff/#/") as head:
        await head.sees("授权委托")
        await head.page.get_by_label("受委托部门").select_option("WJW")
        await head.page.get_by_label("内资有限责任公司变更登记").check()
        await head.page.get_by_label("收件", exact=True).check()
        year = clock.today().year + 1
        await enter(head, d_until=f"{year}-01-31")
        await head.page.locator("#d-document_no").fill(PAPER)
        await head.page.get_by_label("委托书文件").set_input_files(
            {"name": "委托书.ofd", "mimeType": "application/octet-stream", "buffer": b"sealed"}
        )
        assert await look(head, Dress()) == []
        await head.click("提出委托", exact=True)
        await head.sees("等待会签")
        card = head.page.locator("section.card", has_text=PAPER)
        await expect(card.get_by_text("待会签")).to_be_visible(timeout=people.PATIENCE)

        async with at_desk(window, demo, "ZWB-90", "/staff/#/delegations", theme="dark") as zwb:
            waiting = zwb.page.locator("section.card", has_text=PAPER)
            await waiting.get_by_role("button", name="会签并公布").click()
            await expect(waiting.get_by_text("已公布")).to_be_visible(timeout=people.PATIENCE)
            assert await look(zwb, Dress(theme="dark")) == []

        await head.page.reload()
        await card.get_by_role("button", name="收回委托").click()
        await card.get_by_label("理由").fill("机构调整")
        await card.get_by_role("button", name="确定收回").click()
        await expect(card.get_by_text("已收回")).to_be_visible(timeout=people.PATIENCE)


async def test_a_delegate_reads_in_whose_name_and_what_is_withheld(window: Any, demo: Demo) -> None:
    async with Citizen(demo.url) as citizen:
        await citizen.sign_in("sun")
        case = await prepare(citizen, "SJ-SCJG-01")
        case = await citizen.post(f"/api/citizen/cases/{case['id']}/submission")

    async with at_desk(window, demo, "ZWB-01", "/staff/#/worklist") as desk:
        await desk.sees("受上海市松江区市场监督管理局委托办理")
        assert await look(desk, Dress()) == []
        await screens.show(desk, f"/staff/#/case/{case['id']}")
        await desk.sees("委托办理（SQWT-")
        await desk.click("受理", exact=True)
        await desk.click("确定受理")
        await desk.sees("不能批准、不予许可：主管部门的委托不包括这一步")
        assert await look(desk, Dress()) == []


async def test_two_registrars_record_a_representative(window: Any, demo: Demo) -> None:
    async with at_desk(window, demo, "MZJ-21", "/staff/#/representatives") as first:
        await enter(first, firm_name=COMPANY[0], firm_number=COMPANY[1])
        await enter(first, person_name=ZHANG[0], person_number=ZHANG[1], paper=PAPER)
        await first.click("登记", exact=True)
        await first.sees("请另一位登记员复核")
        assert await look(first, Dress()) == []
        async with at_desk(window, demo, "MZJ-22", "/staff/#/representatives") as second:
            await second.sees(COMPANY[0])
            await second.click("不予登记")
            await second.sees("没有等待复核的登记")


async def test_a_citizen_reads_whom_they_represent(window: Any, demo: Demo) -> None:
    async with Citizen(demo.url) as citizen:
        await citizen.sign_in("li")
        phone = await window()
        await screens.lend_session(citizen, phone, hint="signed-in")
        await screens.show(phone, "/m/#/represent")
        await phone.sees(COMPANY[0])
        await phone.sees("法定代表人")
        await phone.page.get_by_label("统一社会信用代码").fill(COMPANY[1])
        assert await look(phone, Dress()) == []
