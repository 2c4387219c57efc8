"""Alipay's gateway: one address, signed both ways; log-in, messages, codes, faces, trade."""

import base64
import json
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlencode

from aiohttp import ClientSession, web

from miniapp_bridge.standin import codec, world
from miniapp_bridge.standin.faults import WORLD
from miniapp_bridge.standin.pages import choose_person
from miniapp_bridge.standin.wechat import PICTURE
from miniapp_bridge.standin.world import Pending, World

SHANGHAI = timezone(timedelta(hours=8))
LADDER = (240.0, 600.0, 600.0, 3600.0, 7200.0, 21600.0, 54000.0)
METHODS: dict[
    str, Callable[[World, web.Request, dict[str, Any], dict[str, str]], dict[str, Any]]
] = {}
routes = web.RouteTableDef()


def method(name: str) -> Callable[[Any], Any]:
    def keep(function: Any) -> Any:
        METHODS[name] = function
        return function

    return keep


def good(**fields: Any) -> dict[str, Any]:
    return {"code": "10000", "msg": "Success", **fields}


def bad(sub_code: str, code: str = "40004") -> dict[str, Any]:
    return {"code": code, "msg": "Business Failed", "sub_code": sub_code, "sub_msg": "refused"}


@routes.get("/oauth2/publicAppAuthorize.htm")
async def authorize(request: web.Request) -> web.Response:
    return choose_person(request, kind="alipay", platform="支付宝", code_name="auth_code")


@routes.get("/alipay-picture")
async def picture(request: web.Request) -> web.Response:
    return web.Response(body=PICTURE, content_type="image/png")


