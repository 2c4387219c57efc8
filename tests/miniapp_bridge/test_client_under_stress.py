"""The client and its breaker and meter while a platform is away, slow, hostile or coming back."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from redis.asyncio import Redis

from core.errors import Problem
from core.valkey.embedded import free_port
from miniapp_bridge.breaker import Breaker
from miniapp_bridge.client import (
    ATTEMPTS,
    LARGEST_ANSWER,
    Answer,
    Outgoing,
    PlatformClient,
    Retry,
)
from miniapp_bridge.errors import (
    BadAnswer,
    CircuitOpen,
    OutcomeUnknown,
    PlatformBusy,
    PlatformUnavailable,
)
from miniapp_bridge.meter import KEPT, Meter

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Watch:
    """A monotonic clock that stands."""

    at = 1.0

    def __call__(self) -> float:
        return self.at


class Platform:
    """Does with every call what a test lays there."""

    def __init__(self) -> None:
        self.handler: Handler = said()
        self.requests: list[web.Request] = []
        self.arrived = asyncio.Event()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        self.arrived.set()
        return await self.handler(request)


def said(text: str = "{}", status: int = 200, **headers: str) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(text=text, status=status, headers=headers)

    return answer


async def hang_up(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


@asynccontextmanager
async def talking(
    *, breaker: Breaker | None = None, meter: Meter | None = None
) -> AsyncIterator[tuple[PlatformClient, Platform]]:
    platform = Platform()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", platform.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    client = PlatformClient(f"http://127.0.0.1:{port}", pause=0.001, breaker=breaker, meter=meter)
    try:
        yield client, platform
    finally:
        await client.close()
        await runner.cleanup()


async def ask(client: PlatformClient, retry: Retry = Retry.ONCE, **options: Any) -> Answer:
    return await client.call("POST", "/x", retry=retry, **options)


def broken(watch: Watch) -> Breaker:
    """A circuit that has just opened for ten seconds."""
    breaker = Breaker(failures=1, open_seconds=10, seconds=watch)
    breaker.failed("/x")
    return breaker


async def test_open_circuit_sends_nothing() -> None:
    async with talking(breaker=broken(Watch())) as (client, platform):
        for retry in Retry:
            with pytest.raises(CircuitOpen):
                await ask(client, retry)
        await client.call("POST", "/y", retry=Retry.ONCE)

    assert [request.path for request in platform.requests] == ["/y"]


async def test_while_one_call_tries_every_other_is_refused() -> None:
    """However many come: those who were refused leave the one who tries alone."""
    watch, go_on = Watch(), asyncio.Event()

    async def slow(request: web.Request) -> web.StreamResponse:
        await go_on.wait()
        return web.Response(text="{}")

    async with talking(breaker=broken(watch)) as (client, platform):
        platform.handler = slow
        watch.at += 11
        trying = asyncio.create_task(ask(client))
        await platform.arrived.wait()
        for _ in range(5):
            with pytest.raises(CircuitOpen):
                await ask(client)
        go_on.set()
        await trying
        assert len(platform.requests) == 1
        await ask(client)

    assert len(platform.requests) == 2


async def test_cancelled_try_lets_the_next_one_try() -> None:
    watch = Watch()

    async def silent(request: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        return web.Response()

    async with talking(breaker=broken(watch)) as (client, platform):
        platform.handler = silent
        watch.at += 11
        trying = asyncio.create_task(ask(client))
        await platform.arrived.wait()
        trying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await trying
        platform.handler = said()
        await ask(client)

    assert len(platform.requests) == 2


async def test_failures_in_a_row_open_the_circuit_and_a_refusal_is_no_failure() -> None:
    breaker = Breaker(failures=4, seconds=Watch())
    async with talking(breaker=breaker) as (client, platform):
        platform.handler = said('{"errcode":40013}', status=400)
        for _ in range(9):
            await ask(client)
        platform.handler = hang_up
        for _ in range(4):
            with pytest.raises(OutcomeUnknown):
                await ask(client)
        with pytest.raises(CircuitOpen):
            await ask(client)

    assert len(platform.requests) == 13


@pytest.mark.parametrize("retry", Retry)
async def test_each_class_repeats_as_often_as_it_may(retry: Retry) -> None:
    async with talking() as (client, platform):
        platform.handler = hang_up
        with pytest.raises(OutcomeUnknown):
            await ask(client, retry)
        lost = len(platform.requests)
        platform.handler = said()
        with pytest.raises(PlatformBusy):
            await ask(client, retry, is_busy=lambda answer: True)

    assert lost == (ATTEMPTS[retry] if retry in ("read", "money") else 1)
    assert len(platform.requests) - lost == ATTEMPTS[retry]


async def test_every_attempt_is_signed_anew_and_money_keeps_its_body() -> None:
    seen: list[tuple[str, bytes]] = []
    stamps = iter(range(9))

    async def lost(request: web.Request) -> web.StreamResponse:
        seen.append((request.headers["X-Stamp"], await request.read()))
        return await hang_up(request)

    def stamped(outgoing: Outgoing) -> dict[str, str]:
        assert (outgoing.method, outgoing.target) == ("POST", "/x")
        return {"X-Stamp": str(next(stamps))}

    async with talking() as (client, platform):
        platform.handler = lost
        with pytest.raises(OutcomeUnknown):
            await ask(client, Retry.MONEY, body={"no": "P1"}, headers=stamped)

    assert seen == [(str(number), b'{"no":"P1"}') for number in range(ATTEMPTS["money"])]


async def test_connection_that_is_refused_is_tried_again_by_every_class() -> None:
    """Nothing was sent, so nothing can be done twice: the last word is that it was not reached."""
    signed = 0

    def count(outgoing: Outgoing) -> dict[str, str]:
        nonlocal signed
        signed += 1
        return {}

    for retry in Retry:
        client = PlatformClient(f"http://127.0.0.1:{free_port()}", pause=0.001)
        signed = 0
        with pytest.raises(PlatformUnavailable) as refusal:
            await ask(client, retry, headers=count)
        await client.close()
        assert not isinstance(refusal.value, OutcomeUnknown)
        assert signed == ATTEMPTS[retry]


@pytest.mark.parametrize("status", [301, 303, 307, 308])
async def test_no_redirect_carries_secrets_elsewhere(status: int) -> None:
    async with talking() as (client, platform):
        platform.handler = said(status=status, Location="/elsewhere?token=1")
        answer = await ask(client, query={"secret": "hunter2"}, body={"code": "x"})

    assert answer.status == status
    assert [request.path for request in platform.requests] == ["/x"]


async def test_cookies_of_one_answer_are_not_sent_with_the_next_call() -> None:
    async with talking() as (client, platform):
        platform.handler = said(**{"Set-Cookie": "session=hunter2"})
        await ask(client)
        await ask(client)

    assert "Cookie" not in platform.requests[1].headers


async def test_target_goes_out_as_it_was_signed() -> None:
    target = "/v3/a%2Fb%7C*~?b=%2B&a=%7c&c=%E8%AF%81"
    signed: list[str] = []

    def note(outgoing: Outgoing) -> dict[str, str]:
        signed.append(outgoing.target)
        return {}

    async with talking() as (client, platform):
        await client.call("GET", target, retry=Retry.READ, headers=note)

    assert [platform.requests[0].raw_path] == signed == [target]


def raw(head: bytes, body: bytes = b"") -> Handler:
    """Bytes on the wire that no proper server would send."""

    async def answer(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.write(head + b"\r\n\r\n" + body)  # type: ignore[attr-defined]
        request.transport.close()
        return web.Response()

    return answer


BROKEN = {
    "no HTTP": raw(b"220 mail.example ESMTP"),
    "short body": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 50", b'{"errcode":0}'),
    "broken chunks": raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked", b"zz\r\n{}\r\n"),
    "endless header": raw(b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 100_000),
    "false gzip": raw(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2", b"{}"),
    "gateway": said("<html>", status=503),
}


@pytest.mark.parametrize("kind", BROKEN)
async def test_answer_that_breaks_off_or_is_none_leaves_the_outcome_open(kind: str) -> None:
    async with talking() as (client, platform):
        platform.handler = BROKEN[kind]
        with pytest.raises(OutcomeUnknown):
            await ask(client, Retry.SEND)

    assert len(platform.requests) == 1, "it may have been done"


async def test_answer_that_unpacks_without_end_is_given_up() -> None:
    packed = gzip.compress(bytes(LARGEST_ANSWER * 8))

    async def bomb(request: web.Request) -> web.StreamResponse:
        return web.Response(body=packed, headers={"Content-Encoding": "gzip"})

    async with talking() as (client, platform):
        platform.handler = bomb
        with pytest.raises(BadAnswer):
            await ask(client)

    assert len(packed) < LARGEST_ANSWER


async def test_largest_answer_is_still_read() -> None:
    async with talking() as (client, platform):
        platform.handler = said("x" * LARGEST_ANSWER)

        assert len((await ask(client)).data) == LARGEST_ANSWER


async def test_answer_that_drips_is_cut_off_as_a_whole() -> None:
    async def drip(request: web.Request) -> web.StreamResponse:
        started = web.StreamResponse()
        await started.prepare(request)
        while True:
            await started.write(b" ")
            await asyncio.sleep(0.02)

    async with talking() as (client, platform):
        platform.handler = drip
        with pytest.raises(OutcomeUnknown):
            await ask(client, Retry.SEND, total=0.2)

    assert len(platform.requests) == 1


async def test_meter_counts_each_call_by_its_outcome(redis: Redis, frozen_clock: Any) -> None:
    meter = Meter(redis, "played")
    breaker = Breaker(failures=3, seconds=Watch())
    async with talking(breaker=breaker, meter=meter) as (client, platform):
        await ask(client)
        await client.call("GET", "/y/1", retry=Retry.READ, name="/y")
        platform.handler = hang_up
        for _ in range(4):
            with pytest.raises(Problem):
                await ask(client)

    first, second = await meter.read()

    assert (first.call, first.total, first.failed) == ("/x", 5, 4)
    assert first.outcomes == {"ok": 1, "platform-outcome-unknown": 3, "platform-circuit-open": 1}
    assert (second.call, second.total, second.failed) == ("/y", 1, 0)


async def test_meter_adds_the_hours_that_are_asked_for(redis: Redis, frozen_clock: Any) -> None:
    meter = Meter(redis, "played")
    for spent in (100.4, 300):
        await meter.note("a|b", "ok", spent)
        frozen_clock.advance(hours=1)

    assert await meter.read(hours=1) == []
    (last,) = await meter.read(hours=2)
    (both,) = await meter.read()
    assert (last.total, last.milliseconds) == (1, 300)
    assert (both.total, both.milliseconds, both.call) == (2, 200, "a|b")
    assert await Meter(redis, "other").read() == []
    for key in await redis.keys("bridge:calls:*"):
        assert 0 < await redis.ttl(key) <= KEPT / timedelta(seconds=1)


async def test_store_that_is_away_disturbs_no_call() -> None:
    away = Redis.from_url(f"redis://127.0.0.1:{free_port()}")
    async with talking(meter=Meter(away, "played")) as (client, _):
        assert (await ask(client)).status == 200
    await away.aclose()
