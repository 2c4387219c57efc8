"""Seal keepers change the state of licences over HTTP."""

from typing import Any

import aiohttp
import pytest

from identity.staff.roles import Role
from tests.api import people
from tests.wallet import city as small_city
from tests.wallet.city import City
from tests.wallet.factories import stored_licence
from wallet.models import Licence

Client = aiohttp.ClientSession

PAPER = {"cause": "经营场所不符", "document_no": "松市监罚〔2026〕1号"}


@pytest.fixture
async def city(resources: Any, authority: Any) -> City:
    return await small_city.build(authority, resources.blobs)


@pytest.fixture
async def permit(city: City) -> Licence:
    """A food permit, issued by the department of the officer of these tests."""
    return await stored_licence(city, "FOOD")


async def change(client: Client, licence: Licence, act: str) -> aiohttp.ClientResponse:
    path = f"/api/staff/licences/{licence.id}/state-changes"
    return await client.post(path, json={"act": act, **PAPER})


async def test_keeper_finds_and_suspends(client: Client, permit: Licence) -> None:
    await people.officer(client, roles=(Role.SEAL_KEEPER,))

    query = {"number": permit.number}
    async with client.get("/api/staff/licences", params=query) as response:
        (found,) = (await response.json())["licences"]
    response = await change(client, permit, "suspend")

    assert found["id"] == str(permit.id)
    assert response.status == 200
    assert (await response.json())["state"] == "suspended"


async def test_second_revocation_conflicts(client: Client, permit: Licence) -> None:
    await people.officer(client, roles=(Role.SEAL_KEEPER,))
    await change(client, permit, "revoke")

    response = await change(client, permit, "revoke")

    assert response.status == 409
    assert await people.problem(response) == "licence-state-change-not-allowed"


async def test_other_departments_licences_are_out_of_reach(client: Client, city: City) -> None:
    permit = await stored_licence(city, "RES")
    await people.officer(client, roles=(Role.SEAL_KEEPER,))

    query = {"number": permit.number}
    async with client.get("/api/staff/licences", params=query) as response:
        assert await response.json() == {"licences": []}
    response = await change(client, permit, "suspend")
    assert response.status == 403
    await response.read()


async def test_reviewers_do_not_keep_seals(client: Client, permit: Licence) -> None:
    await people.officer(client, roles=(Role.REVIEWER,))

    response = await change(client, permit, "suspend")

    assert response.status == 403
    await response.read()
