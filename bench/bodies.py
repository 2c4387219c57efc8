"""A thousand bodies that strangers begin and never end: memory of the server, and their end.

Each is a request without a session that promises a body, sends half of it and falls silent. The
limits are those of the design: 100 MB more, and gone within 30 seconds.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from bench.result import Result
from bench.stack import running
from tests.installation import Installation

SENDERS = 1_000
SECONDS = 30.0
PATIENCE_SECONDS = 120.0
LOOK_SECONDS = 0.2

HALVES = (
    ("POST", "/api/citizen/sessions", "application/json", 512 * 1024),
    ("POST", "/api/citizen/cases", "application/json", 512 * 1024),
    ("PATCH", "/api/citizen/uploads/0", "application/offset+octet-stream", 64 * 1024 * 1024),
    ("POST", "/api/enterprise/v1/seal-verifications", "application/ofd", 16 * 1024 * 1024),
    ("POST", "/api/nothing", "application/octet-stream", 16 * 1024 * 1024),
)
"""Open doors and closed ones: method, path, type, promised bytes."""
MOST_SENT = 256 * 1024


def run(senders: int = SENDERS) -> Result:
    with running() as installation:
        return asyncio.run(measure(installation, senders))


async def measure(installation: Installation, senders: int = SENDERS) -> Result:
    """Figure: MB by which the processes of the server grow at the most."""
    watch = Watch(installation.pid)
    host, _, port = installation.address.removeprefix("http://").partition(":")
    watching = asyncio.create_task(watch.run())
    began = time.perf_counter()
    heads = [HALVES[number % len(HALVES)] for number in range(senders)]
    ends = await asyncio.gather(*(half(host, int(port), *head, began) for head in heads))
    watching.cancel()
    gone = [seconds for seconds, _ in ends]
    return Result(
        bench="bodies",
        figure=(watch.most - watch.first) / 1e6,
        unit="MB more in the server's processes",
        limit=100.0,
        limit_is="the aim",
        details={
            "senders": senders,
            "gone_after_seconds": max(gone),
            "gone_aim_seconds": SECONDS,
            "answers": dict(Counter(answer for _, answer in ends)),
            "before_mb": watch.first / 1e6,
            "after_mb": watch.now() / 1e6,
        },
    )


async def half(
    host: str, port: int, method: str, path: str, kind: str, size: int, began: float
) -> tuple[float, str]:
    """Seconds since `began` until the server had closed the connection, and what it answered."""
    answer = "no connection"
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            reader, writer = await asyncio.open_connection(host, port)
            head = (
                f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {kind}\r\n"
                f"Tus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\nContent-Length: {size}\r\n\r\n"
            )
            writer.write(head.encode())
            writer.write(b" " * min(size // 2, MOST_SENT))
            answer = "cut"
            if line := await reader.readline():
                answer = line.split()[1].decode()
            while await reader.read(65536):
                pass
            writer.close()
    except ConnectionError:
        pass
    except TimeoutError:
        answer = "never"
    return time.perf_counter() - began, answer


class Watch:
    """Resident memory of a process and all its descendants, in bytes; what they share counts once
    in each, so that differences are too large rather than too small."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.first = self.most = self.now()

    async def run(self) -> None:
        while True:
            self.most = max(self.most, self.now())
            await asyncio.sleep(LOOK_SECONDS)

    def now(self) -> int:
        return sum(_resident(pid) for pid in _family(self._pid))


def _family(pid: int) -> Iterator[int]:
    yield pid
    for listing in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = listing.read_text().split()
        except OSError:
            continue
        for child in children:
            yield from _family(int(child))


def _resident(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS")), 0)
