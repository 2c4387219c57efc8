"""Message push of WeChat: hostile, broken, late and odd; and what the codes of calls mean."""

from __future__ import annotations

import base64
import json
import struct
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Problem
from miniapp_bridge.client import Answer
from miniapp_bridge.connector import Callback, PlatformEvent
from miniapp_bridge.errors import (
    BadAnswer,
    CallbackRefused,
    CodeRefused,
    MessageRejected,
    PlatformBusy,
    PlatformMisconfigured,
    PlatformUnavailable,
    SessionStale,
    SignInBlocked,
)
from miniapp_bridge.platforms.wechat import WeChatConnector
from miniapp_bridge.standin import codec
from miniapp_bridge.standin.world import World
from miniapp_bridge.wechat import crypto, envelope, push, quota
from miniapp_bridge.wechat.push import PushReader

AT = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
APP = "wx0000000000000001"
TOKEN = "pushtoken"
KEY, FORMER, FOREIGN = ("A" * 43, "B" * 42 + "E", "C" * 42 + "I")
EVENT = {"FromUserName": "o1", "CreateTime": 1, "MsgType": "event", "Event": "user_enter"}
ODD_TEXT = st.text(alphabet=st.characters(exclude_categories=()), max_size=30)


def reader(*keys: str) -> PushReader:
    ciphers = tuple(crypto.PushCipher(key, APP) for key in keys or (KEY,))
    return PushReader(token=TOKEN, ciphers=ciphers)


def sealed(
    message: bytes,
    *,
    key: str = KEY,
    app_id: str = APP,
    at: str | None = None,
    xml: bool = False,
) -> Callback:
    """A push as WeChat would make it, in secure mode."""
    return signed(codec.push_encrypt(key, app_id, message), at=at, xml=xml)


def signed(encrypted: str, *, at: str | None = None, xml: bool = False) -> Callback:
    """Whatever stands in Encrypt, under a signature that holds."""
    at = at if at is not None else str(int(AT.timestamp()))
    query = {
        "timestamp": at,
        "nonce": "n1",
        "msg_signature": codec.push_sign(TOKEN, at, "n1", encrypted),
    }
    outer = f"<xml><ToUserName>gh</ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
    body = outer.encode() if xml else json.dumps({"Encrypt": encrypted}).encode()
    return Callback(query=query, headers={}, body=body)


def raw_frame(plain: bytes, *, key: str = KEY) -> str:
    """Encrypted as it is, without our length, app id or padding."""
    secret = base64.b64decode(key + "=")
    encryptor = Cipher(algorithms.AES(secret), modes.CBC(secret[:16])).encryptor()
    return base64.b64encode(encryptor.update(plain) + encryptor.finalize()).decode()


def padded(plain: bytes) -> bytes:
    count = 32 - len(plain) % 32
    return plain + bytes([count]) * count


def opened(callback: Callback, *keys: str, at: datetime = AT) -> list[PlatformEvent]:
    return reader(*keys).open(callback, at=at)


def refused(callback: Callback, *keys: str, at: datetime = AT) -> None:
    with pytest.raises(CallbackRefused):
        opened(callback, *keys, at=at)


def test_json_and_xml_tell_the_same_event() -> None:
    text = "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in EVENT.items())
    xml = f"<?xml version='1.0'?>\n<xml>{text}</xml>".encode()

    pairs = [opened(sealed(xml, xml=True)), opened(sealed(json.dumps(EVENT).encode()))]

    assert pairs[0] == pairs[1]
    assert (pairs[0][0].kind, pairs[0][0].user_id) == ("user_enter", "o1")


@pytest.mark.parametrize("wrapper", push.EVENT_LISTS)
@pytest.mark.parametrize("count", [1, 3])
def test_wrapped_lists_of_xml_become_an_event_each(wrapper: str, count: int) -> None:
    items = "".join(
        f"<List><TemplateId>T{number}</TemplateId><X><Y>deep</Y></X></List>"
        for number in range(count)
    )
    xml = (
        f"<xml><FromUserName>o1</FromUserName><Event>e</Event><{wrapper}>{items}</{wrapper}></xml>"
    )

    found = opened(sealed(xml.encode(), xml=True))

    assert [one.data for one in found] == [
        {"TemplateId": f"T{number}", "X.Y": "deep"} for number in range(count)
    ]
    assert len({one.key for one in found}) == count


