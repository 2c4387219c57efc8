"""Faults and the ledger: one middleware around every call.

A fault either answers in the call's place (`errcode`, `http`) or spoils the answer after the call
was done (`slow`, `cut`, `empty`, …), as a network does. `errcode` speaks each platform's language.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable

from aiohttp import web

from miniapp_bridge.standin.world import Call, Fault, World

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

WORLD = web.AppKey("world", World)

SPOILERS: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda body: b"",
    "not_json": lambda body: b"<html><h1>Bad Gateway</h1></html>",
    "json_array": lambda body: b"[" + body + b"]",
    "truncate": lambda body: body[: len(body) // 2],
}


@web.middleware
async def watch(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Note the call in the ledger, and let the fault that waits for it happen."""
    world = request.app[WORLD]
    name = await call_name(request)
    fault = world.take_fault(name)
    response = await _answer(request, handler, fault, name)
    kind = fault.kind if fault else None
    world.ledger.append(Call(name=name, method=request.method, status=response.status, fault=kind))
    if fault is not None and fault.kind == "cut":
        await _cut(request, response)
    if fault is not None and fault.kind == "slow":
        await asyncio.sleep(float(fault.value or 30))
    return response


async def call_name(request: web.Request) -> str:
    """Path, or the method named in the form at a gateway that has one address only."""
    if request.path == "/gateway.do":
        form = await request.post()
        return str(form.get("method") or request.query.get("method", ""))
    for prefix in (
        "/v3/pay/transactions/out-trade-no/",
        "/v3/refund/domestic/refunds/",
        "/cashier/bills/",
        "/cashier/refunds/",
        "/cashier/statements/",
    ):
        if request.path.startswith(prefix):
            end = "/close" if request.path.endswith("/close") else ""
            return f"{prefix}:no{end}"
    return request.path


async def _answer(
    request: web.Request, handler: Handler, fault: Fault | None, name: str
) -> web.StreamResponse:
    if fault is None:
        return await handler(request)
    if fault.kind == "http":
        return web.Response(
            status=int(fault.value), text="<html>gateway</html>", content_type="text/html"
        )
    if fault.kind == "errcode":
        return _refusal(name, fault.value)
    response = await handler(request)
    return _spoiled(response, fault)


def _refusal(name: str, code: object) -> web.Response:
    if name.startswith("/v3/"):
        status, text = code if isinstance(code, tuple) else (500, str(code))
        return web.json_response({"code": text, "message": "played"}, status=status)
    if name.startswith("alipay."):
        main, sub = code if isinstance(code, tuple) else (str(code), "")
        node: dict[str, object] = {
            "error_response": {"code": main, "msg": "played", "sub_code": sub}
        }
        return web.json_response(node)
    if name.startswith(("/sms/", "/cashier/")):
        return web.json_response({"code": str(code)}, status=429 if code == "busy" else 400)
    fields: dict[str, object] = {
        "errcode": code,
        "errmsg": f"played rid: 6129ee10-272863a4-{abs(hash(name)):08x}"[:80],
    }
    return web.Response(
        text=json.dumps(fields), headers={"Content-Type": "application/json; encoding=utf-8"}
    )


def _spoiled(response: web.StreamResponse, fault: Fault) -> web.StreamResponse:
    if not isinstance(response, web.Response) or not isinstance(response.body, bytes):
        return response
    if fault.kind in SPOILERS:
        response.body = SPOILERS[fault.kind](response.body)
    elif fault.kind == "control_char":
        response.body = response.body.replace(b'":"', b'":"\x08', 1)
    elif fault.kind == "wrong_type":
        response.headers["Content-Type"] = str(fault.value or "text/plain")
    elif fault.kind == "bad_signature":
        _break_signature(response)
    elif fault.kind == "unsigned":
        for name in ("Wechatpay-Signature", "X-Signature"):
            response.headers.popall(name, None)
        if response.body.startswith(b"{"):
            fields = json.loads(response.body)
            fields.pop("sign", None)
            response.body = json.dumps(fields, ensure_ascii=False).encode()
    return response


def _break_signature(response: web.Response) -> None:
    for name in ("Wechatpay-Signature", "X-Signature"):
        if name in response.headers:
            value = response.headers[name]
            response.headers[name] = ("B" if value[0] == "A" else "A") + value[1:]
    if isinstance(response.body, bytes) and b'"sign":"' in response.body:
        head, _, tail = response.body.rpartition(b'"sign":"')
        changed = b"B" if tail[:1] == b"A" else b"A"
        response.body = head + b'"sign":"' + changed + tail[1:]


async def _cut(request: web.Request, response: web.StreamResponse) -> None:
    """Half an answer, then nothing: the call was done, its caller does not know."""
    started = web.StreamResponse(status=response.status, headers={"Content-Length": "4096"})
    await started.prepare(request)
    await started.write(b"{")
    if request.transport is not None:
        request.transport.abort()
