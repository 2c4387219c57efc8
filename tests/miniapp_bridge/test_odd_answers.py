"""Genuine answers that are not as agreed: every call says so in one way, and nothing else breaks.

The platforms here sign as they should and say what they should not: a field left out, a list for
an object, a number for a date. What comes of it must be a Problem, which timers and pages know.
"""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
from aiohttp import web
from redis.asyncio import Redis

from core import clock
from core.settings import Settings
from core.valkey.embedded import free_port
from miniapp_bridge.config import PlatformConfigs
from miniapp_bridge.connector import RealName, Suggestion
from miniapp_bridge.errors import BadAnswer
from miniapp_bridge.payments import alipay_trade, open_providers
from miniapp_bridge.payments.provider import Charge, PaymentProvider, RefundOrder
from miniapp_bridge.platforms.alipay import AlipayConnector
from miniapp_bridge.platforms.wechat import WeChatConnector
from miniapp_bridge.standin import alipay as played_alipay
from miniapp_bridge.standin import others
from miniapp_bridge.standin import wechat_pay as played_pay
from miniapp_bridge.standin.world import World
from miniapp_bridge.wechat import quota

DAY = date(2026, 11, 24)
PERSON = RealName(id_type="111", id_no="310199199003071017", name="张演示")
REFUND = RefundOrder(
    refund_no="R1", order_no="P1", amount=1, total=1000, reason="x", notify_url="https://x.example"
)
TOKEN = {"access_token": "AT1", "expires_in": 7200}


