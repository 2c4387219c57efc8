"""Lists that come in pages: more on a press, and the place is kept, also on coming back."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from typing import Any

import pytest
from playwright.async_api import expect

from tests.journeys.actors import Citizen, Officer
from tests.web import screens
from tests.web.installation import Demo
from tests.web.people import Window

MANY = 60
SHOWN = "main tbody tr, main ul.list > li"

COPY = """
INSERT INTO cases_case ({columns}) SELECT {values} FROM cases_case WHERE id = :case
"""


def crowd(demo: Demo, case: str) -> None:
    """Many cases like one of them, as a busy office has, and counted as such."""
    file = demo.installation.settings.database_url.removeprefix("sqlite://").partition("?")[0]
    with closing(sqlite3.connect(file, timeout=30)) as connection, connection:
        facts = connection.execute("PRAGMA table_info(cases_case)").fetchall()
        columns = [name for _, name, *_ in facts if name not in {"form", "facts", "outcome_text"}]
        for number in range(MANY):
            new = {
                "id": f"'00000000-0000-4000-8000-{number:012d}'",
                "case_no": f"'copy-{number:04d}'",
                "short_no": f"'SJ20261130-9{number:03d}-X'",
                "request_key": "NULL",
                "item_name": f"item_name || ' {number:02d}'",
            }
            values = ", ".join(new.get(name, name) for name in columns)
            text = COPY.format(columns=", ".join(columns), values=values)
            connection.execute(text, {"case": case})
    assert "mended" in demo.installation.manage("check-counts", "--mend")


@pytest.fixture
async def citizen(demo: Demo) -> AsyncIterator[Citizen]:
    async with Citizen(demo.url) as one:
        await one.sign_in("li")
        yield one


async def texts(window: Window) -> list[str]:
    return await window.page.locator(SHOWN).all_inner_texts()


async def press_more(window: Window, *, shown: int) -> None:
    await window.page.get_by_role("button", name="显示更多").click()
    await expect(window.page.locator(SHOWN)).to_have_count(shown)


async def test_worklist_and_own_cases_go_on_and_keep_the_place(
    window: Any, demo: Demo, citizen: Citizen
) -> None:
    case = await screens.submitted(citizen)
    crowd(demo, case["id"])
    async with Officer(demo.url) as officer:
        await officer.sign_in("SCJG-01", demo.passwords["SCJG-01"])
        desk: Window = await window(desk=True, width=1366)
        await screens.lend_session(officer, desk, hint="staff-signed-in")
        await screens.show(desk, "/staff/")
        await worklist_goes_on(desk, citizen)
    phone: Window = await window()
    await screens.lend_session(citizen, phone, hint="signed-in")
    await screens.show(phone, "/m/#/cases")
    await own_cases_go_on(phone)


async def worklist_goes_on(desk: Window, citizen: Citizen) -> None:
    page = desk.page
    waiting = page.get_by_role("button", name="待受理")
    total = int((await waiting.inner_text()).split()[-1])
    assert total > MANY
    await expect(page.locator(SHOWN)).to_have_count(20)
    await expect(page.get_by_text("已显示 20 件")).to_be_visible()
    first = await texts(desk)
    await press_more(desk, shown=40)
    assert (await texts(desk))[:20] == first
    row = page.locator(SHOWN).nth(33).get_by_role("link")
    name = await row.inner_text()
    await row.scroll_into_view_if_needed()
    place = await page.evaluate("scrollY")
    assert place > 0

    moved = await screens.submitted(citizen)  # the list moves by itself, and nobody's place
    await expect(waiting).to_have_text(f"待受理 {total + 1}")
    await expect(page.locator(SHOWN)).to_have_count(40)
    assert abs(await page.evaluate("scrollY") - place) < 5

    await row.click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("个体工商户")
    await page.go_back()
    await expect(page.locator(SHOWN)).to_have_count(40)
    await expect(page.locator(SHOWN).nth(33)).to_contain_text(name)
    await expect(page.locator(SHOWN).nth(33)).to_be_in_viewport()

    await page.get_by_label("查找").fill(moved["short_no"])
    await expect(page.locator(SHOWN)).to_have_count(1)
    await expect(page.get_by_text("共 1 件")).to_be_visible()
    await page.get_by_role("button", name="已办结").click()
    await expect(page.get_by_text("没有符合条件的办件。")).to_be_visible()
    await page.get_by_label("查找").fill("")
    await page.get_by_role("button", name="待受理").click()
    await expect(page.locator(SHOWN)).to_have_count(20)
    while await page.get_by_role("button", name="显示更多").count():
        await press_more(desk, shown=min(total + 1, await page.locator(SHOWN).count() + 20))
    seen = await texts(desk)
    assert len(seen) == len(set(seen)) == total + 1
    await page.screenshot(path="test-results/worklist-1366.png")


async def own_cases_go_on(phone: Window) -> None:
    await expect(phone.page.locator(SHOWN)).to_have_count(20)
    await press_more(phone, shown=40)
    button = phone.page.get_by_role("button", name="显示更多")
    await button.scroll_into_view_if_needed()
    await phone.page.screenshot(path="test-results/cases-390.png")
    await expect(phone.page.get_by_text("已显示 40 条")).to_be_visible()
    await press_more(phone, shown=60)
