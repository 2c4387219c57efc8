"""The city app, the text message gateway and the finance bureau's cashier."""

import hashlib
import html
import json
import secrets
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from aiohttp import ClientSession, web

from miniapp_bridge.standin import codec, world
from miniapp_bridge.standin.faults import WORLD
from miniapp_bridge.standin.pages import PAGE, choose_person
from miniapp_bridge.standin.world import Pending, World

SHANGHAI = timezone(timedelta(hours=8))
LADDER = (60.0, 300.0, 1800.0, 7200.0)

routes = web.RouteTableDef()


@routes.get("/city/authorize")
async def authorize(request: web.Request) -> web.Response:
    return choose_person(request, kind="city", platform="城市 App", code_name="code")


@routes.post("/city/token")
async def city_token(request: web.Request) -> web.Response:
    """Code flow with PKCE and an ID token, or a ticket under its own name."""
    place, form = request.app[WORLD], await request.post()
    ticket = str(form.get("smyToken", ""))
    kept = place.spend("city", ticket or str(form.get("code", "")))
    if isinstance(kept, str):
        return web.json_response({"error": "invalid_grant"}, status=400)
    if "code_challenge" in kept:
        digest = hashlib.sha256(str(form.get("code_verifier", "")).encode()).digest()
        if codec.url64(digest) != kept["code_challenge"]:
            return web.json_response({"error": "invalid_grant"}, status=400)
    person = kept["person"]
    token = secrets.token_hex(16)
    place.codes[token] = {
        "kind": "city-token",
        "person": person,
        "until": place.now() + 300,
        "used": False,
    }
    claims = {
        "iss": "https://city.example",
        "aud": world.CITY_CLIENT,
        "iat": int(place.now()),
        "exp": int(place.now()) + 300,
        "nonce": kept.get("nonce", ""),
        "level": kept.get("level", "L3"),
        **city_fields(person),
    }
    if kept.get("no_level"):
        claims.pop("level")
    signed = codec.json_web_token(place.keys.city, place.city_kid, claims)
    return web.json_response({"code": 0, "data": {"access_token": token}, "id_token": signed})


def city_fields(person: Any) -> dict[str, str]:
    return {
        "sub": f"city-{person.key}",
        "name": person.name,
        "id_no": person.id_no,
        "phone": person.phone,
    }


@routes.post("/city/userinfo")
async def city_user(request: web.Request) -> web.Response:
    place, form = request.app[WORLD], await request.post()
    kept = place.spend("city-token", str(form.get("access_token", "")))
    if isinstance(kept, str):
        return web.json_response({"code": 40101, "data": None})
    return web.json_response({"code": 0, "data": {**city_fields(kept["person"]), "level": "L3"}})


@routes.get("/city/jwks")
async def city_keys(request: web.Request) -> web.Response:
    place = request.app[WORLD]
    return web.json_response({"keys": [codec.json_web_key(place.keys.city, place.city_kid)]})


@routes.post("/sms/send")
async def send_sms(request: web.Request) -> web.Response:
    place, body = request.app[WORLD], await request.read()
    at = request.headers.get("X-Time", "")
    expected = codec.hmac_hex(world.SMS_SECRET, f"{world.SMS_ACCOUNT}\n{at}\n".encode() + body)
    if request.headers.get("X-Signature") != expected:
        return web.json_response({"code": "signature"}, status=401)
    fields = json.loads(body)
    place.sms.append(fields)
    return web.json_response({"code": "0"})


@routes.get("/sms/tray")
async def tray(request: web.Request) -> web.Response:
    """What would have rung on a phone, for whoever tries the demo."""
    lines = "".join(
        f"<p>{html.escape(one['phone'])}：验证码 <b>{html.escape(one['code'])}</b></p>"
        for one in reversed(request.app[WORLD].sms[-20:])
    )
    page = PAGE.format(title="短信（本机模拟）", text="最近发出的验证码：", body=lines)
    return web.Response(text=page, content_type="text/html")


