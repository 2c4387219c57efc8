"""How long a connection may take to say what it wants, and how many one address may hold.

Sanic's own time limits begin anew with each byte, so that one byte every few seconds holds a
connection for ever. Here each has an end from the start: the head of a request, and what is left of
a body whose answer has been given. The body itself is read by `api/edge/bodies.py`, after the
guard.

Sanic's attributes that are touched here: `_http` and `_task` of its protocol; `stage`, `request`,
`request_body`, `upgrade_websocket` and `exception` of `Http`; `_id` of its request.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from time import monotonic
from typing import Any

from sanic import Request
from sanic.exceptions import RequestTimeout
from sanic.http.constants import Stage
from sanic.server.protocols.http_protocol import HttpProtocol

from api.edge import addresses, bounds
from api.edge.http1 import StrictHttp
from core import ids

HEAD_SECONDS = 10.0
"""From its first byte, or from the connection when nothing has come yet."""

DRAIN_SECONDS = 10.0
"""What an answered request goes on sending is thrown away for so long: a browser that is still
sending reads the answer only afterwards."""

CHECK_SECONDS = 5.0
"""How often a connection is looked at."""


class Connection(HttpProtocol):
    """One connection. Its address is counted until it ends or becomes a live socket."""

    __slots__ = ("_address", "_counted", "_drained", "_since", "_watch")

    HTTP_CLASS = StrictHttp

    check_every = CHECK_SECONDS

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._address = ""
        self._counted = False
        self._since: float | None = None
        self._drained: tuple[Any, float] | None = None
        self._watch: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        self._address = addresses.peer_of(transport)
        if not self._count():
            transport.abort()
            return
        self._since = monotonic()
        super().connection_made(transport)  # type: ignore[no-untyped-call]
        self._watch = self.loop.call_later(self.check_every, self._look)

    def data_received(self, data: bytes) -> None:
        if self._since is None and self._awaits_head():
            self._since = monotonic()
        super().data_received(data)

    def connection_lost(self, exc: BaseException | None) -> None:
        if self.conn_info is None:
            return  # was never let in
        self.uncount()
        super().connection_lost(exc)  # type: ignore[no-untyped-call]

    def _awaits_head(self) -> bool:
        """Whether bytes that come now belong to a head, and not to the body of a request."""
        http = self._http
        return http is None or (http.stage in (Stage.IDLE, Stage.REQUEST) and not http.request_body)

    def head_is_complete(self) -> None:
        """The next byte but one belongs to another request."""
        self._since = None

    def uncount(self) -> None:
        """Live sockets have a limit of their own (api/edge/live/room.py)."""
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        if self._counted:
            self._counted = False
            held = _held(self.app)
            held[self._address] -= 1
            if held[self._address] <= 0:
                del held[self._address]

    def _look(self) -> None:
        """Beside Sanic's own look, which asks only for how long nothing came."""
        self._watch = None
        http = self._http
        if self._task is None or http is None or http.upgrade_websocket:
            return
        if http.stage in (Stage.HANDLER, Stage.RESPONSE):
            self._since = None
        elif http.stage is Stage.REQUEST and self._since is None:
            self._since = monotonic()  # its first bytes came behind those of the request before
        if self._is_overdue(http):
            if http.stage is Stage.REQUEST:
                http.exception = RequestTimeout("Request Timeout")
            self._task.cancel()
            return
        self._watch = self.loop.call_later(self.check_every, self._look)

    def _is_overdue(self, http: Any) -> bool:
        now = monotonic()
        if http.stage is Stage.IDLE and http.request_body:
            if self._drained is None or self._drained[0] is not http.request:
                self._drained = (http.request, now)
            return now - self._drained[1] >= DRAIN_SECONDS
        self._drained = None
        return (
            http.stage in (Stage.IDLE, Stage.REQUEST)
            and self._since is not None
            and now - self._since > HEAD_SECONDS
        )

    def _count(self) -> bool:
        settings = self.app.ctx.settings
        if not self._address or addresses.is_proxy(self._address, settings.trusted_proxies):
            return True
        held = _held(self.app)
        if held[self._address] >= settings.connections_per_address:
            return False
        held[self._address] += 1
        self._counted = True
        return True


def begin(request: Request) -> None:
    """The head is there: looked at before anything else happens. Raises as `bounds.check_head`."""
    protocol = request.stream.protocol if request.stream is not None else None
    if isinstance(protocol, Connection):
        protocol.head_is_complete()
    if not bounds.good_request_id(request.headers.get("x-request-id")):
        request._id = ids.new_id()
    bounds.check_head(request)


def become_live(protocol: asyncio.BaseProtocol) -> None:
    """The connection is a live socket from now on."""
    if isinstance(protocol, Connection):
        protocol.uncount()


def _held(app: Any) -> Counter[str]:
    held: Counter[str] | None = getattr(app.ctx, "held_connections", None)
    if held is None:
        held = app.ctx.held_connections = Counter()
    return held
