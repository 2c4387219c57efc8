"""My licences over HTTP: list, detail, document, code."""

import io
import zipfile
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from core.protection.audit import AuditRecord
from tests.api import people
from tests.wallet import city as small_city
from tests.wallet.city import City
from tests.wallet.factories import stored_licence

Client = aiohttp.ClientSession


@pytest.fixture
async def city(resources: Any, authority: Any) -> City:
    return await small_city.build(authority, resources.blobs)


@pytest.fixture
async def licence_id(city: City, client: Client, resources: Any) -> str:
    """A residence permit of the person who is signed in."""
    licence = await stored_licence(city)
    await people.citizen(client, resources, city.zhang)
    return str(licence.id)


async def get(client: Client, path: str) -> dict[str, Any]:
    async with client.get(path) as response:
        assert response.status == 200, await response.text()
        answer: dict[str, Any] = await response.json()
        return answer


async def test_wallet_lists_my_licences(client: Client, licence_id: str) -> None:
    (card,) = (await get(client, "/api/citizen/licences"))["licences"]

    assert card["id"] == licence_id
    assert card["name"] == "上海市居住证"
    assert card["holder_masked"] == "张**"
    assert card["showable"] is True


async def test_detail_is_masked_and_says_that_the_seal_holds(
    client: Client, licence_id: str
) -> None:
    page = await get(client, f"/api/citizen/licences/{licence_id}")

    facts = {fact["key"]: fact["value"] for fact in page["facts"]}
    assert facts["id_no"] == "310***********1017"
    assert page["seal"] == {"verdict": "valid", "text": "电子签章完好，可以验证"}
    assert page["document_url"].endswith(f"/{licence_id}/document")


async def test_revealing_goes_on_record(client: Client, licence_id: str) -> None:
    async with client.post(f"/api/citizen/licences/{licence_id}/reveal") as response:
        assert response.status == 200
        facts = {fact["key"]: fact["value"] for fact in (await response.json())["facts"]}

    assert facts["id_no"] == "310199199003071017"
    assert await AuditRecord.filter(action="licence.reveal").count() == 1


async def test_document_is_the_sealed_ofd(client: Client, licence_id: str) -> None:
    async with client.get(f"/api/citizen/licences/{licence_id}/document") as response:
        assert response.status == 200
        assert response.content_type == "application/ofd"
        data = await response.read()

    names = zipfile.ZipFile(io.BytesIO(data)).namelist()
    assert "Doc_0/Signs/Sign_0/SignedValue.dat" in names


async def test_others_licences_are_not_found(
    client: Client, licence_id: str, city: City, resources: Any
) -> None:
    await people.citizen(client, resources, city.li)

    for path in ("", "/document"):
        async with client.get(f"/api/citizen/licences/{licence_id}{path}") as response:
            assert response.status == 404
            assert await people.problem(response) == "licence-not-found"
    for act in ("presentations", "reveal"):
        async with client.post(f"/api/citizen/licences/{licence_id}/{act}") as response:
            assert response.status == 404


async def test_code_is_opened_watched_and_stopped(client: Client, licence_id: str) -> None:
    path = f"/api/citizen/licences/{licence_id}/presentations"
    async with client.post(path) as response:
        assert response.status == 201
        shown = await response.json()
    state = await get(client, f"/api/citizen/presentations/{shown['id']}")
    assert state == {"state": "open", "used_by": None}

    async with client.delete(f"/api/citizen/presentations/{shown['id']}") as response:
        assert response.status == 204

    state = await get(client, f"/api/citizen/presentations/{shown['id']}")
    assert state["state"] == "stopped"
    assert shown["svg"].startswith("<svg")
    assert (shown["life_seconds"], shown["renew_after_seconds"]) == (60, 45)
    assert shown["code"].startswith("HTTPS://127.0.0.1:")


async def test_unknown_presentation_is_not_found(client: Client, licence_id: str) -> None:
    async with client.get(f"/api/citizen/presentations/{uuid4()}") as response:
        assert response.status == 404
        assert await people.problem(response) == "presentation-not-found"


async def test_log_of_uses_is_empty_at_first(client: Client, licence_id: str) -> None:
    assert await get(client, "/api/citizen/uses") == {"uses": [], "next": None}
    assert await get(client, f"/api/citizen/licences/{licence_id}/uses") == {
        "uses": [],
        "next": None,
    }


async def test_nobody_gets_in_without_a_session(client: Client) -> None:
    for path in ("licences", "uses", f"licences/{uuid4()}"):
        async with client.get(f"/api/citizen/{path}") as response:
            assert response.status == 401
