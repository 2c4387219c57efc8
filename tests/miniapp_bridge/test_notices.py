"""Notices and answers of the payment platforms: what is believed, for how long, and of whom."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from redis.asyncio import Redis

from core import clock
from miniapp_bridge.breaker import Breaker
from miniapp_bridge.config import PlatformConfigs
from miniapp_bridge.connector import Callback
from miniapp_bridge.errors import CallbackRefused
from miniapp_bridge.payments import open_providers
from miniapp_bridge.payments.provider import (
    Charge,
    PaymentProvider,
    PayState,
    RefundState,
)
from miniapp_bridge.standin import alipay, codec, others, wechat_pay
from miniapp_bridge.standin import world as played
from miniapp_bridge.standin.world import World

WAYS = ("wechat_pay", "alipay_trade", "cashier")
BY_TIME = ("wechat_pay", "cashier")
"""Whose notices carry a signed moment; Alipay's are known again by their notify_id."""


@dataclass
class Desk:
    """One payment platform with one order of ten yuan at it."""

    world: World
    provider: PaymentProvider
    order_no: str

    @property
    def way(self) -> str:
        return self.provider.name

    def pay(self) -> None:
        assert others.pay(self.world, self.order_no)

    def notice(self) -> Callback:
        if self.way == "alipay_trade":
            body = alipay.notice(self.world, self.order_no)
            return Callback(query={}, headers={}, body=body)
        make = wechat_pay.payment_notice if self.way == "wechat_pay" else others.bill_notice
        headers, body = make(self.world, self.order_no)
        return Callback(query={}, headers=lowered(headers), body=body)

    def refuses(self, callback: Callback) -> None:
        with pytest.raises(CallbackRefused):
            self.provider.open_notice(callback)