@routes.route("*", "/gateway.do")
async def gateway(request: web.Request) -> web.Response:
    place = request.app[WORLD]
    form = {name: str(value) for name, value in (await request.post()).items()}
    if not form:
        return await certify_page(request)
    name = form.get("method", "")
    if not codec.rsa_matches(
        place.keys.merchant.public_key(), codec.alipay_text(form), form.get("sign", "")
    ):
        return answer(place, "error_response", bad("isv.invalid-signature", "40002"))
    if form.get("app_id") != world.ALIPAY_APP or name not in METHODS:
        return answer(place, "error_response", bad("isv.invalid-app-id", "40002"))
    stamp = datetime.strptime(form["timestamp"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=SHANGHAI)
    if abs(stamp.timestamp() - place.now()) > 900:
        return answer(place, "error_response", bad("isv.invalid-timestamp", "40002"))
    content = json.loads(form.get("biz_content", "{}"))
    node = METHODS[name](place, request, content, form)
    return answer(place, f"{name.replace('.', '_')}_response", node)


def answer(place: World, name: str, node: dict[str, Any]) -> web.Response:
    """Signed over the node's raw text, with escaped slashes and spaces as Alipay likes them."""
    text = json.dumps(node, ensure_ascii=False).replace("/", "\\/")
    signature = codec.rsa_sign(place.keys.alipay, text)
    body = f'{{"{name}": {text} ,"sign":"{signature}"}}'
    return web.Response(text=body, content_type="text/html", charset="utf-8")


@method("alipay.system.oauth.token")
def token(place: World, request: web.Request, content: Any, form: dict[str, str]) -> Any:
    kept = place.spend("alipay", form.get("code", ""))
    if isinstance(kept, str):
        return bad("isv.code-invalid", "40002")
    person = kept["person"]
    fields: dict[str, Any] = {"access_token": secrets.token_hex(16), "expires_in": "1296000"}
    fields |= {
        "open_id": person.open_id,
        "re_expires_in": 2592000,
        "refresh_token": secrets.token_hex(16),
    }
    return fields  # a success of this call has no code


@method("alipay.open.app.mini.templatemessage.send")
def send_message(place: World, request: web.Request, content: Any, form: Any) -> Any:
    person = place.find(open_id=str(content.get("to_open_id")))
    if person is None:
        return bad("USER_NOT_EXIST")
    if not isinstance(content.get("data"), str):
        return bad("isv.invalid-parameter", "40002")
    if person.open_id in place.consent_withdrawn:
        return bad("USER_NOT_SUBSCRIBE")
    place.messages.append({"touser": person.open_id, **content})
    return good()


@method("alipay.open.app.messagetemplate.subscribe.query")
def consents(place: World, request: web.Request, content: Any, form: Any) -> Any:
    """The list is absent when nothing is subscribed."""
    templates = content.get("template_id_list", [])
    person = place.find(open_id=str(content.get("open_id")))
    if person is None or not 0 < len(templates) <= 3:
        return bad("isv.invalid-parameter", "40002")
    relations = [
        {
            "template_id": template,
            "subscribe_state": "1",
            "subscribe_type": place.consents[person.open_id, template],
            "keep_state": "0",
            "show": True,
        }
        for template in templates
        if (person.open_id, template) in place.consents
    ]
    return good(subscribe_relations=relations) if relations else good(show_component=True)


@method("alipay.open.app.qrcode.create")
def qr_code(place: World, request: web.Request, content: Any, form: Any) -> Any:
    return good(qr_code_url=f"http://{request.host}/alipay-picture?size=430")


@method("alipay.security.risk.content.analyze")
def check_text(place: World, request: web.Request, content: Any, form: Any) -> Any:
    text = str(content.get("text"))
    action = "REJECTED" if "违法" in text else "REVIEW" if "可疑" in text else "PASSED"
    return good(result_action=action)


@method("alipay.user.certify.open.initialize")
def start_face(place: World, request: web.Request, content: Any, form: Any) -> Any:
    certify_id = secrets.token_hex(16)
    place.faces[certify_id] = {**content["identity_param"], "passed": None}
    return good(certify_id=certify_id)


@method("alipay.user.certify.open.query")
def face_outcome(place: World, request: web.Request, content: Any, form: Any) -> Any:
    kept = place.faces.get(str(content.get("certify_id")))
    if kept is None:
        return bad("CERTIFY_ID_NOT_EXIST")
    return good() if kept["passed"] is None else good(passed=kept["passed"])


async def certify_page(request: web.Request) -> web.Response:
    """alipay.user.certify.open.certify: who looks into the camera?"""
    place = request.app[WORLD]
    query = dict(request.query)
    signature = query.get("sign", "")
    if not codec.rsa_matches(place.keys.merchant.public_key(), codec.alipay_text(query), signature):
        return web.Response(status=400, text="isv.invalid-signature")
    certify_id = json.loads(query["biz_content"])["certify_id"]
    picked = place.people.get(query.get("pick", ""))
    face = {"certify_id": certify_id, "pick": picked.key if picked else ""}
    raise web.HTTPFound(f"/alipay-face?{urlencode(face)}")


@routes.get("/alipay-face")
async def look(request: web.Request) -> web.Response:
    place = request.app[WORLD]
    kept = place.faces.get(request.query.get("certify_id", ""))
    if kept is None:
        raise web.HTTPNotFound
    picked = place.people.get(request.query.get("pick", ""))
    if picked is not None:
        show_face(place, request.query["certify_id"], picked.key)
        return web.Response(text="核验完成，请返回原页面。")
    return choose_person(request, kind="none", platform="支付宝人脸核验", code_name="code")


def show_face(place: World, certify_id: str, key: str) -> None:
    """A person looks into the camera of a check."""
    kept, person = place.faces[certify_id], place.people[key]
    same = (person.name, person.id_no) == (kept["cert_name"], kept["cert_no"])
    kept["passed"] = "T" if same else "F"


def yuan(fen: int) -> str:
    return f"{fen / 100:.2f}"


def fen(text: str) -> int:
    return round(float(text) * 100)


def moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


@method("alipay.trade.create")
def create(place: World, request: web.Request, content: Any, form: dict[str, str]) -> Any:
    number = content["out_trade_no"]
    known = place.orders.get(number)
    if known is not None:
        if known["amount"] != fen(content["total_amount"]):
            return bad("ACQ.CONTEXT_INCONSISTENT")
        if known["state"] == "paid":
            return bad("ACQ.TRADE_HAS_SUCCESS")
        if known["state"] == "closed":
            return bad("ACQ.TRADE_HAS_CLOSE")
    if place.find(open_id=str(content.get("buyer_open_id"))) is None:
        return bad("ACQ.BUYER_NOT_EXIST")
    order = known or {
        "platform": "alipay",
        "amount": fen(content["total_amount"]),
        "state": "open",
        "transaction": f"2026{secrets.randbelow(10**24):024d}",
        "notify_url": form.get("notify_url", ""),
        "title": content["subject"],
    }
    place.orders[number] = order
    return good(out_trade_no=number, trade_no=order["transaction"])


@method("alipay.trade.query")
def query(place: World, request: web.Request, content: Any, form: Any) -> Any:
    order = place.orders.get(content["out_trade_no"])
    if order is None:
        return bad("ACQ.TRADE_NOT_EXIST")
    return good(**trade_fields(place, content["out_trade_no"], paid_name="send_pay_date"))


def trade_fields(place: World, number: str, *, paid_name: str) -> dict[str, str]:
    order = place.orders[number]
    refunded = sum(one["amount"] for one in place.refunds.values() if one["order_no"] == number)
    state = {"open": "WAIT_BUYER_PAY", "paid": "TRADE_SUCCESS", "closed": "TRADE_CLOSED"}
    gone = order["state"] == "paid" and refunded >= order["amount"]
    fields = {
        "out_trade_no": number,
        "trade_no": order["transaction"],
        "total_amount": yuan(order["amount"]),
        "trade_status": "TRADE_CLOSED" if gone else state[order["state"]],
    }
    if order["state"] == "paid":
        fields[paid_name] = moment(order["paid_at"])
    return fields


@method("alipay.trade.close")
def close(place: World, request: web.Request, content: Any, form: Any) -> Any:
    order = place.orders.get(content["out_trade_no"])
    if order is None:
        return bad("ACQ.TRADE_NOT_EXIST")
    if order["state"] == "paid":
        return bad("ACQ.TRADE_STATUS_ERROR")
    order["state"] = "closed"
    return good(out_trade_no=content["out_trade_no"])


@method("alipay.trade.refund")
def refund(place: World, request: web.Request, content: Any, form: Any) -> Any:
    number, request_no = content["out_trade_no"], content["out_request_no"]
    order = place.orders.get(number)
    if order is None or order["state"] != "paid":
        return bad("ACQ.TRADE_STATUS_ERROR" if order is None else "ACQ.TRADE_NOT_ALLOW_REFUND")
    amount = fen(content["refund_amount"])
    known = place.refunds.get(request_no)
    if known is None:
        back = sum(one["amount"] for one in place.refunds.values() if one["order_no"] == number)
        if back + amount > order["amount"]:
            return bad("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL")
        place.refunds[request_no] = {
            "platform": "alipay",
            "order_no": number,
            "amount": amount,
            "state": "done",
            "at": place.now(),
        }
    return good(out_trade_no=number, fund_change="N" if known else "Y", refund_fee=yuan(amount))


@method("alipay.trade.fastpay.refund.query")
def refund_query(place: World, request: web.Request, content: Any, form: Any) -> Any:
    kept = place.refunds.get(content["out_request_no"])
    if kept is None:
        return good()
    return good(refund_amount=yuan(kept["amount"]), refund_status="REFUND_SUCCESS")


def notice(place: World, number: str, **changes: str) -> bytes:
    """The body of a trade notice, signed; `changes` are made before signing."""
    fields = {
        **trade_fields(place, number, paid_name="gmt_payment"),
        "app_id": world.ALIPAY_APP,
        "seller_id": world.SELLER,
        "notify_id": codec.hmac_hex("notice", f"{number}{place.orders[number]['state']}".encode()),
        "notify_type": "trade_status_sync",
        "notify_time": moment(place.now()),
        "charset": "utf-8",
        "version": "1.0",
        "subject": "工本费 100% + 邮寄",
        "fund_bill_list": '[{"amount":"1.00","fundChannel":"ALIPAYACCOUNT"}]',
        **changes,
    }
    signed = codec.alipay_text(fields, drop=("sign", "sign_type"))
    fields |= {"sign": codec.rsa_sign(place.keys.alipay, signed), "sign_type": "RSA2"}
    return urlencode(fields).encode()


def announce(place: World, number: str) -> None:
    """Put the notice of a paid trade on the ladder."""

    async def deliver() -> bool:
        async with (
            ClientSession() as session,
            session.post(
                place.orders[number]["notify_url"],
                data=notice(place, number),
                headers={"Content-Type": "application/x-www-form-urlencoded"},
            ) as response,
        ):
            return await response.text() == "success"

    place.pending.append(
        Pending(due_at=place.now(), attempt=0, deliver=deliver, ladder=LADDER, key=number)
    )


def phone_answer(place: World, phone: str) -> str:
    """What my.getPhoneNumber hands to the client."""
    plain = json.dumps({"code": "10000", "msg": "Success", "mobile": phone})
    sealed = codec.cbc_encrypt(base64.b64decode(world.AES_KEY), bytes(16), plain)
    signature = codec.rsa_sign(place.keys.alipay, f'"{sealed}"')
    return json.dumps(
        {
            "response": sealed,
            "sign": signature,
            "sign_type": "RSA2",
            "encrypt_type": "AES",
            "charset": "UTF-8",
        }
    )


def gateway_message(place: World, **changes: str) -> bytes:
    """A message of the open platform: sign_type stays in the signed text."""
    fields = {
        "app_id": world.ALIPAY_APP,
        "charset": "UTF-8",
        "msg_method": "alipay.open.app.messagetemplate.subscribe.changed",
        "notify_id": secrets.token_hex(16),
        "biz_content": '{"state":"reject"}',
        "sign_type": "RSA2",
        **changes,
    }
    fields["sign"] = codec.rsa_sign(place.keys.alipay, codec.alipay_text(fields))
    return urlencode(fields).encode()
