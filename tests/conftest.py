"""Fixtures that many tests share: a clean database, a real Valkey, a stopped clock, a real server.

TEST_DATABASE=postgres runs the same tests on PostgreSQL; the default is SQLite in memory.
"""

from __future__ import annotations

import asyncio
import fcntl
import functools
import logging
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import aiohttp
import hypothesis
import pytest
from argon2 import PasswordHasher
from redis.asyncio import Redis
from tortoise import Tortoise, connections

from core import clock, database, offload
from core.files.blobs import Blobs
from core.jobs import Job
from core.outbox import OutboxMessage
from core.protection import audit, protect
from core.settings import Settings
from core.valkey import redis_client
from core.valkey.embedded import free_port
from identity.staff import officers
from resources import PACKAGES
from tests import services, work_calendar
from tests.installation import Installation
from tests.secrets_watch import SecretWatch

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"

# No example is judged by the clock: the machine is shared while tests run.
hypothesis.settings.register_profile("shared-machine", deadline=None)
hypothesis.settings.load_profile("shared-machine")


def pytest_report_header() -> str:
    where = "PostgreSQL" if on_postgres() else "SQLite"
    vectors = "found" if (SHARED / "vectors").is_dir() else "absent: tests that need it are skipped"
    return f"database: {where}; ../shared/vectors: {vectors}"


def on_postgres() -> bool:
    return os.environ.get("TEST_DATABASE") == "postgres"


