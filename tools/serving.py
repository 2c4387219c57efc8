"""Serving: one process or several, with a Valkey of our own where there is none."""

from __future__ import annotations

import contextlib
import errno
import socket
import sys
from collections.abc import Iterator
from dataclasses import replace

from core import offload
from core.settings import Settings
from core.valkey.embedded import EmbeddedValkey, NoServer
from tools.workers import Keeper

BACKLOG = 2048
"""Connections that may wait to be accepted: after a restart all live clients come at once."""


def serve(settings: Settings) -> None:
    """Run until stopped: one process, or several that are kept up.

    Raises SystemExit with a code when workers cannot be kept up. A single process that dies is the
    program itself: its supervisor sees it at once.
    """
    if settings.workers == 1:
        from app import create_app

        app = create_app(settings)

        @app.after_server_start
        async def warm_up(_app: object) -> None:
            # Not handed back: Sanic waits for what a listener returns, and stops when it fails.
            app.add_task(offload.warm_up(), name="warm-up")

        app.run(
            host=settings.host,
            port=settings.port,
            single_process=True,
            backlog=BACKLOG,
            access_log=False,
            motd=False,
        )
        return
    code = Keeper(settings, backlog=BACKLOG).run()
    if code:
        sys.exit(code)


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