def test_key_of_an_event_depends_on_who_when_and_what() -> None:
    item = {"TemplateId": "T1", "SubscribeStatusString": "accept"}
    variants: list[dict[str, Any]] = [
        EVENT,
        {**EVENT, "FromUserName": "o2"},
        {**EVENT, "CreateTime": 2},
        {**EVENT, "Event": "other"},
        {**EVENT, "EventKey": "k"},
        {**EVENT, "List": item},
        {**EVENT, "List": {**item, "SubscribeStatusString": "reject"}},
    ]

    assert len({push.message_key(one) for one in variants}) == len(variants)
    assert push.message_key(EVENT) == push.message_key(dict(reversed(EVENT.items())))


def test_former_key_serves_while_it_stands_second_and_foreign_ones_never() -> None:
    late = sealed(json.dumps(EVENT).encode(), key=FORMER)

    assert opened(late, KEY, FORMER)[0].kind == "user_enter"
    refused(late, KEY)
    refused(sealed(json.dumps(EVENT).encode(), key=FOREIGN), KEY, FORMER)
    with pytest.raises(CallbackRefused):
        PushReader(token=TOKEN, ciphers=()).open(late, at=AT)


@pytest.mark.parametrize(("seconds", "taken"), [(0, True), (600, True), (601, False)])
@pytest.mark.parametrize("sign", [1, -1])
def test_push_is_taken_for_ten_minutes(seconds: int, taken: bool, sign: int) -> None:
    callback = sealed(json.dumps(EVENT).encode())
    at = AT + timedelta(seconds=sign * seconds)

    if taken:
        assert opened(callback, at=at)
    else:
        refused(callback, at=at)


@pytest.mark.parametrize("at", ["", "x", "-1", "1.5", "²", "١٧", "9" * 400, "9" * 5000])
def test_timestamp_that_is_no_moment_is_refused_though_it_is_signed(at: str) -> None:
    refused(sealed(json.dumps(EVENT).encode(), at=at))


@pytest.mark.parametrize("name", ["timestamp", "nonce", "msg_signature"])
def test_each_part_of_the_signature_counts(name: str) -> None:
    callback = sealed(json.dumps(EVENT).encode())
    for value in ("", "0", "\ud800", callback.query[name] + "0"):
        changed = Callback(query={**callback.query, name: value}, headers={}, body=callback.body)
        refused(changed)


@pytest.mark.parametrize(
    "plain",
    [
        b"",
        bytes(20),
        bytes(16) + struct.pack(">I", 5) + b"four" + b"",
        bytes(16) + struct.pack(">I", 2**32 - 1) + b"{}" + APP.encode(),
        bytes(16) + struct.pack(">I", 0) + APP.encode(),
        bytes(16) + struct.pack(">I", 2) + b"{}" + APP.encode() + b"0",
        bytes(16) + struct.pack(">I", 2) + b"{}" + APP.upper().encode(),
        bytes(16) + struct.pack(">I", 2) + b"{}",
        bytes(16) + struct.pack(">I", 2) + b"[]" + APP.encode(),
        bytes(16) + struct.pack(">I", 2) + b"{}" + APP.encode(),
    ],
)
def test_frame_that_lies_is_refused(plain: bytes) -> None:
    refused(signed(raw_frame(padded(plain))))


@pytest.mark.parametrize(
    "tail", [bytes(32), b"\x21" * 32, b"\x10" * 15 + b"\x11", b"\x01" * 15 + b"\x02"]
)
def test_padding_that_is_none_is_refused(tail: bytes) -> None:
    whole = bytes(16) + struct.pack(">I", 2) + b"{}" + APP.encode()
    refused(
        signed(raw_frame((whole.ljust(64, b"\x00") + tail)[-64 - len(tail) :][:64] + bytes(16)))
    )


@pytest.mark.parametrize(
    "encrypted", ["", "=", "AAAA", "é", "\ud800", "A" * 22, " " * 24, base64.b64encode(bytes(48))]
)
def test_encrypt_that_is_no_cipher_text_is_refused(encrypted: str | bytes) -> None:
    text = encrypted.decode() if isinstance(encrypted, bytes) else encrypted
    query = {"timestamp": str(int(AT.timestamp())), "nonce": "n1", "msg_signature": "0" * 40}
    refused(Callback(query=query, headers={}, body=json.dumps({"Encrypt": text}).encode()))
    if text.isprintable():
        refused(signed(text))


@given(st.binary(max_size=200))
def test_no_body_of_a_stranger_does_anything_but_be_refused(body: bytes) -> None:
    query = {"timestamp": str(int(AT.timestamp())), "nonce": "n", "msg_signature": "0" * 40}
    refused(Callback(query=query, headers={}, body=body))


