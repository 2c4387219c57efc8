"""Serving: one process or several, with a Valkey of our own where there is none."""

from __future__ import annotations

import contextlib
import errno
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from sanic import Sanic
from sanic.worker.loader import AppLoader
from sanic.worker.manager import WorkerManager

from app import create_app
from core.embedded import EmbeddedValkey, NoServer
from core.settings import Settings

BACKLOG = 2048
"""Connections that may wait to be accepted: after a restart all live clients come at once."""


def serve(settings: Settings) -> None:
    """Run until stopped: one process, or several under Sanic's manager."""
    if settings.workers == 1:
        app = create_app(settings)
        app.run(
            host=settings.host,
            port=settings.port,
            single_process=True,
            backlog=BACKLOG,
            access_log=False,
            motd=False,
        )
        return
    # main() has set the start method already; Sanic refuses to find it set, even to the same.
    Sanic.start_method = "spawn"
    Sanic.START_METHOD_SET = True
    _let_stop_while_starting()
    loader = AppLoader(factory=partial(worker_app, settings))
    app = loader.load()
    app.prepare(
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        backlog=BACKLOG,
        access_log=False,
        motd=False,
    )
    Sanic.serve(primary=app, app_loader=loader)


def worker_app(settings: Settings) -> Sanic[Any, Any]:
    """The application of one worker among several.

    Ctrl-C reaches it twice, from the terminal and from Sanic's manager, and Sanic lets go of the
    signal as soon as the first begins to stop it: the second one then broke off the stopping, and
    the worker's helpers were waited for without end.
    """
    app = create_app(settings)

    # Of what happens before the stop the last that was registered comes first.
    @app.before_server_stop
    async def stop_only_once(_app: Sanic[Any, Any]) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    return app


def _let_stop_while_starting() -> None:
    """Let Ctrl-C end a server whose workers are not all up yet.

    Sanic's manager (25.12) waits for every worker to be up; told to stop meanwhile, it hands the
    message on to itself without end, while the workers are gone.
    """
    all_up: Callable[[WorkerManager], bool] = WorkerManager._all_workers_ack

    def all_up_or_stopping(manager: WorkerManager) -> bool:
        return manager._shutting_down or all_up(manager)

    WorkerManager._all_workers_ack = all_up_or_stopping  # type: ignore[method-assign]


def complain_if_taken(settings: Settings) -> None:
    """One clear sentence instead of a traceback when the port is in use."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            sys.exit(
                f"Port {settings.port} is in use: set another one, YUNJIAN_PORT=8801 make run. "
                f"端口 {settings.port} 已被占用，请换一个：YUNJIAN_PORT=8801 make run"
            )


@contextlib.contextmanager
def own_valkey(settings: Settings) -> Iterator[Settings]:
    """The settings with a Redis URL; starts the embedded Valkey when there is none."""
    if settings.redis_url is not None:
        yield settings
        return
    server = EmbeddedValkey(settings.var_dir / "valkey")
    try:
        yield replace(settings, redis_url=server.start())
    except NoServer as error:
        sys.exit(str(error))
    finally:
        server.stop()