def lowered(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


Providers = dict[str, PaymentProvider]


@pytest.fixture
async def providers(
    frozen_clock: Any, redis: Redis, configs: PlatformConfigs
) -> AsyncIterator[Providers]:
    opened = open_providers(
        configs, redis=redis, breaker=lambda: Breaker(seconds=lambda: clock.now().timestamp())
    )
    yield opened
    for provider in opened.values():
        await provider.close()


async def placed(
    world: World, provider: PaymentProvider, order_no: str = "P2026112500000001"
) -> Desk:
    zhang = world.people["zhang"]
    payers = {"wechat_pay": zhang.openid, "alipay_trade": f"open_id:{zhang.open_id}"}
    charge = Charge(
        order_no=order_no,
        amount=1000,
        title="工本费",
        expires_at=clock.now() + timedelta(minutes=30),
        notify_url="https://x.example/n",
        return_url="https://x.example/r",
        payer=payers.get(provider.name),
    )
    await provider.place(charge)
    return Desk(world, provider, order_no)


@pytest.fixture(params=WAYS)
async def desk(request: pytest.FixtureRequest, world: World, providers: Providers) -> Desk:
    return await placed(world, providers[request.param])


@pytest.fixture
async def wechat(world: World, providers: Providers) -> Desk:
    return await placed(world, providers["wechat_pay"])


@pytest.fixture
async def cashier(world: World, providers: Providers) -> Desk:
    return await placed(world, providers["cashier"])


@pytest.fixture
async def trade(world: World, providers: Providers) -> Desk:
    return await placed(world, providers["alipay_trade"])


async def test_notice_tells_order_amount_and_moment(desk: Desk) -> None:
    desk.pay()

    notice = desk.provider.open_notice(desk.notice())

    assert notice is not None
    assert notice.payment is not None
    assert (notice.payment.order_no, notice.payment.amount) == (desk.order_no, 1000)
    assert notice.payment.state is PayState.PAID
    assert notice.payment.transaction
    assert notice.payment.paid_at == clock.now()


async def test_repeated_notice_has_the_same_key_and_another_order_another(
    desk: Desk, frozen_clock: Any
) -> None:
    other = await placed(desk.world, desk.provider, "P2026112500000002")
    desk.pay()
    other.pay()
    keys = []
    for told in (desk, desk, other):
        frozen_clock.advance(seconds=30)
        notice = desk.provider.open_notice(told.notice())
        assert notice is not None
        keys.append(notice.key)

    assert keys[0] == keys[1] != keys[2]
    assert all(keys)


async def test_every_byte_of_a_notice_counts(desk: Desk) -> None:
    desk.pay()
    genuine = desk.notice()
    signed = genuine.body.partition(b"&sign_type=")[0]
    for at in range(0, len(signed), len(signed) // 60):
        flipped = bytes([genuine.body[at] ^ 1])
        desk.refuses(replace(genuine, body=genuine.body[:at] + flipped + genuine.body[at + 1 :]))
    desk.refuses(replace(genuine, body=signed[:-1]))
    desk.refuses(replace(genuine, body=b""))


@pytest.mark.parametrize("way", BY_TIME)
@pytest.mark.parametrize(("seconds", "taken"), [(300, True), (301, False)])
@pytest.mark.parametrize("sign", [1, -1])
async def test_notice_is_taken_for_five_minutes(
    world: World, providers: Providers, frozen_clock: Any, way: str, seconds: int, taken: bool,
    sign: int,
) -> None:  # fmt: skip
    desk = await placed(world, providers[way])
    desk.pay()
    genuine = desk.notice()
    frozen_clock.advance(seconds=sign * seconds)

    if taken:
        assert desk.provider.open_notice(genuine)
    else:
        desk.refuses(genuine)


ODD = ["", "x", "²", "١٢", "9" * 400, "9" * 5000, "\udc80", "\ud800", "é", "-5"]


@pytest.mark.parametrize("value", ODD, ids=range(len(ODD)))
async def test_no_word_in_a_header_does_anything_but_be_refused(desk: Desk, value: str) -> None:
    if desk.way == "alipay_trade":
        fields = dict(parse_qsl(desk.notice().body.decode()))
        encoded = urlencode({**fields, "sign": value}, errors="surrogatepass").encode()
        desk.refuses(Callback(query={}, headers={}, body=encoded))
        return
    genuine = desk.notice()
    for name in genuine.headers:
        desk.refuses(replace(genuine, headers={**genuine.headers, name: value}))
        desk.refuses(replace(genuine, headers=dict.fromkeys(genuine.headers, value)))


async def test_notice_under_a_foreign_serial_or_key_is_refused(wechat: Desk) -> None:
    wechat.pay()
    genuine = wechat.notice()
    wechat.refuses(
        replace(genuine, headers={**genuine.headers, "wechatpay-serial": played.MERCHANT_SERIAL})
    )
    signing = genuine.headers["wechatpay-timestamp"], genuine.headers["wechatpay-nonce"]
    message = "".join(f"{part}\n" for part in signing).encode() + genuine.body + b"\n"
    forged = codec.rsa_sign(wechat.world.keys.merchant, message)
    wechat.refuses(replace(genuine, headers={**genuine.headers, "wechatpay-signature": forged}))


@pytest.mark.parametrize(
    "fields",
    [
        [],
        "x",
        None,
        {"mchid": played.MERCHANT},
        {"appid": played.APP_ID, "mchid": played.MERCHANT},
        {"appid": played.APP_ID, "mchid": played.MERCHANT, "out_trade_no": "P1", "amount": {}},
        {"appid": played.APP_ID, "mchid": played.MERCHANT, "out_trade_no": "P1",
         "amount": {"total": "ten"}},
        {"appid": played.APP_ID, "mchid": played.MERCHANT, "out_trade_no": "P1",
         "amount": {"total": float("inf")}},
        {"appid": played.APP_ID, "mchid": played.MERCHANT, "out_trade_no": "P1",
         "success_time": "yesterday"},
        {"appid": played.APP_ID, "mchid": played.MERCHANT, "out_trade_no": "P1",
         "success_time": 20261125},
    ],
)  # fmt: skip
async def test_sealed_notice_that_lacks_what_it_must_tell_is_refused(
    wechat: Desk, fields: Any
) -> None:
    headers, body = wechat_pay.notice(wechat.world, "TRANSACTION.SUCCESS", fields, key="EV-1")

    wechat.refuses(Callback(query={}, headers=lowered(headers), body=body))


async def test_sealed_notice_of_a_kind_we_do_not_keep_tells_nothing(wechat: Desk) -> None:
    fields = {"appid": played.APP_ID, "mchid": played.MERCHANT}
    headers, body = wechat_pay.notice(wechat.world, "MCHTRANSFER.BILL.FINISHED", fields, key="E")

    found = wechat.provider.open_notice(Callback(query={}, headers=lowered(headers), body=body))

    assert found is None


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("SUCCESS", RefundState.DONE),
        ("PROCESSING", RefundState.PROCESSING),
        ("CLOSED", RefundState.FAILED),
        ("ABNORMAL", RefundState.FAILED),
        ("OF_TOMORROW", RefundState.PROCESSING),
    ],
)
async def test_refund_notice_tells_how_the_refund_stands(
    wechat: Desk, status: str, state: RefundState
) -> None:
    fields = {"mchid": played.MERCHANT, "out_refund_no": "R1", "refund_status": status,
              "amount": {"refund": 7, "total": 1000}}  # fmt: skip
    headers, body = wechat_pay.notice(wechat.world, f"REFUND.{status}", fields, key="RF")

    notice = wechat.provider.open_notice(Callback(query={}, headers=lowered(headers), body=body))

    assert notice is not None
    assert notice.refund is not None
    assert (notice.refund.state, notice.refund.amount, notice.payment) == (state, 7, None)


