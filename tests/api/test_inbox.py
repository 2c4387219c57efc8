"""The inbox over HTTP."""

from typing import Any
from uuid import UUID

import aiohttp

from core import ids
from push import deliver
from tests.api import people
from tests.identity import factories
from tests.push.factories import message

Client = aiohttp.ClientSession


async def keep(resources: Any, person_id: UUID) -> None:
    await deliver.deliver(
        message(recipient_id=person_id),
        event_id=ids.new_id(),
        redis=resources.redis,
        connectors={},
    )


async def test_message_is_listed_and_read(client: Client, resources: Any) -> None:
    person_id = await factories.person()
    await people.citizen(client, resources, person_id)
    await keep(resources, person_id)

    async with client.get("/api/citizen/inbox", params={"limit": 5}) as response:
        page = await response.json()
    async with client.post(f"/api/citizen/inbox/{page['items'][0]['id']}/read") as response:
        assert response.status == 204
    async with client.get("/api/citizen/inbox") as response:
        again = await response.json()

    assert (len(page["items"]), page["next"], page["unread"]) == (1, None, 1)
    assert page["items"][0]["title"] == "申请已受理"
    assert (again["unread"], again["items"][0]["read"]) == (0, True)


async def test_all_messages_are_read_at_once(client: Client, resources: Any) -> None:
    person_id = await factories.person()
    await people.citizen(client, resources, person_id)
    for _ in range(3):
        await keep(resources, person_id)

    async with client.post("/api/citizen/inbox/read") as response:
        assert response.status == 204
    async with client.get("/api/citizen/inbox") as response:
        assert (await response.json())["unread"] == 0


async def test_message_of_someone_else_is_not_found(client: Client, resources: Any) -> None:
    other = await factories.person(id_no=factories.LI, name="李样例")
    await keep(resources, other)
    await people.citizen(client, resources, await factories.person())

    async with client.get("/api/citizen/inbox") as response:
        assert (await response.json())["items"] == []
    async with client.post(f"/api/citizen/inbox/{UUID(int=1)}/read") as response:
        assert response.status == 404
        assert await people.problem(response) == "inbox-message-not-found"


async def test_limit_is_bounded(client: Client, resources: Any) -> None:
    await people.citizen(client, resources, await factories.person())

    for query in ("limit=0", "limit=101", "offset=1", "after=", "after=%20", "limit=x", "more=1"):
        async with client.get(f"/api/citizen/inbox?{query}") as response:
            assert response.status == 422
            assert await people.problem(response) == "invalid-query"


async def test_pages_follow_each_other_and_a_wrong_place_is_told(
    client: Client, resources: Any
) -> None:
    person_id = await factories.person()
    await people.citizen(client, resources, person_id)
    for _ in range(3):
        await keep(resources, person_id)

    async with client.get("/api/citizen/inbox", params={"limit": 2}) as response:
        first = await response.json()
    async with client.get(
        "/api/citizen/inbox", params={"limit": 2, "after": first["next"]}
    ) as response:
        rest = await response.json()
    async with client.get("/api/citizen/inbox", params={"after": first["next"][:-4]}) as response:
        assert response.status == 422
        assert await people.problem(response) == "wrong-place-in-list"

    seen = [item["id"] for item in first["items"] + rest["items"]]
    assert (len(set(seen)), rest["next"]) == (3, None)
