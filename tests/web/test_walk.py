"""The whole way of a licence over four pages: apply, approve, receive live, show, scan, verify."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.web import camera, people
from tests.web.chromium import Launcher
from tests.web.installation import Demo
from tests.web.people import Window

ORGANISATION = "上海松江演示餐饮有限公司"
FOOD_LICENCE = "SJ-SCJG-04"
FORM = {
    "经营面积": "86",
    "主体业态": "餐饮服务经营者",
    "经营项目": "热食类食品制售",
    "食品安全管理人员": "李样例 店长",
}


async def apply_for_food_licence(citizen: Window) -> None:
    await people.sign_in(citizen, "李样例", organisation=ORGANISATION)
    await people.answer_guide(citizen, FOOD_LICENCE, ["餐饮服务", "热食类制售", "否", "不采用"])
    await people.fill(citizen, FORM)
    await citizen.click("保存，下一步")
    await citizen.heading("准备材料")
    await citizen.click("用我的电子证照")
    await citizen.sees("已用电子证照")
    await people.attach(citizen, "经营场所平面布局", people.photo())
    await people.attach(citizen, "食品安全管理人员考核证明", people.photo("certificate"))
    await people.attach(citizen, "从业人员健康合格证明", people.photo("health"))
    await citizen.sees("必需的材料都齐了")
    await citizen.click("下一步，核对并提交")
    await citizen.page.get_by_label("我保证所填内容和材料真实有效").check()
    await citizen.click("提交申请")
    await citizen.sees("申请已提交")


async def approve(officer: Window, number: str) -> None:
    await people.open_case(officer, number)
    await officer.click("受理", exact=True)
    await officer.click("确定受理")
    await officer.sees("已受理，审查中")
    await officer.click("批准", exact=True)
    await complete_facts(officer.page)
    await officer.click("确定批准")
    await officer.sees(re.compile("准予许可|已办结"))


async def complete_facts(page: Page) -> None:
    """Fill what the draft of the licence still lacks, as an officer would."""
    await page.get_by_role("button", name="确定批准").wait_for()
    for box in await page.locator("form input.in, form textarea.in").all():
        if not await box.input_value():
            await box.fill("区市场监管局方松所")
    await page.get_by_role("group", name="经营项目").get_by_label("热食类食品制售").check()
    await page.get_by_role("group", name="网络经营").get_by_label("否").check()


async def scan(launcher: Launcher, demo: Demo, shown: Window, film: Path) -> Window:
    """Enrol a counter, then let its camera see the citizen's screen."""
    browser = await launcher.start(*camera.switches(film))
    counter = await Window.open(browser, demo.url, desk=True, permissions=["camera"])
    await counter.go("/counter/")
    await counter.page.get_by_label("登记码").fill(demo.new_enrolment_code())
    await counter.page.get_by_label("设备名称").fill("3 号窗口")
    await shown.click("换一个码")
    await expect(shown.page.locator(".qr .code img")).to_be_visible()
    camera.film(film, await shown.page.screenshot())
    await counter.click("登记", exact=True)
    return counter


@pytest.mark.slow
async def test_a_licence_goes_from_application_to_verification(
    window: Any, demo: Demo, launcher: Launcher, tmp_path: Path
) -> None:
    citizen, officer = await window(), await window(desk=True)
    await people.staff_sign_in(officer, "SCJG-01", demo.passwords["SCJG-01"])
    await apply_for_food_licence(citizen)

    await approve(officer, await people.case_number(citizen))

    await expect(citizen.named("查看电子证照")).to_be_visible(timeout=people.PATIENCE)
    await citizen.click("查看电子证照")
    await citizen.heading("食品经营许可证")
    await citizen.sees("印章有效")
    async with citizen.page.expect_download() as download:
        await citizen.click("下载证照文件")
    document = tmp_path / "licence.ofd"
    await (await download.value).save_as(document)
    await citizen.click("出示二维码")
    await citizen.sees("秒后自动换新码")

    counter = await scan(launcher, demo, citizen, tmp_path / "camera.mjpeg")
    verdict = counter.page.locator("[data-verdict]")
    await expect(verdict).to_have_attribute("data-verdict", "valid", timeout=people.PATIENCE)
    await expect(verdict).to_have_class(re.compile(r"\bok\b"))
    await counter.sees("食品经营许可证")
    assert counter.complaints == []

    await citizen.sees(re.compile("刚刚被.*核验"))
    await citizen.click("停止出示")
    await citizen.sees("核验通过")
    await citizen.go("/m/#/uses")
    await citizen.sees(re.compile("松江区政务服务中心|3 号窗口"))
    await counter.context.browser.close()  # type: ignore[union-attr]

    await verify_document(await window(desk=True), demo, document)


async def verify_document(clerk: Window, demo: Demo, document: Path) -> None:
    """An enterprise drops the file and reads the verdict."""
    await clerk.go("/biz/")
    await clerk.page.get_by_label("客户编号").fill(demo.client_id)
    await clerk.page.get_by_label("密钥").fill(demo.client_secret)
    await clerk.click("进入")
    await clerk.heading("核验电子证照文件")
    await clerk.page.locator("#file").set_input_files(document)
    verdict = clerk.page.locator("[data-verdict]")
    await expect(verdict).to_have_attribute("data-verdict", "valid", timeout=people.PATIENCE)
    await clerk.sees("检查项")


async def test_a_supplement_goes_there_and_back(window: Any, demo: Demo) -> None:
    citizen, officer = await window(), await window(desk=True)
    await people.staff_sign_in(officer, "SCJG-01", demo.passwords["SCJG-01"])
    await people.sign_in(citizen, "赵虚构")
    await people.answer_guide(citizen, "SJ-SCJG-03", ["仅网络经营", "不起字号"])
    await people.fill(
        citizen,
        {
            "经营场所": "上海市松江区演示路 1 号",
            "经营范围": "日用百货销售",
            "领取方式": "电子证照",
        },
    )
    await citizen.click("保存，下一步")
    await people.attach(citizen, "网络经营场所证明", people.photo("web shop"))
    await citizen.click("下一步，核对并提交")
    await citizen.page.get_by_label("我保证所填内容和材料真实有效").check()
    await citizen.click("提交申请")
    await citizen.sees("申请已提交")

    await people.open_case(officer, await people.case_number(citizen))
    await officer.click("要求补正")
    await officer.page.get_by_label("网络经营场所证明", exact=True).check()
    await officer.click("照片看不清，请重新拍")
    await officer.click("发出补正通知")

    await expect(citizen.named("去补充材料")).to_be_visible(timeout=people.PATIENCE)
    await citizen.click("去补充材料")
    await citizen.heading("请补充这些材料")
    card = people.material_card(citizen, "网络经营场所证明")
    await card.locator("input[type=file]").last.set_input_files(
        {"name": "again.jpg", "mimeType": "image/jpeg", "buffer": people.photo("sharper")}
    )
    await expect(card.get_by_text(re.compile("^(✓ )?已收到")).first).to_be_visible(
        timeout=people.PATIENCE
    )
    await citizen.click("补好了，提交")
    await citizen.sees("补充材料已提交")
    await expect(
        officer.named("确定受理").or_(officer.named("受理", exact=True)).first
    ).to_be_visible(timeout=people.PATIENCE)
