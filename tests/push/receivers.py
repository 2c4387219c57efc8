"""A line system that is told of events, as a real server, and a sender that may reach it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from core.valkey.embedded import free_port
from push.webhooks import endpoints
from push.webhooks.addresses import read_networks

OWNER = "dept:SCJG"
LOOPBACK = read_networks("127.0.0.0/8")
BY = "system:tests"


@dataclass
class Receiver:
    """A line system: keeps what it is sent and answers what it is told to."""

    url: str
    answers: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    heard: list[web.Request] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.heard.append(request)
        self.bodies.append(await request.read())
        status = self.answers.pop(0) if self.answers else 204
        return web.Response(status=status, headers=self.headers)

    @property
    def ids(self) -> list[str]:
        return [request.headers["Webhook-Id"] for request in self.heard]


@asynccontextmanager
async def listening() -> AsyncIterator[Receiver]:
    port = free_port()
    made = Receiver(url=f"http://127.0.0.1:{port}/hook")
    app = web.Application()
    app.router.add_post("/{tail:.*}", made.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield made
    await runner.cleanup()


async def hook(receiver: Receiver, **values: Any) -> tuple[Any, str]:
    """Register the receiver; its identifier and its key."""
    wanted = {"owner": OWNER, "topic": OWNER, "kinds": (), "suite": "hmac-sha256"} | values
    return await endpoints.register(url=receiver.url, allowed=LOOPBACK, by=BY, **wanted)
