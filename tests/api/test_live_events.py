"""The event stream: the same positions as the socket, and tickets that open a stream once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import aiohttp
import msgspec
import pytest

from api.edge.live.room import Limits, Pace
from core import ids
from identity.log_in import revoking
from push.channels import live
from push.live import stream
from tests.api import people
from tests.conftest import running_app
from tests.identity import factories

Client = aiohttp.ClientSession
PATH = "/api/citizen/live/events"
PATIENCE = 10.0


class Reader:
    """Reads an event stream as a browser does."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._lines = response.content
        self.last_id = ""
        self.comments = 0

    async def next(self) -> dict[str, Any]:
        """The next event, with its name as `event`; raises EOFError at the end."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(PATIENCE):
            while line := (await self._lines.readline()).decode():
                name, _, value = line.rstrip("\n").partition(": ")
                if line == "\n" and "data" in fields:
                    self.last_id = fields.get("id", self.last_id)
                    event: dict[str, Any] = msgspec.json.decode(fields["data"])
                    return event | {"event": fields.get("event", "message")}
                if line == "\n":
                    fields = {}
                elif name == "":
                    self.comments += 1
                else:
                    fields[name] = value
        raise EOFError


@asynccontextmanager
async def reading(client: Client, path: str = PATH, **headers: str) -> AsyncIterator[Reader]:
    async with client.get(path, headers=headers) as response:
        assert response.status == 200, await response.text()
        assert response.content_type == "text/event-stream"
        assert response.headers["Cache-Control"] == "no-store"
        yield Reader(response)


async def tell(resources: Any, person_id: UUID, number: int) -> None:
    await live.tell(
        stream.person(person_id),
        "case-accepted",
        live.payload(f"第 {number} 条\n换行", "正文", "#/cases", {"number": number}),
        event_id=ids.new_id(),
        redis=resources.redis,
    )


@pytest.fixture
async def zhang(client: Client, resources: Any) -> UUID:
    person_id = await factories.person()
    await people.citizen(client, resources, person_id)
    return person_id


async def test_event_arrives_as_it_happens(client: Client, resources: Any, zhang: UUID) -> None:
    async with reading(client) as reader:
        hello = await reader.next()
        await tell(resources, zhang, 1)
        event = await reader.next()

    assert (hello["event"], hello["position"]) == ("hello", 0)
    assert (event["event"], event["n"], event["title"]) == ("message", 1, "第 1 条\n换行")
    assert reader.last_id == f"1-{await stream.epoch()}"


async def test_browser_that_comes_back_gets_exactly_what_it_missed(
    client: Client, resources: Any, zhang: UUID
) -> None:
    for number in range(1, 6):
        await tell(resources, zhang, number)
    last = f"2-{await stream.epoch()}"

    async with reading(client, **{"Last-Event-ID": last}) as reader:
        events = [await reader.next() for _ in range(4)]

    assert [event.get("n") for event in events] == [None, 3, 4, 5]


@pytest.mark.parametrize("last", ["9-{epoch}", "1-another"])
async def test_position_that_cannot_be_continued_is_reset(
    client: Client, resources: Any, zhang: UUID, last: str
) -> None:
    await tell(resources, zhang, 1)
    last = last.format(epoch=await stream.epoch())

    async with reading(client, **{"Last-Event-ID": last}) as reader:
        await reader.next()
        reset = await reader.next()

    assert (reset["event"], reset["position"]) == ("reset", 1)
    assert reader.last_id == f"1-{await stream.epoch()}"


async def test_history_that_was_cleared_away_is_a_reset_not_a_gap(
    client: Client, resources: Any, zhang: UUID, frozen_clock: Any
) -> None:
    for number in range(1, 4):
        await tell(resources, zhang, number)
    frozen_clock.advance(days=31)
    await stream.forget_old()
    await people.citizen(client, resources, zhang)

    async with reading(client, f"{PATH}?after=1") as reader:
        await reader.next()
        assert (await reader.next())["position"] == 3


async def test_signed_out_stream_says_so_and_ends(client: Client, zhang: UUID) -> None:
    async with reading(client) as reader:
        await reader.next()
        async with client.delete("/api/citizen/sessions/current") as response:
            assert response.status == 204
        assert (await reader.next())["reason"] == "session-ended"
        with pytest.raises(EOFError):
            await reader.next()


async def test_heartbeats_are_comments_and_life_ends_in_good_order(
    client: Client, zhang: UUID
) -> None:
    running_app().ctx.live_pace = Pace(heartbeat=0.05, life=0.5)
    async with reading(client) as reader:
        events = [await reader.next() for _ in range(3)]

    assert [event["event"] for event in events] == ["hello", "reconnect", "bye"]
    assert reader.comments >= 1


async def test_stream_without_session_is_refused(client: Client) -> None:
    async with client.get(PATH) as response:
        assert response.status == 401


class TestTickets:
    @pytest.fixture
    async def stranger(self, address: str) -> AsyncIterator[Client]:
        """A client without any cookie, on another site."""
        headers = {"Origin": "https://mini.example"}
        async with aiohttp.ClientSession(address, headers=headers) as session:
            yield session

    async def ticket(self, client: Client) -> str:
        async with client.post("/api/citizen/live/tickets") as response:
            assert response.status == 201
            return str((await response.json())["ticket"])

    async def test_ticket_opens_a_stream_once(
        self, client: Client, stranger: Client, zhang: UUID
    ) -> None:
        ticket = await self.ticket(client)

        async with reading(stranger, f"{PATH}?ticket={ticket}") as reader:
            assert (await reader.next())["event"] == "hello"
        async with stranger.get(f"{PATH}?ticket={ticket}") as response:
            assert response.status == 401

    async def test_ticket_opens_a_socket(
        self, client: Client, stranger: Client, zhang: UUID
    ) -> None:
        path = f"/api/citizen/live?ticket={await self.ticket(client)}"

        async with stranger.ws_connect(path) as socket:
            assert (await socket.receive_json(timeout=PATIENCE))["type"] == "hello"

    async def test_ticket_of_a_citizen_opens_no_staff_stream(
        self, client: Client, stranger: Client, zhang: UUID
    ) -> None:
        path = f"/api/staff/live/events?ticket={await self.ticket(client)}"

        async with stranger.get(path) as response:
            assert response.status == 401

    async def test_ticket_ends_with_its_session(
        self, client: Client, stranger: Client, zhang: UUID
    ) -> None:
        ticket = await self.ticket(client)
        await revoking.revoke_all(zhang, by="system:tests")

        async with stranger.get(f"{PATH}?ticket={ticket}") as response:
            assert response.status == 401

    async def test_ticket_needs_a_session(self, client: Client) -> None:
        async with client.post("/api/citizen/live/tickets") as response:
            assert response.status == 401


class TestLimits:
    async def test_oldest_of_a_user_gives_way(self, client: Client, zhang: UUID) -> None:
        running_app().ctx.room._limits = Limits(per_user=2)
        async with reading(client) as first, reading(client) as second, reading(client) as third:
            await first.next()
            assert (await first.next())["reason"] == "too-many"
            assert (await second.next())["event"] == "hello"
            assert (await third.next())["event"] == "hello"

    async def test_newest_of_an_address_is_sent_away(self, client: Client, zhang: UUID) -> None:
        running_app().ctx.room._limits = Limits(per_address=1)
        async with reading(client) as first:
            await first.next()
            async with reading(client) as second:
                assert (await second.next())["reason"] == "too-many"


async def test_stopping_worker_asks_everyone_to_come_back(
    client: Client, resources: Any, zhang: UUID
) -> None:
    async with reading(client) as reader:
        await reader.next()
        await running_app().ctx.room.close()

        assert (await reader.next())["event"] == "reconnect"
        assert resources.hub.count == 0
