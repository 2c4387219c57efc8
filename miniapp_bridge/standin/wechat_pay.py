"""WeChat Pay v3: checks our signature, signs its answers, keeps orders and refunds."""

import base64
import hashlib
import json
import re
import secrets
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from aiohttp import ClientSession, web

from miniapp_bridge.standin import codec, world
from miniapp_bridge.standin.faults import WORLD
from miniapp_bridge.standin.world import Pending, World

SHANGHAI = timezone(timedelta(hours=8))
HEADER = re.compile(r'(\w+)="([^"]*)"')
LADDER = (
    15.0,
    15.0,
    30.0,
    180.0,
    600.0,
    1200.0,
    1800.0,
    1800.0,
    1800.0,
    3600.0,
    10800.0,
    10800.0,
    10800.0,
    21600.0,
    21600.0,
)
COLUMNS = (
    "交易时间",
    "公众账号ID",
    "商户号",
    "微信订单号",
    "商户订单号",
    "交易状态",
    "应结订单金额",
    "商户退款单号",
    "退款金额",
)

routes = web.RouteTableDef()


def stamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).astimezone(SHANGHAI).isoformat(timespec="seconds")


def signed(place: World, fields: Any, *, status: int = 200) -> web.Response:
    body = json.dumps(fields, ensure_ascii=False).encode() if fields is not None else b""
    return web.Response(
        body=body,
        status=status,
        content_type="application/json",
        headers=signature_headers(place, body),
    )


def signature_headers(place: World, body: bytes) -> dict[str, str]:
    timestamp, nonce = str(int(place.now())), secrets.token_hex(16)
    text = f"{timestamp}\n{nonce}\n".encode() + body + b"\n"
    return {
        "Wechatpay-Timestamp": timestamp,
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Serial": world.PAY_SERIAL,
        "Wechatpay-Signature": codec.rsa_sign(place.keys.wechat_pay, text),
    }


def refused(status: int, code: str, **detail: Any) -> web.Response:
    """Refusals carry no signature."""
    return web.json_response({"code": code, "message": "refused", **detail}, status=status)


async def authorised(request: web.Request) -> web.Response | None:
    place, body = request.app[WORLD], await request.read()
    if not request.headers.get("User-Agent"):
        return refused(400, "PARAM_ERROR")
    scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
    fields = dict(HEADER.findall(rest))
    names = {"mchid", "nonce_str", "signature", "timestamp", "serial_no"}
    if scheme != "WECHATPAY2-SHA256-RSA2048" or set(fields) != names:
        return refused(401, "SIGN_ERROR")
    text = "\n".join(
        (request.method, request.raw_path, fields["timestamp"], fields["nonce_str"], "")
    )
    message = text.encode() + body + b"\n"
    fresh = abs(place.now() - int(fields["timestamp"])) <= 300
    right = codec.rsa_matches(place.keys.merchant.public_key(), message, fields["signature"])
    if not (fresh and right and fields["mchid"] == world.MERCHANT):
        detail = {"sign_information": {"truncated_sign_message": text.replace("\n", "\\n")}}
        return refused(401, "SIGN_ERROR", detail=detail)
    return None


@routes.post("/v3/pay/transactions/jsapi")
async def place_order(request: web.Request) -> web.Response:
    bad = await authorised(request)
    if bad is not None:
        return bad
    place, fields = request.app[WORLD], json.loads(await request.read())
    number, amount = fields["out_trade_no"], fields["amount"]["total"]
    known = place.orders.get(number)
    if known is not None and known["amount"] != amount:
        return refused(400, "INVALID_REQUEST")
    if known is not None and known["state"] == "paid":
        return refused(400, "ORDERPAID")
    if known is not None and known["state"] == "closed":
        return refused(400, "ORDER_CLOSED")
    if place.find(openid=str(fields["payer"]["openid"])) is None:
        return refused(400, "OPENID_MISMATCH")
    place.orders[number] = known or {
        "platform": "wechat_pay",
        "amount": amount,
        "state": "open",
        "transaction": f"42000{secrets.randbelow(10**23):023d}",
        "notify_url": fields["notify_url"],
        "openid": fields["payer"]["openid"],
        "prepay_id": f"wx{secrets.token_hex(17)}",
    }
    return signed(place, {"prepay_id": place.orders[number]["prepay_id"]})


