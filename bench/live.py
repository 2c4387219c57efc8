"""Live: from the commit of an event to its frame at a WebSocket client.

The bench process writes the event into a person's stream as the relay does and reads it from a
socket of the server, so that one clock times both ends. The limit is a bare publish and subscribe
through the same Valkey.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack

import aiohttp
from redis.asyncio import Redis

from bench.result import Result, percentile
from bench.stack import running
from core import database
from core.ids import new_id
from core.protection import audit, protect
from core.valkey import redis_client
from identity.demo import load as load_people
from identity.log_in import sessions
from identity.principal import Principal, PrincipalKind
from push.channels import live
from push.live import stream
from resources import PACKAGES
from tests.installation import Installation

SOCKETS = 200
EVENTS = 400


async def bare_pubsub(redis: Redis) -> list[float]:
    """Milliseconds from publish to reception, nothing else in between."""
    spent = []
    async with redis.pubsub() as subscription:
        await subscription.subscribe("bench")
        await subscription.get_message(timeout=5)
        for _ in range(EVENTS):
            began = time.perf_counter()
            await redis.publish("bench", b"x" * 200)
            await subscription.get_message(timeout=5)
            spent.append((time.perf_counter() - began) * 1000)
    return spent


async def open_sockets(
    stack: Installation, held: AsyncExitStack
) -> tuple[str, list[aiohttp.ClientWebSocketResponse]]:
    """One person with many sockets open; gives the stream key and the sockets."""
    people = await load_people(
        password_for=lambda number: f"pw-{number}-of-the-bench", client_secret="bench"
    )
    person_id = people.people["zhang"]
    principal = Principal(
        kind=PrincipalKind.CITIZEN, id=person_id, name="bench", subject_id=person_id
    )
    session = await sessions.issue(principal, idle_minutes=30, via="bench")
    connector = aiohttp.TCPConnector(limit=0)
    http = await held.enter_async_context(aiohttp.ClientSession(stack.address, connector=connector))
    headers = {"Authorization": f"Bearer {session.token}"}
    sockets = []
    for _ in range(SOCKETS):
        socket = await held.enter_async_context(
            http.ws_connect("/api/citizen/live", headers=headers)
        )
        await socket.receive_json(timeout=5)
        sockets.append(socket)
    return stream.person(person_id), sockets


async def one_event(
    key: str, sockets: list[aiohttp.ClientWebSocketResponse], redis: Redis
) -> list[float]:
    """Milliseconds from the commit to each socket; the bell is rung apart, to time the commit."""
    content = live.payload("进度", "x" * 100, "#/", {})
    entry = await stream.append(key, "bench", content, event_id=new_id())
    committed = time.perf_counter()
    await live.ring(key, live.hub.encode_ring(entry), redis=redis)

    async def receive(socket: aiohttp.ClientWebSocketResponse) -> float:
        while (await socket.receive_json(timeout=10)).get("n") != entry.position:
            continue
        return (time.perf_counter() - committed) * 1000

    return await asyncio.gather(*(receive(socket) for socket in sockets))


async def measure(stack: Installation) -> Result:
    protect.use(stack.settings.secret_key)
    await database.open_database(stack.settings.database_url, PACKAGES)
    await audit.prepare()
    redis = redis_client.connect(str(stack.settings.redis_url))
    limit = await bare_pubsub(redis)
    async with AsyncExitStack() as held:
        key, sockets = await open_sockets(stack, held)
        to_one = [(await one_event(key, sockets[:1], redis))[0] for _ in range(EVENTS)]
        await asyncio.gather(*(drain(socket, EVENTS) for socket in sockets[1:]))
        to_all = [max(await one_event(key, sockets, redis)) for _ in range(20)]
    await redis.aclose()
    await database.close_database()
    return Result(
        bench="live",
        figure=percentile(to_one, 0.5),
        unit="ms from commit to client, p50",
        limit=percentile(limit, 0.5),
        limit_is="bare publish and subscribe through the same Valkey, p50 (lower is better)",
        details={
            "p99_ms": percentile(to_one, 0.99),
            "limit_p99_ms": percentile(limit, 0.99),
            "sockets_open": SOCKETS,
            "to_all_last_socket_p50_ms": percentile(to_all, 0.5),
            "to_all_last_socket_max_ms": max(to_all),
        },
    )


async def drain(socket: aiohttp.ClientWebSocketResponse, count: int) -> None:
    """Read what the first socket was timed with."""
    for _ in range(count):
        await socket.receive_json(timeout=10)


def run() -> Result:
    with running() as stack:
        return asyncio.run(measure(stack))
