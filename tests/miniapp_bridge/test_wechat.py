"""WeChat's oddities: template limits, push in all its shapes, old-style data, checks."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from miniapp_bridge.connector import Callback, FaceOutcome, RealName, Suggestion
from miniapp_bridge.errors import (
    CallbackRefused,
    MessageRejected,
    PlatformBusy,
    SessionStale,
    SignInBlocked,
)
from miniapp_bridge.platforms.wechat import WeChatConnector
from miniapp_bridge.standin import wechat as played
from miniapp_bridge.standin.world import World
from miniapp_bridge.wechat import checks, push, templates


@pytest.fixture
def wechat(connectors: dict[str, Any]) -> WeChatConnector:
    found = connectors["wechat"]
    assert isinstance(found, WeChatConnector)
    return found


@pytest.mark.parametrize(
    ("key", "value", "sent"),
    [
        ("thing1", "长" * 21, "长" * 19 + "…"),
        ("thing1", "两行\n文字", "两行 文字"),
        ("name1", "欧阳" * 6, "欧阳" * 4 + "欧…"),
        ("time1", "2026年11月25日 10:00", "2026年11月25日 10:00"),
        ("time1", "2026-11-25", None),
        ("character_string1", "SJ-2026-1", "SJ-2026-1"),
        ("character_string1", "编号1", None),
        ("amount1", "¥12.34", "¥12.34"),
        ("amount1", "十二元", None),
        ("phrase1", "已受理", "已受理"),
        ("phrase1", "随便写", None),
        ("thing1", "  ", None),
        ("unknown1", "x", None),
    ],
)
def test_values_are_cut_or_refused_before_they_are_sent(
    key: str, value: str, sent: str | None
) -> None:
    if sent is None:
        with pytest.raises(MessageRejected):
            templates.fit({"x": value}, {"x": key})
        return
    assert templates.fit({"x": value}, {"x": key}) == {key: {"value": sent}}


def test_missing_and_surplus_values_are_refused() -> None:
    for values in ({}, {"x": "a", "y": "b"}):
        with pytest.raises(MessageRejected):
            templates.fit(values, {"x": "thing1"})


def callback(world: World, message: dict[str, Any], **options: Any) -> Callback:
    query, body = played.sealed_push(world, message, **options)
    return Callback(query=query, headers={}, body=body)


def test_one_consent_comes_bare_and_several_in_a_list(
    wechat: WeChatConnector, world: World
) -> None:
    item = {"TemplateId": "T1", "SubscribeStatusString": "accept"}
    base = {"FromUserName": "o1", "CreateTime": 1, "Event": "subscribe_msg_popup_event"}

    one = wechat.open_callback(callback(world, {**base, "List": item}))
    two = wechat.open_callback(callback(world, {**base, "List": [item, item]}))

    assert [event.data["TemplateId"] for event in (*one, *two)] == ["T1"] * 3
    assert len({event.key for event in two}) == 2


def test_repeated_delivery_has_the_same_key(wechat: WeChatConnector, world: World) -> None:
    message = {"FromUserName": "o1", "CreateTime": 1, "Event": "user_enter", "MsgId": "7"}

    keys = {wechat.open_callback(callback(world, message))[0].key for _ in range(3)}

    assert keys == {"7"}


def test_foreign_old_and_plain_pushes_are_refused(wechat: WeChatConnector, world: World) -> None:
    message = {"FromUserName": "o1", "Event": "x", "CreateTime": 1}
    genuine = callback(world, message)
    world.advance(-700)
    old = callback(world, message)
    world.advance(700)
    for refused in (
        callback(world, message, app_id="wx0000000000000000"),
        old,
        replace(genuine, body=json.dumps(message).encode()),
        replace(genuine, query={**genuine.query, "msg_signature": genuine.query["signature"]}),
        replace(genuine, body=b"x" * (push.LARGEST_BODY + 1)),
    ):
        with pytest.raises(CallbackRefused):
            wechat.open_callback(refused)


def test_address_check_echoes_for_the_right_signature_only(
    wechat: WeChatConnector, world: World
) -> None:
    query, _ = played.sealed_push(world, {})
    assert wechat.address_check({**query, "echostr": "42"}) == "42"
    with pytest.raises(CallbackRefused):
        wechat.address_check({**query, "nonce": "0", "echostr": "42"})


@pytest.mark.parametrize(
    "text",
    [
        b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><xml><a>&e;</a></xml>',
        b"<xml>" + b"<a>" * 20 + b"</a>" * 20 + b"</xml>",
        b"<xml><a></xml>",
        b"<xml/>",
    ],
)
def test_dangerous_or_broken_xml_is_refused(text: bytes) -> None:
    with pytest.raises(CallbackRefused):
        push.parse(text)


def test_xml_lists_are_read_as_json_ones() -> None:
    text = b"<xml><L><a>1</a></L><L><a>2</a></L></xml>"
    assert push.parse(text) == {"L": [{"a": "1"}, {"a": "2"}]}


async def test_old_style_data_is_opened_under_the_present_session_key_only(
    wechat: WeChatConnector, world: World
) -> None:
    zhang = world.people["zhang"]
    await wechat.exchange_code(world.new_code("mini", zhang))
    encrypted, iv = played.sealed_data(world, zhang.openid, {"phoneNumber": zhang.phone})
    opened = await wechat.open_data(zhang.openid, encrypted=encrypted.replace("+", " "), iv=iv)
    assert opened["phoneNumber"] == zhang.phone

    await wechat.exchange_code(world.new_code("mini", zhang))
    with pytest.raises(SessionStale):
        await wechat.open_data(zhang.openid, encrypted=encrypted, iv=iv)
    with pytest.raises(SessionStale):
        await wechat.open_data("nobody", encrypted=encrypted, iv=iv)


async def test_risky_account_is_told_to_come_another_way(
    wechat: WeChatConnector, world: World
) -> None:
    with pytest.raises(SignInBlocked):
        await wechat.exchange_code(world.new_code("mini", world.people["li"], blocked=True))


async def test_spent_quota_rests_until_midnight(wechat: WeChatConnector, world: World) -> None:
    world.fail("/wxa/generate_urllink", "errcode", value=45009)
    with pytest.raises(PlatformBusy):
        await wechat.link(path="pages/index/index", query="")

    assert wechat.open_circuits()["/wxa/generate_urllink"] > 0


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("您好", Suggestion.PASS),
        ("可疑内容", Suggestion.REVIEW),
        ("违法内容", Suggestion.RISKY),
        ("好" * 2490 + "违法内容", Suggestion.RISKY),
    ],
)
async def test_text_is_judged_in_pieces(
    wechat: WeChatConnector, world: World, text: str, verdict: Suggestion
) -> None:
    assert await wechat.check_text(text, user_id=world.people["li"].openid) is verdict


async def test_face_outcome_is_asked_of_wechat_and_bound_to_the_person(
    wechat: WeChatConnector, world: World
) -> None:
    zhang, li = world.people["zhang"], world.people["li"]
    person = RealName(id_type="111", id_no=zhang.id_no, name=zhang.name)
    other = RealName(id_type="111", id_no=li.id_no, name=li.name)
    hand_off = await wechat.start_face_check(person, reference="abc12", user_id=zhang.openid)

    assert await wechat.face_outcome(hand_off, person, user_id=zhang.openid) is FaceOutcome.PASSED
    assert await wechat.face_outcome(hand_off, other, user_id=zhang.openid) is FaceOutcome.FAILED
    assert zhang.id_no not in repr(hand_off)


async def test_pages_of_strangers_are_not_signed(wechat: WeChatConnector, world: World) -> None:
    host = next(iter(wechat._config.page_hosts))
    signed = await wechat.sign_page(f"http://{host}/m/?a=1#/wallet")
    assert len(signed.signature) == 40
    for url in ("https://evil.example/m/", "http://evil.example@x/", f"http://{host}.evil/"):
        with pytest.raises(MessageRejected):
            await wechat.sign_page(url)


def verdict_event(wechat: WeChatConnector, world: World, reference: str, **options: Any) -> Any:
    message = played.picture_verdict(world, reference, **options)
    (event,) = wechat.open_callback(callback(world, message))
    return event


@pytest.mark.parametrize(
    ("picture", "verdict"),
    [
        ("shop", Suggestion.PASS),
        ("odd", Suggestion.REVIEW),
        ("bad", Suggestion.RISKY),
        ("gone", Suggestion.REVIEW),
    ],
)
async def test_picture_is_judged_by_the_verdict_that_is_pushed(
    wechat: WeChatConnector, world: World, picture: str, verdict: Suggestion
) -> None:
    url = f"https://zwfw.example.gov.cn/p/{picture}.jpg?until=1"
    reference = await wechat.begin_picture_check(url, user_id=world.people["li"].openid)
    assert await wechat.picture_verdict(reference) is None

    await wechat.note_event(verdict_event(wechat, world, reference))

    assert await wechat.picture_verdict(reference) is verdict
    assert world.pictures == {reference: url}


async def test_verdict_of_another_application_or_kind_decides_nothing(
    wechat: WeChatConnector, world: World
) -> None:
    url = "https://zwfw.example.gov.cn/p/bad.jpg"
    reference = await wechat.begin_picture_check(url, user_id=world.people["li"].openid)
    event = verdict_event(wechat, world, reference)

    await wechat.note_event(replace(event, kind="user_enter_tempsession"))
    await wechat.note_event(replace(event, data={**event.data, "appid": "wx0000000000000000"}))

    assert await wechat.picture_verdict(reference) is None


async def test_verdict_quicker_than_the_answer_is_kept(
    wechat: WeChatConnector, world: World, redis: Any
) -> None:
    world.pictures["early"] = "https://zwfw.example.gov.cn/p/bad.jpg"
    await wechat.note_event(verdict_event(wechat, world, "early"))

    assert await redis.set(checks._name("early"), "waiting:9999999999", nx=True) is None
    assert await wechat.picture_verdict("early") is Suggestion.RISKY


async def test_verdict_that_does_not_come_leaves_the_picture_to_a_person(
    wechat: WeChatConnector, world: World, frozen_clock: Any
) -> None:
    url = "https://zwfw.example.gov.cn/p/shop.jpg"
    reference = await wechat.begin_picture_check(url, user_id=world.people["li"].openid)
    frozen_clock.advance(minutes=41)

    assert await wechat.picture_verdict(reference) is Suggestion.REVIEW
    assert await wechat.picture_verdict("never asked") is Suggestion.REVIEW


@pytest.mark.parametrize("url", ["http://x.example/a.jpg", "file:///etc/passwd", "https:///a", ""])
async def test_picture_at_an_address_that_is_no_https_is_not_sent(
    wechat: WeChatConnector, world: World, url: str
) -> None:
    with pytest.raises(MessageRejected):
        await wechat.begin_picture_check(url, user_id="o1")
    assert world.count("/wxa/media_check_async") == 0


async def test_links_open_the_page_they_were_made_for(
    wechat: WeChatConnector, world: World
) -> None:
    wish = {"path": "/pages/index/index", "query": "next=%2Fcase%2F7"}

    link = await wechat.link(**wish)
    scheme = await wechat.app_link(**wish, days=99)

    assert link.startswith("https://wxaurl.cn/")
    assert scheme.startswith("weixin://dl/business/?t=")
    assert world.links == dict.fromkeys((link, scheme), "pages/index/index?next=%2Fcase%2F7")


@pytest.mark.parametrize("query", ["办件=7", "a b", "x" * 1025])
async def test_query_that_no_link_can_carry_is_not_sent(
    wechat: WeChatConnector, world: World, query: str
) -> None:
    for make in (wechat.link, wechat.app_link):
        with pytest.raises(MessageRejected):
            await make(path="pages/index/index", query=query)
    assert world.ledger == []
