"""Ways in over HTTP, through played platforms: one person, one wallet, and strangers kept out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import aiohttp
import pytest
from redis.asyncio import Redis

from core.ids import new_id
from core.settings import Settings
from identity.models import ChannelDay, PlatformAccount, Session, Subject
from miniapp_bridge.config import PlatformConfigs
from miniapp_bridge.connector import Suggestion
from miniapp_bridge.payments import open_providers
from miniapp_bridge.platforms import open_connectors
from miniapp_bridge.platforms.wechat import WeChatConnector
from miniapp_bridge.standin import alipay, others, wechat
from miniapp_bridge.standin.world import World
from payments import bills
from services.guides import catalogue
from tests.api.applicants import Caller, browser, sign_in_officer
from tests.conftest import serving
from tests.played import LI, ZHANG, configs, folder, stage, standin_keys, world

__all__ = ["configs", "folder", "stage", "standin_keys", "world"]


@pytest.fixture
async def played_address(
    settings: Settings, resources: Any, redis: Redis, configs: PlatformConfigs
) -> AsyncIterator[str]:
    """Our server with every platform connected."""
    connectors = await open_connectors(settings, redis=redis, configs=configs)
    providers = open_providers(configs, redis=redis)
    async with serving(
        settings, replace(resources, connectors=connectors, providers=providers)
    ) as url:
        yield url
    for source in (*connectors.values(), *providers.values()):
        await source.close()


@pytest.fixture
async def phone(played_address: str) -> AsyncIterator[Caller]:
    async with browser(played_address) as session:
        yield Caller(session)


@pytest.fixture
async def stranger(played_address: str) -> AsyncIterator[Caller]:
    async with browser(played_address) as session:
        yield Caller(session)


async def ticket_of(caller: Caller, world: World, who: str = "zhang") -> str:
    """What the WeChat shell gets for its user."""
    code = world.new_code("mini", world.people[who])
    body = {"platform": "wechat", "code": code, "channel": "wechat-mini"}
    answer = await caller.ok("POST", "/api/citizen/tickets", body)
    return str(answer["ticket"])


async def enter_by_ticket(caller: Caller, ticket: str) -> tuple[int, Any]:
    return await caller.call(
        "POST", "/api/citizen/sessions", {"platform": "ticket", "code": ticket}
    )


async def bind(caller: Caller, ticket: str, person: dict[str, str]) -> Any:
    """Type name and number, look into the camera, confirm."""
    body = {"ticket": ticket, "name": person["name"], "id_no": person["id_no"]}
    return await caller.ok("POST", "/api/citizen/bindings", body)


async def confirm(caller: Caller, proof: Any) -> tuple[int, Any]:
    body = {"proof_id": proof["proof_id"]}
    return await caller.call("POST", "/api/citizen/bindings/confirmation", body)


async def first_time_by_wechat(caller: Caller, world: World, who: str = "zhang") -> None:
    person = {"zhang": ZHANG, "li": LI}[who]
    code = world.new_code("mini", world.people[who])
    status, refusal = await caller.call(
        "POST", "/api/citizen/sessions", {"platform": "wechat", "code": code}
    )
    assert (status, refusal["slug"]) == (403, "account-not-bound")
    proof = await bind(caller, refusal["binding"], person)
    status, answer = await confirm(caller, proof)
    assert status == 201, answer


async def by_redirect(
    caller: Caller, platform: str, who: str, *, next_path: str = "/wallet"
) -> aiohttp.ClientResponse:
    """Follow the browser to the platform and back, but not into our pages."""
    url = f"/api/citizen/sign-in/{platform}/start?next={next_path}"
    async with caller.http.get(url, allow_redirects=False) as away:
        target = away.headers["Location"].partition("#")[0]
    async with caller.http.get(f"{target}&pick={who}", allow_redirects=False) as back:
        home = back.headers["Location"]
    path = urlsplit(home)
    response = await caller.http.get(f"{path.path}?{path.query}", allow_redirects=False)
    response.release()
    return response


async def sms_code(caller: Caller, world: World, number: str) -> str:
    asked = await caller.ok("POST", "/api/citizen/sign-in/sms", {"phone": number})
    return f"{asked['challenge']}:{world.sms[-1]['code']}"


async def test_ways_in_are_listed(phone: Caller) -> None:
    ways = (await phone.ok("GET", "/api/citizen/sign-in/ways"))["ways"]

    assert {one["platform"]: one["kind"] for one in ways} == {
        "wechat": "redirect",
        "alipay": "redirect",
        "city": "redirect",
        "browser": "sms",
        "sandbox": "demo",
    }


async def test_first_visit_binds_by_face_and_the_next_ones_need_none(
    phone: Caller, world: World
) -> None:
    await first_time_by_wechat(phone, world)
    me = await phone.ok("GET", "/api/citizen/me")
    assert (me["name"], me["assurance"]) == ("张演示", 3)

    status, again = await enter_by_ticket(phone, await ticket_of(phone, world))

    assert status == 201
    assert (again["me"]["id"], again["me"]["assurance"]) == (me["id"], 2)


async def test_face_of_another_binds_nothing(phone: Caller, world: World) -> None:
    code = world.new_code("mini", world.people["li"])
    _, refusal = await phone.call(
        "POST", "/api/citizen/sessions", {"platform": "wechat", "code": code}
    )
    proof = await bind(phone, refusal["binding"], ZHANG)

    status, problem = await confirm(phone, proof)

    assert (status, problem["slug"]) == (403, "proof-failed")
    assert await Subject.all().count() == 0
    assert (await confirm(phone, proof))[1]["slug"] == "proof-expired"


async def test_one_person_by_three_platforms_sees_one_wallet(
    phone: Caller, stranger: Caller, world: World, redis: Redis
) -> None:
    await first_time_by_wechat(phone, world)
    wechat_me = await phone.ok("GET", "/api/citizen/me")

    back = await by_redirect(phone, "alipay", "zhang")
    assert back.status == 302
    bind_page = urlsplit(back.headers["Location"]).fragment
    assert bind_page.startswith("/bind?")
    ticket = parse_qs(bind_page.partition("?")[2])["ticket"][0]
    proof = await bind(phone, ticket, ZHANG)
    assert (await confirm(phone, proof))[1]["slug"] == "proof-pending"
    alipay.show_face(world, next(iter(reversed(world.faces))), "zhang")
    status, _ = await confirm(phone, proof)
    assert status == 201
    alipay_me = await phone.ok("GET", "/api/citizen/me")

    body = {"platform": "browser", "code": await sms_code(phone, world, ZHANG["phone"])}
    await phone.ok("POST", "/api/citizen/accounts", body)
    for name in await redis.keys("limit:sms:*"):
        await redis.delete(name)  # a minute later
    code = await sms_code(stranger, world, ZHANG["phone"])
    status, by_sms = await stranger.call(
        "POST", "/api/citizen/sessions", {"platform": "browser", "code": code}
    )

    assert status == 201
    assert wechat_me["id"] == alipay_me["id"] == by_sms["me"]["id"]
    assert await Subject.all().count() == 1
    accounts = (await phone.ok("GET", "/api/citizen/accounts"))["accounts"]
    assert {one["platform"] for one in accounts} == {"wechat", "alipay", "browser"}
    assert by_sms["me"]["assurance"] == 1


async def test_city_app_vouches_and_no_face_is_asked_for(phone: Caller, world: World) -> None:
    back = await by_redirect(phone, "city", "zhang", next_path="/wallet")

    assert back.headers["Location"] == "/m/#/wallet"
    assert (await phone.ok("GET", "/api/citizen/me"))["name"] == "张演示"


async def test_real_name_below_the_level_is_not_believed(phone: Caller, world: World) -> None:
    url = "/api/citizen/sign-in/city/start"
    async with phone.http.get(url, allow_redirects=False) as away:
        query = parse_qs(urlsplit(away.headers["Location"]).query)
    code = world.new_code(
        "city",
        world.people["zhang"],
        nonce=query["nonce"][0],
        code_challenge=query["code_challenge"][0],
        no_level=True,
    )
    path = f"/api/citizen/sign-in/city/return?code={code}&state={query['state'][0]}"
    async with phone.http.get(path, allow_redirects=False) as back:
        assert back.headers["Location"].startswith("/m/#/bind?")


async def test_copied_ticket_ends_the_session_it_opened(
    phone: Caller, stranger: Caller, world: World
) -> None:
    await first_time_by_wechat(phone, world)
    ticket = await ticket_of(phone, world)
    assert (await enter_by_ticket(phone, ticket))[0] == 201
    await phone.ok("GET", "/api/citizen/me")

    status, problem = await enter_by_ticket(stranger, ticket)

    assert (status, problem["slug"]) == (401, "platform-code-refused")
    assert (await phone.refused("GET", "/api/citizen/me"))[0] == 401


async def test_ticket_lives_a_minute(phone: Caller, world: World, redis: Redis) -> None:
    await first_time_by_wechat(phone, world)
    ticket = await ticket_of(phone, world)
    (name,) = [key for key in await redis.keys("handover:ticket:*")]
    assert 0 < await redis.ttl(name) <= 60
    await redis.delete(name)

    assert (await enter_by_ticket(phone, ticket))[0] == 401


async def test_copied_code_is_spent(phone: Caller, stranger: Caller, world: World) -> None:
    await first_time_by_wechat(phone, world)
    code = world.new_code("mini", world.people["zhang"])
    body = {"platform": "wechat", "code": code}
    await phone.ok("POST", "/api/citizen/sessions", body)

    assert await stranger.refused("POST", "/api/citizen/sessions", body) == (
        401,
        "platform-code-refused",
    )


async def test_copied_return_address_opens_nothing_in_another_browser(
    phone: Caller, stranger: Caller, world: World
) -> None:
    await by_redirect(phone, "city", "zhang")
    url = "/api/citizen/sign-in/city/start"
    async with phone.http.get(url, allow_redirects=False) as away:
        target = away.headers["Location"]
    async with phone.http.get(f"{target}&pick=zhang", allow_redirects=False) as back:
        home = urlsplit(back.headers["Location"])

    async with stranger.http.get(f"{home.path}?{home.query}", allow_redirects=False) as answer:
        assert answer.headers["Location"] == "/m/#/login?refused=platform-code-refused"
        assert "yj_session" not in answer.headers.get("Set-Cookie", "")
    assert (await stranger.refused("GET", "/api/citizen/me"))[0] == 401


async def test_return_address_works_once(phone: Caller, world: World) -> None:
    url = "/api/citizen/sign-in/city/start"
    async with phone.http.get(url, allow_redirects=False) as away:
        target = away.headers["Location"]
    async with phone.http.get(f"{target}&pick=zhang", allow_redirects=False) as back:
        home = urlsplit(back.headers["Location"])
    first = await phone.http.get(f"{home.path}?{home.query}", allow_redirects=False)
    second = await phone.http.get(f"{home.path}?{home.query}", allow_redirects=False)

    assert first.headers["Location"] == "/m/#/"
    assert second.headers["Location"] == "/m/#/login?refused=platform-code-refused"


async def test_snapshot_guest_is_not_let_in(phone: Caller, world: World) -> None:
    async with phone.http.get("/api/citizen/sign-in/wechat/start", allow_redirects=False) as away:
        query = parse_qs(urlsplit(away.headers["Location"]).query)
    code = world.new_code("page", world.people["zhang"], guest=True)
    path = f"/api/citizen/sign-in/wechat/return?code={code}&state={query['state'][0]}"
    async with phone.http.get(path, allow_redirects=False) as back:
        assert back.headers["Location"] == "/m/#/login?refused=platform-guest"


async def test_account_of_another_cannot_be_taken_over(
    phone: Caller, stranger: Caller, world: World
) -> None:
    await first_time_by_wechat(phone, world)
    await first_time_by_wechat(stranger, world, "li")
    code = world.new_code("mini", world.people["zhang"])

    refused = await stranger.refused(
        "POST", "/api/citizen/accounts", {"platform": "wechat", "code": code}
    )

    assert refused == (409, "account-taken")


async def test_last_account_stays_and_another_may_go(phone: Caller, world: World) -> None:
    await first_time_by_wechat(phone, world)
    (only,) = (await phone.ok("GET", "/api/citizen/accounts"))["accounts"]
    path = f"/api/citizen/accounts/{only['id']}"
    assert await phone.refused("DELETE", path) == (409, "last-account")

    body = {"platform": "alipay", "code": world.new_code("alipay", world.people["zhang"])}
    await phone.ok("POST", "/api/citizen/accounts", body)
    await phone.ok("DELETE", path)

    assert [row.platform for row in await PlatformAccount.all()] == ["alipay"]


async def test_unbinding_ends_the_sessions_of_that_platform(
    phone: Caller, stranger: Caller, world: World
) -> None:
    await first_time_by_wechat(phone, world)
    await enter_by_ticket(stranger, await ticket_of(stranger, world))
    body = {"platform": "alipay", "code": world.new_code("alipay", world.people["zhang"])}
    await phone.ok("POST", "/api/citizen/accounts", body)
    accounts = (await phone.ok("GET", "/api/citizen/accounts"))["accounts"]
    (wechat_account,) = [one for one in accounts if one["platform"] == "wechat"]

    await phone.ok("DELETE", f"/api/citizen/accounts/{wechat_account['id']}")

    assert (await stranger.refused("GET", "/api/citizen/me"))[0] == 401
    await phone.ok("GET", "/api/citizen/me")


async def test_accounts_are_managed_by_a_confirmed_person_only(phone: Caller, world: World) -> None:
    await first_time_by_wechat(phone, world)
    await enter_by_ticket(phone, await ticket_of(phone, world))
    body = {"platform": "alipay", "code": world.new_code("alipay", world.people["zhang"])}
    assert await phone.refused("POST", "/api/citizen/accounts", body) == (403, "step-up-required")

    proof = await phone.ok("POST", "/api/citizen/step-ups")
    assert proof["kind"] == "wechat-face"
    raised = await phone.ok(
        "POST", "/api/citizen/step-ups/confirmation", {"proof_id": proof["proof_id"]}
    )

    assert raised == {"assurance": 3}
    await phone.ok("POST", "/api/citizen/accounts", body)


async def test_proof_of_another_session_raises_nothing(
    phone: Caller, stranger: Caller, world: World
) -> None:
    await first_time_by_wechat(phone, world)
    await first_time_by_wechat(stranger, world, "li")
    proof = await phone.ok("POST", "/api/citizen/step-ups")

    refused = await stranger.refused(
        "POST", "/api/citizen/step-ups/confirmation", {"proof_id": proof["proof_id"]}
    )

    assert refused == (410, "proof-expired")


async def test_phone_alone_shows_no_licence(phone: Caller, world: World) -> None:
    await first_time_by_wechat(phone, world)
    body = {"platform": "browser", "code": await sms_code(phone, world, ZHANG["phone"])}
    await phone.ok("POST", "/api/citizen/accounts", body)
    await Session.all().update(assurance=1, raised_until=None)
    path = "/api/citizen/licences/00000000-0000-4000-8000-000000000000"

    assert await phone.refused("POST", f"{path}/reveal") == (403, "step-up-required")
    assert await phone.refused("POST", f"{path}/presentations", {}) == (403, "step-up-required")
    await phone.ok("GET", "/api/citizen/licences")


async def test_sign_ins_and_devices_are_shown_and_can_be_ended(
    phone: Caller, stranger: Caller, world: World
) -> None:
    await first_time_by_wechat(phone, world)
    await enter_by_ticket(stranger, await ticket_of(stranger, world))

    seen = await phone.ok("GET", "/api/citizen/sign-ins")
    (mine, other) = seen["devices"]
    assert (mine["this_one"], other["this_one"]) == (True, False)
    assert [one["via"] for one in seen["sign_ins"]] == ["wechat"]
    assert seen["sign_ins"][0]["address"] == "127.0.0.0/24"
    await phone.ok("DELETE", f"/api/citizen/devices/{other['session_id']}")

    assert (await stranger.refused("GET", "/api/citizen/me"))[0] == 401
    path = f"/api/citizen/devices/{other['session_id']}"
    assert await stranger.refused("DELETE", path) == (401, "sign-in-required")


async def test_wrong_guesses_spend_the_sms_code(phone: Caller, world: World) -> None:
    code = await sms_code(phone, world, ZHANG["phone"])
    challenge, _, digits = code.partition(":")
    wrong = "000000" if digits != "000000" else "111111"
    for _ in range(5):
        body = {"platform": "browser", "code": f"{challenge}:{wrong}"}
        assert (await phone.refused("POST", "/api/citizen/sessions", body))[0] == 401

    assert await phone.refused(
        "POST", "/api/citizen/sessions", {"platform": "browser", "code": code}
    ) == (401, "platform-code-refused")


async def test_second_sms_within_a_minute_is_refused_and_none_is_sent(
    phone: Caller, world: World
) -> None:
    await sms_code(phone, world, ZHANG["phone"])

    assert await phone.refused("POST", "/api/citizen/sign-in/sms", {"phone": ZHANG["phone"]}) == (
        429,
        "sms-too-soon",
    )
    assert len(world.sms) == 1


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
