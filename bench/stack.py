"""A server of ours in a process of its own, on fresh PostgreSQL and Valkey, for benches by HTTP."""

from __future__ import annotations

import base64
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.embedded import free_port
from core.settings import Settings
from tests import services

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 120.0


@dataclass(frozen=True)
class Stack:
    """A running installation: where it answers, and its settings for a second process."""

    address: str
    settings: Settings
    folder: Path


@contextmanager
def running(*, workers: int = 1) -> Iterator[Stack]:
    """Demo data on PostgreSQL and Valkey, served until the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="yunjian-bench-"))
    with services.valkey() as redis_url, services.postgres() as database_url:
        port = free_port()
        address = f"http://127.0.0.1:{port}"
        environment = {
            **os.environ,
            "YUNJIAN_ENV": "demo",
            "YUNJIAN_SECRET_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
            "YUNJIAN_VAR": str(folder / "var"),
            "YUNJIAN_DATABASE_URL": f"{database_url}?maxsize=20",
            "YUNJIAN_REDIS_URL": redis_url,
            "YUNJIAN_BLOB_URL": f"file://{folder}/blobs",
            "YUNJIAN_PUBLIC_URL": address,
            "YUNJIAN_PORT": str(port),
            "YUNJIAN_WORKERS": str(workers),
            "YUNJIAN_LOG_LEVEL": "WARNING",
        }
        settings = Settings.from_env(environment)
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [sys.executable, "manage.py", "demo"],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            wait_for(address, server, folder / "log")
            yield Stack(address, settings, folder)
        finally:
            os.killpg(server.pid, signal.SIGINT)
            try:
                server.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, signal.SIGKILL)
            shutil.rmtree(folder, ignore_errors=True)


def wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    """Until the server answers; raises RuntimeError with its log when it ends first."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if server.poll() is not None:
            raise RuntimeError(f"the server ended: {log.read_text(errors='replace')[-2000:]}")
        try:
            with urllib.request.urlopen(f"{address}/api/health", timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(f"the server does not answer: {log.read_text(errors='replace')[-2000:]}")
