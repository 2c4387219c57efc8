"""Workers without an application, for a keeper: `python -m tests.journeys.kept PORT COUNT KIND`."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path

from core.settings import Settings
from tools import workers

SILENCE_SECONDS = 1.5


def answer(_settings: Settings, listening: socket.socket, pipe: Connection) -> None:
    """Tells everybody its process number, until the keeper lets go."""
    threading.Thread(target=_serve, args=(listening,), daemon=True).start()
    threading.Thread(target=_beat, args=(pipe,), daemon=True).start()
    try:
        pipe.recv_bytes()
    except EOFError:
        os._exit(0)


def fail(_settings: Settings, _listening: socket.socket, _pipe: Connection) -> None:
    """Cannot start."""
    sys.exit(3)


def flash(_settings: Settings, _listening: socket.socket, pipe: Connection) -> None:
    """Starts, and ends at once."""
    pipe.send_bytes(b"up")
    sys.exit(4)


def freeze(settings: Settings, listening: socket.socket, pipe: Connection) -> None:
    """The first one stands still; the others answer."""
    mark = settings.var_dir / "frozen"
    if mark.exists():
        answer(settings, listening, pipe)
    mark.touch()
    pipe.send_bytes(b"up")
    time.sleep(3600)


def _serve(listening: socket.socket) -> None:
    listening.setblocking(True)
    while True:
        connection, _ = listening.accept()
        with connection:
            connection.sendall(f"{os.getpid()}".encode())


def _beat(pipe: Connection) -> None:
    said = b"up"
    while True:
        pipe.send_bytes(said)
        said = b"."
        time.sleep(SILENCE_SECONDS / 5)


def main() -> None:
    port, count, kind = sys.argv[1:]
    workers.SILENCE_SECONDS = SILENCE_SECONDS
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            environment="test",
            secret_key=bytes(32),
            var_dir=Path(folder),
            database_url="",
            redis_url=None,
            blob_url="memory:///",
            public_url="",
            port=int(port),
            workers=int(count),
        )
        keeper = workers.Keeper(settings, backlog=64, work=globals()[kind])
        code = keeper.run()
    sys.exit(code)


if __name__ == "__main__":
    main()