async def cashier_refusal(request: web.Request) -> web.Response | None:
    body, at = await request.read(), request.headers.get("X-Time", "")
    signed = f"{request.method} {request.raw_path}\n".encode() + body
    expected = cashier_signature(at, signed)
    if request.headers.get("X-Signature") != expected:
        return web.json_response({"code": "signature"}, status=401)
    return None


def cashier_signature(at: str, body: bytes) -> str:
    text = f"{world.CASHIER_ACCOUNT}\n{at}\n".encode() + body
    return codec.hmac_hex(world.CASHIER_SECRET, text)


def cashier_answer(place: World, fields: dict[str, Any]) -> web.Response:
    body, at = json.dumps(fields, ensure_ascii=False).encode(), str(int(place.now()))
    headers = {"X-Time": at, "X-Signature": cashier_signature(at, body)}
    return web.Response(body=body, content_type="application/json", headers=headers)


def bill_fields(place: World, number: str) -> dict[str, Any]:
    order = place.orders[number]
    fields = {"bill_no": number, "state": order["state"], "amount_fen": order["amount"]}
    if order["state"] == "paid":
        paid_at = datetime.fromtimestamp(order["paid_at"], UTC).astimezone(SHANGHAI)
        fields |= {"serial_no": order["transaction"], "paid_at": paid_at.isoformat()}
    return fields


@routes.post("/cashier/bills")
async def open_bill(request: web.Request) -> web.Response:
    bad = await cashier_refusal(request)
    if bad is not None:
        return bad
    place, fields = request.app[WORLD], json.loads(await request.read())
    number = fields["bill_no"]
    known = place.orders.get(number)
    if known is not None and known["amount"] != fields["amount_fen"]:
        return web.json_response({"code": "different"}, status=409)
    if known is not None and known["state"] == "paid":
        return web.json_response({"code": "paid"}, status=409)
    if known is not None and known["state"] == "closed":
        return web.json_response({"code": "closed"}, status=409)
    place.orders[number] = known or {
        "platform": "cashier",
        "amount": fields["amount_fen"],
        "state": "open",
        "transaction": f"CZ{secrets.randbelow(10**18):018d}",
        "notify_url": fields["notify_url"],
        "return_url": fields["return_url"],
        "title": fields["title"],
    }
    url = f"http://{request.host}/cashier/pay?bill_no={number}"
    return cashier_answer(place, {**bill_fields(place, number), "pay_url": url})


@routes.get("/cashier/pay")
async def pay_page(request: web.Request) -> web.Response:
    place = request.app[WORLD]
    number = request.query.get("bill_no", "")
    order = place.orders.get(number)
    if order is None:
        raise web.HTTPNotFound
    if request.query.get("pay") == "1":
        if order["state"] == "open":
            pay(place, number)
            announce(place, number)
        raise web.HTTPFound(order["return_url"])
    title = html.escape(order["title"])
    text = f"{title}：{order['amount'] / 100:.2f} 元"
    link = f'<a href="/cashier/pay?bill_no={html.escape(number)}&amp;pay=1">确认支付</a>'
    return web.Response(
        text=PAGE.format(title="财政统一收银台（本机模拟）", text=text, body=link),
        content_type="text/html",
    )


@routes.get("/cashier/bills/{number}")
async def query_bill(request: web.Request) -> web.Response:
    bad = await cashier_refusal(request)
    if bad is not None:
        return bad
    place, number = request.app[WORLD], request.match_info["number"]
    if number not in place.orders:
        return web.json_response({"code": "unknown"}, status=404)
    return cashier_answer(place, bill_fields(place, number))


@routes.post("/cashier/bills/{number}/close")
async def close_bill(request: web.Request) -> web.Response:
    bad = await cashier_refusal(request)
    if bad is not None:
        return bad
    place, number = request.app[WORLD], request.match_info["number"]
    order = place.orders.get(number)
    if order is None:
        return web.json_response({"code": "unknown"}, status=404)
    if order["state"] == "paid":
        return web.json_response({"code": "paid"}, status=409)
    order["state"] = "closed"
    return cashier_answer(place, bill_fields(place, number))


def refund_fields(place: World, number: str) -> dict[str, Any]:
    kept = place.refunds[number]
    return {"refund_no": number, "state": kept["state"], "amount_fen": kept["amount"]}


