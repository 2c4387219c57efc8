"""Signing in as a citizen: cookie or bearer, own pages only, and whom one acts for."""

from typing import Any

import aiohttp
import pytest

from identity import demo
from tests.api import people
from tests.identity import factories

Client = aiohttp.ClientSession


async def test_code_opens_a_session_for_the_browser(client: Client, resources: Any) -> None:
    signed_in = await people.citizen(client, resources, await factories.person())

    async with client.get("/api/citizen/me") as response:
        me = await response.json()

    assert me == signed_in["me"]
    assert (me["name"], me["id_no_masked"], me["phone_masked"]) == (
        "张演示",
        "310***********1017",
        "199****0001",
    )


async def test_cookie_is_out_of_reach_of_scripts_and_other_sites(
    client: Client, resources: Any
) -> None:
    body = {"code": await people.sandbox_code(resources, await factories.person())}
    async with client.post("/api/citizen/sessions", json=body) as response:
        cookie = response.headers["Set-Cookie"]

    assert cookie.startswith("yj_session=")
    for part in ("HttpOnly", "SameSite=Strict", "Path=/"):
        assert part in cookie
    assert response.headers["Cache-Control"] == "no-store"


async def test_bearer_token_serves_clients_without_cookies(
    client: Client, address: str, resources: Any
) -> None:
    token = (await people.citizen(client, resources, await factories.person()))["token"]

    async with (
        aiohttp.ClientSession(address, headers={"Authorization": f"Bearer {token}"}) as native,
        native.put("/api/citizen/acting-for", json={"organisation_id": None}) as response,
    ):
        assert response.status == 200


async def test_code_is_good_once(client: Client, resources: Any) -> None:
    body = {"code": await people.sandbox_code(resources, await factories.person())}
    async with client.post("/api/citizen/sessions", json=body) as first:
        assert first.status == 201

    async with client.post("/api/citizen/sessions", json=body) as second:
        assert second.status == 401
        assert await people.problem(second) == "platform-code-refused"


@pytest.mark.parametrize(
    ("body", "status", "slug"),
    [
        ({"platform": "sandbox", "code": "x"}, 401, "platform-code-refused"),
        ({"platform": "myspace", "code": "x"}, 422, "unknown-platform"),
        ({"platform": "sandbox"}, 422, "invalid-body"),
        ({"platform": "sandbox", "code": 7}, 422, "invalid-body"),
        ({"platform": "sandbox", "code": "x", "more": 1}, 422, "invalid-body"),
    ],
)
async def test_unusable_sign_in_is_refused_clearly(
    client: Client, body: dict[str, Any], status: int, slug: str
) -> None:
    async with client.post("/api/citizen/sessions", json=body) as response:
        assert response.status == status
        assert await people.problem(response) == slug


async def test_unbound_account_is_told_to_prove_the_real_name(
    client: Client, resources: Any
) -> None:
    body = {"code": await resources.connectors["sandbox"].new_code("stranger")}

    async with client.post("/api/citizen/sessions", json=body) as response:
        assert response.status == 403
        assert await people.problem(response) == "account-not-bound"


async def test_sign_out_ends_the_session_for_every_holder_of_the_token(
    client: Client, address: str, resources: Any
) -> None:
    token = (await people.citizen(client, resources, await factories.person()))["token"]

    async with client.delete("/api/citizen/sessions/current") as response:
        assert response.status == 204
        assert "Max-Age=0" in response.headers["Set-Cookie"]

    headers = {"Authorization": f"Bearer {token}"}
    async with (
        aiohttp.ClientSession(address, headers=headers) as native,
        native.get("/api/citizen/me") as response,
    ):
        assert response.status == 401
        assert await people.problem(response) == "sign-in-required"


async def test_person_chooses_to_act_for_the_own_company_and_back(
    client: Client, resources: Any
) -> None:
    person_id = await factories.person()
    company_id = str(await factories.organisation(person_id))
    await people.citizen(client, resources, person_id)

    async with client.put(
        "/api/citizen/acting-for", json={"organisation_id": company_id}
    ) as response:
        chosen = await response.json()
    async with client.put("/api/citizen/acting-for", json={"organisation_id": None}) as response:
        back = await response.json()

    assert chosen["acting_for"] == {"id": company_id, "name": "演示餐饮有限公司"}
    assert [one["relation"] for one in chosen["organisations"]] == ["legal_representative"]
    assert back["acting_for"] is None


async def test_foreign_company_cannot_be_chosen(client: Client, resources: Any) -> None:
    li = await factories.person(id_no=factories.LI, name="李样例")
    company_id = str(await factories.organisation(li))
    await people.citizen(client, resources, await factories.person())

    async with client.put(
        "/api/citizen/acting-for", json={"organisation_id": company_id}
    ) as response:
        assert response.status == 403
        assert await people.problem(response) == "not-acting-for"


async def test_demo_accounts_come_with_codes_that_sign_in(client: Client) -> None:
    await demo.load(password_for=lambda number: f"pw-{number}-of-tests", client_secret="s" * 40)
    async with client.get("/api/citizen/sign-in/demo") as response:
        accounts = {one["key"]: one for one in (await response.json())["accounts"]}

    async with client.post(
        "/api/citizen/sessions", json={"platform": "sandbox", "code": accounts["sun"]["code"]}
    ) as response:
        me = (await response.json())["me"]

    assert me["name"] == accounts["sun"]["name"]
    assert {one["relation"] for one in me["organisations"]} == {"agent", "legal_representative"}


async def test_tries_from_one_address_are_limited(client: Client) -> None:
    for _ in range(60):
        async with client.post("/api/citizen/sessions", json={"code": "x"}) as response:
            assert response.status == 401

    async with client.post("/api/citizen/sessions", json={"code": "x"}) as response:
        assert response.status == 429
        assert response.headers["Retry-After"] == "60"
        assert await people.problem(response) == "too-many-tries"
