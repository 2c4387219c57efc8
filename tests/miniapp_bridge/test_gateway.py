"""Alipay's gateway: what is signed, what of an answer is believed, and what each refusal means."""

from __future__ import annotations

import base64
import json
import string
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Problem
from core.valkey.embedded import free_port
from miniapp_bridge.alipay import crypto
from miniapp_bridge.alipay.gateway import AlipayGateway, refusal
from miniapp_bridge.client import PlatformClient, Retry
from miniapp_bridge.config import AlipayConfig, PlatformConfigs
from miniapp_bridge.errors import (
    BadAnswer,
    CodeRefused,
    MessageRejected,
    OutcomeUnknown,
    PlatformBusy,
    PlatformMisconfigured,
    PlatformUnavailable,
)
from miniapp_bridge.standin import codec
from miniapp_bridge.standin import world as played
from miniapp_bridge.standin.world import Keys

METHOD = "alipay.trade.query"
NODE = "alipay_trade_query_response"
PAID = {"code": "10000", "out_trade_no": "P1", "trade_status": "TRADE_SUCCESS"}
TEXT = st.text(alphabet=string.printable + '证照\\/"{}[]:,\u2028', max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=12,
)


class Wire:
    """The gateway's address with whatever answer a test lays there."""

    def __init__(self, keys: Keys) -> None:
        self.keys = keys
        self.answer = ""
        self.forms: list[dict[str, str]] = []

    async def handle(self, request: web.Request) -> web.Response:
        self.forms.append({name: str(value) for name, value in (await request.post()).items()})
        return web.Response(text=self.answer, content_type="text/html", charset="utf-8")

    def say(
        self, raw: str, *, name: str = NODE, key: Any = None, signed: str | None = None
    ) -> None:
        """An answer whose node is `raw`; `signed` is what the signature covers instead."""
        signature = codec.rsa_sign(key or self.keys.alipay, raw if signed is None else signed)
        self.answer = f'{{"{name}":{raw},"sign":"{signature}"}}'

    def say_unsigned(self, raw: str, *, name: str) -> None:
        self.answer = f'{{"{name}":{raw}}}'


Both = tuple[Wire, AlipayGateway]


