"""The live socket: nothing missed, nothing doubled, nobody else's, and over when it is over."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import aiohttp
import pytest

from api.edge.live.socket import Pace
from core import clock, ids
from identity.log_in import revoking
from push import deliver
from push.channels import live
from push.live import stream
from push.live.stream import Entry
from tests.api import people
from tests.conftest import running_app
from tests.identity import factories
from tests.push.factories import message

Client = aiohttp.ClientSession
Socket = aiohttp.ClientWebSocketResponse

PATIENCE = 10.0
"""Seconds a test waits for a frame before it fails."""


@asynccontextmanager
async def follow(
    client: Client, path: str = "/api/citizen/live", **headers: str
) -> AsyncIterator[Any]:
    own = {"Origin": str(client._base_url).rstrip("/")}
    async with client.ws_connect(path, headers=own | headers) as socket:
        yield socket


async def frame(socket: Socket) -> dict[str, Any]:
    """The next frame that says something. A heartbeat may come at any time, the first one soon."""
    while True:
        received = await any_frame(socket)
        if received["type"] != "heartbeat":
            return received


async def any_frame(socket: Socket) -> dict[str, Any]:
    received: dict[str, Any] = await socket.receive_json(timeout=PATIENCE)
    return received


async def frames(socket: Socket, count: int) -> list[dict[str, Any]]:
    return [await frame(socket) for _ in range(count)]


async def close_code(socket: Socket) -> int | None:
    """Read to the end; the code the server closed with."""
    async with asyncio.timeout(PATIENCE):
        while (await socket.receive()).type not in (
            aiohttp.WSMsgType.CLOSE,
            aiohttp.WSMsgType.CLOSING,
            aiohttp.WSMsgType.CLOSED,
        ):
            continue
    return socket.close_code


async def tell(resources: Any, person_id: UUID, number: int) -> None:
    await live.tell(
        stream.person(person_id),
        "case-accepted",
        live.payload(f"第 {number} 条", "正文", "#/cases", {"number": number}),
        event_id=ids.new_id(),
        redis=resources.redis,
    )


@pytest.fixture
async def zhang(client: Client, resources: Any) -> UUID:
    """A person who is signed in with `client`."""
    person_id = await factories.person()
    await people.citizen(client, resources, person_id)
    return person_id


async def test_hello_tells_the_position(client: Client, resources: Any, zhang: UUID) -> None:
    await tell(resources, zhang, 1)

    async with follow(client) as socket:
        hello = await frame(socket)

    assert hello == {"type": "hello", "position": 1, "epoch": await stream.epoch()}


async def test_event_arrives_as_it_happens(client: Client, resources: Any, zhang: UUID) -> None:
    async with follow(client) as socket:
        await frame(socket)
        await deliver.deliver(
            message(recipient_id=zhang),
            event_id=ids.new_id(),
            redis=resources.redis,
            connectors=resources.connectors,
        )
        event = await frame(socket)

    assert (event["type"], event["n"], event["kind"]) == ("event", 1, "case-accepted")
    assert event["title"] == "申请已受理"
    assert event["link"].startswith("#/case/")
    assert event["data"]["case_id"]
    assert event["at"].endswith(("Z", "+00:00"))


async def test_reconnect_gets_exactly_what_was_missed(
    client: Client, resources: Any, zhang: UUID
) -> None:
    for number in range(1, 6):
        await tell(resources, zhang, number)

    async with follow(client, "/api/citizen/live?after=2") as socket:
        hello, *missed = await frames(socket, 4)
        await tell(resources, zhang, 6)
        new = await frame(socket)

    assert hello["position"] == 5
    assert [event["n"] for event in missed] == [3, 4, 5]
    assert new["n"] == 6


async def test_two_sockets_of_one_person_hear_the_same(
    client: Client, resources: Any, zhang: UUID
) -> None:
    async with follow(client) as phone, follow(client) as desk:
        await frame(phone)
        await frame(desk)
        await tell(resources, zhang, 1)

        assert await frame(phone) == await frame(desk)


async def test_nothing_of_someone_else_is_heard(
    client: Client, resources: Any, zhang: UUID
) -> None:
    li = await factories.person(id_no=factories.LI, name="李样例")
    await tell(resources, li, 1)

    async with follow(client, f"/api/citizen/live?after=0&person={li}") as refused:
        assert await close_code(refused) == 4400
    async with follow(client, "/api/citizen/live?after=0") as socket:
        await frame(socket)
        await tell(resources, li, 2)
        await tell(resources, zhang, 1)
        event = await frame(socket)

    assert (event["n"], event["data"]["number"]) == (1, 1)


async def test_burst_during_replay_arrives_once_and_in_order(
    client: Client, resources: Any, zhang: UUID
) -> None:
    for number in range(1, 31):
        await tell(resources, zhang, number)

    async with follow(client, "/api/citizen/live?after=0") as socket:
        burst = asyncio.gather(*(tell(resources, zhang, number) for number in range(31, 61)))
        received = await frames(socket, 61)
        await burst

    assert [event["n"] for event in received[1:]] == list(range(1, 61))


async def test_lost_rings_leave_no_gap(client: Client, resources: Any, zhang: UUID) -> None:
    async with follow(client) as socket:
        await frame(socket)
        for _ in range(3):
            await stream.append(stream.person(zhang), "case-accepted", {"title": "没有响铃"})
        await tell(resources, zhang, 4)
        received = await frames(socket, 4)

    assert [event["n"] for event in received] == [1, 2, 3, 4]


@pytest.mark.parametrize("query", ["after=9", "after=1&epoch=another", "after=9&epoch=another"])
async def test_position_that_cannot_be_continued_is_reset(
    client: Client, resources: Any, zhang: UUID, query: str
) -> None:
    await tell(resources, zhang, 1)

    async with follow(client, f"/api/citizen/live?{query}") as socket:
        _, reset = await frames(socket, 2)
        await tell(resources, zhang, 2)
        event = await frame(socket)

    assert (reset["type"], reset["position"]) == ("reset", 1)
    assert event["n"] == 2


async def test_known_epoch_is_continued(client: Client, resources: Any, zhang: UUID) -> None:
    await tell(resources, zhang, 1)

    async with follow(client, f"/api/citizen/live?after=0&epoch={await stream.epoch()}") as socket:
        _, event = await frames(socket, 2)

    assert event["n"] == 1


@pytest.mark.parametrize("query", ["after=-1", "after=x", "after=1&after=2", "after=1.5", "x=1"])
async def test_unreadable_query_is_closed_with_a_code(
    client: Client, zhang: UUID, query: str
) -> None:
    async with follow(client, f"/api/citizen/live?{query}") as socket:
        assert await close_code(socket) == 4400


async def test_socket_without_session_is_closed(client: Client, resources: Any) -> None:
    async with follow(client) as socket:
        assert await close_code(socket) == 4401


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
async def test_socket_of_another_site_is_closed(client: Client, zhang: UUID, origin: str) -> None:
    async with follow(client, Origin=origin) as socket:
        assert await close_code(socket) == 4403


async def test_mini_app_follows_with_a_bearer_token(
    client: Client, address: str, resources: Any
) -> None:
    token = (await people.citizen(client, resources, await factories.person()))["token"]
    headers = {"Authorization": f"Bearer {token}"}

    async with (
        aiohttp.ClientSession(address, headers=headers) as native,
        native.ws_connect("/api/citizen/live") as socket,
    ):
        assert (await frame(socket))["type"] == "hello"


async def test_signing_out_closes_the_socket_at_once(client: Client, zhang: UUID) -> None:
    async with follow(client) as socket:
        await frame(socket)
        async with client.delete("/api/citizen/sessions/current") as response:
            assert response.status == 204

        assert await close_code(socket) == 4401


async def test_what_the_client_says_is_ignored(client: Client, resources: Any, zhang: UUID) -> None:
    async with follow(client) as socket:
        await frame(socket)
        for _ in range(50):
            await socket.send_str('{"type":"subscribe","key":"person:someone-else"}')
        await tell(resources, zhang, 1)

        assert (await frame(socket))["n"] == 1


async def test_client_that_left_is_forgotten(client: Client, resources: Any, zhang: UUID) -> None:
    async with follow(client) as socket:
        await frame(socket)
        assert resources.hub.count == 1

    async with asyncio.timeout(PATIENCE):
        while resources.hub.count:  # noqa: ASYNC110 - nothing rings when a reader leaves
            await asyncio.sleep(0.01)


async def test_reader_that_stops_is_dropped_and_the_others_go_on(
    client: Client, resources: Any, zhang: UUID
) -> None:
    key, count = stream.person(zhang), 200
    payload = live.payload("很长的一条", "文" * 50_000, "#/", {})
    async with follow(client) as slow, follow(client) as quick:
        await frame(slow)
        await frame(quick)
        for number in range(1, count + 1):
            entry = Entry(position=number, kind="case-accepted", payload=payload, at=clock.now())
            resources.hub.publish(key, entry)
            assert (await frame(quick))["n"] == number

        assert await close_code(slow) == 4408
        assert resources.hub.count == 1


async def test_officer_hears_the_own_department_only(client: Client, resources: Any) -> None:
    await people.officer(client)
    async with follow(client, "/api/staff/live") as socket:
        await frame(socket)
        for key in ("GA", "SCJG"):
            await live.tell(
                stream.department(key),
                "case-submitted",
                live.payload(f"给 {key} 的申请", "正文", "#/", {}),
                event_id=ids.new_id(),
                redis=resources.redis,
            )
        event = await frame(socket)

    assert event["title"] == "给 SCJG 的申请"


async def test_citizen_does_not_hear_the_staff_stream(client: Client, zhang: UUID) -> None:
    async with follow(client, "/api/staff/live") as socket:
        assert await close_code(socket) == 4401


class TestQuickPace:
    """The same server with short times."""

    @pytest.fixture
    def pace(self, address: str) -> None:
        running_app().ctx.live_pace = Pace(heartbeat=0.05, life=0.5)

    @pytest.mark.usefixtures("pace")
    async def test_heartbeats_and_then_a_planned_close(self, client: Client, zhang: UUID) -> None:
        async with follow(client) as socket:
            hello, beat = await any_frame(socket), await any_frame(socket)
            last = await frame(socket)
            code = await close_code(socket)

        assert (hello["type"], beat["type"]) == ("hello", "heartbeat")
        assert last == {"type": "reconnect", "position": 0}
        assert code == 4100

    @pytest.mark.usefixtures("pace")
    async def test_session_revoked_unheard_is_noticed_at_the_next_beat(
        self, client: Client, zhang: UUID
    ) -> None:
        async with follow(client) as socket:
            await frame(socket)
            await revoking.revoke_all(zhang, by="system:tests")

            assert await close_code(socket) == 4401
