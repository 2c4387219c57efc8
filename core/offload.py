"""CPU work off the event loop, in child processes, in classes that cannot crowd each other out.

    desk      a person waits at a counter, or an enterprise for its answer: verification
    sealing   documents drawn, sealed and issued
    uploads   what citizens hand in: pictures, documents, thumbnails
    batches   what a department sends in by the hundred thousand

Each class has children of its own, so that a thousand uploads never take the child that a counter
needs, and the kernel gives the lower classes what the upper ones leave (nice). A call has a
deadline, after which its child is ended; it counts from when the child has begun, so that a machine
too busy to start one never says that a file is too complex. What waits is bounded; one person is
served one at a time (`turn`). Functions handed over must be module-level, arguments picklable; they
are pickled when a child is free and not before.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import multiprocessing
import os
import pickle
import resource
import signal
from collections import deque
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any, ParamSpec, TypeVar

from core.errors import Invalid, Problem, TooMany, Unavailable

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

MOST_OF_ONE_PERSON = 8
"""Calls of one person that run (one) or wait; a page that uploads in parallel stays below."""

GIBIBYTE = 1024**3
BEGUN = b"begun"
END_SECONDS = 5.0
START_SECONDS = 120.0
"""For a child to start and to import what it is asked for; its deadline begins after that."""


class TooComplex(Invalid):
    """The deadline passed: the same content would take as long again."""

    slug = "too-complex"
    title = "内容过于复杂，系统处理不了，请重新导出或拍摄后再试"


class Busy(Unavailable):
    """Too much waits already. Member `retry_after`, seconds."""

    slug = "busy"
    title = "系统繁忙，请几秒钟后再试"


class TooMuchAtOnce(TooMany):
    """One person has too much running at once. Member `retry_after`, seconds."""

    slug = "too-much-at-once"
    title = "您有文件正在处理，请等它们完成后再继续"


class ChildDied(Exception):
    """The child ended within a call: killed from outside, or by what it was given."""


PROBLEMS: tuple[type[Problem], ...] = (TooComplex, Busy, TooMuchAtOnce)
"""What every operation that hands such work over may answer."""


@dataclass
class _Line:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    length: int = 0


class Pool:
    """One class of work. `size` children, started when they are first needed."""

    def __init__(
        self,
        name: str,
        *,
        size: int,
        nice: int,
        deadline: float,
        most_waiting: int = 128,
        memory: int | None = None,
        tries: int = 2,
        strangers: bool = False,
    ) -> None:
        self.name, self.size, self.deadline = name, size, deadline
        self._nice, self._memory = nice, memory
        self._most_waiting, self._tries = most_waiting, tries
        self._strangers = strangers
        self._reset()

    def _reset(self) -> None:
        self._slots = asyncio.Semaphore(self.size)
        self._waiting = 0
        self._lines: dict[str, _Line] = {}
        self._idle: deque[_Child] = deque()
        self._children: set[_Child] = set()
        self._threads: ThreadPoolExecutor | None = None
        self._ending = False

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`function(*args, **kwargs)` in a child; its exception is raised here.

        Raises TooComplex after the deadline, Busy when too much waits or no child can be started,
        and ChildDied when the child was killed. Where strangers' files are looked at that is
        TooComplex as well, and so is what takes more memory than there is.
        """
        call = functools.partial(function, *args, **kwargs)
        await self._take_slot()
        if self._threads is None:
            self._threads = ThreadPoolExecutor(self.size, thread_name_prefix=self.name)
        running = asyncio.get_running_loop().run_in_executor(self._threads, self._work, call)
        # Also when nobody waits any more the place is taken until the child is free.
        running.add_done_callback(self._give_slot_back)
        found: T = await asyncio.shield(running)
        return found

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """A place among the children for work in a process of its own. Raises Busy."""
        await self._take_slot()
        try:
            yield
        finally:
            self._slots.release()

    @asynccontextmanager
    async def turn(self, who: str) -> AsyncIterator[None]:
        """One after the other for one person (or one file). Raises TooMuchAtOnce."""
        line = self._lines.setdefault(who, _Line())
        if line.length >= MOST_OF_ONE_PERSON:
            raise TooMuchAtOnce(retry_after=2)
        line.length += 1
        try:
            async with line.lock:
                yield
        finally:
            line.length -= 1
            if not line.length:
                self._lines.pop(who, None)

    async def _take_slot(self) -> None:
        if self._waiting >= self._most_waiting:
            raise Busy(retry_after=5)
        self._waiting += 1
        try:
            await self._slots.acquire()
        finally:
            self._waiting -= 1

    def _give_slot_back(self, done: asyncio.Future[Any]) -> None:
        self._slots.release()
        if not done.cancelled():
            done.exception()  # seen, also when whoever asked has gone

    def _work(self, call: Callable[[], T]) -> T:
        """In a thread of the pool: one call, in a child that nobody else uses meanwhile."""
        asked = pickle.dumps(call)
        for left in reversed(range(self._tries)):
            child = self._idle.pop() if self._idle else self._start()
            if self._ending:
                child.end()  # it was started while the others were being ended
            try:
                worked, found = child.ask(asked, self.deadline)
            except (ChildDied, TooComplex, Busy) as error:
                self._children.discard(child)
                child.end()
                if left and isinstance(error, ChildDied) and not self._ending:
                    continue
                if self._strangers and isinstance(error, ChildDied) and not self._ending:
                    raise TooComplex() from error
                raise
            self._idle.append(child)
            if worked:
                result: T = found
                return result
            if self._strangers and isinstance(found, MemoryError):
                raise TooComplex() from found
            raise found
        raise AssertionError("unreachable")

    def _start(self) -> _Child:
        child = _Child(self._nice, self._memory)
        self._children.add(child)
        return child

    def shut_down(self) -> None:
        """End the children; calls that run are given up, those that wait are dropped."""
        threads, self._ending = self._threads, True
        for child in list(self._children):
            child.end()
        if threads is not None:
            threads.shutdown(wait=True, cancel_futures=True)
        self._reset()


