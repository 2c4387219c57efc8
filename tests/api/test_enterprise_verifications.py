"""Enterprises verify documents and values over HTTP."""

from typing import Any

import aiohttp
import msgspec
import pytest

from tests.api import people
from tests.identity.factories import ClientSystem
from tests.wallet import city as small_city
from tests.wallet.city import City
from tests.wallet.factories import stored_licence

Client = aiohttp.ClientSession

SEALS = "/api/enterprise/v1/seal-verifications"
LICENCES = "/api/enterprise/v1/licence-verifications"


@pytest.fixture
async def city(resources: Any, authority: Any) -> City:
    return await small_city.build(authority, resources.blobs)


@pytest.fixture
async def bank(city: City) -> ClientSystem:
    return await ClientSystem().register()


async def post(
    client: Client, bank: ClientSystem, target: str, body: bytes, **headers: str
) -> aiohttp.ClientResponse:
    media_type = "application/json" if target.startswith(LICENCES) else "application/ofd"
    sent = {**bank.headers("POST", target, body), "Content-Type": media_type, **headers}
    return await client.post(target, data=body, headers=sent)


async def test_sealed_licence_is_valid(client: Client, city: City, bank: ClientSystem) -> None:
    document = await city.blobs.get((await stored_licence(city)).document)

    response = await post(client, bank, f"{SEALS}?name=licence.ofd", document)

    assert response.status == 200, await response.text()
    answer = await response.json()
    assert (answer["verdict"], answer["reasons"]) == ("valid", [])
    assert answer["licence_status"]["state_text"] == "有效"
    assert answer["signatures"][0]["seal_name"] == "上海市公安局松江分局"


async def test_answer_can_be_fetched_again(client: Client, city: City, bank: ClientSystem) -> None:
    document = await city.blobs.get((await stored_licence(city)).document)
    answer = await (await post(client, bank, SEALS, document)).json()

    target = f"{SEALS}/{answer['id']}"
    async with client.get(target, headers=bank.headers("GET", target)) as response:
        assert await response.json() == answer


async def test_same_key_gets_the_same_answer(
    client: Client, city: City, bank: ClientSystem
) -> None:
    document = await city.blobs.get((await stored_licence(city)).document)
    key = {"Idempotency-Key": "request-0001"}

    first = await (await post(client, bank, SEALS, document, **key)).json()
    second = await (await post(client, bank, SEALS, document, **key)).json()
    other = await post(client, bank, SEALS, document + b"\0", **key)

    assert first == second
    assert other.status == 422
    assert await people.problem(other) == "idempotency-key-reused"


@pytest.mark.parametrize("data", [b"", b"no document", b"PK" + b"x" * 100])
async def test_other_files_are_unreadable(client: Client, bank: ClientSystem, data: bytes) -> None:
    response = await post(client, bank, SEALS, data)

    assert response.status == 422
    assert await people.problem(response) == "unreadable-document"


async def test_values_are_confirmed_or_not(client: Client, city: City, bank: ClientSystem) -> None:
    licence = await stored_licence(city)
    values = {
        "identifier": licence.identifier,
        "number": licence.number,
        "holder_name": "张演示",
    }

    right = await post(client, bank, LICENCES, msgspec.json.encode(values))
    wrong = await post(
        client, bank, LICENCES, msgspec.json.encode({**values, "holder_name": "李样例"})
    )

    assert (await right.json())["verdict"] == "valid"
    assert (await wrong.json())["verdict"] == "invalid"
    assert (await wrong.json())["state"] is None


async def test_unsigned_document_is_refused(client: Client, bank: ClientSystem) -> None:
    async with client.post(SEALS, data=b"x") as response:
        assert response.status == 401
