"""Every screen with something on it: cases in different states, licences, an officer's worklist."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from core import clock
from core.ids import new_id
from tests.journeys.actors import Actor, Citizen, Officer
from tests.journeys.preparing import prepare
from tests.web.installation import Demo
from tests.web.people import Window, keep, photo

SHOP = "SJ-SCJG-03"
DRIVING_LICENCE = "SJ-GA-04"
SHOP_PAPER = "SJ-SCJG-03-M04"
ANSWERS = {"S1": ["net"], "S2": ["no"]}
FORM = {
    "address": "上海市松江区演示路 1 号",
    "scope": "日用百货销售",
    "delivery": "电子证照",
}

PUBLIC = {
    "landing": "/",
    "transparency-log": "/log/",
    "shared-licence": "/m/#/shared/no-such-link",
    "documents": "/api/docs",
    "staff-sign-in": "/staff/",
    "counter-enrolment": "/counter/",
    "enterprise-key": "/biz/",
}


@dataclass(frozen=True)
class Town:
    """Who is signed in, and where each screen is."""

    citizen: Citizen
    officer: Officer
    supervisor: Officer
    citizen_screens: dict[str, str]
    staff_screens: dict[str, str]


@asynccontextmanager
async def town(demo: Demo) -> AsyncIterator[Town]:
    """Prepare the demo through its own API."""
    async with (
        Citizen(demo.url) as citizen,
        Officer(demo.url) as officer,
        Officer(demo.url) as supervisor,
    ):
        await citizen.sign_in("li")
        await officer.sign_in("SCJG-01", demo.passwords["SCJG-01"])
        await supervisor.sign_in("ZWB-90", demo.passwords["ZWB-90"])
        draft = await citizen.open_case(SHOP, ANSWERS)
        running, waiting = await submitted(citizen), await submitted(citizen)
        await officer.act(running["id"], "acceptance")
        missing = [{"code": SHOP_PAPER, "reason": "照片看不清，请重新拍"}]
        await officer.act(waiting["id"], "supplements", {"items": missing, "note": "请用横屏拍摄"})
        await talk(citizen, officer, running)
        [licence, *_] = await citizen.licences()
        look = await complained(citizen, licence)
        due, paid = await owed(citizen, demo), await owed(citizen, demo)
        await pay(citizen, paid)
        company = (await citizen.get("/api/citizen/me"))["organisations"][0]
        yield Town(
            citizen=citizen,
            officer=officer,
            supervisor=supervisor,
            citizen_screens={
                **citizen_screens(draft, running, waiting, licence),
                "look": f"/m/#/look/{look}",
                "payment": f"/m/#/payment/{due}",
                "receipt": f"/m/#/payment/{paid}",
                "mandates": f"/m/#/mandates/{company['id']}",
            },
            staff_screens={
                "worklist": "/staff/#/",
                "staff-case": f"/staff/#/case/{running['id']}",
            },
        )


async def talk(citizen: Citizen, officer: Officer, case: dict[str, Any]) -> None:
    """Both sides have said something, the applicant with a picture."""
    path, picture_id = f"cases/{case['id']}", str(new_id())
    await citizen.call(
        "PUT", f"/api/citizen/{path}/message-pictures/{picture_id}", data=photo("my door")
    )
    asked = {"client_key": new_id().hex, "text": "门头照这样可以吗？", "pictures": [picture_id]}
    await citizen.post(f"/api/citizen/{path}/messages", asked)
    answer = {"client_key": new_id().hex, "text": "可以，地址也请拍进去。"}
    await officer.post(f"/api/staff/{path}/messages", answer)


async def complained(citizen: Citizen, licence: dict[str, Any]) -> str:
    """A look with a complaint about it, and an authorisation; the look's id."""
    path = f"/api/citizen/licences/{licence['id']}"
    await citizen.call("POST", f"{path}/reveal")
    facts = (await citizen.call("GET", path))["facts"]
    ends_at = (clock.now() + timedelta(days=2)).isoformat()
    terms = {"fields": [facts[0]["key"]], "purpose": "租房登记", "ends_at": ends_at}
    await citizen.call("POST", f"{path}/shares", json=terms)
    [use, *_] = (await citizen.call("GET", "/api/citizen/uses"))["uses"]
    await citizen.call(
        "POST", f"/api/citizen/uses/{use['id']}/complaint", json={"text": "为何查看"}
    )
    return str(use["id"])


async def owed(citizen: Citizen, demo: Demo) -> str:
    """The id of a new bill: the fee of a case that was accepted."""
    known = {bill["id"] for bill in (await citizen.get("/api/citizen/bills"))["bills"]}
    case = await prepare(citizen, DRIVING_LICENCE)
    await citizen.post(f"/api/citizen/cases/{case['id']}/submission")
    async with Officer(demo.url) as police:
        await police.sign_in("GA-01", demo.passwords["GA-01"])
        await police.act(case["id"], "acceptance")
    async with asyncio.timeout(30):
        while True:
            bills = (await citizen.get("/api/citizen/bills"))["bills"]
            if fresh := {bill["id"] for bill in bills} - known:
                return str(fresh.pop())
            await asyncio.sleep(0.1)


