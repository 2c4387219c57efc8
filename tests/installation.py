"""A whole installation in a process of its own, to be started, killed and started again."""

from __future__ import annotations

import base64
import contextlib
import copy
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from core.settings import Settings
from core.valkey.embedded import free_port

ROOT = Path(__file__).resolve().parent.parent
SECRET_FILE = "secret-key"
START_SECONDS = 240.0
STOP_SECONDS = 60.0
"""Many times what a quiet machine takes."""
STAFF_LINE = re.compile(r"^\s+([A-Z]+-\d+)\s+(yj-[0-9a-f]+)\s", re.MULTILINE)
CODE_LINE = re.compile(r"enrolment code: ([0-9A-Z-]+)")
CLIENT_LINE = re.compile(r"client ([\w-]+), key (\S+)")


class Installation:
    """Demo data under `folder`; the database may lie anywhere, all else lies in the folder.

    `like` is the folder of an installation that was started and stopped: its data and keys are
    taken over instead of being made, which takes ten seconds of a core.
    """

    def __init__(
        self,
        folder: Path,
        *,
        redis_url: str | None = None,
        database_url: str | None = None,
        like: Path | None = None,
        workers: int = 1,
        more: Mapping[str, str] | None = None,
    ) -> None:
        port = free_port()
        self.address = f"http://127.0.0.1:{port}"
        self.log = folder / "log"
        if like is not None:
            shutil.copytree(like / "var", folder / "var")
            shutil.copy(like / SECRET_FILE, folder)
            shutil.copy(like / "log", folder)  # it tells the passwords, which stay the same
        secret = folder / SECRET_FILE
        if not secret.exists():
            secret.write_bytes(base64.b64encode(secrets.token_bytes(32)))
        self._environment = {
            **os.environ,
            "YUNJIAN_ENV": "demo",
            "YUNJIAN_SECRET_KEY": secret.read_text(),
            "YUNJIAN_VAR": str(folder / "var"),
            "YUNJIAN_DATABASE_URL": database_url or "",
            "YUNJIAN_REDIS_URL": redis_url or "",
            "YUNJIAN_PUBLIC_URL": self.address,
            "YUNJIAN_PORT": str(port),
            "YUNJIAN_WORKERS": str(workers),
            "YUNJIAN_LOG_LEVEL": "WARNING",
            **(more or {}),
        }
        self.settings = Settings.from_env(self._environment)
        self._server: subprocess.Popen[bytes] | None = None

    def sibling(self) -> Installation:
        """A second server of the same installation on a port of its own, not started yet."""
        twin = copy.copy(self)
        port = free_port()
        twin.address = f"http://127.0.0.1:{port}"
        own = {"YUNJIAN_PORT": str(port), "YUNJIAN_PUBLIC_URL": twin.address}
        twin._environment = self._environment | own
        twin.settings = Settings.from_env(twin._environment)
        twin._server = None
        return twin

    def start(self, command: str = "demo", **more: str) -> None:
        """Start `manage.py COMMAND` and wait until it answers; raises RuntimeError with its log."""
        with self.log.open("ab") as log:
            self._server = subprocess.Popen(
                [sys.executable, "manage.py", command],
                cwd=ROOT,
                env={**self._environment, **more},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if self._server.poll() is not None:
                break
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{self.address}/api/health", timeout=2).close()
                return
            time.sleep(0.05)
        raise RuntimeError(f"the server does not answer: {self.output()[-2000:]}")

    def kill(self) -> None:
        """kill -9: no time to finish anything."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGINT)

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def manage(self, *arguments: str) -> str:
        """Run another command of manage.py on the same installation; gives what it printed."""
        return self.run("manage.py", *arguments)

    def run(self, *program: str) -> str:
        """Run a program of ours in Python beside the server; gives what it printed."""
        done = subprocess.run(
            [sys.executable, *program],
            cwd=ROOT,
            env=self._environment,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout

    def passwords(self) -> dict[str, str]:
        """Staff number → password, as the demo printed them."""
        return dict(STAFF_LINE.findall(self.output()))

    @property
    def pid(self) -> int:
        """The process that was started; with one worker it is the server itself."""
        assert self._server is not None
        return self._server.pid

    @property
    def code(self) -> int | None:
        """With what the program ended by itself; None while it runs."""
        assert self._server is not None
        return self._server.poll()

    @property
    def running(self) -> bool:
        return self._server is not None

    def password(self, staff_no: str) -> str:
        return self.passwords()[staff_no]

    def enrolment_code(self) -> str:
        return CODE_LINE.findall(self.output())[-1]

    def client(self) -> tuple[str, str]:
        """Client and key of the demo's enterprise."""
        client_id, secret = CLIENT_LINE.findall(self.output())[-1]
        return client_id, secret

    def _end(self, how: signal.Signals) -> None:
        if self._server is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._server.pid, how)
        server, self._server = self._server, None
        try:
            server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait(20)
            raise RuntimeError(f"the server does not stop: {self.output()[-2000:]}") from None