@routes.get("/v3/pay/transactions/out-trade-no/{number}")
async def query(request: web.Request) -> web.Response:
    bad = await authorised(request)
    if bad is not None:
        return bad
    place, number = request.app[WORLD], request.match_info["number"]
    if number not in place.orders:
        return refused(404, "ORDER_NOT_EXIST")
    return signed(place, order_fields(place, number))


def order_fields(place: World, number: str) -> dict[str, Any]:
    order = place.orders[number]
    refunded = any(one["order_no"] == number for one in place.refunds.values())
    states = {"open": "NOTPAY", "paid": "REFUND" if refunded else "SUCCESS", "closed": "CLOSED"}
    fields: dict[str, Any] = {
        "appid": world.APP_ID,
        "mchid": world.MERCHANT,
        "out_trade_no": number,
        "trade_state": states[order["state"]],
        "trade_type": "JSAPI",
    }
    if order["state"] == "paid":
        fields |= {
            "transaction_id": order["transaction"],
            "success_time": stamp(order["paid_at"]),
            "amount": {"total": order["amount"], "payer_total": order["amount"], "currency": "CNY"},
            "payer": {"openid": order["openid"]},
        }
    return fields


@routes.post("/v3/pay/transactions/out-trade-no/{number}/close")
async def close(request: web.Request) -> web.Response:
    bad = await authorised(request)
    if bad is not None:
        return bad
    place, order = request.app[WORLD], request.app[WORLD].orders.get(request.match_info["number"])
    if order is None:
        return refused(404, "ORDER_NOT_EXIST")
    if order["state"] == "paid":
        return refused(400, "ORDERPAID")
    order["state"] = "closed"
    return signed(place, None, status=204)


@routes.post("/v3/refund/domestic/refunds")
async def refund(request: web.Request) -> web.Response:
    bad = await authorised(request)
    if bad is not None:
        return bad
    place, fields = request.app[WORLD], json.loads(await request.read())
    number, refund_no = fields["out_trade_no"], fields["out_refund_no"]
    order = place.orders.get(number)
    if order is None or order["state"] != "paid":
        return refused(404, "RESOURCE_NOT_EXISTS")
    if refund_no not in place.refunds:
        back = sum(one["amount"] for one in place.refunds.values() if one["order_no"] == number)
        if back + fields["amount"]["refund"] > order["amount"]:
            return refused(403, "NOT_ENOUGH")
        place.refunds[refund_no] = {
            "platform": "wechat_pay",
            "order_no": number,
            "amount": fields["amount"]["refund"],
            "state": "processing",
            "notify_url": fields.get("notify_url"),
            "at": place.now(),
        }
    return signed(place, refund_fields(place, refund_no))


@routes.get("/v3/refund/domestic/refunds/{number}")
async def query_refund(request: web.Request) -> web.Response:
    bad = await authorised(request)
    if bad is not None:
        return bad
    place, number = request.app[WORLD], request.match_info["number"]
    if number not in place.refunds:
        return refused(404, "RESOURCE_NOT_EXISTS")
    return signed(place, refund_fields(place, number))


def refund_fields(place: World, number: str) -> dict[str, Any]:
    kept = place.refunds[number]
    return {
        "out_refund_no": number,
        "out_trade_no": kept["order_no"],
        "status": {"processing": "PROCESSING", "done": "SUCCESS"}[kept["state"]],
        "amount": {"refund": kept["amount"], "total": place.orders[kept["order_no"]]["amount"]},
    }