@routes.post("/cashier/refunds")
async def refund_bill(request: web.Request) -> web.Response:
    bad = await cashier_refusal(request)
    if bad is not None:
        return bad
    place, fields = request.app[WORLD], json.loads(await request.read())
    number, bill_no = fields["refund_no"], fields["bill_no"]
    order = place.orders.get(bill_no)
    if order is None or order["state"] != "paid":
        return web.json_response({"code": "not-paid"}, status=409)
    if number not in place.refunds:
        back = sum(one["amount"] for one in place.refunds.values() if one["order_no"] == bill_no)
        if back + fields["amount_fen"] > order["amount"]:
            return web.json_response({"code": "too-much"}, status=409)
        place.refunds[number] = {
            "platform": "cashier",
            "order_no": bill_no,
            "amount": fields["amount_fen"],
            "state": "processing",
            "notify_url": fields["notify_url"],
            "at": place.now(),
        }
    return cashier_answer(place, refund_fields(place, number))


@routes.get("/cashier/refunds/{number}")
async def query_refund(request: web.Request) -> web.Response:
    bad = await cashier_refusal(request)
    if bad is not None:
        return bad
    place, number = request.app[WORLD], request.match_info["number"]
    if number not in place.refunds:
        return web.json_response({"code": "unknown"}, status=404)
    return cashier_answer(place, refund_fields(place, number))


@routes.get("/cashier/statements/{day}")
async def statement(request: web.Request) -> web.Response:
    bad = await cashier_refusal(request)
    if bad is not None:
        return bad
    place, day = request.app[WORLD], request.match_info["day"]

    def on_day(at: float) -> bool:
        return datetime.fromtimestamp(at, UTC).astimezone(SHANGHAI).date().isoformat() == day

    lines: list[dict[str, Any]] = [
        {"bill_no": number, "amount_fen": one["amount"], "serial_no": one["transaction"]}
        for number, one in place.orders.items()
        if one["platform"] == "cashier" and one["state"] == "paid" and on_day(one["paid_at"])
    ]
    lines += [
        {
            "bill_no": one["order_no"],
            "amount_fen": one["amount"],
            "serial_no": place.orders[one["order_no"]]["transaction"],
            "refund_no": number,
        }
        for number, one in place.refunds.items()
        if one["platform"] == "cashier" and one["state"] == "done" and on_day(one["at"])
    ]
    return cashier_answer(place, {"lines": lines})


def pay(place: World, number: str, *, late: bool = False) -> bool:
    """The payer pays at the platform; False when the order cannot be paid any more.

    `late` is a payment that was under way when the order was closed and wins all the same.
    """
    order = place.orders[number]
    if order["state"] == "paid" or (order["state"] == "closed" and not late):
        return False
    order["state"], order["paid_at"] = "paid", place.now()
    return True


def finish_refunds(place: World) -> None:
    """What was on its way back has arrived."""
    for kept in place.refunds.values():
        if kept["state"] == "processing":
            kept["state"], kept["at"] = "done", place.now()


def bill_notice(place: World, number: str, *, refund: bool = False) -> tuple[dict[str, str], bytes]:
    """Headers and body of the cashier's notice."""
    data = refund_fields(place, number) if refund else bill_fields(place, number)
    kind = "refund" if refund else "payment"
    body = json.dumps({"notice_id": f"{kind}-{number}", "kind": kind, "data": data}).encode()
    at = str(int(place.now()))
    return {"X-Time": at, "X-Signature": cashier_signature(at, body)}, body


def announce(place: World, number: str, *, refund: bool = False) -> None:
    """Put the cashier's notice on the ladder."""
    url = (place.refunds if refund else place.orders)[number]["notify_url"]

    async def deliver() -> bool:
        headers, body = bill_notice(place, number, refund=refund)
        headers["Content-Type"] = "application/json"
        async with (
            ClientSession() as session,
            session.post(url, data=body, headers=headers) as response,
        ):
            return response.status == 200

    place.pending.append(
        Pending(due_at=place.now(), attempt=0, deliver=deliver, ladder=LADDER, key=number)
    )
