"""Large bodies received in blocks: nothing lost, nothing taken that is not the body's."""

import asyncio
import contextlib
import hashlib
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from sanic import HTTPResponse, Request, Sanic
from sanic.response import text

from api.edge import blocks, bodies
from core.ids import new_id
from core.valkey.embedded import free_port

MEBIBYTE = 1024 * 1024
NEXT = b"GET /next HTTP/1.1\r\nHost: x\r\n\r\n"


@dataclass
class Site:
    """A server of two routes on a free port."""

    port: int = 0
    received: bytearray = field(default_factory=bytearray)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    largest: int = 0

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = Site()
    app = Sanic(f"blocks-{new_id().hex[:8]}")
    app.config.REQUEST_MAX_SIZE = 64 * MEBIBYTE
    app.config.RESPONSE_TIMEOUT = 1

    @app.post("/take", stream=True)
    async def take(request: Request) -> HTTPResponse:
        try:
            async with bodies.in_blocks(request) as found:
                async for block in found:
                    site.received += block
                    site.largest = max(site.largest, len(block))
        finally:
            site.ended.set()
        return text(hashlib.sha256(site.received).hexdigest())

    @app.post("/refuse", stream=True)
    async def refuse(request: Request) -> HTTPResponse:
        async with bodies.in_blocks(request) as found:
            await anext(found)
        return text("enough", status=413)

    @app.get("/next")
    async def next_one(request: Request) -> HTTPResponse:
        return text("next")

    Sanic.test_mode = True
    site.port = free_port()
    server = await app.create_server(
        host="127.0.0.1", port=site.port, return_asyncio_server=True, access_log=False
    )
    assert server is not None
    await server.startup()
    await server.start_serving()
    yield site
    server.close()
    await server.wait_closed()
    Sanic.unregister_app(app)


def head(path: str, length: int, *more: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: x", f"Content-Length: {length}", *more]
    return "\r\n".join([*lines, "", ""]).encode()


async def answer(reader: asyncio.StreamReader) -> bytes:
    """The text of one answer."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")
    )
    return await reader.readexactly(int(length.split(b":")[1]))


async def test_a_large_body_arrives_whole_and_in_order(site: Site) -> None:
    body = random.Random(1).randbytes(5 * MEBIBYTE + 17)
    reader, writer = await site.open()

    writer.write(head("/take", len(body)) + body)
    digest = await answer(reader)

    assert digest.decode() == hashlib.sha256(body).hexdigest()
    assert site.largest <= blocks.BLOCK_BYTES
    writer.close()


async def test_what_follows_the_body_is_the_next_request(site: Site) -> None:
    body = random.Random(2).randbytes(3 * MEBIBYTE)
    reader, writer = await site.open()

    writer.write(head("/take", len(body)) + body + NEXT)

    assert (await answer(reader)).decode() == hashlib.sha256(body).hexdigest()
    assert await answer(reader) == b"next"
    writer.close()


async def test_what_arrived_before_a_break_is_handed_out(site: Site) -> None:
    body = random.Random(3).randbytes(2 * MEBIBYTE)
    _, writer = await site.open()

    writer.write(head("/take", 2 * len(body)) + body)
    await writer.drain()
    writer.close()
    await site.ended.wait()

    assert bytes(site.received) == body


async def test_a_chunked_body_arrives_whole(site: Site) -> None:
    piece = random.Random(4).randbytes(100_000)
    reader, writer = await site.open()

    writer.write(b"POST /take HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(5):
        writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
    writer.write(b"0\r\n\r\n")

    assert (await answer(reader)).decode() == hashlib.sha256(piece * 5).hexdigest()
    writer.close()


async def test_a_client_that_asks_first_is_told_to_continue(site: Site) -> None:
    body = bytes(2 * MEBIBYTE)
    reader, writer = await site.open()

    writer.write(head("/take", len(body), "Expect: 100-continue"))
    assert b" 100 " in await reader.readuntil(b"\r\n\r\n")
    writer.write(body)

    assert (await answer(reader)).decode() == hashlib.sha256(body).hexdigest()
    writer.close()


async def test_a_slow_body_is_not_a_handler_that_hangs(site: Site) -> None:
    """Sanic ends handlers after RESPONSE_TIMEOUT, a second here, counted from the last bytes."""
    piece = bytes(50_000)
    reader, writer = await site.open()

    writer.write(head("/take", 6 * len(piece)))
    for _ in range(6):
        writer.write(piece)
        await asyncio.sleep(0.3)

    assert (await answer(reader)).decode() == hashlib.sha256(piece * 6).hexdigest()
    writer.close()


async def test_a_body_that_is_refused_half_way_leaves_the_connection_in_order(site: Site) -> None:
    body = bytes(8 * MEBIBYTE)
    reader, writer = await site.open()

    async def send() -> None:
        with contextlib.suppress(ConnectionError):
            writer.write(
                head("/refuse", len(body)) + body + b"GET /next HTTP/1.1\r\nHost: x\r\n\r\n"
            )
            await writer.drain()

    sending = asyncio.create_task(send())

    assert await answer(reader) == b"enough"
    await sending
    assert await answer(reader) == b"next"
    writer.close()
