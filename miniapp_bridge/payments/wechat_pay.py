"""WeChat Pay v3 of one merchant, called from the mini-program (JSAPI).

Answers and notices are verified over their raw bytes under the key their serial names; answers of
4xx carry no signature and are errors anyway. Source: pay.weixin.qq.com/doc/v3/merchant.
"""

import csv
import hashlib
import io
import json
import logging
import secrets
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from core import clock
from miniapp_bridge.alipay.crypto import load_private_key
from miniapp_bridge.breaker import Breaker
from miniapp_bridge.client import (
    BACKGROUND_SECONDS,
    MALFORMED,
    Answer,
    Outgoing,
    PlatformClient,
    Retry,
    reading,
)
from miniapp_bridge.config import PlatformConfigs, WeChatPayConfig, read_key
from miniapp_bridge.connector import Callback
from miniapp_bridge.errors import (
    AlreadyPaid,
    BadAnswer,
    CallbackRefused,
    PaymentRefused,
    PlatformMisconfigured,
)
from miniapp_bridge.meter import Meter
from miniapp_bridge.payments import crypto
from miniapp_bridge.payments.money import to_fen
from miniapp_bridge.payments.provider import (
    Acknowledgement,
    Charge,
    Launch,
    Notice,
    PayState,
    RefundOrder,
    RefundStanding,
    RefundState,
    Standing,
    StatementLine,
)
from miniapp_bridge.signed import is_recent

if TYPE_CHECKING:
    from redis.asyncio import Redis

log = logging.getLogger(__name__)

NAME = "wechat_pay"
CLOCK_SKEW_SECONDS = 300
JSAPI = "/v3/pay/transactions/jsapi"
ORDERS = "/v3/pay/transactions/out-trade-no"
REFUNDS = "/v3/refund/domestic/refunds"
BILL = "/v3/bill/tradebill"

STATES = {
    "SUCCESS": PayState.PAID,
    "REFUND": PayState.PAID,
    "NOTPAY": PayState.OPEN,
    "USERPAYING": PayState.OPEN,
    "PAYERROR": PayState.OPEN,
    "CLOSED": PayState.CLOSED,
    "REVOKED": PayState.CLOSED,
}
REFUND_STATES = {
    "SUCCESS": RefundState.DONE,
    "PROCESSING": RefundState.PROCESSING,
    "CLOSED": RefundState.FAILED,
    "ABNORMAL": RefundState.FAILED,
}
PAID_CODES = frozenset({"ORDERPAID", "OUT_TRADE_NO_USED"})
MISSING_CODES = frozenset({"ORDER_NOT_EXIST", "RESOURCE_NOT_EXISTS"})
SETTINGS_CODES = frozenset({"SIGN_ERROR", "NO_AUTH", "APPID_MCHID_NOT_MATCH", "MCH_NOT_EXISTS"})


