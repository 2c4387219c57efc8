"""The finance bureau's hosted cashier: bill → page → signed notice → query.

No public document describes it; this is the shape such cashiers share: JSON both ways, signed with
HMAC-SHA256 over account, time and body. The citizen pays on the cashier's page, by whatever it
offers; we see the bill only.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from core import clock
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
from miniapp_bridge.config import CashierConfig
from miniapp_bridge.connector import Callback
from miniapp_bridge.errors import AlreadyPaid, BadAnswer, CallbackRefused, PaymentRefused
from miniapp_bridge.meter import Meter
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
from miniapp_bridge.signed import is_recent, is_same, plain_bytes

if TYPE_CHECKING:
    from redis.asyncio import Redis

NAME = "cashier"
OLDEST_SECONDS = 300


class Cashier:
    """See the module."""

    name = NAME
    needs_payer: str | None = None

    def __init__(
        self, config: CashierConfig, *, redis: "Redis", breaker: Breaker | None = None
    ) -> None:
        self.meter = Meter(redis, NAME)
        self._config = config
        self._client = PlatformClient(config.base_url, breaker=breaker, meter=self.meter)

    async def place(self, charge: Charge) -> Launch:
        body = {
            "bill_no": charge.order_no,
            "amount_fen": charge.amount,
            "title": charge.title,
            "expires_at": charge.expires_at.isoformat(timespec="seconds"),
            "notify_url": charge.notify_url,
            "return_url": charge.return_url,
        }
        fields = await self._call("POST", "/cashier/bills", body=body)
        url = str(fields.get("pay_url", ""))
        if not url.startswith(f"{self._config.base_url.rstrip('/')}/"):
            raise BadAnswer("the cashier's page is at a foreign host")
        return Launch(kind="page", params={"url": url})

    async def query(self, order_no: str) -> Standing:
        fields = await self._call("GET", f"/cashier/bills/{quote(order_no, safe='')}", missing=True)
        if not fields:
            return Standing(order_no=order_no, state=PayState.UNKNOWN)
        with reading():
            return _standing(fields)

    async def close_order(self, order_no: str) -> None:
        await self._call(
            "POST", f"/cashier/bills/{quote(order_no, safe='')}/close", body={}, missing=True
        )

    async def refund(self, refund: RefundOrder) -> RefundStanding:
        body = {
            "refund_no": refund.refund_no,
            "bill_no": refund.order_no,
            "amount_fen": refund.amount,
            "reason": refund.reason,
            "notify_url": refund.notify_url,
        }
        fields = await self._call("POST", "/cashier/refunds", body=body)
        with reading():
            return _refund(fields)

    async def query_refund(self, refund_no: str, *, order_no: str) -> RefundStanding:
        del order_no  # the refund's own number is enough here
        target = f"/cashier/refunds/{quote(refund_no, safe='')}"
        fields = await self._call("GET", target, missing=True)
        if not fields:
            return RefundStanding(refund_no=refund_no, state=RefundState.UNKNOWN)
        with reading():
            return _refund(fields)

    def open_notice(self, callback: Callback) -> Notice | None:
        at = callback.headers.get("x-time", "")
        expected = self._signature(at, callback.body)
        if not is_same(expected, callback.headers.get("x-signature", "")):
            raise CallbackRefused()
        if not is_recent(at, at=clock.now(), seconds=OLDEST_SECONDS):
            raise CallbackRefused()
        try:
            message = json.loads(callback.body)
            key, fields = str(message["notice_id"]), message["data"]
            if message["kind"] == "refund":
                return Notice(key=key, refund=_refund(fields))
            return Notice(key=key, payment=_standing(fields))
        except MALFORMED:
            raise CallbackRefused() from None

    def acknowledge(self, *, taken: bool) -> Acknowledgement:
        body = b'{"code":"0"}' if taken else b'{"code":"1"}'
        status = 200 if taken else 500
        return Acknowledgement(status=status, media_type="application/json", body=body)

    async def statement(self, day: date) -> list[StatementLine]:
        fields = await self._call("GET", f"/cashier/statements/{day.isoformat()}", missing=True)
        with reading():
            return [_statement_line(line) for line in fields.get("lines", [])]

    async def close(self) -> None:
        await self._client.close()

    async def _call(
        self,
        method: str,
        target: str,
        *,
        body: Mapping[str, object] | None = None,
        missing: bool = False,
    ) -> dict[str, Any]:
        def is_busy(answer: Answer) -> bool:
            """An answer that is not the cashier's counts as none: the call is made again."""
            if answer.status < 400:
                self._verify_answer(answer.headers, answer.data)
            return answer.status == 429

        answer = await self._client.call(
            method,
            target,
            retry=Retry.MONEY,
            body=body,
            headers=self._signed_headers,
            name="/".join(target.split("/")[:3]),
            total=BACKGROUND_SECONDS,
            is_busy=is_busy,
        )
        fields = answer.json()
        if answer.status == 404 and missing:
            return {}
        if answer.status >= 400:
            code = str(fields.get("code", answer.status))
            raise (AlreadyPaid if code == "paid" else PaymentRefused)(vendor_code=code)
        return fields

    def _signed_headers(self, outgoing: Outgoing) -> dict[str, str]:
        at = str(int(clock.now().timestamp()))
        signed = f"{outgoing.method} {outgoing.target}\n".encode() + (outgoing.data or b"")
        return {
            "X-Account": self._config.account,
            "X-Time": at,
            "X-Signature": self._signature(at, signed),
        }

    def _verify_answer(self, headers: Mapping[str, str], body: bytes) -> None:
        expected = self._signature(headers.get("x-time", ""), body)
        if not is_same(expected, headers.get("x-signature", "")):
            raise BadAnswer("an answer that is not the cashier's")

    def _signature(self, at: str, body: bytes) -> str:
        text = plain_bytes(f"{self._config.account}\n{at}\n") + body
        return hmac.new(self._config.secret.encode(), text, hashlib.sha256).hexdigest()


def _standing(fields: Mapping[str, Any]) -> Standing:
    paid_at = fields.get("paid_at")
    return Standing(
        order_no=str(fields["bill_no"]),
        state=PayState(fields["state"]),
        amount=int(fields["amount_fen"]),
        transaction=fields.get("serial_no"),
        paid_at=datetime.fromisoformat(paid_at) if paid_at else None,
    )


def _statement_line(line: Mapping[str, Any]) -> StatementLine:
    return StatementLine(
        order_no=str(line["bill_no"]),
        amount=int(line["amount_fen"]),
        transaction=str(line["serial_no"]),
        refund_no=line.get("refund_no"),
    )


def _refund(fields: Mapping[str, Any]) -> RefundStanding:
    return RefundStanding(
        refund_no=str(fields["refund_no"]),
        state=RefundState(fields["state"]),
        amount=int(fields["amount_fen"]),
    )
