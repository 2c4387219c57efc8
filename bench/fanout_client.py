"""The load of `bench fanout`: one process, one epoll, thousands of raw sockets.

Speaks JSON lines with its parent: {"do": "open" | "listen" | "close", …}, one answer each. Events
carry CLOCK_MONOTONIC in nanoseconds as `"sent":"…"`, which is one clock for the whole machine.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import time
from typing import Any

SENT = b'"sent":"'
CHUNK = 65536


class Load:
    """The sockets of this process."""

    def __init__(self) -> None:
        self._poll = select.epoll()
        self._sockets: dict[int, socket.socket] = {}

    def open(self, *, port: int, bind: str, heads: list[str], at_once: int) -> dict[str, Any]:
        """Open one socket per request head, `at_once` handshakes side by side."""
        began = time.perf_counter()
        waiting: dict[int, bytes] = {}
        refused = 0
        left = iter(heads)
        while True:
            while len(waiting) < at_once and (head := next(left, None)) is not None:
                link = socket.socket()
                link.bind((bind, 0))
                link.connect(("127.0.0.1", port))
                link.send(head.encode())
                link.setblocking(False)
                self._sockets[link.fileno()] = link
                self._poll.register(link.fileno(), select.EPOLLIN)
                waiting[link.fileno()] = b""
            if not waiting:
                break
            for number, _ in self._poll.poll(10):
                data = self._sockets[number].recv(CHUNK)
                so_far = waiting.get(number, b"") + data
                if not data or b" 401 " in so_far or b" 500 " in so_far:
                    refused += 1
                    self._drop(number)
                    waiting.pop(number, None)
                elif number in waiting:
                    waiting[number] = so_far
                    if b'"hello"' in so_far:
                        del waiting[number]
        return {
            "opened": len(self._sockets),
            "refused": refused,
            "seconds": time.perf_counter() - began,
        }

    def listen(self, *, events: int, seconds: float) -> dict[str, Any]:
        """Milliseconds from publishing to reading, of each event at each socket."""
        spent: list[float] = []
        size = 0
        end = time.monotonic() + seconds
        while len(spent) < events and (left := end - time.monotonic()) > 0:
            for number, _ in self._poll.poll(left):
                try:
                    data = self._sockets[number].recv(CHUNK)
                except BlockingIOError:
                    continue
                now = time.monotonic_ns()
                size += len(data)
                if not data:
                    self._drop(number)
                at = data.find(SENT)
                while at >= 0:
                    start = at + len(SENT)
                    stop = data.find(b'"', start)
                    if stop > 0:
                        spent.append((now - int(data[start:stop])) / 1e6)
                    at = data.find(SENT, start)
        return {"ms": spent, "bytes": size}

    def close(self) -> dict[str, Any]:
        for number in list(self._sockets):
            self._drop(number)
        return {"closed": True}

    def _drop(self, number: int) -> None:
        self._poll.unregister(number)
        self._sockets.pop(number).close()


def main() -> None:
    load = Load()
    acts = {"open": load.open, "listen": load.listen, "close": load.close}
    for line in sys.stdin:
        values = json.loads(line)
        print(json.dumps(acts[values.pop("do")](**values)), flush=True)


if __name__ == "__main__":
    main()