class WeChatPay:
    """See the module."""

    name = NAME
    needs_payer: str | None = "wechat"

    def __init__(
        self,
        config: WeChatPayConfig,
        configs: PlatformConfigs,
        *,
        redis: "Redis",
        breaker: Breaker | None = None,
    ) -> None:
        self.meter = Meter(redis, NAME)
        self._config = config
        self._client = PlatformClient(config.base_url, breaker=breaker, meter=self.meter)
        self._key = read_key(configs, config.private_key_file, load_private_key)
        self._platform_keys = {
            serial: read_key(configs, path, crypto.load_public_key)
            for serial, path in config.platform_keys.items()
        }

    async def place(self, charge: Charge) -> Launch:
        body = {
            "appid": self._config.app_id,
            "mchid": self._config.merchant,
            "description": charge.title[:127],
            "out_trade_no": charge.order_no,
            "notify_url": charge.notify_url,
            "time_expire": clock.local(charge.expires_at).isoformat(timespec="seconds"),
            "amount": {"total": charge.amount, "currency": "CNY"},
            "payer": {"openid": charge.payer},
        }
        answer = await self._call("POST", JSAPI, body=body)
        with reading():
            return self._launch(str(self._fields(answer)["prepay_id"]))

    async def query(self, order_no: str) -> Standing:
        target = f"{ORDERS}/{quote(order_no, safe='')}?mchid={self._config.merchant}"
        answer = await self._call("GET", target, name=ORDERS)
        if answer.status == 404:
            return Standing(order_no=order_no, state=PayState.UNKNOWN)
        with reading():
            return self._standing(self._fields(answer))

    async def close_order(self, order_no: str) -> None:
        target = f"{ORDERS}/{quote(order_no, safe='')}/close"
        answer = await self._call(
            "POST", target, body={"mchid": self._config.merchant}, name=f"{ORDERS}/close"
        )
        if answer.status != 404:
            self._fields(answer)

    async def refund(self, refund: RefundOrder) -> RefundStanding:
        body = {
            "out_trade_no": refund.order_no,
            "out_refund_no": refund.refund_no,
            "reason": refund.reason[:80],
            "notify_url": refund.notify_url,
            "amount": {"refund": refund.amount, "total": refund.total, "currency": "CNY"},
        }
        answer = await self._call("POST", REFUNDS, body=body)
        with reading():
            return self._refund_standing(self._fields(answer))

    async def query_refund(self, refund_no: str, *, order_no: str) -> RefundStanding:
        del order_no  # the refund's own number is enough here
        target = f"{REFUNDS}/{quote(refund_no, safe='')}"
        answer = await self._call("GET", target, name=REFUNDS)
        if answer.status == 404:
            return RefundStanding(refund_no=refund_no, state=RefundState.UNKNOWN)
        with reading():
            return self._refund_standing(self._fields(answer))

    def open_notice(self, callback: Callback) -> Notice | None:
        headers, body = callback.headers, callback.body
        self._verify(headers, body, CallbackRefused)
        try:
            message = json.loads(body)
            resource = message["resource"]
            plain = crypto.open_resource(
                ciphertext=resource["ciphertext"],
                nonce=resource["nonce"],
                associated_data=resource.get("associated_data") or "",
                key=self._config.api_key.encode(),
            )
            fields, kind, key = json.loads(plain), str(message["event_type"]), str(message["id"])
            return self._notice(fields, kind, key)
        except (crypto.Unreadable, *MALFORMED):
            raise CallbackRefused() from None

    def acknowledge(self, *, taken: bool) -> Acknowledgement:
        if taken:
            return Acknowledgement(status=200, media_type="application/json", body=b"")
        body = '{"code":"FAIL","message":"失败"}'.encode()
        return Acknowledgement(status=500, media_type="application/json", body=body)

    async def statement(self, day: date) -> list[StatementLine]:
        target = f"{BILL}?bill_date={day.isoformat()}&bill_type=ALL"
        answer = await self._call("GET", target, name=BILL)
        if answer.status == 400 and answer.json().get("code") == "NO_STATEMENT_EXIST":
            return []
        fields = self._fields(answer)
        with reading():
            address, announced = urlsplit(str(fields["download_url"])), str(fields["hash_value"])
        if address.netloc != urlsplit(self._config.base_url).netloc:
            raise BadAnswer("the statement lies at a foreign host")
        file = await self._call("GET", f"{address.path}?{address.query}", name="bill-download")
        digest = hashlib.sha1(file.data).hexdigest()  # noqa: S324 - the platform's choice
        if digest != announced.lower():
            raise BadAnswer("the statement is not the one announced")
        with reading():
            return read_statement(file.data.decode("utf-8-sig"))

    async def close(self) -> None:
        await self._client.close()

    def _notice(self, fields: dict[str, Any], kind: str, key: str) -> Notice | None:
        if fields.get("mchid") != self._config.merchant:
            raise CallbackRefused()
        if kind == "TRANSACTION.SUCCESS":
            if fields.get("appid") != self._config.app_id:
                raise CallbackRefused()
            return Notice(key=key, payment=self._standing(fields))
        if kind.startswith("REFUND."):
            return Notice(key=key, refund=self._refund_standing(fields))
        return None

    def _launch(self, prepay_id: str) -> Launch:
        package = f"prepay_id={prepay_id}"
        timestamp, nonce = _timestamp(), secrets.token_hex(16)
        signature = crypto.pay_signature(
            app_id=self._config.app_id,
            timestamp=timestamp,
            nonce=nonce,
            package=package,
            key=self._key,
        )
        params = {
            "timeStamp": timestamp,
            "nonceStr": nonce,
            "package": package,
            "signType": "RSA",
            "paySign": signature,
        }
        return Launch(kind="wechat", params=params)

    async def _call(
        self, method: str, target: str, *, body: dict[str, Any] | None = None, name: str = ""
    ) -> Answer:
        def is_busy(answer: Answer) -> bool:
            """An answer that is not WeChat Pay's counts as none: the call is made again."""
            if answer.status < 400 and name != "bill-download":
                self._verify(answer.headers, answer.data, BadAnswer)
            return answer.status == 429

        return await self._client.call(
            method,
            target,
            retry=Retry.MONEY,
            body=body,
            headers=self._signed_headers,
            name=name or target,
            total=BACKGROUND_SECONDS,
            is_busy=is_busy,
        )

    def _signed_headers(self, outgoing: Outgoing) -> dict[str, str]:
        timestamp, nonce = _timestamp(), secrets.token_hex(16).upper()
        text = crypto.request_text(
            outgoing.method, outgoing.target, timestamp, nonce, outgoing.data or b""
        )
        header = crypto.authorization(
            merchant=self._config.merchant,
            serial=self._config.serial,
            nonce=nonce,
            timestamp=timestamp,
            signature=crypto.sign(text, self._key),
        )
        return {"Authorization": header, "Wechatpay-Serial": next(iter(self._platform_keys))}

    def _verify(
        self, headers: Any, body: bytes, refusal: type[BadAnswer | CallbackRefused]
    ) -> None:
        timestamp = headers.get("wechatpay-timestamp", "")
        key = self._platform_keys.get(headers.get("wechatpay-serial", ""))
        if key is None or not is_recent(timestamp, at=clock.now(), seconds=CLOCK_SKEW_SECONDS):
            raise refusal()
        if not crypto.answer_holds(
            timestamp=timestamp,
            nonce=headers.get("wechatpay-nonce", ""),
            body=body,
            signature=headers.get("wechatpay-signature", ""),
            key=key,
        ):
            raise refusal()

    def _fields(self, answer: Answer) -> dict[str, Any]:
        """The fields of an answer that is no refusal."""
        if answer.status == 204:
            return {}
        fields = answer.json()
        if answer.status < 400:
            return fields
        code = str(fields.get("code", answer.status))
        log.warning("wechat pay refused: %s %s", answer.status, code)
        if code in PAID_CODES:
            raise AlreadyPaid(vendor_code=code)
        if code in SETTINGS_CODES:
            log.error("wechat pay: our settings are wrong there (%s)", code)
            raise PlatformMisconfigured(vendor_code=code)
        raise PaymentRefused(vendor_code=code)

    def _standing(self, fields: dict[str, Any]) -> Standing:
        state = STATES.get(str(fields.get("trade_state")), PayState.OPEN)
        amount = fields.get("amount")
        paid_at = fields.get("success_time")
        return Standing(
            order_no=str(fields["out_trade_no"]),
            state=state,
            amount=int(amount["total"]) if isinstance(amount, dict) else None,
            transaction=str(fields["transaction_id"]) if fields.get("transaction_id") else None,
            paid_at=datetime.fromisoformat(paid_at) if paid_at else None,
        )

    def _refund_standing(self, fields: dict[str, Any]) -> RefundStanding:
        state = str(fields.get("status") or fields.get("refund_status"))
        amount = fields.get("amount")
        return RefundStanding(
            refund_no=str(fields["out_refund_no"]),
            state=REFUND_STATES.get(state, RefundState.PROCESSING),
            amount=int(amount["refund"]) if isinstance(amount, dict) else None,
        )


def read_statement(text: str) -> list[StatementLine]:
    """A trade bill: CSV whose values begin with a back-quote, then a summary we do not need."""
    rows = csv.reader(io.StringIO(text))
    names = [name.strip() for name in next(rows, [])]
    lines = []
    for row in rows:
        if not row or not row[0].startswith("`"):
            break
        values = dict(zip(names, (value.lstrip("`").strip() for value in row), strict=False))
        refund_no = values.get("商户退款单号") or None
        refunded = refund_no not in (None, "0")
        amount = values["退款金额"] if refunded else values["应结订单金额"]
        lines.append(
            StatementLine(
                order_no=values["商户订单号"],
                amount=to_fen(amount),
                transaction=values["微信订单号"],
                refund_no=refund_no if refunded else None,
            )
        )
    return lines


def _timestamp() -> str:
    return str(int(clock.now().timestamp()))
