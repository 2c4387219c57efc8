"""Fan-out: ten thousand sockets on one process of the server, every one of them signed in.

Measured: memory per connection, connects a second with the session looked up, one event to one of
them, one event to all of them, one client that stops reading. A Node server of `ws` and `ioredis`
(no log-in) takes the same load in the same run and is the limit; without Node it is left out.
The load runs in processes of its own; server and load share the machine.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from redis.asyncio import Redis

from bench import fanout_people as people
from bench.result import Result, percentile
from bench.stack import running
from core import database
from core.protection import audit, protect
from core.valkey import redis_client
from core.valkey.embedded import free_port
from resources import PACKAGES
from tests.installation import ROOT, Installation

SOCKETS = 10_000
STREAMS = 2_000
LOADS = 2
AT_ONCE = 256
UNICASTS = 1_000
UNICASTS_A_SECOND = 200
BROADCASTS = 10
HEALTHY = 20
LARGE = 50_000
LARGE_EVENTS = 200
LARGE_PAUSE = 0.01
FIRST_LOAD_ADDRESS = 2
TICKS = os.sysconf("SC_CLK_TCK")
KIB = 1024


class Loads:
    """The load processes; each holds its share of the sockets."""

    def __init__(self) -> None:
        self._processes = [
            subprocess.Popen(
                [sys.executable, "-m", "bench.fanout_client"],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(LOADS)
        ]

    def say(self, **values: Any) -> None:
        for process in self._processes:
            self._write(process, values)

    def answers(self) -> list[dict[str, Any]]:
        return [json.loads(process.stdout.readline()) for process in self._processes]  # type: ignore[union-attr]

    def open(self, port: int, heads: list[str]) -> tuple[int, float]:
        """Sockets opened, and seconds until the last of them had its first frame."""
        for place, process in enumerate(self._processes):
            values = {
                "do": "open",
                "port": port,
                "bind": f"127.0.0.{FIRST_LOAD_ADDRESS + place}",
                "heads": heads[place::LOADS],
                "at_once": AT_ONCE // LOADS,
            }
            self._write(process, values)
        answers = self.answers()
        return sum(one["opened"] for one in answers), max(one["seconds"] for one in answers)

    def close(self) -> None:
        self.say(do="close")
        self.answers()

    def end(self) -> None:
        for process in self._processes:
            process.stdin.close()  # type: ignore[union-attr]
            process.wait(20)

    def _write(self, process: subprocess.Popen[str], values: dict[str, Any]) -> None:
        assert process.stdin is not None
        process.stdin.write(json.dumps(values) + "\n")
        process.stdin.flush()


@dataclass
class Target:
    """A server under load. `heads` open one socket each, `keys` are their streams."""

    port: int
    pid: int
    redis: Redis

    def memory(self) -> int:
        """Resident bytes."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) * KIB

    def cpu(self) -> float:
        """Seconds of CPU so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS


def head(path: str, *, token: str | None = None, upgrade: bool = True) -> str:
    lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1"]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    if upgrade:
        lines += [
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        ]
    return "\r\n".join([*lines, "", ""])


def opened(target: Target, loads: Loads, heads: list[str]) -> dict[str, float]:
    """Open all sockets; what that costs."""
    memory, cpu = target.memory(), target.cpu()
    count, seconds = loads.open(target.port, heads)
    if count != len(heads):
        raise RuntimeError(f"{count} of {len(heads)} sockets opened")
    return {
        "kib_per_connection": (target.memory() - memory) / KIB / count,
        "connects_per_second": count / seconds,
        "cpu_us_per_connect": (target.cpu() - cpu) / count * 1e6,
    }


def ring(number: int, *, filler: int = 70) -> bytes:
    """An event as the bell carries it, of 200 bytes unless `filler` says more."""
    text = json.dumps(
        {
            "type": "event",
            "n": number,
            "kind": "bench",
            "title": "进度",
            "body": "x" * filler,
            "link": "#/",
            "data": {"sent": str(time.monotonic_ns())},
        },
        separators=(",", ":"),
        ensure_ascii=False,
    )
    return f"{number} {text}".encode()


async def to_one(target: Target, loads: Loads, keys: list[str]) -> list[float]:
    """One event to one of them, again and again at an even pace."""
    loads.say(do="listen", events=UNICASTS, seconds=UNICASTS / UNICASTS_A_SECOND + 2)
    for number in range(UNICASTS):
        key = keys[number * 7 % len(keys)]
        await target.redis.publish(f"live:{key}", ring(1))
        await asyncio.sleep(1 / UNICASTS_A_SECOND)
    return [ms for answer in loads.answers() for ms in answer["ms"]]


async def to_all(target: Target, loads: Loads, key: str, count: int) -> dict[str, float]:
    """One event to all of them; the cost of each delivery."""
    cpu = target.cpu()
    share = BROADCASTS * count // LOADS
    loads.say(do="listen", events=share, seconds=BROADCASTS * 0.6 + 5)
    for number in range(1, BROADCASTS + 1):
        await target.redis.publish(f"live:{key}", ring(number))
        await asyncio.sleep(0.6)
    spent = [ms for answer in loads.answers() for ms in answer["ms"]]
    if len(spent) != BROADCASTS * count:
        raise RuntimeError(f"{len(spent)} of {BROADCASTS * count} deliveries arrived")
    return {
        "broadcast_p50_ms": percentile(spent, 0.5),
        "broadcast_p99_ms": percentile(spent, 0.99),
        "cpu_us_per_delivery": (target.cpu() - cpu) / len(spent) * 1e6,
    }


async def healthy_bytes(target: Target, loads: Loads, key: str, first: int) -> int:
    """Bytes that reach the sockets that read, from a stream of large events."""
    loads.say(do="listen", events=SOCKETS * LARGE_EVENTS, seconds=LARGE_EVENTS * LARGE_PAUSE + 2)
    for number in range(first, first + LARGE_EVENTS):
        await target.redis.publish(f"live:{key}", ring(number, filler=LARGE))
        await asyncio.sleep(LARGE_PAUSE)
    return sum(int(answer["bytes"]) for answer in loads.answers())


async def beside_a_stalled_one(
    target: Target, loads: Loads, followers: list[people.Follower]
) -> dict[str, float]:
    """What a client that stops reading costs the others, and the server in memory."""
    key = followers[0][0]
    heads = [head("/api/staff/live", token=token) for _, token in followers[: HEALTHY + 1]]
    loads.open(target.port, heads[:HEALTHY])
    alone = await healthy_bytes(target, loads, key, 1)
    memory = target.memory()
    with socket.create_connection(("127.0.0.1", target.port)) as stalled:
        stalled.sendall(heads[HEALTHY].encode())
        await asyncio.sleep(0.5)
        beside = await healthy_bytes(target, loads, key, 1 + LARGE_EVENTS)
        grown = target.memory() - memory
    loads.close()
    return {"beside_a_stalled_one": beside / alone, "stalled_one_mib": grown / KIB / KIB}


async def measure_ours(stack: Installation, loads: Loads) -> dict[str, float]:
    protect.use(stack.settings.secret_key)
    await database.open_database(stack.settings.database_url, PACKAGES)
    await audit.prepare()
    citizens = await people.citizens(SOCKETS)
    officers = await people.officers(SOCKETS)
    await database.close_database()
    # Loading the demo leaves free memory in the process, which would hide what connections take.
    stack.stop()
    stack.start("serve")
    redis = redis_client.connect(str(stack.settings.redis_url))
    target = Target(urlsplit(stack.address).port or 0, stack.pid, redis)
    figures = opened(target, loads, [head("/api/citizen/live", token=t) for _, t in citizens])
    one = await to_one(target, loads, [key for key, _ in citizens])
    figures |= {"unicast_p50_ms": percentile(one, 0.5), "unicast_p99_ms": percentile(one, 0.99)}
    loads.close()
    await asyncio.sleep(1)
    again = opened(target, loads, [head("/api/staff/live", token=t) for _, t in officers])
    figures["connects_per_second_again"] = again["connects_per_second"]
    figures |= await to_all(target, loads, officers[0][0], SOCKETS)
    loads.close()
    await asyncio.sleep(1)
    figures |= await beside_a_stalled_one(target, loads, officers)
    await asyncio.sleep(1)
    heads = [head("/api/citizen/live/events", token=t, upgrade=False) for _, t in citizens]
    streams = opened(target, loads, heads[:STREAMS])
    figures["event_stream_cpu_us_per_connect"] = streams["cpu_us_per_connect"]
    loads.close()
    await redis.aclose()
    return figures


async def measure_peer(target: Target, loads: Loads) -> dict[str, float]:
    keys = [f"person:{number}" for number in range(SOCKETS)]
    figures = opened(target, loads, [head(f"/?key={key}") for key in keys])
    one = await to_one(target, loads, keys)
    figures |= {"unicast_p50_ms": percentile(one, 0.5), "unicast_p99_ms": percentile(one, 0.99)}
    loads.close()
    await asyncio.sleep(1)
    opened(target, loads, [head("/?key=dept:ALL")] * SOCKETS)
    figures |= await to_all(target, loads, "dept:ALL", SOCKETS)
    loads.close()
    await target.redis.aclose()
    return figures


@contextmanager
def peer(redis_url: str) -> Iterator[tuple[int, int] | str]:
    """Port and process of the Node server, or why there is none."""
    program, installer = shutil.which("node"), shutil.which("npm")
    if program is None or installer is None:
        yield "Node is not installed"
        return
    with tempfile.TemporaryDirectory(prefix="yunjian-peer-") as folder:
        install = [
            installer,
            "install",
            "--no-audit",
            "--no-fund",
            "--prefix",
            folder,
            "ws",
            "ioredis",
        ]
        if subprocess.run(install, capture_output=True, check=False).returncode:
            yield "npm could not install ws and ioredis"
            return
        script = Path(folder) / "peer.cjs"
        shutil.copy(ROOT / "bench" / "fanout_peer.cjs", script)
        port = free_port()
        server = subprocess.Popen(
            [program, str(script), str(port), redis_url], stdout=subprocess.PIPE, text=True
        )
        try:
            assert server.stdout is not None
            server.stdout.readline()
            yield port, server.pid
        finally:
            server.terminate()
            server.wait(20)


def run() -> Result:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with ExitStack() as held:
        held.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        stack = held.enter_context(running(more={"YUNJIAN_LIVE_PER_ADDRESS": str(SOCKETS)}))
        loads = Loads()
        held.callback(loads.end)
        ours = asyncio.run(measure_ours(stack, loads))
        found = held.enter_context(peer(str(stack.settings.redis_url)))
        theirs: dict[str, float] = {}
        if not isinstance(found, str):
            redis = redis_client.connect(str(stack.settings.redis_url))
            theirs = asyncio.run(measure_peer(Target(*found, redis), loads))
    details: dict[str, Any] = dict(ours)
    details["node"] = theirs or f"left out: {found}"
    return Result(
        bench="fanout",
        figure=ours["broadcast_p99_ms"],
        unit=f"ms, p99 of one event to {SOCKETS:,} sockets of one process",
        limit=theirs.get("broadcast_p99_ms", 0.0),
        limit_is="Node ws and ioredis without log-in in the same run (lower is better)",
        details=details,
    )
