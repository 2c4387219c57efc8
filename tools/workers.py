"""Several worker processes on one socket, and whoever keeps them up.

The keeper binds the socket, starts the workers and waits. A worker that ends unasked is replaced,
later and later when it happens often; when it cannot be, or when nobody has answered for
BLIND_SECONDS, the program ends with EX_SOFTWARE, so that the supervisor of the machine sees it.

One pipe leads to each worker. The worker says by it that it is up and goes on working; its end
tells the worker to stop, and a keeper that was killed closes it as well. So no signal has to reach
a worker, and a Ctrl-C that reaches all processes at once stops each of them once.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import TYPE_CHECKING, Any

from core.settings import Settings

if TYPE_CHECKING:
    from sanic import Sanic

log = logging.getLogger(__name__)

EX_SOFTWARE = 70
"""sysexits.h: an internal software error has been detected."""

BLIND_SECONDS = 2.0
"""So long may no worker at all be up, once one was, before the program gives up."""

START_SECONDS = 120.0
SILENCE_SECONDS = 60.0
"""A worker whose loop stands still so long is ended and replaced."""

BEAT_SECONDS = 5.0
GRACE_SECONDS = 18.0
"""So long may workers finish what they do; Sanic itself gives connections 15 seconds."""

WINDOW_SECONDS = 60.0
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 8.0

_UP, _BEAT = b"up", b"."


@dataclass(frozen=True)
class Patience:
    """How deaths are answered: `free` in a minute cost nothing, then pauses, then the end."""

    free: int
    most: int

    @classmethod
    def of(cls, workers: int) -> Patience:
        return cls(free=2 * workers, most=2 * workers + 6)

    def pause(self, deaths: int) -> float | None:
        """Seconds to wait after `deaths` within the window; None: give up."""
        if deaths > self.most:
            return None
        beyond = deaths - self.free
        if beyond <= 0:
            return 0.0
        return min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** (beyond - 1))


@dataclass
class _Worker:
    process: SpawnProcess
    pipe: Connection
    heard_at: float = field(default_factory=time.monotonic)
    up: bool = False

    def is_overdue(self, now: float) -> bool:
        return now - self.heard_at > (SILENCE_SECONDS if self.up else START_SECONDS)


class Keeper:
    """Keeps `settings.workers` workers up. `work` is what each of them runs (tests)."""

    def __init__(
        self, settings: Settings, *, backlog: int, work: Callable[..., None] | None = None
    ) -> None:
        self._settings = settings
        self._work = work or run_worker
        self._socket = _listen_on(settings.host, settings.port, backlog=backlog)
        self._context = multiprocessing.get_context("spawn")
        self._workers: list[_Worker] = []
        self._deaths: deque[float] = deque()
        self._patience = Patience.of(settings.workers)
        self._next_start = 0.0
        self._was_up = False
        self._blind_since: float | None = None
        self._told_to_stop = False

    def run(self) -> int:
        """Until told to stop; the exit code of the program."""
        with self._listening_to_signals() as wake:
            try:
                return self._keep(wake)
            finally:
                self._stop_all()
                self._socket.close()

    def _keep(self, wake: int) -> int:
        while not self._told_to_stop:
            now = time.monotonic()
            self._start_missing(now)
            self._end_silent(now)
            if self._is_blind(now):
                log.critical("no worker is up: the program ends", extra={"seconds": BLIND_SECONDS})
                return EX_SOFTWARE
            ready = set(wait([wake, *self._watched()], timeout=0.25))
            if wake in ready:
                os.read(wake, 64)
            for worker in list(self._workers):
                self._listen(worker, ready)
                if worker.process.exitcode is not None and not self._bury(worker):
                    return EX_SOFTWARE
        return 0

    def _watched(self) -> Iterator[Any]:
        for worker in self._workers:
            yield worker.process.sentinel
            if not worker.pipe.closed:
                yield worker.pipe

    def _start_missing(self, now: float) -> None:
        while len(self._workers) < self._settings.workers and now >= self._next_start:
            ours, theirs = self._context.Pipe()
            process = self._context.Process(
                target=self._work, args=(self._settings, self._socket, theirs), name="worker"
            )
            process.start()
            theirs.close()
            self._workers.append(_Worker(process, ours))

    def _listen(self, worker: _Worker, ready: set[Any]) -> None:
        if worker.pipe not in ready:
            return
        try:
            while worker.pipe.poll():
                said = worker.pipe.recv_bytes()
                worker.heard_at = time.monotonic()
                if said == _UP:
                    worker.up = self._was_up = True
        except (EOFError, OSError):
            worker.pipe.close()

    def _bury(self, worker: _Worker) -> bool:
        """Take leave of a worker that ended; False when it is not to be replaced."""
        self._workers.remove(worker)
        worker.pipe.close()
        code, now = worker.process.exitcode, time.monotonic()
        worker.process.close()
        self._deaths.append(now)
        while now - self._deaths[0] > WINDOW_SECONDS:
            self._deaths.popleft()
        log.error("a worker ended unasked", extra={"code": code, "deaths": len(self._deaths)})
        if not self._was_up:
            log.critical("the first workers cannot start: the program ends")
            return False
        pause = self._patience.pause(len(self._deaths))
        if pause is None:
            log.critical("workers end again and again: the program ends")
            return False
        self._next_start = now + pause
        return True

    def _end_silent(self, now: float) -> None:
        for worker in self._workers:
            if worker.is_overdue(now):
                log.error("a worker says nothing any more: it is ended")
                worker.heard_at = now
                worker.process.kill()

    def _is_blind(self, now: float) -> bool:
        if not self._was_up or any(worker.up for worker in self._workers):
            self._blind_since = None
            return False
        self._blind_since = self._blind_since or now
        return now - self._blind_since > BLIND_SECONDS

    def _stop_all(self) -> None:
        for worker in self._workers:
            worker.pipe.close()
            if not worker.up:
                worker.process.kill()  # nobody waits for an answer of one that is starting
        end = time.monotonic() + GRACE_SECONDS
        for worker in self._workers:
            worker.process.join(max(0.0, end - time.monotonic()))
            if worker.process.exitcode is None:
                worker.process.kill()
                worker.process.join()

    @contextlib.contextmanager
    def _listening_to_signals(self) -> Iterator[int]:
        """A descriptor that becomes readable when we are told to stop."""
        wake, waker = os.pipe()
        os.set_blocking(waker, False)

        def stop(_number: int, _frame: object) -> None:
            self._told_to_stop = True

        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        waker_before = signal.set_wakeup_fd(waker)
        try:
            yield wake
        finally:
            signal.set_wakeup_fd(waker_before)
            for number, handler in before.items():
                signal.signal(number, handler)
            os.close(wake)
            os.close(waker)


def _listen_on(host: str, port: int, *, backlog: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listening = socket.socket(family, kind, protocol)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(address)
    listening.listen(backlog)
    return listening


class _Leash:
    """The worker's end of the pipe: beats while the loop runs, stops when the keeper lets go."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._stop: Callable[[], None] | None = None
        self._beating: asyncio.Task[None] | None = None
        threading.Thread(target=self._hold, name="leash", daemon=True).start()

    def began(self, app: Sanic[Any, Any]) -> None:
        loop = asyncio.get_running_loop()

        def stop() -> None:
            loop.call_soon_threadsafe(lambda: app.stop(terminate=False))

        self._stop = stop
        self._beating = loop.create_task(self._beat(), name="beat")

    def ends(self) -> None:
        if self._beating is not None:
            self._beating.cancel()

    async def _beat(self) -> None:
        said = _UP
        with contextlib.suppress(OSError):
            while True:
                self._pipe.send_bytes(said)
                said = _BEAT
                await asyncio.sleep(BEAT_SECONDS)

    def _hold(self) -> None:
        with contextlib.suppress(EOFError, OSError):
            self._pipe.recv_bytes()
        if self._stop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed already
                self._stop()
            time.sleep(GRACE_SECONDS)
        os._exit(0)


def run_worker(settings: Settings, listening: socket.socket, pipe: Connection) -> None:
    """The life of one worker; ends when its keeper closes the pipe or is gone."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    leash = _Leash(pipe)
    # Not in the keeper: it stays small, and nothing of the application can pull it down.
    from app import create_app
    from core import offload

    app = create_app(settings)

    @app.after_server_start
    async def tell(app: Sanic[Any, Any]) -> None:
        leash.began(app)
        app.add_task(offload.warm_up(), name="warm-up")

    @app.before_server_stop
    async def fall_silent(_app: Sanic[Any, Any]) -> None:
        leash.ends()

    app.run(
        sock=listening,
        single_process=True,
        register_sys_signals=False,
        access_log=False,
        motd=False,
    )
