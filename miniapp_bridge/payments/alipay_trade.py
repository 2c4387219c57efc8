"""Alipay's trade interface, called from the mini-program. Source: opendocs.alipay.com, trade pages.

Yuan as text on the wire, fen with us. A lost answer is asked for again under the same number.
"""

import csv
import io
import zipfile
import zlib
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from core import clock
from miniapp_bridge.alipay import crypto
from miniapp_bridge.alipay.gateway import BUSINESS_ERROR, SUCCESS, AlipayGateway, refusal
from miniapp_bridge.breaker import Breaker
from miniapp_bridge.client import BACKGROUND_SECONDS, MALFORMED, PlatformClient, Retry, reading
from miniapp_bridge.config import AlipayConfig, AlipayTradeConfig, PlatformConfigs
from miniapp_bridge.connector import Callback
from miniapp_bridge.errors import (
    AlreadyPaid,
    BadAnswer,
    CallbackRefused,
    OutcomeUnknown,
    PaymentRefused,
)
from miniapp_bridge.meter import Meter
from miniapp_bridge.payments.money import to_fen, to_yuan
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

if TYPE_CHECKING:
    from redis.asyncio import Redis

NAME = "alipay_trade"
LARGEST_BILL = 64 * 1024 * 1024
STATES = {
    "WAIT_BUYER_PAY": PayState.OPEN,
    "TRADE_SUCCESS": PayState.PAID,
    "TRADE_FINISHED": PayState.PAID,
    "TRADE_CLOSED": PayState.CLOSED,
}
SUBJECT_FORBIDDEN = str.maketrans("", "", "/=&")


class AlipayTrade:
    """See the module."""

    name = NAME
    needs_payer: str | None = "alipay"

    def __init__(
        self,
        config: AlipayTradeConfig,
        alipay: AlipayConfig,
        configs: PlatformConfigs,
        *,
        redis: "Redis",
        breaker: Breaker | None = None,
    ) -> None:
        self.meter = Meter(redis, NAME)
        self._config = config
        self._client = PlatformClient(alipay.base_url, breaker=breaker, meter=self.meter)
        self._gateway = AlipayGateway(alipay, configs, client=self._client)

    async def place(self, charge: Charge) -> Launch:
        kind, _, payer = (charge.payer or "").partition(":")
        content = {
            "out_trade_no": charge.order_no,
            "total_amount": to_yuan(charge.amount),
            "subject": charge.title.translate(SUBJECT_FORBIDDEN)[:256],
            "product_code": "JSAPI_PAY",
            "op_app_id": self._gateway.config.app_id,
            "time_expire": f"{clock.local(charge.expires_at):%Y-%m-%d %H:%M:%S}",
            "buyer_id" if kind == "user_id" else "buyer_open_id": payer,
        }
        node = await self._call(
            "alipay.trade.create", content, fields={"notify_url": charge.notify_url}
        )
        with reading():
            return Launch(kind="alipay", params={"tradeNO": str(node["trade_no"])})

    async def query(self, order_no: str) -> Standing:
        node = await self._call("alipay.trade.query", {"out_trade_no": order_no}, missing=True)
        if not node:
            return Standing(order_no=order_no, state=PayState.UNKNOWN)
        with reading():
            return _standing(node, paid_name="send_pay_date")

    async def close_order(self, order_no: str) -> None:
        await self._call("alipay.trade.close", {"out_trade_no": order_no}, missing=True)

    async def refund(self, refund: RefundOrder) -> RefundStanding:
        """Alipay tells at once whether money moved, or did before (`fund_change`)."""
        content = {
            "out_trade_no": refund.order_no,
            "refund_amount": to_yuan(refund.amount),
            "out_request_no": refund.refund_no,
            "refund_reason": refund.reason,
        }
        node = await self._call("alipay.trade.refund", content)
        if node.get("fund_change") == "Y":
            return RefundStanding(
                refund_no=refund.refund_no, state=RefundState.DONE, amount=refund.amount
            )
        return await self.query_refund(refund.refund_no, order_no=refund.order_no)

    async def query_refund(self, refund_no: str, *, order_no: str) -> RefundStanding:
        content = {"out_trade_no": order_no, "out_request_no": refund_no}
        node = await self._call("alipay.trade.fastpay.refund.query", content, missing=True)
        if not node.get("refund_amount"):
            return RefundStanding(refund_no=refund_no, state=RefundState.UNKNOWN)
        done = str(node.get("refund_status", "REFUND_SUCCESS")) == "REFUND_SUCCESS"
        with reading():
            amount = to_fen(str(node["refund_amount"]))
        return RefundStanding(
            refund_no=refund_no,
            state=RefundState.DONE if done else RefundState.PROCESSING,
            amount=amount,
        )

    def open_notice(self, callback: Callback) -> Notice | None:
        try:
            fields = crypto.parse_notice(callback.body)
        except crypto.Unreadable:
            raise CallbackRefused() from None
        if not crypto.notice_holds(fields, self._gateway.public_key):
            raise CallbackRefused()
        ours = (
            fields.get("app_id") == self._gateway.config.app_id
            and fields.get("seller_id") == self._config.seller_id
        )
        if not ours:
            raise CallbackRefused()
        if fields.get("refund_fee"):
            return None  # a refund told as a change of the trade; it is queried by its number
        try:
            standing = _standing(fields, paid_name="gmt_payment")
        except MALFORMED:
            raise CallbackRefused() from None
        return Notice(key=fields.get("notify_id", ""), payment=standing)

    def acknowledge(self, *, taken: bool) -> Acknowledgement:
        """Seven characters and nothing else, or it comes again."""
        body = b"success" if taken else b"failure"
        return Acknowledgement(status=200, media_type="text/plain", body=body)

    async def statement(self, day: date) -> list[StatementLine]:
        content = {"bill_type": "trade", "bill_date": day.isoformat()}
        node = await self._call(
            "alipay.data.dataservice.bill.downloadurl.query", content, missing=True
        )
        if not node:
            return []
        with reading():
            address = urlsplit(str(node["bill_download_url"]))
        gateway = urlsplit(self._gateway.config.base_url)
        if not _same_owner(address.netloc, gateway.netloc):
            raise BadAnswer("the statement lies at a foreign host")
        client = PlatformClient(f"{address.scheme}://{address.netloc}", meter=self.meter)
        try:
            target = f"{address.path}?{address.query}"
            answer = await client.call("GET", target, retry=Retry.READ, name="bill-download")
        finally:
            await client.close()
        return read_statement(answer.data)

    async def close(self) -> None:
        await self._client.close()

    async def _call(
        self,
        method: str,
        content: dict[str, object] | dict[str, str],
        *,
        fields: dict[str, str] | None = None,
        missing: bool = False,
    ) -> dict[str, Any]:
        """The node; an empty one when `missing` and the platform knows no such trade."""
        node = await self._gateway.call_raw(
            method, dict(content), retry=Retry.MONEY, fields=fields, total=BACKGROUND_SECONDS
        )
        code, sub_code = str(node.get("code")), str(node.get("sub_code", ""))
        if code == SUCCESS:
            return node
        if code != BUSINESS_ERROR:
            raise refusal(node, method=method)
        if sub_code in ("ACQ.TRADE_NOT_EXIST", "BILL_NOT_EXIST") and missing:
            return {}
        if sub_code in ("ACQ.TRADE_HAS_SUCCESS", "ACQ.TRADE_STATUS_ERROR"):
            raise AlreadyPaid(vendor_code=sub_code)
        if sub_code.endswith("SYSTEM_ERROR"):
            raise OutcomeUnknown(vendor_code=sub_code)
        raise PaymentRefused(vendor_code=sub_code)


