"""Passes, status lists and printed codes over HTTP."""

import base64
from typing import Any

import aiohttp
import msgspec
import pytest

from signing.passes import passes, readerlist, statuslist
from tests.api.applicants import sign_in
from tests.identity.factories import CounterDevice
from tests.wallet import city as small_city
from tests.wallet.city import City
from tests.wallet.factories import issue_licence
from tests.wallet.phones import Phone
from wallet.models import Licence
from wallet.show import printed

Client = aiohttp.ClientSession
READ = "/api/counter/verifications"
HAND_IN = "/api/counter/readings"


@pytest.fixture
async def city(resources: Any, authority: Any) -> City:
    return await small_city.build(authority, resources.blobs)


async def signed(client: Client, device: CounterDevice, path: str, body: dict[str, Any]) -> Any:
    data = msgspec.json.encode(body)
    headers = {**device.headers("POST", path, data), "Content-Type": "application/json"}
    async with client.post(path, data=data, headers=headers) as response:
        return response.status, await response.json()


async def shown(city: City, client: Client, resources: Any) -> tuple[str, str]:
    """A code on zhang's phone, and the instant of its proof."""
    zhang, phone = await sign_in(client, resources), Phone()
    licence_id = await issue_licence(city)
    await zhang.ok("PUT", "/api/citizen/phone-key", {"public_key": phone.public_key})
    made = await zhang.ok("POST", f"/api/citizen/licences/{licence_id}/passes", {})
    data = base64.b64decode(made["data"])
    return phone.show(data), made["issued_at"]


async def test_pass_is_made_shown_and_judged(city: City, client: Client, resources: Any) -> None:
    code, _ = await shown(city, client, resources)
    device = await CounterDevice().enrol()

    status, answer = await signed(client, device, READ, {"code": code, "purpose": "收件核验"})

    assert (status, answer["verdict"], answer["kind"]) == (200, "valid", "offline_pass")
    assert any(check["as_of"] for check in answer["checks"] if check["name"] == "status")
    assert "310199199003071017" not in str(answer)


async def test_reading_is_handed_in_once(city: City, client: Client, resources: Any) -> None:
    code, at = await shown(city, client, resources)
    device = await CounterDevice().enrol()
    body = {"key": "a" * 32, "code": code, "read_at": at, "purpose": "收件核验"}

    answers = [await signed(client, device, HAND_IN, body) for _ in range(2)]

    assert [status for status, _ in answers] == [200, 200]
    assert len({answer["verification_id"] for _, answer in answers}) == 1


async def test_lists_are_served_signed_with_etag_and_past(
    city: City, client: Client, resources: Any
) -> None:
    code, _ = await shown(city, client, resources)
    claims = passes.decode(code).claims
    async with client.get("/api/trust-list") as response:
        signers = readerlist.accept(await response.read(), None)
    path = f"/api/status-lists/{claims.status_list}"
    async with client.get(path) as response:
        token, etag = statuslist.parse_token(await response.read()), response.headers["ETag"]
    async with client.get(path, headers={"If-None-Match": etag}) as response:
        assert response.status == 304
    async with client.get(path, params={"time": "1000"}) as response:
        assert response.status == 404

    assert token.number == claims.status_list
    assert len(signers.signers) > 1


async def test_printed_code_gives_a_page_and_wrong_ones_give_one(
    city: City, client: Client
) -> None:
    licence = await Licence.get(id=await issue_licence(city))
    code = printed.code_of(licence.identifier)

    async with client.get(f"/L/{code}") as response:
        assert (response.status, response.headers["Cache-Control"]) == (200, "no-store")
        page = await response.text()
    async with client.get(f"/L/{code[:-1]}*") as response:
        assert response.status == 404

    assert "上海市居住证" in page
    assert "张**" in page
    assert "不能证明持证人在场" in page
    assert "310199199003071017" not in page