class Odd:
    """One server for all platforms, which signs whatever fields a test gives it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.fields: Any = {}
        self.token: Any = TOKEN
        self.file = ""

    async def answer(self, request: web.Request) -> web.Response:
        if request.path == "/gateway.do":
            method = str((await request.post())["method"])
            return played_alipay.answer(
                self.world, f"{method.replace('.', '_')}_response", self.fields
            )
        if request.path.startswith("/cashier/"):
            return others.cashier_answer(self.world, self.fields)
        if request.path.startswith("/v3/"):
            return played_pay.signed(self.world, self.fields)
        if request.path == "/bill":
            return web.Response(text=self.file)
        is_token = request.path == "/cgi-bin/stable_token"
        return web.json_response(self.token if is_token else self.fields)


@pytest.fixture
async def odd(world: World) -> AsyncIterator[tuple[Odd, str]]:
    served = Odd(world)
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", served.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield served, f"http://127.0.0.1:{port}"
    await runner.cleanup()


@pytest.fixture
def led(configs: PlatformConfigs, odd: tuple[Odd, str]) -> PlatformConfigs:
    """The settings, leading to the odd server."""
    changes = {
        name: msgspec.structs.replace(getattr(configs, name), base_url=odd[1])
        for name in ("wechat", "alipay", "wechat_pay", "cashier")
    }
    return msgspec.structs.replace(configs, **changes)


@pytest.fixture
async def providers(led: PlatformConfigs, redis: Redis) -> AsyncIterator[dict[str, Any]]:
    opened = open_providers(led, redis=redis)
    for provider in opened.values():
        provider._client._pause = 0.001  # type: ignore[attr-defined]
    yield dict(opened)
    for provider in opened.values():
        await provider.close()


def charge() -> Charge:
    return Charge(
        order_no="P1", amount=1000, title="工本费", expires_at=clock.now() + timedelta(minutes=5),
        notify_url="https://x.example/n", return_url="https://x.example/r", payer="open_id:o1",
    )  # fmt: skip


CALLS: dict[str, Callable[[PaymentProvider], Awaitable[object]]] = {
    "place": lambda provider: provider.place(charge()),
    "query": lambda provider: provider.query("P1"),
    "refund": lambda provider: provider.refund(REFUND),
    "query_refund": lambda provider: provider.query_refund("R1", order_no="P1"),
    "statement": lambda provider: provider.statement(DAY),
}
PAY: dict[str, list[tuple[str, Any]]] = {
    "wechat_pay": [
        *((call, {"of": "tomorrow"}) for call in CALLS),
        ("query", {"out_trade_no": "P1", "trade_state": "SUCCESS", "amount": {"total": "ten"}}),
        ("query", {"out_trade_no": "P1", "trade_state": "SUCCESS", "amount": {}}),
        ("query", {"out_trade_no": "P1", "trade_state": "SUCCESS", "success_time": "yesterday"}),
        ("query", {"out_trade_no": "P1", "trade_state": "SUCCESS", "success_time": 5}),
        ("refund", {"out_refund_no": "R1", "status": "SUCCESS", "amount": {"refund": []}}),
        ("statement", {"download_url": "http://[x", "hash_value": "0"}),
        ("statement", {"download_url": "https://evil.example/bill", "hash_value": "0"}),
        ("statement", {"download_url": "//evil.example/bill", "hash_value": "0"}),
    ],
    "alipay_trade": [
        ("place", {"code": "10000"}),
        ("query", {"code": "10000"}),
        ("query", {"code": "10000", "out_trade_no": "P1", "trade_status": "TRADE_SUCCESS",
                   "total_amount": "10,00"}),
        ("query", {"code": "10000", "out_trade_no": "P1", "trade_status": "TRADE_SUCCESS",
                   "send_pay_date": "20261125"}),
        ("query_refund", {"code": "10000", "refund_amount": "a lot"}),
        ("refund", {"code": "10000", "fund_change": "N", "refund_amount": [1]}),
        ("statement", {"code": "10000"}),
        ("statement", {"code": "10000", "bill_download_url": "https://evil.example/bill.zip"}),
        ("statement", {"code": "10000", "bill_download_url": "https://evil.example#.alipay.com"}),
        ("statement", {"code": "10000", "bill_download_url": "https://fakealipay.com/bill.zip"}),
        ("statement", {"code": "10000", "bill_download_url": "http://[x"}),
    ],
    "cashier": [
        *((call, {"of": "tomorrow"}) for call in CALLS if call != "statement"),
        ("place", {"pay_url": "https://evil.example/pay"}),
        ("query", {"bill_no": "P1", "state": "settled", "amount_fen": 1}),
        ("query", {"bill_no": "P1", "state": "paid", "amount_fen": None}),
        ("query", {"bill_no": "P1", "state": "paid", "amount_fen": 1, "paid_at": 20261125}),
        ("refund", {"refund_no": "R1", "state": "gone", "amount_fen": 1}),
        ("statement", {"lines": 5}),
        ("statement", {"lines": [{"bill_no": "P1"}]}),
        ("statement", {"lines": ["P1"]}),
    ],
}  # fmt: skip
ROWS = [(way, call, fields) for way, rows in PAY.items() for call, fields in rows]


@pytest.mark.parametrize(
    ("way", "call", "fields"), ROWS, ids=lambda one: one if isinstance(one, str) else ""
)
async def test_payment_answer_that_is_not_as_agreed_says_so(
    providers: dict[str, PaymentProvider], odd: tuple[Odd, str], way: str, call: str, fields: Any
) -> None:
    odd[0].fields = fields

    with pytest.raises(BadAnswer):
        await CALLS[call](providers[way])


@pytest.fixture
async def wechat(
    settings: Settings, led: PlatformConfigs, redis: Redis
) -> AsyncIterator[WeChatConnector]:
    assert led.wechat is not None
    connector = WeChatConnector(led.wechat, redis=redis)
    yield connector
    await connector.close()


@pytest.fixture
async def alipay(led: PlatformConfigs, redis: Redis) -> AsyncIterator[AlipayConnector]:
    assert led.alipay is not None
    connector = AlipayConnector(led.alipay, led, redis=redis)
    yield connector
    await connector.close()


WECHAT: dict[str, Callable[[WeChatConnector], Awaitable[object]]] = {
    "link": lambda one: one.link(path="a", query=""),
    "app_link": lambda one: one.app_link(path="a", query=""),
    "picture check": lambda one: one.begin_picture_check("https://x.example/a.jpg", user_id="o1"),
    "face": lambda one: one.start_face_check(PERSON, reference="abcde", user_id="o1"),
    "phone": lambda one: one.phone_number("phonecode"),
    "log-in": lambda one: one.exchange_code("logincode"),
    "mini code": lambda one: one.mini_code(scene="abc", page="a"),
}


@pytest.mark.parametrize("call", WECHAT)
async def test_wechat_answer_that_lacks_what_was_asked_for_says_so(
    wechat: WeChatConnector, odd: tuple[Odd, str], call: str
) -> None:
    watermark = {"watermark": {"appid": wechat._config.app_id}}
    for fields in ({}, {"errcode": 0, "phone_info": watermark, "expires_in": "soon"}):
        odd[0].fields = fields
        with pytest.raises(BadAnswer):
            await WECHAT[call](wechat)


@pytest.mark.parametrize("token", [{"access_token": "AT"}, {**TOKEN, "expires_in": "soon"}])
async def test_token_without_its_end_is_no_token(
    wechat: WeChatConnector, odd: tuple[Odd, str], token: Any
) -> None:
    odd[0].token = token

    with pytest.raises(BadAnswer):
        await wechat.link(path="a", query="")


@pytest.mark.parametrize("answer", [{"quota": None}, {"quota": {"daily_limit": "many"}}])
async def test_quota_that_cannot_be_read_says_so(
    wechat: WeChatConnector, odd: tuple[Odd, str], answer: Any
) -> None:
    odd[0].fields = answer

    with pytest.raises(BadAnswer):
        await quota.read(wechat.api)


@pytest.mark.parametrize("key", ["", "AA", "not base64!", "A" * 24, "A" * 23 + "=", 7, None])
async def test_odd_session_key_hinders_no_log_in_and_is_not_kept(
    wechat: WeChatConnector, odd: tuple[Odd, str], redis: Redis, key: object
) -> None:
    odd[0].fields = {"openid": "o1", "session_key": key}

    assert (await wechat.exchange_code("logincode")).user_id == "o1"
    assert await redis.keys("wechat:session-key:*") == []


@pytest.mark.parametrize("result", [None, {}, {"suggest": 5}, {"suggest": "maybe"}, "risky"])
async def test_verdict_nobody_knows_is_for_a_person(
    wechat: WeChatConnector, odd: tuple[Odd, str], result: Any
) -> None:
    odd[0].fields = {"errcode": 0, "result": result}

    assert await wechat.check_text("您好", user_id="o1") is Suggestion.REVIEW


async def test_alipay_answers_that_lack_what_was_asked_for_say_so(
    alipay: AlipayConnector, odd: tuple[Odd, str]
) -> None:
    odd[0].fields = {"code": "10000", "subscribe_relations": 7, "qr_code_url": "http://[x"}
    for call in (
        lambda: alipay.start_face_check(PERSON, reference="abcde", user_id=""),
        lambda: alipay.consents("open_id:o1", templates=["case-accepted"]),
        lambda: alipay.mini_code(scene="abc", page="a"),
        lambda: alipay.exchange_code("logincode"),
    ):
        with pytest.raises(BadAnswer):
            await call()


def zipped(text: str, *, name: str = "bill.csv", coding: str = "gb18030") -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr(name, text.encode(coding))
    return data.getvalue()


HEADER = "支付宝交易号,商户订单号,业务类型,订单金额（元）,退款批次号/请求号"
LINES = f"#支付宝业务明细\n{HEADER}\n2026\t,P1\t,交易,10.00,\n2026\t,P1\t,退款,-1.00,R1\n#结束\n"


def test_statement_of_alipay_tells_payments_and_refunds() -> None:
    paid, back = alipay_trade.read_statement(zipped(LINES))

    assert (paid.order_no, paid.amount, paid.refund_no) == ("P1", 1000, None)
    assert (back.order_no, back.amount, back.refund_no) == ("P1", 100, "R1")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>",
        zipped(LINES)[:-30],
        zipped(LINES).replace(b"P1", b"P2"),
        zipped(LINES, coding="utf-16"),
        zipped(LINES.replace("10.00", "ten")),
        zipped(LINES.replace("业务类型", "类型")),
        zipped(LINES.replace("P1", '"' + "9" * (csv.field_size_limit() + 1) + '"')),
        zipped(LINES, name="业务汇总.csv"),
    ],
    ids=range(9),
)
def test_statement_of_alipay_that_cannot_be_read_says_so(data: bytes) -> None:
    with pytest.raises(BadAnswer):
        alipay_trade.read_statement(data)


BILL = "\ufeff商户订单号,微信订单号,应结订单金额,商户退款单号,退款金额\n"


@pytest.mark.parametrize(
    ("file", "announced", "lines"),
    [
        ("", None, 0),
        (BILL + "总交易单数\n`1\n", None, 0),
        (BILL + "`P1,`T1,`10.00,`0,`0.00\n`P1,`T1,`0.00,`R1,`1.00\n", None, 2),
        (BILL + "`P1,`T1,`10.00,`0,`0.00\n", "0" * 40, BadAnswer),
        (BILL + "`P1,`T1,`ten,`0,`0.00\n", None, BadAnswer),
        (BILL + "`P1\n", None, BadAnswer),
        ("商户订单号\n`P1\n", None, BadAnswer),
    ],
    ids=range(7),
)
async def test_statement_of_wechat_pay_is_the_announced_one_and_read_to_the_letter(
    providers: dict[str, PaymentProvider],
    odd: tuple[Odd, str],
    file: str,
    announced: str | None,
    lines: Any,
) -> None:
    served, url = odd
    digest = hashlib.new("sha1", file.encode(), usedforsecurity=False).hexdigest()
    served.file = file
    served.fields = {"download_url": f"{url}/bill?token=1", "hash_value": announced or digest}
    if lines is BadAnswer:
        with pytest.raises(BadAnswer):
            await providers["wechat_pay"].statement(DAY)
        return

    found = await providers["wechat_pay"].statement(DAY)

    assert [(one.amount, one.refund_no) for one in found] == [(1000, None), (100, "R1")][:lines]
