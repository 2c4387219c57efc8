"""WeChat as we use it: tokens, log-in, phone, messages, codes, content check, face check, pages."""

import base64
import json
import re
import secrets
from typing import Any

from aiohttp import web

from miniapp_bridge.standin import codec, world
from miniapp_bridge.standin.faults import WORLD
from miniapp_bridge.standin.pages import choose_person
from miniapp_bridge.standin.world import Person, World

JSON_TYPE = "application/json; encoding=utf-8"
SCENE = re.compile(r"[\x21\x23-\x24\x26-\x2f0-9:;=?@A-Z_a-z~]{1,32}")
VALUE_LIMITS = {"thing": 20, "time": 20, "phrase": 5, "name": 10, "character_string": 32}
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="
) + bytes(100)
LOGINS_PER_MINUTE = 100

routes = web.RouteTableDef()


def said(fields: dict[str, Any], *, text: bool = False) -> web.Response:
    media_type = "text/plain" if text else JSON_TYPE
    body = json.dumps(fields, ensure_ascii=False)
    return web.Response(body=body.encode(), headers={"Content-Type": media_type})


def refused(code: int, words: str = "refused", *, text: bool = False) -> web.Response:
    rid = f"{secrets.token_hex(4)}-{secrets.token_hex(4)}-{secrets.token_hex(4)}"
    return said({"errcode": code, "errmsg": f"{words} rid: {rid}"}, text=text)


async def body_of(request: web.Request) -> dict[str, Any]:
    raw = await request.read()
    try:
        value = json.loads(raw)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def token_refusal(request: web.Request) -> web.Response | None:
    code = request.app[WORLD].token_fault(request.query.get("access_token"))
    return refused(code, "access_token") if code else None


@routes.post("/cgi-bin/stable_token")
async def stable_token(request: web.Request) -> web.Response:
    fields = await body_of(request)
    if fields.get("appid") != world.APP_ID:
        return refused(40013)
    if fields.get("secret") != world.APP_SECRET:
        return refused(40001, "invalid appsecret")
    value, left = request.app[WORLD].stable_token(force=bool(fields.get("force_refresh")))
    return said({"access_token": value, "expires_in": left})


@routes.get("/cgi-bin/ticket/getticket")
async def ticket(request: web.Request) -> web.Response:
    bad = token_refusal(request)
    if bad is not None:
        return bad
    return said(
        {
            "errcode": 0,
            "errmsg": "ok",
            "ticket": "kgt8ON7yVITDhtdwci0qeS-STANDIN",
            "expires_in": 7200,
        }
    )


@routes.get("/sns/jscode2session")
async def code_to_session(request: web.Request) -> web.Response:
    return _log_in(request, "mini", request.query.get("js_code", ""))


@routes.get("/sns/oauth2/access_token")
async def page_code(request: web.Request) -> web.Response:
    return _log_in(request, "page", request.query.get("code", ""))


def _log_in(request: web.Request, kind: str, code: str) -> web.Response:
    place = request.app[WORLD]
    if request.query.get("secret") != world.APP_SECRET:
        return refused(40125, text=True)
    kept = place.spend(kind, code)
    if isinstance(kept, str):
        return refused(40163 if kept == "used" else 40029, text=True)
    if kept.get("blocked"):
        return refused(40226, text=True)
    person: Person = kept["person"]
    session_key = codec.b64(secrets.token_bytes(16))
    place.session_keys[person.openid] = session_key
    fields: dict[str, Any] = {"openid": person.openid, "unionid": f"uSTANDIN-{person.key}"}
    if kind == "mini":
        fields["session_key"] = session_key
    else:
        fields |= {"access_token": secrets.token_hex(16), "expires_in": 7200}
        fields |= {"is_snapshotuser": 1} if kept.get("guest") else {}
    return said(fields, text=True)


@routes.get("/connect/oauth2/authorize")
async def authorize(request: web.Request) -> web.Response:
    return choose_person(request, kind="page", platform="微信", code_name="code")


@routes.post("/wxa/business/getuserphonenumber")
async def phone_number(request: web.Request) -> web.Response:
    bad = token_refusal(request)
    if bad is not None:
        return bad
    fields = await body_of(request)
    kept = request.app[WORLD].spend("phone", str(fields.get("code", "")))
    if isinstance(kept, str):
        return refused(40029)
    phone = kept["person"].phone
    info = {
        "phoneNumber": phone,
        "purePhoneNumber": phone,
        "countryCode": 86,
        "watermark": {
            "timestamp": int(request.app[WORLD].now()),
            "appid": kept.get("app_id", world.APP_ID),
        },
    }
    return said({"errcode": 0, "errmsg": "ok", "phone_info": info})