@routes.get("/v3/bill/tradebill")
async def bill(request: web.Request) -> web.Response:
    bad = await authorised(request)
    if bad is not None:
        return bad
    day = request.query["bill_date"]
    data = bill_text(request.app[WORLD], day).encode()
    digest = hashlib.new("sha1", data, usedforsecurity=False).hexdigest()
    url = f"http://{request.host}/v3/billdownload/file?token={day}"
    fields = {"download_url": url, "hash_type": "SHA1", "hash_value": digest}
    return signed(request.app[WORLD], fields)


@routes.get("/v3/billdownload/file")
async def download(request: web.Request) -> web.Response:
    bad = await authorised(request)
    if bad is not None:
        return bad
    return web.Response(text=bill_text(request.app[WORLD], request.query["token"]))


def bill_text(place: World, day: str) -> str:
    lines = [",".join(COLUMNS)]
    for number, order in place.orders.items():
        if order["platform"] != "wechat_pay" or order["state"] != "paid":
            continue
        at = stamp(order["paid_at"])
        if at.startswith(day):
            lines.append(
                _line(at, order["transaction"], number, "SUCCESS", order["amount"], "0", 0)
            )
    for number, one in place.refunds.items():
        at = stamp(one["at"])
        if one["platform"] == "wechat_pay" and one["state"] == "done" and at.startswith(day):
            trade = place.orders[one["order_no"]]["transaction"]
            lines.append(_line(at, trade, one["order_no"], "REFUND", 0, number, one["amount"]))
    lines += ["总交易单数,应结订单总金额", "`1,`0.00"]
    return "\ufeff" + "\r\n".join(lines) + "\r\n"


def _line(
    at: str, trade: str, number: str, state: str, amount: int, refund_no: str, back: int
) -> str:
    owner = (world.APP_ID, world.MERCHANT)
    values = (at, *owner, trade, number, state, f"{amount / 100:.2f}", refund_no)
    return ",".join(f"`{value}" for value in (*values, f"{back / 100:.2f}"))


def notice(
    place: World, kind: str, fields: dict[str, Any], *, key: str
) -> tuple[dict[str, str], bytes]:
    """Headers and body of a notice."""
    nonce = secrets.token_hex(6)
    resource = {
        "original_type": "transaction",
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": codec.gcm_encrypt(
            world.API_KEY.encode(), nonce, kind, json.dumps(fields, ensure_ascii=False)
        ),
        "associated_data": kind,
        "nonce": nonce,
    }
    body = json.dumps(
        {
            "id": key,
            "create_time": stamp(place.now()),
            "resource_type": "encrypt-resource",
            "event_type": kind,
            "summary": "played",
            "resource": resource,
        }
    ).encode()
    return signature_headers(place, body), body


def payment_notice(place: World, number: str, **changes: Any) -> tuple[dict[str, str], bytes]:
    """The notice of a paid order; `changes` are made before it is sealed."""
    key = base64.b32encode(number.encode()).decode()[:32]
    return notice(
        place, "TRANSACTION.SUCCESS", {**order_fields(place, number), **changes}, key=f"EV-{key}"
    )


def refund_notice(place: World, number: str) -> tuple[dict[str, str], bytes]:
    fields = refund_fields(place, number)
    fields["refund_status"] = fields.pop("status")
    fields["mchid"] = world.MERCHANT
    return notice(place, "REFUND.SUCCESS", fields, key=f"RF-{number}")


def announce(place: World, number: str, *, refund: bool = False) -> None:
    """Put a notice on the ladder of repeats."""
    url = (place.refunds if refund else place.orders)[number]["notify_url"]

    async def deliver() -> bool:
        headers, body = refund_notice(place, number) if refund else payment_notice(place, number)
        headers["Content-Type"] = "application/json"
        async with (
            ClientSession() as session,
            session.post(url, data=body, headers=headers) as response,
        ):
            return response.status in (200, 204)

    place.pending.append(
        Pending(due_at=place.now(), attempt=0, deliver=deliver, ladder=LADDER, key=number)
    )