@pytest.fixture
async def both(standin_keys: Keys, configs: PlatformConfigs) -> AsyncIterator[Both]:
    wire = Wire(standin_keys)
    app = web.Application()
    app.router.add_post("/gateway.do", wire.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    client = PlatformClient(f"http://127.0.0.1:{port}", pause=0.001)
    assert configs.alipay is not None
    yield wire, AlipayGateway(configs.alipay, configs, client=client)
    await client.close()
    await runner.cleanup()


async def ask(gateway: AlipayGateway) -> dict[str, Any]:
    return await gateway.call(METHOD, {"out_trade_no": "P1"}, retry=Retry.ONCE)


async def ask_raw(gateway: AlipayGateway) -> dict[str, Any]:
    return await gateway.call_raw(METHOD, {"out_trade_no": "P1"}, retry=Retry.ONCE)


def test_text_to_sign_is_sorted_and_leaves_out_what_is_empty() -> None:
    fields = {"b": "2", "a": "x=1&y=%", "B": "0", "sign": "s", "none": None, "empty": ""}

    assert crypto.sign_text(fields) == "B=0&a=x=1&y=%&b=2"


@given(st.dictionaries(TEXT, TEXT, max_size=6))
def test_text_to_sign_does_not_depend_on_the_order(fields: dict[str, str]) -> None:
    backwards = dict(reversed(fields.items()))

    assert crypto.sign_text(fields) == crypto.sign_text(backwards)


@given(st.dictionaries(TEXT, JSON, max_size=4), JSON, st.sampled_from([None, 1]))
def test_node_is_found_as_a_json_reader_finds_it(
    others: dict[str, Any], node: Any, indent: int | None
) -> None:
    answer = {**others, NODE: node, "sign": "c2ln"}

    name, raw, signature = crypto.answer_node(json.dumps(answer, indent=indent), METHOD)

    assert (name, json.loads(raw), signature) == (NODE, node, "c2ln")


@given(st.text(alphabet='{}[]",:\\ \n1asign' + NODE[:3], max_size=40))
def test_what_is_no_answer_is_unreadable_and_nothing_else(text: str) -> None:
    with pytest.raises(crypto.Unreadable):
        crypto.answer_node(text, METHOD)


@given(st.integers(1, 60))
def test_cut_answer_is_unreadable(left: int) -> None:
    whole = f'{{"{NODE}":{{"code":"10000","msg":"}}"}},"sign":"x"}}'
    with pytest.raises(crypto.Unreadable):
        crypto.answer_node(whole[: min(left, whole.index(',"sign"') - 1)], METHOD)


async def test_request_is_signed_over_what_it_says(both: Both) -> None:
    wire, gateway = both
    wire.say(json.dumps(PAID))

    await gateway.call(METHOD, {"subject": "工本费 +100%&"}, retry=Retry.ONCE)

    (form,) = wire.forms
    assert form["biz_content"] == '{"subject":"工本费 +100%&"}'
    assert (form["sign_type"], form["charset"]) == ("RSA2", "utf-8")
    own = wire.keys.merchant.public_key()
    assert codec.rsa_matches(own, codec.alipay_text(form), form["sign"])
    assert not codec.rsa_matches(
        own, codec.alipay_text({**form, "app_id": "2021000000000002"}), form["sign"]
    )


async def test_page_of_alipay_is_opened_by_a_signed_address(both: Both) -> None:
    wire, gateway = both
    url = urlsplit(gateway.page_url("alipay.user.certify.open.certify", {"certify_id": "c&1"}))

    fields = {name: value for name, (value,) in parse_qs(url.query).items()}

    assert json.loads(fields["biz_content"]) == {"certify_id": "c&1"}
    own = wire.keys.merchant.public_key()
    assert codec.rsa_matches(own, codec.alipay_text(fields), fields["sign"])


@pytest.mark.parametrize(
    "raw",
    [
        json.dumps(PAID),
        '{"trade_status":"TRADE_SUCCESS","code":"10000"}',
        '{ "code" : "10000",\n"trade_status":"TRADE_SUCCESS", "url":"https:\\/\\/a.cn\\/?b={}" }',
        '{"code":"10000","trade_status":"TRADE_SUCCESS","new_field":{"of":["next","year"]}}',
        '{"code":10000,"trade_status":"TRADE_SUCCESS","memo":"\\u8bc1 \\" } ] \\\\"}',
    ],
)
async def test_signed_answer_is_believed_however_it_is_written(both: Both, raw: str) -> None:
    wire, gateway = both
    wire.say(raw)

    assert (await ask(gateway))["trade_status"] == "TRADE_SUCCESS"


async def test_members_before_and_after_the_node_change_nothing(both: Both) -> None:
    wire, gateway = both
    wire.say(json.dumps(PAID))
    wire.answer = f'{{"alipay_cert_sn":"{NODE}","x":[{{"{NODE}":1}}],{wire.answer[1:]}'

    assert (await ask(gateway))["out_trade_no"] == "P1"


@pytest.mark.parametrize(
    ("signed", "shown"),
    [
        ('{"code":"10000","n":1}', '{"code":"10000","n":2}'),
        ('{"code":"10000","n":1}', '{"code":"10000", "n":1}'),
        ('{"code":"10000","a":1,"b":2}', '{"code":"10000","b":2,"a":1}'),
        ('{"code":"10000","a":"/"}', '{"code":"10000","a":"\\/"}'),
        ('{"code":"40004","sub_code":"ACQ.TRADE_NOT_EXIST"}', json.dumps(PAID)),
    ],
)
async def test_answer_that_was_touched_is_not_believed(both: Both, signed: str, shown: str) -> None:
    wire, gateway = both
    wire.say(shown, signed=signed)

    with pytest.raises(BadAnswer):
        await ask(gateway)


async def test_answer_under_another_key_is_not_believed(both: Both) -> None:
    wire, gateway = both
    for key in (wire.keys.merchant, wire.keys.wechat_pay):
        wire.say(json.dumps(PAID), key=key)
        with pytest.raises(BadAnswer):
            await ask(gateway)


@pytest.mark.parametrize("call", [ask, ask_raw])
@pytest.mark.parametrize(
    ("name", "node"),
    [
        (NODE, PAID),
        ("error_response", PAID),
        ("error_response", {"code": 10000, "trade_status": "TRADE_SUCCESS"}),
        ("error_response", {"trade_status": "TRADE_SUCCESS"}),
        ("error_response", {}),
        ("error_response", {"code": None, "trade_status": "TRADE_SUCCESS"}),
    ],
)
async def test_success_without_a_signature_is_never_believed(
    both: Both, call: Any, name: str, node: dict[str, Any]
) -> None:
    wire, gateway = both
    wire.say_unsigned(json.dumps(node), name=name)

    with pytest.raises(BadAnswer):
        await call(gateway)


@pytest.mark.parametrize("call", [ask, ask_raw])
@pytest.mark.parametrize("node", [PAID, {}])
async def test_signed_success_under_the_name_of_an_error_is_no_success(
    both: Both, call: Any, node: dict[str, Any]
) -> None:
    wire, gateway = both
    wire.say(json.dumps(node), name="error_response")

    with pytest.raises(BadAnswer):
        await call(gateway)


@pytest.mark.parametrize("sign", ["null", '""', '"§"', "5", '"AAAA"', "{}"])
async def test_signature_that_is_none_holds_for_nothing(both: Both, sign: str) -> None:
    wire, gateway = both
    wire.answer = f'{{"{NODE}":{json.dumps(PAID)},"sign":{sign}}}'

    with pytest.raises(BadAnswer):
        await ask(gateway)


@pytest.mark.parametrize("raw", ["[]", "null", "5", "[" * 50 + "]" * 50, '"bm90IGVuY3J5cHRlZA=="'])
async def test_signed_node_that_is_no_object_is_a_bad_answer(both: Both, raw: str) -> None:
    wire, gateway = both
    wire.say(raw)

    with pytest.raises(BadAnswer):
        await ask(gateway)


async def test_encrypted_node_is_opened_after_its_signature(both: Both) -> None:
    wire, gateway = both
    key = base64.b64decode(played.AES_KEY)
    sealed = json.dumps(codec.cbc_encrypt(key, bytes(16), json.dumps(PAID)))
    wire.say(sealed)
    assert await ask(gateway) == PAID

    wire.say(sealed, signed=sealed.strip('"'))
    with pytest.raises(BadAnswer):
        await ask(gateway)


@pytest.mark.parametrize(
    ("code", "sub_code", "meaning"),
    [
        ("20000", "isp.unknown-error", OutcomeUnknown),
        ("20001", "aop.invalid-auth-token", CodeRefused),
        ("40001", "isv.missing-method", MessageRejected),
        ("40002", "isv.code-invalid", CodeRefused),
        ("40002", "isv.invalid-signature", PlatformMisconfigured),
        ("40002", "", PlatformMisconfigured),
        ("40003", "isv.not-support-app-auth", CodeRefused),
        ("40004", "ACQ.SELLER_BALANCE_NOT_ENOUGH", MessageRejected),
        ("40005", "call-limited", PlatformBusy),
        ("40006", "isv.insufficient-isv-permissions", PlatformMisconfigured),
        ("50000", "of-tomorrow", PlatformUnavailable),
        ("", "", PlatformUnavailable),
    ],
)
def test_each_code_has_its_meaning(code: str, sub_code: str, meaning: type[Problem]) -> None:
    problem = refusal({"code": code, "sub_code": sub_code}, method=METHOD)

    assert type(problem) is meaning


async def test_error_may_come_unsigned_but_system_errors_are_not_repeated_blindly(
    both: Both,
) -> None:
    wire, gateway = both
    error = json.dumps({"code": "20000", "sub_code": "isp.unknown-error"})
    wire.say_unsigned(error, name="error_response")

    with pytest.raises(OutcomeUnknown):
        await ask(gateway)
    assert len(wire.forms) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"a=1&a=2",
        b"&".join(b"f%d=1" % number for number in range(201)),
        b"\xff=1",
    ],
)
def test_notice_that_could_mean_two_things_is_unreadable(body: bytes) -> None:
    with pytest.raises(crypto.Unreadable):
        crypto.parse_notice(body)


@given(st.dictionaries(TEXT.filter(bool), TEXT, max_size=6))
def test_notice_is_decoded_exactly_once(fields: dict[str, str]) -> None:
    assert crypto.parse_notice(urlencode(fields).encode()) == fields


def test_key_mode_names_no_certificates(configs: PlatformConfigs) -> None:
    client = PlatformClient("http://127.0.0.1:9")
    config = configs.alipay
    assert isinstance(config, AlipayConfig)

    form = AlipayGateway(config, configs, client=client).signed(METHOD, None)

    assert not {"app_cert_sn", "alipay_root_cert_sn", "biz_content"} & set(form)
