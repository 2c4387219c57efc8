"""Lists of 150 rows on a phone and at a desk: in order, to their ends, without losing a place."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, expect

from tests.journeys.actors import Citizen, Officer
from tests.web import people, screens
from tests.web.installation import Demo, running_demo
from tests.web.people import Window
from tests.web.test_screens import Dress, look

MANY = 150
PAGE = 20


@pytest.fixture(scope="module")
def demo(fresh_demo: Path) -> Iterator[Demo]:
    """One of its own: no other test wants so much in its lists."""
    with running_demo(fresh_demo) as started:
        started.installation.run("-m", "tests.web.crowded", str(MANY))
        yield started


@pytest.fixture
async def phone(window: Any, demo: Demo) -> AsyncIterator[Window]:
    async with Citizen(demo.url) as citizen:
        await citizen.sign_in("li")
        opened: Window = await window()
        await screens.lend_session(citizen, opened, hint="signed-in")
        yield opened


@pytest.fixture
async def desk(window: Any, demo: Demo) -> AsyncIterator[Window]:
    """A supervisor of all departments."""
    async with Officer(demo.url) as officer:
        await officer.sign_in("ZWB-90", demo.passwords["ZWB-90"])
        opened: Window = await window(desk=True, width=1366)
        await screens.lend_session(officer, opened, hint="staff-signed-in")
        yield opened


def more_of(part: Locator) -> Locator:
    return part.get_by_role("button", name="显示更多")


async def to_the_end(part: Locator, rows: Locator, *, total: int) -> list[str]:
    """Press until there is no more; what was shown stays where it is."""
    shown = await rows.count()
    while shown < total:
        before = await rows.all_inner_texts()
        await more_of(part).press("Enter")
        shown = min(total, shown + PAGE)
        await expect(rows).to_have_count(shown, timeout=people.PATIENCE)
        assert (await rows.all_inner_texts())[: len(before)] == before
    await expect(more_of(part)).to_have_count(0)
    said = part.get_by_role("status").filter(has_text="已全部显示")
    await expect(said).to_be_focused()
    return await rows.all_inner_texts()


async def picture(window: Window, name: str) -> None:
    await window.page.screenshot(path=f"test-results/long-{name}.png")


async def test_citizen_reads_every_list_to_its_end_and_goes_on_from_there(phone: Window) -> None:
    main = phone.page.locator("main")
    for path, row in (
        ("complaints", "section.card"),
        ("sign-ins", "section[aria-labelledby=before] li"),
        ("inbox", "ul.list > li"),
    ):
        await screens.show(phone, f"/m/#/{path}")
        rows = main.locator(row)
        await expect(rows).to_have_count(PAGE, timeout=people.PATIENCE)
        await picture(phone, path)
        for _ in range(2):
            shown = await rows.count()
            await more_of(main).click()
            await expect(rows).to_have_count(shown + PAGE, timeout=people.PATIENCE)
        await picture(phone, f"{path}-more")
        assert await look(phone, Dress()) == [], path


async def test_last_page_leaves_focus_where_the_button_was(phone: Window) -> None:
    await screens.show(phone, "/m/#/complaints")
    main = phone.page.locator("main")

    texts = await to_the_end(main, main.locator("section.card"), total=MANY)

    assert len(set(texts)) == MANY
    assert "第 0 次" in texts[0]


async def test_what_waits_for_my_answer_stands_first_and_each_list_goes_on_alone(
    phone: Window,
) -> None:
    await screens.show(phone, "/m/#/authorisations")
    received = phone.page.get_by_role("region", name="别人授权给我的")
    given = phone.page.get_by_role("region", name="我授权给别人的")
    rows, others = received.locator("section.card"), given.locator("section.card")
    await expect(rows).to_have_count(PAGE, timeout=people.PATIENCE)
    await expect(rows.first.get_by_role("button", name="接受", exact=True)).to_be_visible()
    await picture(phone, "authorisations")

    await more_of(received).click()

    await expect(rows).to_have_count(2 * PAGE)
    await expect(others).to_have_count(PAGE)
    first = await rows.first.inner_text()
    await rows.first.get_by_role("button", name="不接受").click()
    await expect(rows.first).not_to_have_text(first)
    await expect(rows).to_have_count(2 * PAGE)


async def test_bill_that_is_due_stands_before_all_that_were_paid(phone: Window) -> None:
    await screens.show(phone, "/m/#/payments")
    rows = phone.page.locator("main section.card a.row")
    await expect(rows).to_have_count(PAGE, timeout=people.PATIENCE)
    await picture(phone, "payments")

    states = [("待缴" in text) for text in await rows.all_inner_texts()]
    assert states == sorted(states, reverse=True)
    assert sum(states) >= 10


async def test_wallet_of_many_goes_on_below_its_cards(phone: Window) -> None:
    await screens.show(phone, "/m/#/wallet")
    cards = phone.page.locator("main a.lic")
    await expect(cards).to_have_count(PAGE, timeout=people.PATIENCE)
    await picture(phone, "wallet")
    who_looked = await phone.page.locator('main a[href="#/uses"]').bounding_box()
    assert who_looked is not None
    assert who_looked["y"] < 844, "not below all cards"
    await more_of(phone.page.locator("main")).click()
    await expect(cards).to_have_count(2 * PAGE)


async def test_supervisor_finds_what_waits_and_reads_on(desk: Window) -> None:
    await screens.show(desk, "/staff/#/licences")
    complaints = desk.page.get_by_role("region", name="查看异议")
    rows = complaints.locator("form.card")
    await expect(rows).to_have_count(PAGE, timeout=people.PATIENCE)
    assert f"第 {MANY - 1} 次" in (await rows.first.inner_text()), "who waits longest"
    await picture(desk, "licences")
    await more_of(complaints).click()
    await expect(rows).to_have_count(2 * PAGE)

    intake = desk.page.get_by_role("region", name="存量证照归集")
    await expect(intake.locator("article.card")).to_have_count(PAGE)
    report = intake.locator("article.card").first
    await report.get_by_role("button", name="查看逐行报告").click()
    lines = report.locator("tbody tr")
    await expect(lines).to_have_count(PAGE)
    texts = await to_the_end(report, lines, total=MANY)
    assert [int(text.split()[0]) for text in texts] == list(range(1, MANY + 1))
    await expect(intake.locator("article.card")).to_have_count(PAGE)
    assert await look(desk, Dress()) == []


async def test_proposal_that_waits_is_not_below_those_decided(desk: Window) -> None:
    await screens.show(desk, "/staff/#/seals")
    proposals = desk.page.get_by_role("region", name="制章申请")
    rows = proposals.locator("article.card")
    await expect(rows).to_have_count(PAGE, timeout=people.PATIENCE)
    texts = await rows.all_inner_texts()
    assert ["等待审批" in text for text in texts] == [True] * 10 + [False] * 10
    await picture(desk, "seals")
    await more_of(proposals).click()
    await expect(rows).to_have_count(2 * PAGE)


async def test_bad_day_of_a_platform_is_read_when_asked_for(desk: Window) -> None:
    await screens.show(desk, "/staff/#/operations")
    part = desk.page.get_by_role("region", name="对账", exact=True).first
    rows = part.locator("tbody > tr")
    await expect(rows).to_have_count(PAGE, timeout=people.PATIENCE)
    bad = rows.filter(has_text=f"{MANY} 处不符")
    await bad.get_by_role("button", name="查看差异").click()
    await expect(bad.get_by_text("P0000")).to_be_visible()
    await expect(bad.get_by_text("P0019")).to_be_visible()
    await expect(bad.get_by_text("P0020")).to_have_count(0)
