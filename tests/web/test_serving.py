"""How the pages are sent: kept for ever, asked again, compressed, policies, boot data."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from api.edge import problem_texts
from api.public.assets import Assets
from api.public.pages import script_json
from core.settings import Settings, SettingsError
from services.cases.errors import CaseNotFound
from tests.conftest import serving

PAGES = ("/", "/m/", "/counter/", "/staff/", "/biz/", "/api/docs")


@pytest.fixture
async def browser_like(settings: Settings, resources: Any) -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP client that leaves bodies as they were sent."""
    demo = replace(settings, environment="demo")
    async with (
        serving(demo, resources) as url,
        aiohttp.ClientSession(url, auto_decompress=False) as session,
    ):
        yield session


async def text_of(session: aiohttp.ClientSession, path: str) -> str:
    async with session.get(path, headers={"Accept-Encoding": "identity"}) as answer:
        assert answer.status == 200
        return await answer.text()


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_has_a_strict_policy(
    browser_like: aiohttp.ClientSession, path: str
) -> None:
    async with browser_like.get(path) as answer:
        policy = answer.headers["Content-Security-Policy"]
        assert answer.status == 200
        assert "unsafe-inline" not in policy
        assert "'unsafe-eval'" not in policy
        assert ("wasm-unsafe-eval" in policy) == (path == "/counter/")
        assert ("camera=(self)" in answer.headers["Permissions-Policy"]) == (path == "/counter/")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Cache-Control"] == "no-cache"


async def test_files_of_this_release_may_be_kept_for_ever(
    browser_like: aiohttp.ClientSession,
) -> None:
    page = await text_of(browser_like, "/m/")
    addresses = re.findall(r'(?:href|src)="(/s/[^"]+)"', page)
    assert len(addresses) >= 6
    for address in addresses:
        async with browser_like.get(address) as answer:
            assert answer.status == 200, address
            assert "immutable" in answer.headers["Cache-Control"]


async def test_files_of_another_release_are_not_kept(browser_like: aiohttp.ClientSession) -> None:
    async with browser_like.get("/s/00000000/kit/kit.css") as answer:
        assert answer.status == 200
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["kit/none.js", "../app.py", "%2e%2e/app.py", "m/index.html"])
async def test_nothing_else_is_served(browser_like: aiohttp.ClientSession, path: str) -> None:
    async with browser_like.get(f"/s/{Assets.load().digest}/{path}") as answer:
        assert answer.status == 404
        assert answer.content_type == "application/problem+json"


async def test_text_is_compressed_where_the_browser_takes_it(
    browser_like: aiohttp.ClientSession,
) -> None:
    address = f"/s/{Assets.load().digest}/kit/kit.css"
    plain = await text_of(browser_like, address)
    async with browser_like.get(address, headers={"Accept-Encoding": "gzip"}) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(await answer.read()).decode() == plain


async def test_an_unchanged_page_is_not_sent_again(browser_like: aiohttp.ClientSession) -> None:
    async with browser_like.get("/m/") as first:
        tag = first.headers["ETag"]
    async with browser_like.get("/m/", headers={"If-None-Match": tag}) as second:
        assert second.status == 304
        assert await second.read() == b""


async def test_the_citizens_page_carries_its_first_data(
    browser_like: aiohttp.ClientSession,
) -> None:
    page = await text_of(browser_like, "/m/")
    found = re.search(r'id="boot">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    boot = json.loads(found[1])
    assert boot["demo"] is True
    assert boot["messages"]["app"] == "云间证"


def test_boot_data_cannot_end_its_element() -> None:
    text = script_json({"name": "</script><script>alert(1)</script>&"})
    assert "<" not in text
    assert json.loads(text)["name"] == "</script><script>alert(1)</script>&"


async def test_staff_numbers_are_shown_in_the_demo_only(settings: Settings, resources: Any) -> None:
    async with serving(settings, resources) as url, aiohttp.ClientSession(url) as session:
        page = await text_of(session, "/staff/")
    assert "SCJG-01" not in page


def test_explanations_are_escaped() -> None:
    source = (
        "### `case-not-found` (404)\n\n**没有这个办件**\n\n<b>`x`</b>\n\n## Next\n\nno part of it\n"
    )
    [text] = problem_texts.parse(source).values()
    slug, explanation = text.html.splitlines()
    assert text.title == "没有这个办件"
    assert slug == '<p><code class="mono">case-not-found</code> · HTTP 404</p>'
    assert explanation == '<p>&lt;b&gt;<code class="mono">x</code>&lt;/b&gt;</p>'


async def test_an_error_type_leads_to_its_explanation(browser_like: aiohttp.ClientSession) -> None:
    page = await text_of(browser_like, f"/problems/{CaseNotFound.slug}")
    assert f"<h1>{CaseNotFound.title}</h1>" in page


async def test_an_unknown_explanation_is_not_found(browser_like: aiohttp.ClientSession) -> None:
    async with browser_like.get("/problems/no-such-problem") as answer:
        assert answer.status == 404


async def test_scripts_of_apps_are_allowed_by_name_on_the_citizens_page_only(
    settings: Settings, resources: Any
) -> None:
    address = "https://res.wx.qq.com/open/js/jweixin-1.6.0.js"
    named = replace(settings, host_scripts=(("wechat", address),))
    async with serving(named, resources) as url, aiohttp.ClientSession(url) as session:
        policies = {}
        for path in ("/m/", "/staff/"):
            async with session.get(path) as answer:
                policies[path] = answer.headers["Content-Security-Policy"]
        boot = await text_of(session, "/m/")

    assert f"script-src 'self' {address};" in policies["/m/"]
    assert "qq.com" not in policies["/staff/"]
    assert address in boot


@pytest.mark.parametrize(
    "value",
    ["wechat=http://x.example/a.js", "wechat=https://x.example/a.js;default-src *", "city=https://x/a.js",
     "https://x.example/a.js", "wechat=https://x.example/'unsafe-inline'.js"],
)  # fmt: skip
def test_address_that_could_widen_the_policy_is_refused(value: str) -> None:
    with pytest.raises(SettingsError, match="YUNJIAN_HOST_SCRIPTS"):
        Settings.from_env({"YUNJIAN_HOST_SCRIPTS": value, "YUNJIAN_SECRET_KEY": "A" * 44})
