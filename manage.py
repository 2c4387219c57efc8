"""The command line: prepare, run and look after an installation. Nobody imports it.

python manage.py demo              everything on embedded defaults, with demo people; then serve
python manage.py serve             serve with the settings of the environment
python manage.py migrate           bring the tables up to date
python manage.py makemigrations    write migrations for changed tables
python manage.py load-items        load the catalogue (again: only what changed)
python manage.py dev-ca            make a development CA, seal maker and signers
python manage.py seals             make an e-seal for each department from those keys
python manage.py counter-code KEY HALL    a one-time code to enrol a counter of department KEY
python manage.py check-audit       follow the audit chains
python manage.py check-uses        follow every holder's log of who looked, and the signed days
python manage.py check-log         compute the transparency log anew
python manage.py check-export FILE         check a log of uses that a holder exported
python manage.py audit-log URL STATE       follow a public transparency log as an auditor
python manage.py outbox [replay|drop EVENT_ID]    look at parked events, tell or drop one
python manage.py webhook CLIENT TOPIC URL [--suite hmac-sm3]    tell a client system of events;
                                   TOPIC is dept:KEY or subject:UUID; prints the key once
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 (the sentence is for those who have an older one)
    sys.exit("Python 3.11 or newer is needed. 需要 Python 3.11 或更新版本。")

import argparse
import asyncio
import contextlib
import errno
import hashlib
import hmac
import multiprocessing
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

from sanic import Sanic
from sanic.worker.loader import AppLoader
from tortoise import Tortoise

import cases.catalogue
import identity.clients
import identity.counters
import identity.demo
import identity.departments
import identity.sign_in
import push.webhooks.endpoints
import wallet.demo
import wallet.seals
from app import create_app
from cases.reading import read_catalogue
from core import audit, clock, database, offload, outbox, protect
from core.blobs import Blobs
from core.embedded import EmbeddedValkey, NoServer
from core.errors import Problem
from core.settings import Settings, SettingsError
from identity.queries import DepartmentView
from miniapp_bridge.demo import played_platforms
from miniapp_bridge.standin.world import Person
from push.webhooks.addresses import read_networks
from push.webhooks.signatures import SUITES
from resources import (
    KEYS_FILE,
    PACKAGES,
    TRUST_FILE,
    key_passphrase,
    load_keys,
    load_trust,
    signing_folder,
)
from signing import devca
from tools import log_commands

ORGANISATION = "上海市松江区"
CERTIFICATE_YEARS = 10
SEAL_LIFE = timedelta(days=5 * 365)
BACKLOG = 2048
"""Connections that may wait to be accepted: after a restart all live clients come at once."""


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[None]:
    """Database and protection, for the length of one command."""
    protect.use(settings.secret_key)
    await database.open_database(settings.database_url, PACKAGES)
    try:
        await audit.prepare()
        yield
    finally:
        await database.close_database()


async def migrate(settings: Settings) -> None:
    protect.use(settings.secret_key)
    await database.migrate(settings.database_url, PACKAGES)


async def make_migrations() -> list[str]:
    """Compare the tables with the migrations and write what is missing; needs no database."""
    url = "sqlite://:memory:"
    await database.open_database(url, PACKAGES)
    if Tortoise.apps is None:
        raise RuntimeError("Tortoise found no tables")
    written = await database.detector(Tortoise.apps, url, PACKAGES).write()
    await database.close_database()
    return written


async def load_items(settings: Settings) -> None:
    async with opened(settings):
        report = await cases.catalogue.load()
        await load_departments()
    print(
        f"catalogue: {report.added} added, {report.changed} changed, "
        f"{report.retired} retired, {report.unchanged} unchanged"
    )


async def load_departments() -> None:
    """Officers, counters and cases carry the keys of departments; their names come from here."""
    await identity.departments.load(
        DepartmentView(
            key=entry.key, name=entry.name, short_name=entry.short_name, credit_code=entry.code
        )
        for entry in read_catalogue().departments
    )


def make_development_authority(settings: Settings) -> bool:
    """Root, seal maker and a signer for each department, kept under var/signing; False if there."""
    folder = signing_folder(settings)
    if (folder / TRUST_FILE).exists():
        return False
    folder.mkdir(parents=True, exist_ok=True)
    departments = {entry.key: entry.name for entry in read_catalogue().departments}
    authority = devca.make(
        organisation=ORGANISATION,
        departments=departments,
        at=clock.now(),
        years=CERTIFICATE_YEARS,
    )
    write_private(folder / KEYS_FILE, authority.keys.to_bytes(passphrase=key_passphrase(settings)))
    write_private(folder / TRUST_FILE, authority.trust.to_bytes())
    return True


def write_private(path: Path, data: bytes) -> None:
    """Write for the owner only, and whole or not at all."""
    unfinished = path.with_suffix(".new")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


async def make_seals(settings: Settings) -> int:
    """An e-seal for every department that has a signer and no seal yet."""
    keys = load_keys(signing_folder(settings), settings)
    until = clock.now() + SEAL_LIFE
    return await wallet.seals.provision(keys=keys, valid_until=until, by="system:seals")


@dataclass(frozen=True)
class DemoAccess:
    """What the demo prints for those who try it."""

    staff: tuple[tuple[str, str, str], ...]
    client_id: str
    client_secret: str
    enrolment_code: str


async def prepare_demo(settings: Settings) -> DemoAccess:
    """Everything the demo needs; a second start finds it there and changes nothing."""
    await migrate(settings)
    make_development_authority(settings)
    folder = signing_folder(settings)
    async with opened(settings):
        await cases.catalogue.load()
        await make_seals(settings)
        secret = demo_secret(settings, "client")
        people = await identity.demo.load(
            password_for=partial(demo_secret, settings), client_secret=secret
        )
        await bind_played_accounts(people.people)
        await wallet.demo.load(
            keys=load_keys(folder, settings),
            trust=load_trust(folder),
            blobs=Blobs.open(settings.blob_url),
            public_url=settings.public_url,
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


def serve(settings: Settings) -> None:
    """Run until stopped: one process, or several under Sanic's manager."""
    if settings.workers == 1:
        app = create_app(settings)
        app.run(
            host=settings.host,
            port=settings.port,
            single_process=True,
            backlog=BACKLOG,
            access_log=False,
            motd=False,
        )
        return
    # main() has set the start method already; Sanic refuses to find it set, even to the same.
    Sanic.start_method = "spawn"
    Sanic.START_METHOD_SET = True
    loader = AppLoader(factory=partial(create_app, settings))
    app = loader.load()
    app.prepare(
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        backlog=BACKLOG,
        access_log=False,
        motd=False,
    )
    Sanic.serve(primary=app, app_loader=loader)


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


