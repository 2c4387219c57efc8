"""Chaos: constant events to many clients while everything dies in turn; nothing lost or doubled.

    python -m bench.chaos --seconds 300 --clients 500      the long form
    python -m bench.chaos --storm 1000                     all come back at once after a restart

Two servers share PostgreSQL and Valkey. Valkey is killed for 10 and for 60 seconds (shorter in
short trials), a server is killed (-9) every few seconds, PostgreSQL is restarted. Events take the
whole road: transaction, outbox, relay, delivery, stream, bell, socket.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import sys
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import aiohttp
from tortoise.exceptions import BaseORMException, IntegrityError

from bench import fanout_people as people
from bench.live_client import LiveClient
from core import database, ids, outbox
from core.protection import audit, protect
from core.valkey.embedded import EmbeddedValkey
from push.channels import live
from push.live import stream
from resources import PACKAGES
from services.cases.events import SupplementAnswered
from tests import services
from tests.installation import Installation

EVENTS_A_SECOND = 20
SETTLING_SECONDS = 60.0
STARTS = 3
LONGEST_AWAY = 90.0
"""Seconds beyond its length after which a trial is given up."""
DATABASE_AWAY = (*database.DATABASE_ERRORS, BaseORMException, OSError)


@dataclass
class Outcome:
    """What a trial has shown. Sound when nothing is missing, doubled or skipped."""

    clients: int
    published: int
    missing: int
    doubled: int
    gaps: int
    resets: int
    reconnections: int
    came_again: int
    kills: dict[str, int] = field(default_factory=dict)

    @property
    def sound(self) -> bool:
        return not (self.missing or self.doubled or self.gaps or self.resets)

    def text(self) -> str:
        kills = ", ".join(f"{name} {count}×" for name, count in self.kills.items())
        return (
            f"{self.published} events to {self.clients} clients, {self.reconnections} connections"
            f" ({kills}): missing {self.missing}, shown twice {self.doubled}, gaps {self.gaps},"
            f" reloads {self.resets}, came again and dropped {self.came_again}"
        )


class Stage:
    """Valkey, PostgreSQL and two servers, each of which can be killed."""

    def __init__(self, folder: Path, postgres: services.PostgresServer) -> None:
        self._valkey = EmbeddedValkey(folder / "valkey")
        self._postgres = postgres
        redis_url = self._valkey.start()
        url = f"{postgres.url}?maxsize=10"
        first = Installation(folder, redis_url=redis_url, database_url=url)
        self.servers = [first, first.sibling()]
        self.kills: defaultdict[str, int] = defaultdict(int)

    def start(self) -> None:
        self.servers[0].start()
        self.servers[1].start("serve")

    def stop(self) -> None:
        for server in self.servers:
            server.stop()
        self._valkey.stop()

    async def kill_server(self, place: int) -> None:
        """kill -9 and start again, which takes some seconds.

        Once more when a store went away while it started: so would a service manager.
        """
        self.kills["server"] += 1
        server = self.servers[place]
        await asyncio.to_thread(server.kill)
        for _ in range(STARTS):
            try:
                await asyncio.to_thread(server.start, "serve")
                return
            except RuntimeError:
                await asyncio.to_thread(server.kill)
        raise RuntimeError(f"the server does not start: {server.output()[-2000:]}")

    async def kill_valkey(self, seconds: float) -> None:
        self.kills["valkey"] += 1
        self._valkey.kill()
        await asyncio.sleep(seconds)
        await asyncio.to_thread(self._valkey.start)

    async def restart_postgres(self) -> None:
        self.kills["postgres"] += 1
        await asyncio.to_thread(self._postgres.stop)
        await asyncio.to_thread(self._postgres.start)


@asynccontextmanager
async def staged() -> AsyncIterator[Stage]:
    """A stage that runs, with this process connected to its database."""
    with ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="yunjian-chaos-")))
        stage = Stage(folder, held.enter_context(services.restartable_postgres()))
        held.callback(stage.stop)
        await asyncio.to_thread(stage.start)
        settings = stage.servers[0].settings
        protect.use(settings.secret_key)
        await database.open_database(settings.database_url, PACKAGES)
        try:
            await audit.prepare()
            yield stage
        finally:
            await database.close_database()


@asynccontextmanager
async def following(
    servers: list[str], followers: list[people.Follower]
) -> AsyncIterator[dict[UUID, LiveClient]]:
    """A client for each follower, all connected."""
    async with AsyncExitStack() as held:
        connector = aiohttp.TCPConnector(limit=0)
        http = await held.enter_async_context(aiohttp.ClientSession(connector=connector))
        clients = {
            UUID(key.removeprefix("person:")): LiveClient(http, servers, token)
            for key, token in followers
        }
        for client in clients.values():
            held.push_async_callback(client.stop)
            client.start()
        async with asyncio.timeout(60):
            await asyncio.gather(*(client.ready.wait() for client in clients.values()))
        yield clients


async def publish(person_id: UUID, number: int) -> None:
    """An event of the person, committed for certain: after a break the same one again."""
    event = SupplementAnswered(
        supplement_id=ids.new_id(),
        case_id=ids.new_id(),
        case_no=f"chaos-{number}",
        short_no=None,
        item_code="chaos",
        item_name="试验事项",
        subject_id=person_id,
        person_id=person_id,
        department=people.DEPARTMENT,
        stage_text=str(number),
    )
    while True:
        try:
            async with database.transaction():
                await outbox.publish(event, key=str(person_id))
            return
        except IntegrityError:
            return  # the commit before the break had gone through
        except DATABASE_AWAY:
            await asyncio.sleep(0.2)


async def constant_events(clients: dict[UUID, LiveClient], seconds: float) -> dict[UUID, list[str]]:
    """Events to one client after another; what each must have been shown in the end."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    expected: dict[UUID, list[str]] = {person_id: [] for person_id in clients}
    for number, person_id in enumerate(itertools.cycle(clients)):
        if loop.time() >= end:
            break
        expected[person_id].append(str(number))
        await publish(person_id, number)
        await asyncio.sleep(1 / EVENTS_A_SECOND)
    return expected


