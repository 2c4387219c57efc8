"""The demo: people with licences, the platforms played, and what is printed for visitors."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from uuid import UUID

from redis.asyncio import Redis

import identity.demo
import identity.sign_in
import services.guides.catalogue
import wallet.demo
from core import offload
from core.files.blobs import Blobs
from core.settings import Settings
from miniapp_bridge.demo import played_platforms
from miniapp_bridge.standin.world import Person
from resources import load_keys, load_trust, signing_folder
from tools.serving import complain_if_taken, own_valkey, serve
from tools.setup_commands import (
    bring_up_to_date,
    make_development_authority,
    make_seals,
    migrate,
    opened,
)
from wallet.desk import Desk


def demo(settings: Settings) -> None:
    complain_if_taken(settings)
    people = identity.demo.list_people()
    with own_valkey(settings) as settings, played_platforms(settings, people) as (settings, url):
        access = asyncio.run(prepare_demo(settings))
        offload.shut_down()
        print_access(settings, access)
        print(f"  微信等平台 Platforms, played here: {url} · 短信 Text messages: {url}/sms/tray\n")
        serve(settings)


@dataclass(frozen=True)
class DemoAccess:
    """What the demo prints for those who try it."""

    staff: tuple[tuple[str, str, str], ...]
    client_id: str
    client_secret: str
    enrolment_code: str


async def prepare_demo(settings: Settings) -> DemoAccess:
    """Everything the demo needs; a second start finds it there and changes nothing."""
    await migrate(replace(settings, read_old_values=True))
    await bring_up_to_date(settings)
    make_development_authority(settings)
    folder = signing_folder(settings)
    async with opened(settings):
        await services.guides.catalogue.load()
        await make_seals(settings)
        secret = demo_secret(settings, "client")
        people = await identity.demo.load(
            password_for=partial(demo_secret, settings), client_secret=secret
        )
        await bind_played_accounts(people.people)
        await wallet.demo.load(
            desk=Desk(
                keys=load_keys(folder, settings),
                trust=load_trust(folder),
                blobs=Blobs.open(settings.blob_url),
                redis=Redis(),  # connected to nothing: issuing asks it nothing
                public_url=settings.public_url,
            )
        )
        code = await identity.demo.new_enrolment_code()
    staff = tuple(
        (officer.staff_no, officer.name, demo_secret(settings, officer.staff_no))
        for officer in people.officers
    )
    return DemoAccess(staff, people.client_id, secret, code)


async def bind_played_accounts(people: Mapping[str, UUID]) -> None:
    """The demo's people have been here before by WeChat and by phone; Alipay asks for a face."""
    for row in identity.demo.list_people():
        account = Person(**row)
        person_id = people[row["key"]]
        await identity.sign_in.bind(person_id, platform="wechat", user_id=account.openid)
        await identity.sign_in.bind(person_id, platform="browser", user_id=account.phone)


def demo_secret(settings: Settings, name: str) -> str:
    """A password of the demo: differs per installation, stays over restarts, is stored nowhere."""
    digest = hmac.new(settings.secret_key, f"demo/{name}".encode(), hashlib.sha256).hexdigest()
    return f"yj-{digest[:12]}"


def print_access(settings: Settings, access: DemoAccess) -> None:
    reviewers = "\n".join(
        f"    {number:<10} {password}  {name}" for number, name, password in access.staff
    )
    url = settings.public_url
    print(
        f"""
云间证 Yunjian is starting · 正在启动 (Ctrl-C stops it · 结束)

  首页 Start            {url}/
  市民 Citizens         {url}/m/
  窗口 Counter          {url}/counter/
  工作人员 Officers      {url}/staff/
  企业 Enterprises      {url}/biz/
  接口 API              {url}/api/docs

  市民登录 Citizens and legal persons: choose a demo account on the page, no password
    法人 A legal person: 李样例, then 我的 → 切换身份 → 上海松江演示餐饮有限公司
  窗口登记码 Counter enrolment code: {access.enrolment_code}
  企业密钥 Enterprise: client {access.client_id}, key {access.client_secret}
  工作人员 Officers (number, password, name):
{reviewers}

  数据 Data: {settings.var_dir}
""",
        flush=True,
    )