def read_statement(data: bytes) -> list[StatementLine]:
    """A trade bill: a zip with a CSV in GB 18030 whose remarks begin with `#`. Raises BadAnswer."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [one for one in archive.infolist() if "汇总" not in _name(one)]
            if not names or names[0].file_size > LARGEST_BILL:
                raise BadAnswer("an unusable statement")
            text = archive.read(names[0]).decode("gb18030")
    except (zipfile.BadZipFile, UnicodeError, RuntimeError, zlib.error):
        # A RuntimeError is an archive under a password or of a method that is not known.
        raise BadAnswer("the statement is no zip file that can be read") from None
    with reading():
        rows = csv.reader(line for line in text.splitlines() if line and not line.startswith("#"))
        header = [name.strip() for name in next(rows, [])]
        return [_line(dict(zip(header, row, strict=False))) for row in rows]


def _line(row: dict[str, str]) -> StatementLine:
    values = {name: value.strip() for name, value in row.items()}
    refund = values["业务类型"] == "退款"
    return StatementLine(
        order_no=values["商户订单号"],
        amount=abs(to_fen(values["订单金额（元）"])),
        transaction=values["支付宝交易号"],
        refund_no=values["退款批次号/请求号"] if refund else None,
    )


def _name(entry: zipfile.ZipInfo) -> str:
    """Zip files of Alipay hold names in GBK without saying so."""
    if entry.flag_bits & 0x800:
        return entry.filename
    return entry.filename.encode("cp437").decode("gb18030", errors="replace")


def _standing(fields: dict[str, Any], *, paid_name: str) -> Standing:
    paid_at = fields.get(paid_name)
    amount = fields.get("total_amount")
    return Standing(
        order_no=str(fields["out_trade_no"]),
        state=_state(fields),
        amount=to_fen(str(amount)) if amount else None,
        transaction=str(fields["trade_no"]) if fields.get("trade_no") else None,
        paid_at=_moment(str(paid_at)) if paid_at else None,
    )


def _state(fields: dict[str, Any]) -> PayState:
    """TRADE_CLOSED also follows a full refund: then it was paid, and has a time of payment."""
    state = STATES.get(str(fields["trade_status"]), PayState.OPEN)
    was_paid = fields.get("send_pay_date") or fields.get("gmt_payment")
    return PayState.PAID if state is PayState.CLOSED and was_paid else state


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=clock.SHANGHAI)


def _same_owner(host: str, gateway: str) -> bool:
    """The gateway's own host, or another one of its domain."""
    return host == gateway or host.endswith(".alipay.com")