async def kill_servers(stage: Stage, enough: asyncio.Event) -> None:
    """One after the other until it is enough; there is always one that is just coming back."""
    for place in itertools.cycle((0, 1)):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(3):
                await enough.wait()
        if enough.is_set():
            return
        await stage.kill_server(place)


async def kill_stores(stage: Stage, seconds: float) -> None:
    """Valkey away for 1/30 and 1/5 of the trial (10 and 60 s of five minutes), PostgreSQL anew."""
    await asyncio.sleep(seconds * 0.1)
    await stage.kill_valkey(seconds / 30)
    await asyncio.sleep(seconds * 0.1)
    await stage.restart_postgres()
    await asyncio.sleep(seconds * 0.1)
    await stage.kill_valkey(seconds / 5)
    await asyncio.sleep(seconds * 0.1)
    await stage.restart_postgres()


def shown(client: LiveClient) -> list[str]:
    return [frame["data"]["stage_text"] for frame in client.shown]


async def settle(clients: dict[UUID, LiveClient], expected: dict[UUID, list[str]]) -> None:
    """Wait until everybody has been shown everything, or too long."""
    loop = asyncio.get_running_loop()
    end = loop.time() + SETTLING_SECONDS
    waiting = [(clients[person_id], len(numbers)) for person_id, numbers in expected.items()]
    while waiting and loop.time() < end:
        await asyncio.sleep(0.2)
        waiting = [(client, count) for client, count in waiting if len(client.shown) < count]


def judge(
    clients: dict[UUID, LiveClient], expected: dict[UUID, list[str]], kills: dict[str, int]
) -> Outcome:
    """Event by event."""
    missing = doubled = 0
    for person_id, numbers in expected.items():
        seen = shown(clients[person_id])
        missing += len(set(numbers) - set(seen))
        doubled += len(seen) - len(set(seen))
    return Outcome(
        clients=len(clients),
        published=sum(map(len, expected.values())),
        missing=missing,
        doubled=doubled,
        gaps=sum(client.gaps for client in clients.values()),
        resets=sum(client.resets for client in clients.values()),
        reconnections=sum(client.connections for client in clients.values()),
        came_again=sum(client.again for client in clients.values()),
        kills=dict(kills),
    )


async def chaos(*, seconds: float, count: int) -> Outcome:
    """The trial of the module."""
    async with staged() as stage:
        followers = await people.citizens(count)
        servers = [server.address for server in stage.servers]
        async with following(servers, followers) as clients:
            enough = asyncio.Event()
            # A group: a store that does not come back ends the trial with its reason at once.
            async with asyncio.timeout(seconds + LONGEST_AWAY), asyncio.TaskGroup() as group:
                group.create_task(kill_servers(stage, enough))
                stores = group.create_task(kill_stores(stage, seconds))
                expected = await constant_events(clients, seconds)
                await stores
                enough.set()
            await settle(clients, expected)
            return judge(clients, expected, stage.kills)


async def storm(count: int, *, events: int = 3) -> Outcome:
    """Everybody comes back at once after a restart, and has missed something."""
    async with staged() as stage:
        server = stage.servers[0]
        stage.servers[1].stop()
        followers = await people.citizens(count)
        async with following([server.address], followers) as clients:
            await asyncio.to_thread(server.kill)
            expected: dict[UUID, list[str]] = {person_id: [] for person_id in clients}
            for number in range(events):
                for person_id, numbers in expected.items():
                    content = live.payload("进度", "", "#/", {"stage_text": str(number)})
                    await stream.append(stream.person(person_id), "chaos", content)
                    numbers.append(str(number))
            await asyncio.to_thread(server.start, "serve")
            await settle(clients, expected)
            return judge(clients, expected, {"server": 1})


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--clients", type=int, default=500)
    parser.add_argument("--storm", type=int, metavar="CLIENTS")
    arguments = parser.parse_args()
    if arguments.storm:
        outcome = asyncio.run(storm(arguments.storm))
    else:
        outcome = asyncio.run(chaos(seconds=arguments.seconds, count=arguments.clients))
    print(outcome.text())
    return 0 if outcome.sound else 1


if __name__ == "__main__":
    sys.exit(main())
