"""Servers of our own: their ports, and that they do not outlive us."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from core.valkey.embedded import EPHEMERAL_PORTS, EmbeddedValkey, free_port
from tests.services import restartable_postgres

ROOT = Path(__file__).resolve().parents[2]

STARTS_VALKEY = """
import sys, time
from pathlib import Path
from core.valkey.embedded import EmbeddedValkey
print(EmbeddedValkey(Path(sys.argv[1])).start(), flush=True)
time.sleep(60)
"""

OPENS_DATABASE = """
import asyncio, sys
from core import database
asyncio.run(database.open_database(sys.argv[1], ["core"], patience=float(sys.argv[2])))
"""


def answers(url: str) -> bool:
    port = int(url.rpartition(":")[2].partition("/")[0])
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.5):
        return True
    return False


def test_ports_of_servers_are_not_given_to_outgoing_connections() -> None:
    first = int(EPHEMERAL_PORTS.read_text().split()[0])

    assert all(1024 < free_port() < first for _ in range(50))


def test_killed_valkey_comes_back_to_its_port(tmp_path: Path) -> None:
    server = EmbeddedValkey(tmp_path)
    url = server.start()
    server.kill()
    assert not answers(url)

    assert server.start() == url
    assert answers(url)

    server.stop()
    assert not answers(url)


def test_valkey_does_not_outlive_a_killed_program(tmp_path: Path) -> None:
    command = [sys.executable, "-c", STARTS_VALKEY, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        url = program.stdout.readline().strip()
        assert answers(url)
        program.send_signal(signal.SIGKILL)

    end = time.monotonic() + 10
    while answers(url):
        assert time.monotonic() < end
        time.sleep(0.02)


def test_database_that_is_just_starting_is_waited_for() -> None:
    with restartable_postgres() as server:
        server.stop()
        command = [sys.executable, "-c", OPENS_DATABASE, server.url, "30"]
        with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as program:
            assert program.stderr is not None
            assert "does not answer yet" in program.stderr.readline()
            server.start()
            program.stderr.read()

    assert program.returncode == 0


def test_database_that_stays_away_is_named_in_the_end() -> None:
    url = f"asyncpg://nobody@127.0.0.1:{free_port()}/nothing"
    command = [sys.executable, "-c", OPENS_DATABASE, url, "0.1"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "the database does not answer; look at YUNJIAN_DATABASE_URL" in done.stderr
