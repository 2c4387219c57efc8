"""What passes between us and the platforms beside signing in: notices, pushes, codes, consents."""

from __future__ import annotations

from uuid import UUID

from redis.asyncio import Redis

from core.ids import new_id
from identity.models import ChannelDay, Session
from miniapp_bridge.config import PlatformConfigs
from miniapp_bridge.connector import Suggestion
from miniapp_bridge.platforms.wechat import WeChatConnector
from miniapp_bridge.standin import alipay, others, wechat
from miniapp_bridge.standin.world import World
from payments import bills
from services.guides import catalogue
from tests.api.applicants import Caller, browser, sign_in_officer
from tests.api.entering import bind, confirm, first_time_by_wechat, phone, played_address, stranger
from tests.played import ZHANG, configs, folder, stage, standin_keys, world

__all__ = [
    "configs",
    "folder",
    "phone",
    "played_address",
    "stage",
    "standin_keys",
    "stranger",
    "world",
]


async def test_notice_of_a_platform_settles_over_http(
    phone: Caller, world: World, played_address: str
) -> None:
    await first_time_by_wechat(phone, world)
    me = await phone.ok("GET", "/api/citizen/me")
    person_id = UUID(me["id"])
    bill_id = await bills.open_bill(
        case_id=new_id(), fee_code="fee", subject_id=person_id, person_id=person_id,
        department="GA", title="工本费", case_text="GA-1", amount=1000,
    )  # fmt: skip
    path = f"/api/citizen/bills/{bill_id}"
    for provider in ("wechat_pay", "cashier"):
        launch = await phone.ok("POST", f"{path}/orders", {"provider": provider})
    others.pay(world, launch["order_no"])
    others.announce(world, launch["order_no"])

    assert await world.deliver_due() == 1
    assert world.pending == []
    receipt = await phone.ok("GET", f"{path}/receipt")
    assert (receipt["bill"]["state"], receipt["way"]) == ("paid", "财政统一收银台")


async def test_push_of_wechat_is_heard_once(phone: Caller, world: World) -> None:
    message = {"FromUserName": "o1", "CreateTime": 1, "MsgType": "event", "Event": "user_enter",
               "MsgId": 77}  # fmt: skip
    for _ in range(3):
        query, body = wechat.sealed_push(world, message)
        async with phone.http.post("/api/callbacks/wechat", params=query, data=body) as response:
            assert (response.status, await response.text()) == (200, "success")
    foreign, body = wechat.sealed_push(world, message, app_id="wx0000000000000000")
    async with phone.http.post("/api/callbacks/wechat", params=foreign, data=body) as response:
        assert response.status == 403

    assert [(row.what, row.count) for row in await ChannelDay.all()] == [("user_enter", 1)]


async def test_verdict_on_a_picture_comes_by_push(
    phone: Caller, world: World, redis: Redis, configs: PlatformConfigs
) -> None:
    assert configs.wechat is not None
    connector = WeChatConnector(configs.wechat, redis=redis)
    url = "https://zwfw.example.gov.cn/p/bad.jpg"
    reference = await connector.begin_picture_check(url, user_id=world.people["li"].openid)
    query, body = wechat.sealed_push(world, wechat.picture_verdict(world, reference))

    async with phone.http.post("/api/callbacks/wechat", params=query, data=body) as response:
        assert (response.status, await response.text()) == (200, "success")

    assert await connector.picture_verdict(reference) is Suggestion.RISKY
    await connector.close()


async def test_entries_by_a_message_and_by_a_printed_code_are_counted(
    phone: Caller, world: World
) -> None:
    for entry in ("link", "code", "code", ""):
        code = world.new_code("mini", world.people["li"])
        body = {"platform": "wechat", "code": code, "channel": "wechat-mini", "entry": entry}
        assert await phone.refused("POST", "/api/citizen/tickets", body) == (
            403,
            "account-not-bound",
        )

    counts = {row.what: row.count for row in await ChannelDay.filter(channel="wechat-mini")}
    assert counts == {"entry_link": 1, "entry_code": 2}


async def test_officer_fetches_the_code_of_an_item_for_the_wall(
    phone: Caller, played_address: str, world: World
) -> None:
    await catalogue.load()
    async with browser(played_address) as session:
        officer = await sign_in_officer(session)
        async with session.get("/api/staff/items/SJ-GA-01/mini-code") as response:
            assert (response.status, response.content_type) == (200, "image/png")
            assert (await response.read()).startswith(b"\x89PNG")
            name = response.headers["Content-Disposition"]
        assert name == 'attachment; filename="SJ-GA-01-wechat-mini.png"'
        for path, refusal in {
            "SJ-JGW-01/mini-code": (403, "item-not-offered"),
            "SJ-GA-01/mini-code?channel=city-app": (422, "unknown-platform"),
            "SJ-XX-01/mini-code": (404, "item-not-found"),
        }.items():
            assert await officer.refused("GET", f"/api/staff/items/{path}") == refusal
    assert world.scenes == ["g:SJ-GA-01"]
    assert await phone.refused("GET", "/api/staff/items/SJ-GA-01/mini-code") == (
        401,
        "sign-in-required",
    )


async def test_page_in_alipay_asks_for_messages_and_the_answer_comes_from_alipay(
    phone: Caller, world: World
) -> None:
    address = "/api/citizen/notices/subscriptions"
    zhang = world.people["zhang"]
    await by_face_at_alipay(phone, world)
    assert await phone.ok("GET", address) == {"templates": ["STANDIN-TEMPLATE-2"], "on": None}

    assert (await phone.ok("POST", address))["on"] is False
    world.consents[zhang.open_id, "STANDIN-TEMPLATE-2"] = "longterm"
    assert (await phone.ok("GET", address))["on"] is False, "what was told is kept"

    assert (await phone.ok("POST", address))["on"] is True
    assert (await phone.ok("GET", address))["on"] is True


async def by_face_at_alipay(caller: Caller, world: World) -> None:
    """张演示 enters the Alipay mini-program for the first time."""
    code = world.new_code("alipay", world.people["zhang"])
    _, refusal = await caller.call(
        "POST", "/api/citizen/tickets", {"platform": "alipay", "code": code}
    )
    proof = await bind(caller, refusal["binding"], ZHANG)
    alipay.show_face(world, next(iter(reversed(world.faces))), "zhang")
    status, answer = await confirm(caller, proof)
    assert status == 201, answer
    assert [row.channel for row in await Session.all()] == ["alipay-mini"]