class FrozenClock:
    """A clock that stands until a test moves it."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def __call__(self) -> datetime:
        return self._at

    def steady(self) -> float:
        return self._at.timestamp()

    def set(self, at: datetime) -> None:
        self._at = at

    def advance(self, **delta: float) -> datetime:
        self._at += timedelta(**delta)
        return self._at


@pytest.fixture
def frozen_clock() -> Iterator[FrozenClock]:
    frozen = FrozenClock(datetime(2026, 11, 25, 2, 0, tzinfo=UTC))
    clock.use(frozen, steady=frozen.steady)
    yield frozen
    clock.use(None)


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    with services.valkey() as url:
        yield url


@pytest.fixture(scope="session")
def database_url() -> Iterator[str]:
    if not on_postgres():
        yield "sqlite://:memory:"
        return
    with services.postgres() as url:
        yield url


@pytest.fixture(scope="session")
def session_settings(database_url: str, redis_url: str) -> Iterator[Settings]:
    folder = Path(tempfile.mkdtemp(prefix="yunjian-test-"))
    settings = Settings(
        environment="test",
        secret_key=bytes(range(32)),
        var_dir=folder,
        database_url=database_url,
        redis_url=redis_url,
        blob_url="memory:///",
        public_url="http://127.0.0.1:8800",
    )
    protect.use(settings.secret_key)
    yield settings
    offload.shut_down()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def settings(session_settings: Settings) -> Settings:
    return session_settings


@pytest.fixture(scope="session")
async def _tables(session_settings: Settings) -> AsyncIterator[None]:
    """The schema, made once a process from the models; migrations make the same (test_tables)."""
    await database.open_database(session_settings.database_url, PACKAGES)
    await Tortoise.generate_schemas(safe=False)
    yield
    while Server.idle:
        await Server.idle.pop().close()
    await database.close_database()


@pytest.fixture(scope="session")
def fresh_demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a demo on SQLite as it is after its first start, to be copied.

    Made once for all processes of a run: whoever comes first makes it, the others wait.
    """
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder = shared / "fresh-demo"
    with (shared / "fresh-demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = folder / "made"
        if not made.exists():
            folder.mkdir()
            installation = Installation(folder)
            installation.start()
            installation.stop()
            made.touch()
    return folder


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords() -> Iterator[None]:
    """Passwords of tests are worth no memory: a city of officers would hash for seconds."""
    quick = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(officers, "HASHER", quick)
        patch.setattr(officers, "NOBODY", quick.hash("nobody has this password"))
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_secret_in_any_log() -> Iterator[None]:
    watch = SecretWatch()
    logging.getLogger().addHandler(watch)
    yield
    logging.getLogger().removeHandler(watch)
    assert watch.found == []


@pytest.fixture
async def db(_tables: None) -> AsyncIterator[None]:
    """A database with nothing in it but the heads of the audit chains and the working calendar."""
    await empty_tables()
    await audit.prepare()
    await work_calendar.lay()
    yield
    at_work = [task.get_name() for task in asyncio.all_tasks() if task.get_name()[:6] == "queue-"]
    assert at_work == [], "workers that nobody stopped would take what the next test wants done"


@functools.cache
def _which_tables(names: tuple[str, ...]) -> str:
    """One question for all tables: a test leaves most of them as empty as they were."""
    parts = [f"SELECT '{name}' AS name WHERE EXISTS (SELECT 1 FROM \"{name}\")" for name in names]
    return " UNION ALL ".join(parts)


async def empty_tables() -> None:
    """Delete every row; quicker than TRUNCATE, because most tables are empty already."""
    connection = connections.get(database.CONNECTION)
    if on_postgres():
        listing = "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'"
        unchecked, checked = (
            "SET session_replication_role = replica",
            "RESET session_replication_role",
        )
    else:
        listing = "SELECT name FROM sqlite_master WHERE type = 'table'"
        unchecked, checked = "PRAGMA foreign_keys=OFF", "PRAGMA foreign_keys=ON"
    rows = await connection.execute_query_dict(listing)
    prefixes = tuple(f"{package.rpartition('.')[2]}_" for package in PACKAGES)
    names = tuple(row["name"] for row in rows if row["name"].startswith(prefixes))
    filled = await connection.execute_query_dict(_which_tables(names))
    names = tuple(row["name"] for row in filled)
    deletions = [f'DELETE FROM "{name}"' for name in names]
    await connection.execute_script(";".join([unchecked, *deletions, checked]))


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = redis_client.connect(redis_url)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture
def blobs() -> Blobs:
    return Blobs.open("memory:///")


@pytest.fixture(scope="session")
def authority() -> Any:
    """Development CA, seal maker and one signer per department, made once a run."""
    from services.guides.reading import read_catalogue
    from signing.dev import devca

    departments = {entry.key: entry.name for entry in read_catalogue().departments}
    made_at = datetime(2020, 1, 1, tzinfo=UTC)
    return devca.make(organisation="上海市松江区", departments=departments, at=made_at, years=30)


@pytest.fixture
async def resources(
    db: None, settings: Settings, redis: Redis, blobs: Blobs, authority: Any
) -> AsyncIterator[Any]:
    """Everything the program holds open, on the test's own stores."""
    from miniapp_bridge.payments import open_providers
    from miniapp_bridge.platforms import open_connectors, read_configs
    from push.live.hub import Hub
    from resources import Resources, TrustedCertificates

    configs = read_configs(settings)
    connectors = await open_connectors(settings, redis=redis, configs=configs)
    providers = open_providers(configs, redis=redis)
    held = Resources(
        settings=settings,
        redis=redis,
        blobs=blobs,
        keys=authority.keys,
        trust=authority.trust,
        certificates=TrustedCertificates(authority.trust),
        connectors=connectors,
        providers=providers,
        hub=Hub(),
    )
    yield held
    await held.webhooks.close()
    for connector in connectors.values():
        await connector.close()
    for provider in providers.values():
        await provider.close()


class Server:
    """A real server of ours on a loopback port, which serves one test after another.

    Sanic compiles its routes for each application: a new one for each test would take a third of
    the time of all tests. Everything that a test can tell apart is made anew.
    """

    idle: ClassVar[list[Server]] = []
    busy: ClassVar[list[Server]] = []

    def __init__(self, settings: Settings) -> None:
        from sanic import Sanic

        from app import create_app

        # Sanic rewrites its own methods for each app; only in this mode from the originals.
        Sanic.test_mode = True
        self.port = free_port()
        self._app = create_app(settings)
        self._own = set(vars(self._app.ctx))
        self._server: Any = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def app(self) -> Any:
        return self._app

    async def begin(self, settings: Settings, resources: Any) -> None:
        settings = replace(settings, port=self.port, public_url=self.address)
        self._app.ctx.settings = settings
        self._app.ctx.handed = replace(resources, settings=settings)
        if self._server is not None:
            type(self._app).register_app(self._app)
            await self._server.before_start()
            await self._server.after_start()
            return
        self._server = await self._app.create_server(
            host="127.0.0.1", port=self.port, return_asyncio_server=True, access_log=False
        )
        assert self._server is not None
        await self._server.startup()
        await self._server.before_start()
        await self._server.start_serving()
        await self._server.after_start()

    async def end(self) -> None:
        await self._server.before_stop()
        await self._let_go()
        await self._server.after_stop()
        for name in set(vars(self._app.ctx)) - self._own:
            delattr(self._app.ctx, name)
        type(self._app).unregister_app(self._app)

    async def _let_go(self) -> None:
        """Cut what is still connected, and wait until nobody works on a request any more.

        Who did would take a connection of Redis that nobody closes, or write for the next test.
        """
        for connection in list(self._server.connections):
            connection.abort()
        async with asyncio.timeout(20):
            while running := [task for task in asyncio.all_tasks() if self._serves(task)]:
                await asyncio.wait(running)

    def _serves(self, task: asyncio.Task[Any]) -> bool:
        frame = getattr(task.get_coro(), "cr_frame", None)
        if frame is None or frame.f_code.co_name != "connection_task":
            return False
        return getattr(frame.f_locals.get("self"), "app", None) is self._app

    async def close(self) -> None:
        self._server.close()
        await self._server.wait_closed()


@asynccontextmanager
async def serving(settings: Settings, resources: Any) -> AsyncIterator[str]:
    """A real server of ours on a free loopback port; yields its address."""
    server = Server.idle.pop() if Server.idle else Server(settings)
    await server.begin(settings, resources)
    Server.busy.append(server)
    try:
        yield server.address
    finally:
        Server.busy.remove(server)
        await server.end()
        Server.idle.append(server)


def running_app() -> Any:
    """The application of the one server that runs in this process."""
    (server,) = Server.busy
    return server.app


async def everything_told(*, seconds: float = 20.0) -> None:
    """Wait until the server that runs here has told every event and done what they began."""
    async with asyncio.timeout(seconds):
        while await _is_something_open():  # noqa: ASYNC110 - other tasks tell
            await asyncio.sleep(0.01)


async def _is_something_open() -> bool:
    """Jobs that failed once are tried again much later: nobody waits for those."""
    if await OutboxMessage.filter(done_at=None).exists():
        return True
    jobs = Job.filter(done_at=None, parked_at=None, last_error=None)
    return await jobs.exists() or await OutboxMessage.filter(done_at=None).exists()


@pytest.fixture
async def address(settings: Settings, resources: Any) -> AsyncIterator[str]:
    async with serving(settings, resources) as url:
        yield url


@pytest.fixture
async def client(address: str) -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP client of the running server, with a cookie jar of its own."""
    jar = aiohttp.CookieJar(unsafe=True)
    headers = {"X-Requested-With": "yunjian"}
    async with aiohttp.ClientSession(address, cookie_jar=jar, headers=headers) as session:
        yield session
