"""The stand-in's server and its controls under `/__ctl/`, which only a test or the demo knows."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict

import aiohttp
from aiohttp import web

from miniapp_bridge.standin import alipay, alipay_bill, others, wechat, wechat_pay
from miniapp_bridge.standin.faults import WORLD, watch
from miniapp_bridge.standin.world import World

DELIVER_EVERY_SECONDS = 0.5

controls = web.RouteTableDef()


@controls.get("/__ctl/calls")
async def calls(request: web.Request) -> web.Response:
    return web.json_response([asdict(line) for line in request.app[WORLD].ledger])


@controls.post("/__ctl/clock")
async def move_clock(request: web.Request) -> web.Response:
    request.app[WORLD].advance(float((await request.json())["advance"]))
    return web.json_response({"now": request.app[WORLD].now()})


@controls.post("/__ctl/fault")
async def add_fault(request: web.Request) -> web.Response:
    fields = await request.json()
    request.app[WORLD].fail(
        fields["call"], fields["kind"], times=fields.get("times", 1), value=fields.get("value")
    )
    return web.json_response({})


@controls.post("/__ctl/code")
async def new_code(request: web.Request) -> web.Response:
    """What `wx.login` or `my.getAuthCode` would give the mini-program of a person."""
    fields, place = await request.json(), request.app[WORLD]
    person = place.people.get(fields["person"])
    if person is None:
        raise web.HTTPNotFound
    return web.json_response({"code": place.new_code(fields["kind"], person)})


@controls.post("/__ctl/pay")
async def pay(request: web.Request) -> web.Response:
    """The payer confirms on the phone; the notice follows on its ladder."""
    place, number = request.app[WORLD], (await request.json())["order_no"]
    if number not in place.orders:
        raise web.HTTPNotFound
    paid = others.pay(place, number)
    if paid:
        announce = {
            "wechat_pay": wechat_pay.announce,
            "alipay": alipay.announce,
            "cashier": others.announce,
        }
        announce[place.orders[number]["platform"]](place, number)
    return web.json_response({"paid": paid})


def application(world: World) -> web.Application:
    """Calls go through the faults and the ledger, controls do not."""
    main = web.Application(middlewares=[_except_controls])
    main[WORLD] = world
    for table in (
        wechat.routes,
        wechat_pay.routes,
        alipay.routes,
        alipay_bill.routes,
        others.routes,
        controls,
    ):
        main.add_routes(table)
    return main


@web.middleware
async def _except_controls(request: web.Request, handler: object) -> web.StreamResponse:
    if request.path.startswith("/__ctl/"):
        return await handler(request)  # type: ignore[operator,no-any-return]
    return await watch(request, handler)  # type: ignore[arg-type]


@asynccontextmanager
async def serving(world: World, *, port: int, host: str = "127.0.0.1") -> AsyncIterator[str]:
    """The stand-in on a port; yields its address. Notices are delivered by whoever asks for it."""
    runner = web.AppRunner(application(world), access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    try:
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


async def run(world: World, *, port: int) -> None:
    """Serve until cancelled, and deliver notices as they fall due (the demo)."""
    async with serving(world, port=port):
        while True:
            await asyncio.sleep(DELIVER_EVERY_SECONDS)
            others.finish_refunds(world)
            with contextlib.suppress(OSError, TimeoutError, aiohttp.ClientError):
                await world.deliver_due()