@given(ODD_TEXT, ODD_TEXT, ODD_TEXT)
def test_no_words_of_a_stranger_do_anything_but_be_refused(
    encrypted: str, nonce: str, signature: str
) -> None:
    query = {"timestamp": str(int(AT.timestamp())), "nonce": nonce, "msg_signature": signature}
    body = json.dumps({"Encrypt": encrypted}).encode()
    refused(Callback(query=query, headers={}, body=body))
    with pytest.raises(CallbackRefused):
        reader().address_check({"timestamp": encrypted, "nonce": nonce, "signature": signature})


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"Event": 5},
        {"Event": ["user_enter"]},
        {"MsgType": None},
        {**EVENT, "FromUserName": "\ud800"},
        {**EVENT, "EventKey": {"deep": ["\udfff"]}},
    ],
)
def test_sealed_message_without_sense_is_refused(message: dict[str, Any]) -> None:
    refused(sealed(json.dumps(message).encode()))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | ODD_TEXT,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["List", "Event", "MsgId", "x"]), inner, max_size=3)
        ),
        max_leaves=15,
    )
)
def test_sealed_message_of_any_shape_is_an_event_or_refused(value: Any) -> None:
    body = json.dumps({**EVENT, "List": value, push.EVENT_LISTS[0]: value}).encode()
    try:
        found = opened(sealed(body))
    except CallbackRefused:
        return
    assert found
    assert all(isinstance(text, str) for one in found for text in one.data.values())


@pytest.mark.parametrize(
    "xml",
    [
        b'<?xml version="1.0" encoding="utf-16"?><xml><Event>e</Event></xml>',
        b'<?xml version="1.0" encoding="no-such"?><xml><Event>e</Event></xml>',
        b"<xml><Event>e</Event></xml><xml/>",
        b"<xml><Event>&unknown;</Event></xml>",
        b"<!DOCTYPE xml><xml><Event>e</Event></xml>",
        b"<xml><Event>\xff</Event></xml>",
        b"<Event>e</Event>",
        b"<",
    ],
)
def test_xml_of_another_kind_is_refused_within_the_seal(xml: bytes) -> None:
    refused(sealed(xml))


@pytest.mark.parametrize("size", range(0, 70, 7))
def test_own_cipher_reads_what_it_wrote_and_never_twice_the_same(size: int) -> None:
    cipher = crypto.PushCipher(KEY, APP)
    first, second = (cipher.encrypt(b"x" * size) for _ in range(2))

    assert first != second
    assert cipher.decrypt(first) == cipher.decrypt(second) == b"x" * size
    with pytest.raises(crypto.Unreadable):
        crypto.PushCipher(KEY, APP + "0").decrypt(first)


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        (40029, CodeRefused),
        ("40163", CodeRefused),
        (40226, SignInBlocked),
        (87009, SessionStale),
        (-1, PlatformBusy),
        (45009, PlatformBusy),
        (40164, PlatformMisconfigured),
        (40125, PlatformMisconfigured),
        (47003, MessageRejected),
        (99999, PlatformUnavailable),
        ("not a number", PlatformUnavailable),
        (None, PlatformUnavailable),
        ([], PlatformUnavailable),
        (float("inf"), PlatformUnavailable),
    ],
)
def test_each_code_has_its_meaning_and_an_unknown_one_is_no_success(
    code: object, meaning: type[Problem]
) -> None:
    fields = {"errcode": code, "errmsg": "token AT-secret rid: 6129ee10-272863a4"}

    assert envelope.error_code(fields) != 0
    assert type(envelope.refusal(fields, call="/x")) is meaning


def test_log_of_a_refusal_names_its_rid_and_none_of_its_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    envelope.refusal({"errcode": 40013, "errmsg": "AT-secret rid: 6129ee10-2728"}, call="/x")

    assert "rid 6129ee10-2728" in caplog.text
    assert "AT-secret" not in caplog.text
    assert any(one.levelname == "ERROR" for one in caplog.records), "an operator must act"


@pytest.mark.parametrize("data", [b"{}", b'{"errcode":0}', b'{"errcode":"0"}', b'{"openid":"o"}'])
def test_answer_without_a_code_is_a_success(data: bytes) -> None:
    answer = Answer(status=200, media_type="text/plain", data=data)

    assert envelope.error_code(answer.json()) == 0
    assert not envelope.is_busy(answer)


def test_busy_is_not_read_into_nonsense() -> None:
    with pytest.raises(BadAnswer):
        envelope.is_busy(Answer(status=200, media_type="application/json", data=b"-1"))


async def test_quota_tells_every_call_we_depend_on(
    connectors: dict[str, Any], world: World
) -> None:
    wechat = connectors["wechat"]
    assert isinstance(wechat, WeChatConnector)

    found = await quota.read(wechat.api)

    assert [one.call for one in found] == list(quota.WATCHED)
    assert all(0 <= one.used <= one.limit for one in found)
    assert world.count("/cgi-bin/openapi/quota/get") == len(quota.WATCHED)