async def pay(citizen: Citizen, bill_id: str) -> None:
    """Pay at the cashier that is played."""
    path = f"/api/citizen/bills/{bill_id}"
    launch = await citizen.post(f"{path}/orders", {"provider": "cashier"})
    async with citizen.http.get(f"{launch['params']['url']}&pay=1", allow_redirects=False):
        pass
    await citizen.post(f"{path}/refresh")


async def submitted(citizen: Citizen) -> dict[str, Any]:
    """A case that was filled in and handed in."""
    case = await citizen.open_case(SHOP, ANSWERS)
    await citizen.fill(case, FORM)
    await citizen.upload(case, SHOP_PAPER, photo("web shop", size=(1000, 800)))
    return await citizen.call("POST", f"/api/citizen/cases/{case['id']}/submission")


def citizen_screens(
    draft: dict[str, Any], running: dict[str, Any], waiting: dict[str, Any], licence: dict[str, Any]
) -> dict[str, str]:
    return {
        "home": "/m/#/",
        "sign-in": "/m/#/login",
        "bind": "/m/#/bind?ticket=x&platform=wechat",
        "confirm": "/m/#/confirm?next=/me",
        "accounts": "/m/#/accounts",
        "sign-ins": "/m/#/sign-ins",
        "payments": "/m/#/payments",
        "search": "/m/#/search?q=食品",
        "nothing-found": "/m/#/search?q=没有这种事",
        "theme": "/m/#/theme/T-KCYD",
        "guide": f"/m/#/guide/{SHOP}",
        "apply": f"/m/#/apply/{draft['id']}",
        "materials": f"/m/#/materials/{draft['id']}",
        "review": f"/m/#/review/{draft['id']}",
        "cases": "/m/#/cases",
        "case": f"/m/#/case/{running['id']}",
        "case-waiting": f"/m/#/case/{waiting['id']}",
        "talk": f"/m/#/talk/{running['id']}",
        "talk-empty": f"/m/#/talk/{waiting['id']}",
        "supplement": f"/m/#/supplement/{waiting['id']}",
        "withdraw": f"/m/#/withdraw/{running['id']}",
        "wallet": "/m/#/wallet",
        "licence": f"/m/#/licence/{licence['id']}",
        "qr": f"/m/#/qr/{licence['id']}",
        "offline-choice": f"/m/#/offline/{licence['id']}",
        "uses": "/m/#/uses",
        "complaints": "/m/#/complaints",
        "authorisations": "/m/#/authorisations",
        "authorise": f"/m/#/authorise/{licence['id']}",
        "inbox": "/m/#/inbox",
        "notices": "/m/#/notices",
        "me": "/m/#/me",
    }


async def lend_session(actor: Actor, window: Window, *, hint: str) -> None:
    """Let a window be signed in as `actor`; `hint` is what the page keeps to know that it is."""
    cookies = [
        {"name": cookie.key, "value": cookie.value, "url": actor.address, "httpOnly": True}
        for cookie in actor.http.cookie_jar
    ]
    await window.context.add_cookies(cookies)  # type: ignore[arg-type]
    await window.context.add_init_script(keep(hint, "1"))


SETTLED = """() => {
  const said = [...document.querySelectorAll('[role=status]')].map((one) => one.textContent);
  const busy = said.some((one) => /正在(打开|生成)|Opening|Making/.test(one));
  return document.querySelector('h1') && !busy;
}"""


async def show(window: Window, path: str) -> None:
    """Open a screen anew and wait until it has settled."""
    await window.page.goto("about:blank")
    await window.page.goto(path)
    await window.page.wait_for_function(SETTLED)
    await window.quiet()
    await window.page.wait_for_function(SETTLED)


async def enrol_counter(desk: Window, demo: Demo) -> None:
    """Make a browser without a camera a counter."""
    await desk.go("/counter/")
    await desk.page.get_by_label("登记码").fill(demo.new_enrolment_code())
    await desk.page.get_by_label("设备名称").fill("5 号窗口")
    await desk.click("登记", exact=True)
    await desk.sees("没有找到摄像头")


async def enter_enterprise(desk: Window, demo: Demo) -> None:
    """Sign in with the client's key."""
    await desk.go("/biz/")
    await desk.page.get_by_label("客户编号").fill(demo.client_id)
    await desk.page.get_by_label("密钥").fill(demo.client_secret)
    await desk.click("进入")
    await desk.heading("核验电子证照文件")


async def shown_code(citizen: Citizen) -> str:
    licence = next(one for one in await citizen.licences() if one["showable"])
    opened = await citizen.post(f"/api/citizen/licences/{licence['id']}/presentations")
    return str(opened["code"])


async def document(citizen: Citizen) -> bytes:
    licence = next(one for one in await citizen.licences() if one["showable"])
    path = f"/api/citizen/licences/{licence['id']}/document"
    async with citizen.http.get(path) as answer:
        return await answer.read()


async def drop(clerk: Window, data: bytes) -> None:
    """Drop a file on the page, as with a mouse."""
    transfer = await clerk.page.evaluate_handle(
        """(bytes) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([new Uint8Array(bytes)], 'licence.ofd'));
          return transfer;
        }""",
        list(data),
    )
    await clerk.page.dispatch_event("#drop", "drop", {"dataTransfer": transfer})
