"""A counter reads codes over HTTP, signed by its device key."""

from typing import Any

import aiohttp
import msgspec
import pytest

from tests.api import people
from tests.identity.factories import CounterDevice
from tests.wallet import city as small_city
from tests.wallet.city import City
from tests.wallet.factories import stored_licence

Client = aiohttp.ClientSession

PATH = "/api/counter/verifications"


@pytest.fixture
async def city(resources: Any, authority: Any) -> City:
    return await small_city.build(authority, resources.blobs)


@pytest.fixture
async def device(city: City) -> CounterDevice:
    return await CounterDevice().enrol()


async def shown_code(city: City, client: Client, resources: Any) -> str:
    licence = await stored_licence(city)
    await people.citizen(client, resources, city.zhang)
    async with client.post(f"/api/citizen/licences/{licence.id}/presentations") as response:
        return str((await response.json())["code"])


async def read(client: Client, device: CounterDevice, code: str) -> dict[str, Any]:
    body = msgspec.json.encode({"code": code, "purpose": "居住证核验", "item_code": None})
    headers = {**device.headers("POST", PATH, body), "Content-Type": "application/json"}
    async with client.post(PATH, data=body, headers=headers) as response:
        assert response.status == 200, await response.text()
        answer: dict[str, Any] = await response.json()
        return answer


async def test_counter_reads_a_code(
    city: City, client: Client, resources: Any, device: CounterDevice
) -> None:
    code = await shown_code(city, client, resources)

    answer = await read(client, device, code)

    assert (answer["verdict"], answer["reasons"]) == ("valid", [])
    assert answer["licence"]["name"] == "上海市居住证"
    assert answer["licence"]["fields"][0] == {"key": "name", "label": "姓名", "value": "张**"}
    assert all(check["title"] != check["name"] for check in answer["checks"])
    assert "310199199003071017" not in str(answer)


async def test_holder_hears_who_looked(
    city: City, client: Client, resources: Any, device: CounterDevice
) -> None:
    await read(client, device, await shown_code(city, client, resources))

    async with client.get("/api/citizen/uses") as response:
        (use,) = (await response.json())["uses"]

    assert (use["who"], use["purpose"], use["licence_name"]) == (
        "3 号窗",
        "居住证核验",
        "上海市居住证",
    )


async def test_second_counter_is_refused(
    city: City, client: Client, resources: Any, device: CounterDevice
) -> None:
    code = await shown_code(city, client, resources)
    await read(client, device, code)

    answer = await read(client, await CounterDevice().enrol(), code)

    assert (answer["verdict"], answer["reasons"]) == ("invalid", ["code-used"])
    assert answer["licence"] is None


@pytest.mark.parametrize("code", ["", "你好", "HTTPS://HOST/P/" + "0" * 26, "x" * 15_000])
async def test_bad_codes_are_answers(client: Client, device: CounterDevice, code: str) -> None:
    answer = await read(client, device, code)

    assert answer["verdict"] == "invalid"
    assert answer["next"]


async def test_todays_readings_are_listed(
    city: City, client: Client, resources: Any, device: CounterDevice
) -> None:
    await read(client, device, await shown_code(city, client, resources))
    await read(client, device, "nonsense")

    target = f"{PATH}?limit=20"
    async with client.get(target, headers=device.headers("GET", target)) as response:
        listed = (await response.json())["verifications"]

    assert [one["verdict"] for one in listed] == ["invalid", "valid"]
    assert listed[1]["licence_name"] == "上海市居住证"


async def test_unsigned_reading_is_refused(client: Client, device: CounterDevice) -> None:
    async with client.post(PATH, json={"code": "x", "purpose": "y"}) as response:
        assert response.status == 401