@pytest.mark.parametrize(
    "data",
    [
        [], "x", None, {}, {"bill_no": "P1", "state": "paid"},
        {"bill_no": "P1", "state": "settled", "amount_fen": 1000},
        {"bill_no": "P1", "state": "paid", "amount_fen": "ten"},
        {"bill_no": "P1", "state": "paid", "amount_fen": None},
        {"bill_no": "P1", "state": "paid", "amount_fen": 1000, "paid_at": "yesterday"},
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["payment", "refund"])
async def test_signed_word_of_the_cashier_without_sense_is_refused(
    cashier: Desk, kind: str, data: Any
) -> None:
    body = json.dumps({"notice_id": "n", "kind": kind, "data": data}).encode()
    at = str(int(clock.now().timestamp()))
    headers = {"x-time": at, "x-signature": others.cashier_signature(at, body)}

    cashier.refuses(Callback(query={}, headers=headers, body=body))


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, PayState.PAID),
        ({"trade_status": "TRADE_FINISHED"}, PayState.PAID),
        ({"trade_status": "TRADE_CLOSED"}, PayState.PAID),
        ({"trade_status": "TRADE_CLOSED", "gmt_payment": ""}, PayState.CLOSED),
        ({"trade_status": "WAIT_BUYER_PAY", "gmt_payment": ""}, PayState.OPEN),
        ({"trade_status": "OF_TOMORROW"}, PayState.OPEN),
        ({"refund_fee": "1.00"}, None),
        ({"total_amount": "10"}, PayState.PAID),
        ({"total_amount": "10.000"}, CallbackRefused),
        ({"total_amount": "1e1"}, CallbackRefused),
        ({"gmt_payment": "yesterday"}, CallbackRefused),
        ({"seller_id": ""}, CallbackRefused),
    ],
)
async def test_trade_notice_is_read_to_the_letter(
    trade: Desk, changes: dict[str, str], state: Any
) -> None:
    trade.pay()
    callback = Callback(
        query={}, headers={}, body=alipay.notice(trade.world, trade.order_no, **changes)
    )
    if state is CallbackRefused:
        trade.refuses(callback)
        return
    notice = trade.provider.open_notice(callback)

    assert (notice and notice.payment and notice.payment.state) is state


@pytest.mark.parametrize("sign_type", ["RSA", "HMAC", "none"])
async def test_trade_notice_of_a_weaker_kind_is_held_to_rsa2(trade: Desk, sign_type: str) -> None:
    """The type a notice names chooses nothing: SHA-1 or no signature at all stay refused."""
    trade.pay()
    fields = dict(parse_qsl(trade.notice().body.decode()))
    for sign in ("", "c2ln", fields["sign"][:-8] + "AAAAAAA="):
        body = urlencode({**fields, "sign_type": sign_type, "sign": sign}).encode()
        trade.refuses(Callback(query={}, headers={}, body=body))


async def test_acknowledgement_is_what_the_platform_listens_for(desk: Desk) -> None:
    taken, again = (desk.provider.acknowledge(taken=value) for value in (True, False))

    wanted = {"wechat_pay": b"", "alipay_trade": b"success", "cashier": b'{"code":"0"}'}
    assert (taken.status, taken.body) == (200, wanted[desk.way])
    assert again.body != taken.body
    assert again.status == (200 if desk.way == "alipay_trade" else 500)
