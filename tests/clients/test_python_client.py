"""The Python client of line systems: resumes where it was, from the real server."""

import asyncio
import importlib.util
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

from core import clock, ids
from identity.systems import clients
from push.channels import live
from push.live import stream
from push.webhooks import endpoints, notices, signatures
from tests.conftest import running_app

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 10.0
KEY = stream.department("SCJG")


def load() -> Any:
    """The module as a line system has it: a file of its own."""
    path = ROOT / "clients" / "python" / "yunjian_client.py"
    spec = importlib.util.spec_from_file_location("yunjian_client", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["yunjian_client"] = module
    spec.loader.exec_module(module)
    return module


yunjian = load()


async def tell(resources: Any, number: int) -> None:
    await live.tell(
        KEY,
        "case-submitted",
        live.payload("收到新的申请", "正文", "#/", {"number": number}),
        event_id=ids.new_id(),
        redis=resources.redis,
    )


@pytest.fixture
async def secret(resources: Any) -> AsyncIterator[str]:
    made = await clients.register("line", name="业务系统", daily_quota=100, by="system:tests")
    assert made is not None
    client_id = await clients.find("line")
    await endpoints.register(
        owner=f"client:{client_id}",
        topic=notices.department("SCJG"),
        url="https://line.example.gov.cn/hook",
        kinds=(),
        suite="hmac-sha256",
        allowed=(),
        by="system:tests",
    )
    yield made


class LineSystem:
    """A client at work in a thread, as a line system runs it."""

    def __init__(self, address: str, secret: str, bookmark: Path) -> None:
        client = yunjian.Client(address, "line", secret, first_pause=0.05)
        self._events: Iterator[dict[str, Any]] = client.follow("SCJG", yunjian.Bookmark(bookmark))
        self.heard: Queue[Any] = Queue()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    async def next(self) -> Any:
        heard = await asyncio.to_thread(self.heard.get, True, PATIENCE)
        if isinstance(heard, Exception):
            raise heard
        return heard

    async def numbers(self, count: int) -> list[int]:
        return [(await self.next())["data"]["number"] for _ in range(count)]

    def _work(self) -> None:
        try:
            for event in self._events:
                self.heard.put(event)
        except Exception as error:
            self.heard.put(error)


async def until_followed(resources: Any, count: int = 1) -> None:
    async with asyncio.timeout(PATIENCE):
        while resources.hub.count < count:  # noqa: ASYNC110 - the other side is a thread
            await asyncio.sleep(0.01)


async def test_events_come_in_order_and_after_a_break_from_where_it_was(
    address: str, resources: Any, secret: str, tmp_path: Path
) -> None:
    system = LineSystem(address, secret, tmp_path / "bookmark")
    await until_followed(resources)
    for number in (1, 2, 3):
        await tell(resources, number)
    assert await system.numbers(3) == [1, 2, 3]
    room = running_app().ctx.room
    for slot in room._slots:
        for connection in tuple(slot):
            connection.abort()
    for number in (4, 5):
        await tell(resources, number)

    assert await system.numbers(2) == [4, 5]


async def test_new_process_goes_on_after_the_bookmark(
    address: str, resources: Any, secret: str, tmp_path: Path
) -> None:
    for number in (1, 2, 3):
        await tell(resources, number)
    (tmp_path / "bookmark").write_text(f"1-{await stream.epoch()}")

    system = LineSystem(address, secret, tmp_path / "bookmark")

    assert await system.numbers(2) == [2, 3]


async def test_bookmark_of_another_database_means_reading_anew(
    address: str, resources: Any, secret: str, tmp_path: Path
) -> None:
    await tell(resources, 1)
    (tmp_path / "bookmark").write_text("7-another")

    system = LineSystem(address, secret, tmp_path / "bookmark")
    refresh = await system.next()
    await tell(resources, 2)

    assert refresh["kind"] == "refresh"
    assert await system.numbers(1) == [2]


async def test_client_without_the_right_is_told_so(
    address: str, resources: Any, secret: str, tmp_path: Path
) -> None:
    client = yunjian.Client(address, "line", secret)
    with pytest.raises(yunjian.Refused, match="role-missing"):
        await asyncio.to_thread(next, client.follow("GA", yunjian.Bookmark(tmp_path / "b")))
    client = yunjian.Client(address, "line", "wrong")
    with pytest.raises(yunjian.Refused, match="invalid-request-signature"):
        await asyncio.to_thread(next, client.follow("SCJG", yunjian.Bookmark(tmp_path / "b")))


@pytest.mark.parametrize("suite", sorted(signatures.SUITES))
def test_webhook_is_verified_as_it_was_signed(suite: str) -> None:
    secret, at, body = signatures.new_secret(), int(clock.now().timestamp()), b'{"type":"x"}'
    signed = signatures.sign(suite=suite, secrets=[secret], call_id="c1", timestamp=at, body=body)
    headers = {name.lower(): value for name, value in signed.items()}

    assert yunjian.verify_webhook(headers, body, secret) == {"type": "x", "id": "c1"}
    for bad_headers, bad_body, bad_secret in (
        (headers, b"{}", secret),
        (headers, body, signatures.new_secret()),
        (headers | {"webhook-timestamp": str(at - 400)}, body, secret),
        ({}, body, secret),
    ):
        with pytest.raises(yunjian.BadWebhook):
            yunjian.verify_webhook(bad_headers, bad_body, bad_secret)