@routes.post("/cgi-bin/message/subscribe/send")
async def send_message(request: web.Request) -> web.Response:
    bad = token_refusal(request)
    if bad is not None:
        return bad
    place, fields = request.app[WORLD], await body_of(request)
    raw = (await request.read()).decode()
    if not fields or isinstance(fields.get("data"), str):
        return refused(47001)
    if "\\u" in raw:
        return refused(40033)
    if place.find(openid=str(fields.get("touser"))) is None:
        return refused(40003)
    if fields["touser"] in place.consent_withdrawn:
        return refused(43101)
    for name, value in fields["data"].items():
        limit = VALUE_LIMITS.get(name.rstrip("0123456789"))
        text = value.get("value") if isinstance(value, dict) else None
        if limit is None or not text or len(text) > limit:
            return refused(47003, f"argument invalid! data.{name}.value invalid")
    place.messages.append(fields)
    return said({"errcode": 0, "errmsg": "ok", "msgid": 9007199254740993 + len(place.messages)})


@routes.post("/wxa/getwxacodeunlimit")
async def mini_code(request: web.Request) -> web.Response:
    bad = token_refusal(request)
    if bad is not None:
        return bad
    fields = await body_of(request)
    if not SCENE.fullmatch(str(fields.get("scene", ""))):
        return refused(40169)
    if str(fields.get("page", "")).startswith("/"):
        return refused(41030)
    request.app[WORLD].scenes.append(str(fields["scene"]))
    return web.Response(body=PICTURE, content_type="image/png")


@routes.post("/wxa/generate_urllink")
async def url_link(request: web.Request) -> web.Response:
    bad = token_refusal(request)
    if bad is not None:
        return bad
    fields = await body_of(request)
    code = link_fault(fields, fields)
    if code:
        return refused(code)
    link = f"https://wxaurl.cn/{secrets.token_hex(6)}"
    request.app[WORLD].links[link] = f"{fields['path']}?{fields['query']}"
    return said({"errcode": 0, "errmsg": "ok", "url_link": link})


@routes.post("/wxa/generatescheme")
async def scheme(request: web.Request) -> web.Response:
    bad = token_refusal(request)
    if bad is not None:
        return bad
    fields = await body_of(request)
    jump = fields.get("jump_wxa")
    code = link_fault(jump if isinstance(jump, dict) else {}, fields)
    if code or not isinstance(jump, dict):
        return refused(code or 40097)
    link = f"weixin://dl/business/?t={secrets.token_hex(6)}"
    request.app[WORLD].links[link] = f"{jump['path']}?{jump['query']}"
    return said({"errcode": 0, "errmsg": "ok", "openlink": link})


def link_fault(jump: dict[str, Any], fields: dict[str, Any]) -> int:
    """The error code for a link that cannot be made; 0 when it can."""
    path, query = jump.get("path"), jump.get("query", "")
    if not isinstance(path, str) or path.startswith("/") or "?" in path:
        return 40165
    if len(query) > 1024 or re.search(r"[^\x21-\x7e]", query):
        return 40097
    if fields.get("expire_type") == 1 and not 1 <= int(fields.get("expire_interval", 0)) <= 30:
        return 40097
    return 0


@routes.post("/wxa/msg_sec_check")
async def check_text(request: web.Request) -> web.Response:
    bad = token_refusal(request)
    if bad is not None:
        return bad
    fields = await body_of(request)
    text = str(fields.get("content", ""))
    if len(text) > 2500:
        return refused(40097)
    suggest = "risky" if "违法" in text else "review" if "可疑" in text else "pass"
    return said(
        {
            "errcode": 0,
            "errmsg": "ok",
            "trace_id": secrets.token_hex(8),
            "result": {"suggest": suggest, "label": 100},
            "detail": [],
        }
    )


