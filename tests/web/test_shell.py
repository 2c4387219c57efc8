"""The page inside a mini-program's shell: ticket behind the #, results of native pages, entries."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from playwright.async_api import expect

from tests.journeys.actors import Citizen
from tests.web.installation import Demo

SHELL = """
  window.__wxjs_environment = 'miniprogram';
  window.opened = [];
  window.wx = { miniProgram: { navigateTo: ({ url }) => window.opened.push(url) } };
"""
HOST = """
  const app = document.querySelector('script[type=module]').src;
  const host = await import(app.replace(/m\\/app\\.js$/, 'kit/host.js'));
"""
FORGED = [
    "not json",
    "%E0%A4%A",
    "null",
    "[1]",
    '{"kind":"constructor"}',
    '{"kind":"__proto__","id":"1"}',
    '{"kind":"login","id":"1"}',
    json.dumps({"kind": "scan", "id": "1", "value": "x" * 9000}),
]


def native(result: object) -> str:
    text = result if isinstance(result, str) else json.dumps(result, ensure_ascii=False)
    return f"#native={text if '%' in text else quote(text)}"


async def ticket(demo: Demo) -> str:
    """What the shell gets for 李样例."""
    async with Citizen(demo.url) as li:
        offers = (await li.get("/api/citizen/sign-in/demo"))["accounts"]
        code = next(offer["code"] for offer in offers if offer["key"] == "li")
        body = {"platform": "sandbox", "code": code, "channel": "wechat-mini"}
        return str((await li.post("/api/citizen/tickets", body))["ticket"])


async def test_ticket_signs_in_and_leaves_the_address(window: Any, demo: Demo) -> None:
    phone = await window()
    asked: list[str] = []
    phone.page.on("request", lambda request: asked.append(request.url))
    given = await ticket(demo)
    await phone.go(f"/m/?channel=wechat-mini&theme=dark#t={quote(given)}&to=%2Fwallet")

    await phone.heading("李样例的证照")
    assert phone.page.url.endswith("/m/?channel=wechat-mini&theme=dark#/wallet")
    assert not any(given in url.partition("#")[0] for url in asked), "no server may log it"
    await phone.page.reload()
    await phone.heading("李样例的证照")


async def test_result_of_a_native_page_reaches_who_waits_and_moves_nothing(window: Any) -> None:
    phone = await window()
    await phone.context.add_init_script(SHELL)
    await phone.go("/m/?channel=wechat-mini#/search?q=居住证")
    await phone.heading("搜索事项")
    before = phone.page.url
    result = native({"kind": "pay", "bill": "b1", "outcome": "ask", "more": "<img>"})
    told = await phone.page.evaluate(
        "async (hash) => {"
        + HOST
        + """
          window.here = true;
          const answer = host.askShell('pay', ['bill', 'b1'], { launch: '{"a":"1 +/="}' });
          await new Promise((soon) => setTimeout(soon));
          location.hash = hash;
          return answer;
        }""",
        result,
    )

    assert told == {"kind": "pay", "bill": "b1", "outcome": "ask"}
    assert await phone.page.evaluate("window.opened") == [
        "/pages/pay/pay?bill=b1&launch=%7B%22a%22%3A%221%20%2B%2F%3D%22%7D"
    ]
    assert await phone.page.evaluate("window.here"), "the page was not loaded again"
    await phone.heading("搜索事项")
    await expect(phone.page).to_have_url(before)


@pytest.mark.parametrize("text", FORGED, ids=range(len(FORGED)))
async def test_forged_result_is_no_result_and_no_screen(window: Any, text: str) -> None:
    phone = await window()
    await phone.go("/m/#/search?q=居住证")
    await phone.heading("搜索事项")
    before = phone.page.url
    hash_ = native(text)
    read = await phone.page.evaluate(
        "async (hash) => {" + HOST + " return host.readNative(hash); }", hash_
    )
    await phone.page.evaluate("(hash) => { location.hash = hash; }", hash_)

    assert read is None
    await expect(phone.page).to_have_url(before)
    await phone.heading("搜索事项")


async def test_result_nobody_waits_for_is_dropped(window: Any) -> None:
    phone = await window()
    await phone.go(f"/m/{native({'kind': 'scan', 'id': '7', 'value': 'x'})}")

    await phone.heading("云间证：城市政务一站办")


async def test_item_of_another_entry_is_told_of(window: Any) -> None:
    phone = await window()
    await phone.context.add_init_script(SHELL)
    await phone.go("/m/?channel=wechat-mini#/search?q=施工许可")

    await phone.sees("这里不能办的事项")
    await phone.sees("请从浏览器、微信公众号网页、城市 App办理")


async def test_question_for_messages_goes_through_the_shell_and_is_heard_from_the_server(
    window: Any, demo: Demo
) -> None:
    phone = await window()
    await phone.context.add_init_script(SHELL)
    noted: list[str] = []

    async def subscriptions(route: Any) -> None:
        """An app with two templates; its platform tells nothing before it was asked."""
        noted.append(route.request.method)
        on = True if route.request.method == "POST" else None
        await route.fulfill(json={"templates": ["T 1", "T2"], "on": on})

    await phone.page.route("**/api/citizen/notices/subscriptions", subscriptions)
    await phone.go(f"/m/?channel=wechat-mini#t={quote(await ticket(demo))}&to=%2Finbox")
    await phone.click("接收进度提醒")
    await phone.page.wait_for_function("window.opened.length === 1")
    opened = await phone.page.evaluate("window.opened[0]")
    assert opened.startswith("/pages/subscribe/subscribe?id=")
    assert opened.endswith("&ids=T%201%2CT2")
    asked = opened.partition("id=")[2].partition("&")[0]
    answer = native({"kind": "subscribe", "id": asked, "accepted": ["T2"]})
    await phone.page.evaluate("(hash) => { location.hash = hash; }", answer)

    await phone.sees("已开启")
    assert noted == ["GET", "POST"]