class _Child:
    """A process that answers one call after the other."""

    def __init__(self, nice: int, memory: int | None) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        # Daemons may have no children; whoever started us may have made us one.
        multiprocessing.current_process().daemon = False
        self._process = context.Process(target=_serve, args=(theirs, memory), daemon=True)
        # Ctrl-C reaches a whole group: a child that has not come to `_serve` yet must not hear it.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self._process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
        self._lower(nice)

    def _lower(self, nice: int) -> None:
        """Nice from birth: a child spends a fifth of a second of a core before it serves."""
        assert self._process.pid is not None  # noqa: S101 - it was started
        own = os.getpriority(os.PRIO_PROCESS, 0)
        with contextlib.suppress(ProcessLookupError):  # ended already: `ask` will say so
            os.setpriority(os.PRIO_PROCESS, self._process.pid, own + nice)

    def ask(self, call: bytes, deadline: float) -> tuple[bool, Any]:
        """Whether it worked, and the result or the error. Raises ChildDied, TooComplex, Busy.

        Blocks.
        """
        try:
            self._pipe.send_bytes(call)
            if not self._pipe.poll(START_SECONDS):
                raise Busy(retry_after=30)
            self._pipe.recv_bytes()
            if not self._pipe.poll(deadline):
                raise TooComplex()
            return pickle.loads(self._pipe.recv_bytes())  # type: ignore[no-any-return] # noqa: S301 - our child
        except (EOFError, OSError) as error:
            raise ChildDied(f"exit code {self._process.exitcode}") from error

    def end(self) -> None:
        self._process.kill()
        self._process.join(END_SECONDS)
        self._pipe.close()


def _serve(pipe: Connection, memory: int | None) -> None:
    """The life of a child. Ctrl-C is the parent's business; without a parent it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if memory is not None:
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    while True:
        try:
            call = pickle.loads(pipe.recv_bytes())  # noqa: S301 - our parent
        except EOFError:
            return
        try:
            pipe.send_bytes(BEGUN)
            pipe.send_bytes(_outcome(call))
        except OSError:  # nobody waits for the answer any more
            return


def _outcome(call: Callable[[], object]) -> bytes:
    try:
        return pickle.dumps((True, call()))
    except Exception as error:
        try:
            pickle.loads(pickle.dumps(error))  # noqa: S301 - some errors cannot be made again
            return pickle.dumps((False, error))
        except Exception:
            return pickle.dumps((False, RuntimeError(type(error).__name__)))


_CPUS = os.cpu_count() or 1
_FEW = max(1, min(2, _CPUS // 2))

desk = Pool("desk", size=min(4, _CPUS), nice=0, deadline=30.0, strangers=True)
sealing = Pool("sealing", size=_FEW, nice=3, deadline=60.0)
uploads = Pool(
    "uploads", size=_FEW, nice=10, deadline=45.0, memory=3 * GIBIBYTE, tries=1, strangers=True
)
batches = Pool("batches", size=1, nice=10, deadline=900.0)

POOLS = (desk, sealing, uploads, batches)

run = sealing.run


async def warm_up() -> None:
    """Start the children that people wait for, so that no first caller pays for it.

    Raises nothing: a server whose children are slow to start answers what needs none.
    """
    started = (desk.run(os.getpid), sealing.run(os.getpid))
    for failure in await asyncio.gather(*started, return_exceptions=True):
        if isinstance(failure, Exception):
            log.warning("no child to warm up", exc_info=failure)


def shut_down() -> None:
    """End all children and wait for it; the next `run` starts new ones."""
    for pool in POOLS:
        pool.shut_down()
