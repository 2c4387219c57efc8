"""The room of all live connections of one worker: who may come in, one timer, look-ups in batches.

The timer goes round once per heartbeat in SLOTS steps; each step serves the connections of one
slot: their sessions are looked at with one query, ended ones are closed, those whose life is over
are asked to come back, the others get a heartbeat. Ten thousand sockets need no ten thousand timers
and never beat all at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import random
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from api.edge.live.connection import Connection, EventStream
from core.data.batch import Batch
from core.database import DATABASE_ERRORS
from identity.log_in import sessions
from identity.principal import Principal, PrincipalKind
from push.live import stream, wire
from push.live.hub import Hub

log = logging.getLogger(__name__)

SLOTS = 200
"""Ten thousand connections are fifty a step: a step takes two milliseconds and delays no event."""

SESSIONS_PER_QUERY = 500
EPOCH_SECONDS = 5.0
LEAVING_SECONDS = 3.0
"""How long a stopping worker waits for good-byes to be read."""

SOCKET_HEARTBEAT = wire.frame(wire.encode(wire.HEARTBEAT))
STREAM_HEARTBEAT = wire.comment("heartbeat")


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Seconds. An application may set its own as `app.ctx.live_pace`."""

    heartbeat: float = 20.0
    """Also how often the session is looked at, should its ending not have been heard."""
    life: float = 600.0
    """Connections are renewed, so that workers can be moved and restarted at any time."""
    send: float = 10.0
    """How long a replay may wait for its reader."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Connections of one worker. The oldest of a user is dropped, the newest of an address."""

    per_user: int = 32
    per_address: int = 5000
    """Whole town halls and mobile networks share one address: this only stops a flood."""


class Room:
    """See the module. Made at the start of a worker, closed at its end."""

    def __init__(self, hub: Hub, *, pace: Callable[[], Pace], limits: Limits) -> None:
        self._hub = hub
        self._pace = pace
        self._limits = limits
        self._slots: list[set[Connection]] = [set() for _ in range(SLOTS)]
        self._turn = 0
        self._entered = 0
        self._addresses: Counter[str] = Counter()
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._leaving: set[Connection] = set()
        self._all_left: asyncio.Event | None = None
        self._positions: Batch[str, int] = Batch(stream.positions)
        self._epochs: Batch[None, str] = Batch(_load_epoch)
        self._epoch = ""
        self._epoch_until = 0.0
        self._by_token = {
            kind: Batch(partial(sessions.resolve_many, kind=kind))
            for kind in (PrincipalKind.CITIZEN, PrincipalKind.OFFICER)
        }
        self._by_session = {
            kind: Batch(partial(sessions.resolve_ids, kind=kind))
            for kind in (PrincipalKind.CITIZEN, PrincipalKind.OFFICER)
        }

    @property
    def pace(self) -> Pace:
        return self._pace()

    @property
    def count(self) -> int:
        return sum(len(slot) for slot in self._slots)

    # Look-ups

    async def principal(self, token: str, kind: PrincipalKind) -> Principal | None:
        return await self._by_token[kind].get(token)

    async def principal_of(self, session_id: UUID, kind: PrincipalKind) -> Principal | None:
        return await self._by_session[kind].get(session_id)

    async def position(self, key: str) -> int:
        return await self._positions.get(key) or 0

    async def epoch(self) -> str:
        """The epoch of the database; it changes after a restore only and is kept for a moment."""
        now = asyncio.get_running_loop().time()
        if now > self._epoch_until:
            self._epoch = await self._epochs.get(None) or ""
            self._epoch_until = now + EPOCH_SECONDS
        return self._epoch

    # Coming and going

    def admit(self, connection: Connection) -> bool:
        """Let it follow; False when its address holds too many already."""
        if self._addresses[connection.address] >= self._limits.per_address:
            return False
        loop = asyncio.get_running_loop()
        self._addresses[connection.address] += 1
        self._entered += 1
        connection.slot = self._entered % SLOTS
        # Spread, so that connections opened together do not come back together.
        connection.end_at = loop.time() + self.pace.life * random.uniform(0.9, 1.0)  # noqa: S311
        self._slots[connection.slot].add(connection)
        self._hub.join(connection)
        self._hub.keep_newest(connection.ends[-1], self._limits.per_user)
        if self._timer is None:
            self._wind()
        return True

    def leave(self, connection: Connection) -> None:
        """Forget it. One that was never let in changes nothing."""
        if connection not in self._slots[connection.slot]:
            return
        self._slots[connection.slot].remove(connection)
        self._hub.leave(connection)
        self._addresses[connection.address] -= 1
        if not self._addresses[connection.address]:
            del self._addresses[connection.address]

    def lost(self, connection: Connection) -> None:
        """Its transport has ended."""
        self._leaving.discard(connection)
        if not self._leaving and self._all_left is not None:
            self._all_left.set()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something short beside; a task without a reference could vanish."""
        task = asyncio.create_task(work, name="live-work")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Ask everyone to come back (to another worker), give them time to hear it, and go."""
        if self._timer is not None:
            self._timer.cancel()
        present = [connection for slot in self._slots for connection in slot]
        for connection in present:
            connection.renew()
        self._leaving = {connection for connection in present if not connection.gone}
        self._all_left = asyncio.Event()
        if self._leaving:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LEAVING_SECONDS):
                    await self._all_left.wait()
        for connection in present:
            connection.abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # The timer

    def _wind(self) -> None:
        loop = asyncio.get_running_loop()
        # A context of its own: that of the caller would keep its request for ever.
        context = contextvars.Context()
        self._timer = loop.call_later(self.pace.heartbeat / SLOTS, self._tick, context=context)

    def _tick(self) -> None:
        self._timer = None
        self._turn = (self._turn + 1) % SLOTS
        if present := tuple(self._slots[self._turn]):
            self.start(self._serve(present))
        if self.count:
            self._wind()

    async def _serve(self, present: tuple[Connection, ...]) -> None:
        now = asyncio.get_running_loop().time()
        asked = {one.session_id for one in present if one.session_id is not None}
        opened = await self._open_sessions(asked)
        for connection in present:
            if opened is not None and connection.session_id in asked - opened:
                connection.end("session-ended")
            elif now >= connection.end_at:
                connection.renew()
            else:
                is_stream = isinstance(connection, EventStream)
                connection.beat(STREAM_HEARTBEAT if is_stream else SOCKET_HEARTBEAT)

    async def _open_sessions(self, session_ids: set[UUID]) -> set[UUID] | None:
        """None while the database is away: nobody is sent away for that, the life is short."""
        asked = list(session_ids)
        opened: set[UUID] = set()
        try:
            for start in range(0, len(asked), SESSIONS_PER_QUERY):
                opened |= await sessions.open_among(asked[start : start + SESSIONS_PER_QUERY])
        except DATABASE_ERRORS as error:
            log.warning("sessions could not be looked at: %s", type(error).__name__)
            return None
        return opened


async def _load_epoch(_: list[None]) -> dict[None, str]:
    return {None: await stream.epoch()}