def demo(settings: Settings) -> None:
    complain_if_taken(settings)
    people = identity.demo.list_people()
    with own_valkey(settings) as settings, played_platforms(settings, people) as (settings, url):
        access = asyncio.run(prepare_demo(settings))
        offload.shut_down()
        print_access(settings, access)
        print(f"  微信等平台 Platforms, played here: {url} · 短信 Text messages: {url}/sms/tray\n")
        serve(settings)


def complain_if_taken(settings: Settings) -> None:
    """One clear sentence instead of a traceback when the port is in use."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            sys.exit(
                f"Port {settings.port} is in use: set another one, YUNJIAN_PORT=8801 make run. "
                f"端口 {settings.port} 已被占用，请换一个：YUNJIAN_PORT=8801 make run"
            )


@contextlib.contextmanager
def own_valkey(settings: Settings):  # type: ignore[no-untyped-def]
    """The settings with a Redis URL; starts the embedded Valkey when there is none."""
    if settings.redis_url is not None:
        yield settings
        return
    server = EmbeddedValkey(settings.var_dir / "valkey")
    try:
        yield replace(settings, redis_url=server.start())
    except NoServer as error:
        sys.exit(str(error))
    finally:
        server.stop()


async def counter_code(settings: Settings, *, department: str, hall: str) -> None:
    async with opened(settings):
        code = await identity.counters.new_enrolment_code(
            department=department, hall=hall, by="system:manage"
        )
    print(code)


async def check_audit(settings: Settings) -> None:
    async with opened(settings):
        try:
            print(f"{await audit.check()} records, every chain is whole")
        except audit.BrokenChain as error:
            sys.exit(f"the audit trail was changed: {error}")


async def add_webhook(
    settings: Settings, *, client_id: str, topic: str, url: str, suite: str
) -> None:
    """Whose events a client system is told is the operator's decision."""
    async with opened(settings):
        client = await identity.clients.find(client_id)
        if client is None:
            sys.exit("no client system has this identifier")
        if not topic.startswith(("dept:", "subject:")):
            sys.exit("TOPIC is dept:KEY or subject:UUID")
        try:
            _, secret = await push.webhooks.endpoints.register(
                owner=f"client:{client}",
                topic=topic,
                url=url,
                kinds=(),
                suite=suite,
                allowed=read_networks(settings.webhook_networks),
                by="system:manage",
            )
        except Problem as refusal:
            sys.exit(f"{refusal.slug}: {refusal}")
    print(secret)


