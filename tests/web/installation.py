"""`python manage.py demo` in a process and a folder of its own, and what it printed."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.embedded import free_port

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 120


@dataclass(frozen=True)
class Demo:
    """A running demo and what it printed for those who try it."""

    url: str
    enrolment_code: str
    client_id: str
    client_secret: str
    passwords: dict[str, str]
    environment: dict[str, str]

    def new_enrolment_code(self) -> str:
        """Another code for the counter; each is good once."""
        done = subprocess.run(
            [sys.executable, "manage.py", "counter-code", "SCJG", "松江区政务服务中心"],
            cwd=ROOT,
            env=self.environment,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.split()[-1]


def read_access(text: str, url: str, environment: dict[str, str]) -> Demo | None:
    """What manage.py printed, once all of it is there."""
    code = re.search(r"enrolment code: (\S+)", text)
    client = re.search(r"client (\S+), key (\S+)", text)
    staff = re.findall(r"^\s+([A-Z]+-\d+)\s+(yj-[0-9a-f]+)", text, re.MULTILINE)
    if not (code and client and "Data:" in text):
        return None
    return Demo(url, code[1], client[1], client[2], dict(staff), environment)


@contextmanager
def running_demo() -> Iterator[Demo]:
    """Start the demo on a free port; end it with the block."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="yunjian-web-") as folder:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("YUNJIAN")},
            "YUNJIAN_VAR": folder,
            "YUNJIAN_PORT": str(port),
            "YUNJIAN_LOG_LEVEL": "WARNING",
            "PYTHONUNBUFFERED": "1",
        }
        process = subprocess.Popen(
            [sys.executable, "manage.py", "demo"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        output = Output(process)
        try:
            demo = output.wait_for_demo(url, environment)
            wait_until_open(port)
            yield demo
        finally:
            process.terminate()
            process.wait(timeout=30)
            output.close()


def wait_until_open(port: int) -> None:
    """The demo prints its access before it serves: ask until it answers."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the demo printed its access but does not answer")


class Output:
    """Collects what the server prints, so that its pipe never fills and a failure can be shown."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self._stream = process.stdout
        self._lines: list[str] = []
        self._news = threading.Condition()
        self._ended = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self._stream:
            with self._news:
                self._lines.append(line)
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()

    def wait_for_demo(self, url: str, environment: dict[str, str]) -> Demo:
        found: list[Demo] = []

        def ready() -> bool:
            demo = read_access("".join(self._lines), url, environment)
            found.extend([demo] if demo else [])
            return bool(found) or self._ended

        with self._news:
            self._news.wait_for(ready, timeout=START_SECONDS)
        if not found:
            raise AssertionError(f"the demo did not start:\n{''.join(self._lines)}")
        return found[0]

    def close(self) -> None:
        self._reader.join(timeout=10)
        self._stream.close()
