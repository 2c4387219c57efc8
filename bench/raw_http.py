"""A lean HTTP/1.1 client for load: requests are bytes made beforehand, one at a time a connection.

A client library would use up the core that the server is to be measured on.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Answer:
    """Status and body, and the seconds from the first byte sent to the last one read."""

    status: int
    body: bytes
    seconds: float


class Connection:
    """One keep-alive connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, address: str) -> Self:
        parts = urlsplit(address)
        return cls(*await asyncio.open_connection(parts.hostname, parts.port))

    async def ask(self, request: bytes) -> Answer:
        began = time.perf_counter()
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n"):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        body = await self._reader.readexactly(length)
        return Answer(int(head[9:12]), body, time.perf_counter() - began)

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()


def request_bytes(
    method: str, path: str, *, host: str, headers: Mapping[str, str], body: bytes = b""
) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def at_full_load(
    connections: list[Connection], requests: Iterable[bytes]
) -> tuple[list[Answer], float]:
    """Every connection asks as fast as it is answered; the answers and the seconds of it all."""
    waiting = iter(requests)
    answers: list[Answer] = []

    async def work(connection: Connection) -> None:
        for request in waiting:
            answers.append(await connection.ask(request))

    began = time.perf_counter()
    await asyncio.gather(*(work(one) for one in connections))
    return answers, time.perf_counter() - began


async def at_rate(
    connections: list[Connection], requests: list[bytes], *, per_second: float
) -> list[Answer]:
    """Requests start at fixed moments, whether or not earlier ones are answered.

    One that finds no connection free waits, and its waiting counts: a slow server must not slow
    its own measurement down.
    """
    free: asyncio.Queue[Connection] = asyncio.Queue()
    for connection in connections:
        free.put_nowait(connection)
    start = time.perf_counter() + 0.1

    async def one(place: int, request: bytes) -> Answer:
        due = start + place / per_second
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        connection = await free.get()
        try:
            answer = await connection.ask(request)
        finally:
            free.put_nowait(connection)
        return Answer(answer.status, answer.body, time.perf_counter() - due)

    return list(await asyncio.gather(*(one(*each) for each in enumerate(requests))))
