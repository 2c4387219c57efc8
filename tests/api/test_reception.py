"""A connection has an end from the start, and one address holds only so many."""

import asyncio
import resource
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from api.edge import bodies, reception
from app import Application
from core.settings import Settings
from tests.api.people import exchange
from tests.conftest import running_app, serving
from tests.waiting import until

HEAD = b"GET /api/status HTTP/1.1\r\nHost: x\r\n"
POST = b"POST /api/shared HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same ends, sooner."""
    monkeypatch.setattr(reception, "HEAD_SECONDS", 0.5)
    monkeypatch.setattr(reception, "DRAIN_SECONDS", 0.5)
    monkeypatch.setattr(reception.Connection, "check_every", 0.2)
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.5)


async def drip(address: str, first: bytes, piece: bytes, *, every: float = 0.1) -> bytes:
    """Send a little again and again, until the server ends the connection; what it said."""
    host, port = address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    said = asyncio.create_task(reader.read())
    writer.write(first)
    async with asyncio.timeout(10):
        while not said.done():
            writer.write(piece)
            await asyncio.wait([said], timeout=every)
    writer.close()
    return said.result() if said.exception() is None else b""


@pytest.mark.usefixtures("impatient")
class TestDeadlines:
    """One byte every now and then is not silence, and yet it comes to an end."""

    async def test_head_that_drips_is_ended(self, address: str) -> None:
        """What it is told may be lost on the way: it was sending when the end came."""
        await drip(address, HEAD + b"X: ", b"a")

    async def test_head_that_stops_is_told_why(self, address: str) -> None:
        answer = await exchange(address, HEAD + b"X: ")

        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"request-timeout" in answer

    async def test_connection_that_says_nothing_is_ended(self, address: str) -> None:
        assert await drip(address, b"", b"") == b""

    async def test_body_that_drips_is_ended(self, address: str) -> None:
        answer = await drip(address, POST + b"Content-Length: 60000\r\n\r\n{", b" ")

        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"request-timeout" in answer

    async def test_chunks_that_drip_are_ended(self, address: str) -> None:
        first = POST + b"Transfer-Encoding: chunked\r\n\r\n"

        answer = await drip(address, first, b"1\r\na\r\n")

        # What it is told may be lost on the way: it was sending when the end came.
        assert answer == b"" or answer.startswith(b"HTTP/1.1 408 ")

    async def test_rest_of_a_refused_body_is_not_waited_for(self, address: str) -> None:
        first = POST + b"Content-Length: 30000000\r\n\r\n"

        assert (await exchange(address, first)).startswith(b"HTTP/1.1 413 ")
        await drip(address, first, b" ")

    async def test_body_does_not_start_the_clock_of_the_next_request(self, address: str) -> None:
        """A kept connection is not cut under a client that sends its bodies behind their heads."""
        host, port = address.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        async with asyncio.timeout(20):
            writer.write(POST + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 ")
            writer.write(b"{}")
            answer = await reader.readuntil(b"\r\n\r\n")
            length = int(answer.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            await asyncio.sleep(1.5)  # longer than a head may take

            writer.write(HEAD + b"\r\n")

            assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
        writer.close()

    async def test_second_request_has_a_deadline_of_its_own(self, address: str) -> None:
        one = b"GET /api/health HTTP/1.1\r\nHost: x\r\n\r\n"
        host, port = address.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        for _ in range(8):
            writer.write(one)
            async with asyncio.timeout(5):
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                await reader.readexactly(length)
            assert head.startswith(b"HTTP/1.1 200 ")
            await asyncio.sleep(0.15)
        writer.close()


@asynccontextmanager
async def held(address: str, count: int, sent: bytes) -> AsyncIterator[list[Any]]:
    """`count` connections that each have sent the same beginning."""
    host, port = address.removeprefix("http://").split(":")
    pairs = []
    for _ in range(count):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(sent)
        pairs.append((reader, writer))
    try:
        yield pairs
    finally:
        for _, writer in pairs:
            writer.transport.abort()


def was_cut(reader: asyncio.StreamReader) -> bool:
    return reader.at_eof() or reader.exception() is not None


class TestOneAddress:
    @pytest.fixture
    async def narrow(self, settings: Settings, resources: Any) -> AsyncIterator[str]:
        async with serving(replace(settings, connections_per_address=20), resources) as url:
            yield url

    async def test_connections_beyond_the_limit_are_cut(self, narrow: str) -> None:
        async with held(narrow, 30, HEAD) as pairs:
            await until(
                lambda: (
                    sum(reader.at_eof() or reader.exception() is not None for reader, _ in pairs)
                    == 10
                ),
                seconds=5,
            )

    async def test_places_are_given_back(self, narrow: str) -> None:
        for _ in range(3):
            async with held(narrow, 20, HEAD):
                await until(lambda: running_app().ctx.held_connections.total() == 20, seconds=5)
            await until(lambda: not running_app().ctx.held_connections, seconds=5)

        answer = await exchange(narrow, HEAD + b"Connection: close\r\n\r\n")

        assert answer.startswith(b"HTTP/1.1 ")


class TestMemory:
    """Who is nobody yet holds little, however many of him there are."""

    async def test_half_sent_bodies_hold_little_and_go(
        self, settings: Settings, resources: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bodies, "BODY_SECONDS", 3.0)
        beginning = POST + b"Content-Length: 65000\r\n\r\n" + b" " * 60_000
        wide = replace(settings, connections_per_address=1000)
        async with serving(wide, resources) as url, held(url, 10, beginning):
            before = _resident()
            async with held(url, 200, beginning) as pairs:
                began = time.monotonic()
                reading = asyncio.gather(*(reader.read() for reader, _ in pairs))
                async with asyncio.timeout(20):
                    while not reading.done():
                        # The client's own half is in this process too.
                        assert _resident() - before < 60 * 1024 * 1024
                        await asyncio.sleep(0.05)
                    answers = await reading
                assert time.monotonic() - began > 2
                assert all(answer.startswith(b"HTTP/1.1 408 ") for answer in answers)


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def test_a_server_that_runs_is_as_strict_as_those_of_the_tests() -> None:
    """`run`, which the command uses, hands Sanic a protocol of None; the tests' servers none."""
    app = Application("reception", configure_logging=False)
    app.prepare(host="127.0.0.1", port=1, single_process=True, motd=False, protocol=None)
    assert [each.settings["protocol"] for each in app.state.server_info] == [reception.Connection]
