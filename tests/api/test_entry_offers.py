"""What an entry does not offer cannot be begun there, by whichever link one comes."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from identity.models import Session
from tests.api import people
from tests.api.applicants import Applicant, Caller
from tests.cases.factories import ANSWERS, ITEM
from tests.identity import factories

DRAWINGS = "SJ-JGW-01"
GUIDE = f"/api/catalogue/items/{DRAWINGS}/guide"


@pytest.fixture
async def in_wechat(applicant: Applicant, resources: Any) -> Applicant:
    """The same browser, signed in anew in a page that WeChat's shell shows."""
    code = await people.sandbox_code(resources, await factories.person(id_no=factories.LI))
    body = {"platform": "sandbox", "code": code, "channel": "wechat-mini"}
    await applicant.ok("POST", "/api/citizen/sessions", body)
    return applicant


async def test_session_keeps_the_entry_it_was_opened_by(in_wechat: Applicant) -> None:
    entries = await Session.all().order_by("-created_at").values_list("channel", flat=True)

    assert sorted(entries) == ["browser", "wechat-mini"]


async def test_draft_of_an_item_that_is_not_offered_here_is_refused(in_wechat: Applicant) -> None:
    body = {"item_code": DRAWINGS, "answers": {}}
    status, problem = await in_wechat.call("POST", "/api/citizen/cases", body)

    assert (status, problem["slug"]) == (403, "item-not-offered")
    assert "浏览器" in problem["channels"]
    assert "浏览器" in problem["detail"]
    assert (await in_wechat.ok("GET", "/api/citizen/cases"))["items"] == []


async def test_what_is_offered_is_begun_as_ever(in_wechat: Applicant) -> None:
    body = {"item_code": ITEM, "answers": ANSWERS}

    assert (await in_wechat.ok("POST", "/api/citizen/cases", body))["item_code"] == ITEM


async def test_guide_behind_a_deep_link_is_refused_in_the_session(in_wechat: Applicant) -> None:
    assert await in_wechat.refused("POST", GUIDE, {"answers": {}}) == (403, "item-not-offered")


async def test_page_without_a_session_honours_the_entry_its_shell_names(
    client: aiohttp.ClientSession, applicant: Applicant
) -> None:
    await applicant.ok("DELETE", "/api/citizen/sessions/current")
    visitor = Caller(client)

    shown = {"answers": {}, "channel": "wechat-mini"}
    assert await visitor.refused("POST", GUIDE, shown) == (403, "item-not-offered")
    assert await visitor.ok("POST", GUIDE, {"answers": {}, "channel": "browser"})


async def test_list_follows_the_session_where_the_page_names_no_entry(
    in_wechat: Applicant,
) -> None:
    found = await in_wechat.ok("GET", "/api/catalogue/items?q=施工许可&limit=50")

    assert not any(one["code"].startswith("SJ-JGW-") for one in found["items"])
    assert found["elsewhere"]
