"""Ways in over HTTP, through played platforms: one person, one wallet, and strangers kept out."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from redis.asyncio import Redis

from identity.models import Subject
from miniapp_bridge.standin import alipay
from miniapp_bridge.standin.world import World
from tests.api.applicants import Caller
from tests.api.entering import (
    bind,
    by_redirect,
    confirm,
    enter_by_ticket,
    first_time_by_wechat,
    phone,
    played_address,
    sms_code,
    stranger,
    ticket_of,
)
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