@routes.post("/wxa/media_check_async")
async def check_picture(request: web.Request) -> web.Response:
    """Takes the picture; the verdict is pushed later (`picture_verdict`)."""
    bad = token_refusal(request)
    if bad is not None:
        return bad
    place, fields = request.app[WORLD], await body_of(request)
    if fields.get("media_type") not in (1, 2) or fields.get("version") != 2:
        return refused(40097)
    if place.find(openid=str(fields.get("openid"))) is None:
        return refused(61010)
    trace_id = secrets.token_hex(8)
    place.pictures[trace_id] = str(fields.get("media_url"))
    return said({"errcode": 0, "errmsg": "ok", "trace_id": trace_id})


def picture_verdict(place: World, trace_id: str, *, app_id: str = world.APP_ID) -> dict[str, Any]:
    """The event that tells what was seen; the label comes as text here."""
    url = place.pictures[trace_id]
    suggest = "risky" if "bad" in url else "review" if "odd" in url else "pass"
    return {
        "ToUserName": "gh_standin",
        "FromUserName": "o_wechat",
        "CreateTime": int(place.now()),
        "MsgType": "event",
        "Event": "wxa_media_check",
        "appid": app_id,
        "trace_id": trace_id,
        "version": 2,
        "errcode": 1 if "gone" in url else 0,
        "errmsg": "ok",
        "detail": [{"strategy": "content_model", "errcode": 0, "suggest": suggest, "label": 100}],
        "result": {"suggest": suggest, "label": "100"},
    }


@routes.post("/cgi-bin/openapi/quota/get")
async def quota(request: web.Request) -> web.Response:
    bad = token_refusal(request)
    if bad is not None:
        return bad
    used = request.app[WORLD].count(str((await body_of(request)).get("cgi_path")))
    return said(
        {"errcode": 0, "quota": {"daily_limit": 100000, "used": used, "remain": 100000 - used}}
    )


@routes.post("/cityservice/face/identify/getverifyid")
async def start_face(request: web.Request) -> web.Response:
    bad = token_refusal(request)
    if bad is not None:
        return bad
    fields = await body_of(request)
    verify_id = secrets.token_hex(20)
    request.app[WORLD].faces[verify_id] = fields
    return said({"errcode": 0, "errmsg": "ok", "verify_id": verify_id, "expires_in": 3600})


@routes.post("/cityservice/face/identify/queryverifyinfo")
async def face_outcome(request: web.Request) -> web.Response:
    bad = token_refusal(request)
    if bad is not None:
        return bad
    place, fields = request.app[WORLD], await body_of(request)
    kept = place.faces.get(str(fields.get("verify_id")))
    if kept is None or kept["out_seq_no"] != fields.get("out_seq_no"):
        return refused(40097)
    certificate = kept["cert_info"]
    name, number = certificate["cert_name"], certificate["cert_no"]
    matches = fields.get("cert_hash") == codec.face_hash(name, number)
    known = face_belongs(place, kept["openid"], name, number)
    result = 10000 if matches and known else 10004
    return said({"errcode": 0, "errmsg": "ok", "verify_ret": result})


def face_belongs(place: World, openid: str, name: str, number: str) -> bool:
    """The face in front of the phone is that of the account's owner."""
    owner = place.find(openid=openid)
    return owner is not None and (owner.name, owner.id_no) == (name, number)


def sealed_push(
    place: World, message: dict[str, Any], *, app_id: str = world.APP_ID
) -> tuple[dict[str, str], bytes]:
    """Query and body of a push in secure mode, as JSON."""
    encrypted = codec.push_encrypt(
        world.PUSH_KEY, app_id, json.dumps(message, ensure_ascii=False).encode()
    )
    timestamp, nonce = str(int(place.now())), secrets.token_hex(5)
    query = {
        "signature": codec.push_sign(world.PUSH_TOKEN, timestamp, nonce),
        "timestamp": timestamp,
        "nonce": nonce,
        "encrypt_type": "aes",
        "msg_signature": codec.push_sign(world.PUSH_TOKEN, timestamp, nonce, encrypted),
    }
    body = json.dumps({"ToUserName": "gh_standin", "Encrypt": encrypted}).encode()
    return query, body


def sealed_data(place: World, openid: str, fields: dict[str, Any]) -> tuple[str, str]:
    """encryptedData and iv under the present session key."""
    vector = secrets.token_bytes(16)
    marked = {**fields, "watermark": {"appid": world.APP_ID, "timestamp": int(place.now())}}
    key = base64.b64decode(place.session_keys[openid])
    text = json.dumps(marked, ensure_ascii=False)
    return codec.cbc_encrypt(key, vector, text), codec.b64(vector)
