"""The public catalogue over HTTP."""

from urllib.parse import quote

import aiohttp
import pytest

from services.guides import catalogue
from tests.api.applicants import Applicant, Caller


@pytest.fixture
async def visitor(client: aiohttp.ClientSession) -> Caller:
    await catalogue.load()
    return Caller(client)


async def test_themes_list_their_items(visitor: Caller) -> None:
    themes = (await visitor.ok("GET", "/api/catalogue/themes"))["themes"]

    assert len(themes) == 6
    opening = next(theme for theme in themes if theme["code"] == "T-KBQY")
    assert opening["lead_name"] == "上海市松江区市场监督管理局"
    assert opening["promise_text"].endswith("个工作日")
    assert opening["items"][0]["short_name"] == "公司设立"


async def test_items_are_paged(visitor: Caller) -> None:
    page = await visitor.ok("GET", "/api/catalogue/items?limit=10&offset=30")

    assert (len(page["items"]), page["total"]) == (8, 38)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (f"q={quote('驾照')}", "SJ-GA-04"),
        ("q=jzz", "SJ-GA-01"),
        ("theme=T-XSE&q=" + quote("社保卡"), "SJ-RSJ-03"),
        ("department=YBJ", "SJ-YBJ-01"),
        ("audience=organisation&q=" + quote("食品"), "SJ-SCJG-04"),
    ],
)
async def test_items_are_found(visitor: Caller, query: str, code: str) -> None:
    page = await visitor.ok("GET", f"/api/catalogue/items?{query}")

    assert code in [item["code"] for item in page["items"]]


async def test_the_audience_narrows(visitor: Caller) -> None:
    page = await visitor.ok("GET", "/api/catalogue/items?audience=person&limit=100")

    assert all("person" in item["audience"] for item in page["items"])
    assert page["total"] == 21


@pytest.mark.parametrize(
    ("path", "refusal"),
    [
        ("/api/catalogue/items?limit=0", (422, "invalid-query")),
        ("/api/catalogue/items?audience=dog", (422, "invalid-query")),
        ("/api/catalogue/items?colour=red", (422, "invalid-query")),
        ("/api/catalogue/items?theme=T-NONE", (404, "theme-not-found")),
        ("/api/catalogue/items/SJ-XX-99", (404, "item-not-found")),
    ],
)
async def test_a_wrong_question_is_refused(
    visitor: Caller, path: str, refusal: tuple[int, str]
) -> None:
    assert await visitor.refused("GET", path) == refusal


async def test_the_guide_of_every_item_can_be_read(visitor: Caller) -> None:
    items = (await visitor.ok("GET", "/api/catalogue/items?limit=100"))["items"]

    for item in items:
        guide = await visitor.ok("GET", f"/api/catalogue/items/{item['code']}")
        assert guide["conditions"]
        assert guide["steps"]
        assert guide["department"]["name"].startswith(("上海市", "国家税务总局"))
        assert guide["sites"]


async def test_a_guide_names_the_ways_of_a_material(visitor: Caller) -> None:
    guide = await visitor.ok("GET", "/api/catalogue/items/SJ-SCJG-04")

    ways = [way for material in guide["materials"] for way in material["ways"]]
    assert {"licence", "form", "upload"} <= {way["by"] for way in ways}
    licence = next(way for way in ways if way["licence_type"] == "BL")
    assert "《营业执照》" in licence["label"]
    assert licence["available"] is False


async def test_answers_make_a_personal_guide(visitor: Caller) -> None:
    path = "/api/catalogue/items/SJ-SCJG-04/guide"

    before = await visitor.ok("POST", path, {"answers": {}})
    after = await visitor.ok(
        "POST",
        path,
        {"answers": {"S1": ["cater"], "S2": ["cold"], "S3": ["no"], "S4": ["yes"]}},
    )

    assert before["next_question"] == "S1"
    assert after["next_question"] is None
    assert (after["approval_mode"], after["promised_text"]) == ("commitment", "当场办结")
    assert len(after["fields"]) < len(after["fields"]) + after["saved_count"]


async def test_a_goto_names_the_other_item(visitor: Caller) -> None:
    guide = await visitor.ok(
        "POST", "/api/catalogue/items/SJ-SCJG-04/guide", {"answers": {"S2": ["prepack"]}}
    )

    assert guide["goto"] == {"code": "SJ-SCJG-06", "name": "仅销售预包装食品备案"}


async def test_a_stop_says_why(visitor: Caller) -> None:
    guide = await visitor.ok(
        "POST", "/api/catalogue/items/SJ-GA-01/guide", {"answers": {"S3": ["no"]}}
    )

    assert "居住登记未满半年" in guide["stop"]["message"]


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({"answers": {"S9": ["x"]}}, (422, "unknown-question")),
        ({"answers": {"S1": ["x"]}}, (422, "unknown-option")),
        ({"answers": {"S3": ["yes", "no"]}}, (422, "invalid-answers")),
        ({"answers": {"S1": "cater"}}, (422, "invalid-body")),
        ({"answers": {}, "more": 1}, (422, "invalid-body")),
        ({}, (422, "invalid-body")),
    ],
)
async def test_wrong_answers_are_refused(
    visitor: Caller, body: object, refusal: tuple[int, str]
) -> None:
    path = "/api/catalogue/items/SJ-SCJG-04/guide"

    assert await visitor.refused("POST", path, body) == refusal


async def test_a_signed_in_citizen_gets_the_same_guide(applicant: Applicant) -> None:
    guide = await applicant.ok(
        "POST", "/api/catalogue/items/SJ-GA-02/guide", {"answers": {"S1": ["no"], "S2": ["no"]}}
    )

    assert guide["next_question"] is None


async def test_item_that_a_channel_does_not_offer_is_told_of_with_the_entries_that_do(
    applicant: Applicant,
) -> None:
    path = "/api/catalogue/items?q=施工许可&limit=50"
    everywhere = await applicant.ok("GET", path)
    in_wechat = await applicant.ok("GET", f"{path}&channel=wechat-mini")

    listed = {one["code"] for one in everywhere["items"]}
    assert "SJ-JGW-01" in listed
    assert everywhere["elsewhere"] == []
    assert not any(one["code"].startswith("SJ-JGW-") for one in in_wechat["items"])
    assert in_wechat["total"] < everywhere["total"]
    told = {one["name"]: one["channels"] for one in in_wechat["elsewhere"]}
    assert all("浏览器" in names and "微信小程序" not in names for names in told.values())
    assert len(told) == everywhere["total"] - in_wechat["total"]

    unknown = await applicant.refused("GET", "/api/catalogue/items?channel=telegraph")
    assert unknown == (404, "channel-not-found")