async def check_logs(
    settings: Settings, check: Callable[[log_commands.Keys], Awaitable[None]]
) -> None:
    async with opened(settings):
        await check(load_keys(signing_folder(settings), settings))


async def look_at_outbox(settings: Settings, *, action: str | None, event_id: str | None) -> None:
    async with opened(settings):
        if action is None:
            for row in await outbox.list_parked():
                print(row.event_id, row.name, row.key, row.attempts, row.last_error)
            return
        act = outbox.replay if action == "replay" else outbox.drop
        if not event_id or not await act(event_id):
            sys.exit("no parked event has this identifier")


def parser() -> argparse.ArgumentParser:
    main = argparse.ArgumentParser(prog="manage.py", description=(__doc__ or "").split("\n")[0])
    commands = main.add_subparsers(dest="command", required=True)
    for name in ("demo", "serve", "migrate", "makemigrations", "load-items", "dev-ca", "seals"):
        commands.add_parser(name)
    counter = commands.add_parser("counter-code")
    counter.add_argument("department")
    counter.add_argument("hall")
    hook = commands.add_parser("webhook")
    hook.add_argument("client")
    hook.add_argument("topic")
    hook.add_argument("url")
    hook.add_argument("--suite", choices=tuple(SUITES), default="hmac-sha256")
    for name in ("check-audit", "check-uses", "check-log"):
        commands.add_parser(name)
    commands.add_parser("check-export").add_argument("file", type=Path)
    auditor = commands.add_parser("audit-log")
    auditor.add_argument("url")
    auditor.add_argument("state", type=Path)
    box = commands.add_parser("outbox")
    box.add_argument("action", nargs="?", choices=("replay", "drop"))
    box.add_argument("event_id", nargs="?")
    return main


def run(arguments: argparse.Namespace, settings: Settings) -> None:
    async def seals() -> None:
        async with opened(settings):
            print(f"{await make_seals(settings)} seals made")

    async def migrations() -> None:
        print("\n".join(await make_migrations()) or "nothing to write")

    simple: dict[str, Callable[[], Awaitable[None]]] = {
        "migrate": lambda: migrate(settings),
        "makemigrations": migrations,
        "load-items": lambda: load_items(settings),
        "seals": seals,
        "check-audit": lambda: check_audit(settings),
        "check-uses": lambda: check_logs(settings, log_commands.check_uses),
        "check-log": lambda: check_logs(settings, log_commands.check_log),
        "audit-log": lambda: log_commands.audit_log(arguments.url, arguments.state),
        "counter-code": lambda: counter_code(
            settings, department=arguments.department, hall=arguments.hall
        ),
        "webhook": lambda: add_webhook(
            settings,
            client_id=arguments.client,
            topic=arguments.topic,
            url=arguments.url,
            suite=arguments.suite,
        ),
        "outbox": lambda: look_at_outbox(
            settings, action=arguments.action, event_id=arguments.event_id
        ),
    }
    match arguments.command:
        case "demo":
            demo(settings)
        case "serve":
            complain_if_taken(settings)
            with own_valkey(settings) as with_redis:
                serve(with_redis)
        case "dev-ca":
            print("made" if make_development_authority(settings) else "it is there already")
        case "check-export":
            log_commands.check_export(arguments.file)
        case command:
            asyncio.run(simple[command]())  # type: ignore[arg-type]


def main() -> None:
    # Workers and the pool for CPU work are spawned: forking a process with threads is unsafe.
    multiprocessing.set_start_method("spawn")
    arguments = parser().parse_args()
    try:
        settings = Settings.from_env()
    except SettingsError as error:
        sys.exit(f"settings: {error}")
    run(arguments, settings)


if __name__ == "__main__":
    main()
