"""The operator's pages: a parked event is given up with a reason, a webhook is kept and tried."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

from playwright.async_api import expect

from core import clock
from core.ids import new_id
from tests.web import people, screens
from tests.web.installation import Demo
from tests.web.test_screens import Dress, look


def park(demo: Demo) -> str:
    """An event that failed eight times; its id. Nobody reads what it says."""
    event_id, now = str(new_id()), clock.now().isoformat(sep=" ")
    row = (event_id, "CaseApproved", "case", "{}", now, 8, now, now, "KeyUnavailable")
    columns = "event_id,name,key,payload,created_at,attempts,due_at,parked_at,last_error"
    path = demo.installation.settings.database_url.removeprefix("sqlite://").partition("?")[0]
    with closing(sqlite3.connect(path, timeout=20)) as database:
        marks = ",".join("?" * len(row))
        database.execute(f"INSERT INTO core_outbox_message ({columns}) VALUES ({marks})", row)
        database.commit()
    return event_id


async def test_a_parked_event_is_given_up_with_a_reason(window: Any, demo: Demo) -> None:
    async with screens.Officer(demo.url) as operator:
        await operator.sign_in("ZWB-90", demo.passwords["ZWB-90"])
        event_id = park(demo)
        desk = await window(desk=True)
        await screens.lend_session(operator, desk, hint="staff-signed-in")
        await screens.show(desk, "/staff/#/delivery")
        event = desk.page.get_by_role("article").filter(has_text=event_id)
        await event.get_by_role("button", name="放弃").click()
        give_up = event.get_by_role("button", name="确认放弃")
        await expect(give_up).to_be_disabled()
        assert await look(desk, Dress()) == []

        await event.get_by_label("处理原因").fill("演示数据，不再需要")
        await give_up.click()

        await expect(event).to_have_count(0, timeout=people.PATIENCE)
        shown = await operator.get("/api/staff/messaging")
        assert event_id not in [one["event_id"] for one in shown["parked"]]


async def test_a_webhook_is_kept_paused_and_removed(window: Any, demo: Demo) -> None:
    async with screens.Officer(demo.url) as operator:
        await operator.sign_in("ZWB-90", demo.passwords["ZWB-90"])
        desk = await window(desk=True)
        await screens.lend_session(operator, desk, hint="staff-signed-in")
        await screens.show(desk, "/staff/#/webhooks")
        await desk.page.get_by_label("部门").select_option("SCJG")

        await desk.page.get_by_label("地址（公开的 https 地址）").fill("https://127.0.0.1/hook")
        await desk.click("新增", exact=True)
        await desk.sees("这个通知地址不能使用")
        desk.complaints.clear()  # The browser reports the refusal.

        await desk.page.get_by_label("地址（公开的 https 地址）").fill("https://hook.invalid/x")
        await desk.click("新增", exact=True)
        await desk.sees("whsec_")
        assert await look(desk, Dress()) == []
        await desk.click("已经保存")
        address = desk.page.get_by_role("region", name="https://hook.invalid/x", exact=True)
        await address.get_by_role("button", name="发送测试通知").click()
        await expect(address.get_by_text("对方没有收下")).to_be_visible(timeout=people.PATIENCE)
        await address.get_by_role("button", name="暂停").click()
        await expect(address.get_by_text("已暂停")).to_be_visible(timeout=people.PATIENCE)
        await address.get_by_role("button", name="查看通知记录").click()
        await expect(address.get_by_text("没有通知记录")).to_be_visible(timeout=people.PATIENCE)
        assert await look(desk, Dress()) == []
        await address.get_by_role("button", name="删除").click()
        await address.get_by_role("button", name="确认删除").click()
        await expect(address).to_have_count(0, timeout=people.PATIENCE)
