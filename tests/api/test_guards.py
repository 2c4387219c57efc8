"""Guards: who is let in, and that a cookie alone changes nothing from another site."""

from typing import Any

import aiohttp
import pytest

from core import ids
from identity.staff.roles import Role
from tests.api import people
from tests.identity import factories

Client = aiohttp.ClientSession

COUNTER_ME = "/api/counter/me"
CLIENT_ME = "/api/enterprise/v1/me"


@pytest.fixture
async def tab(address: str, client: Client, resources: Any) -> Any:
    """A signed-in citizen's browser that sends nothing but its cookie."""
    await people.citizen(client, resources, await factories.person())
    async with aiohttp.ClientSession(address, cookie_jar=client.cookie_jar) as session:
        yield session
        await session.close()


async def act(tab: Client, headers: dict[str, str]) -> tuple[int, str | None]:
    body = {"organisation_id": None}
    async with tab.put("/api/citizen/acting-for", json=body, headers=headers) as response:
        return response.status, None if response.ok else await people.problem(response)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://evil.example", "X-Requested-With": "yunjian"},
        {"Referer": "https://evil.example/127.0.0.1"},
        {"X-Requested-With": "XMLHttpRequest"},
    ],
)
async def test_cookie_alone_does_not_authorise_a_change(
    tab: Client, headers: dict[str, str]
) -> None:
    assert await act(tab, headers) == (403, "cross-site-request")


@pytest.mark.parametrize("header", ["Origin", "Referer", "X-Requested-With"])
async def test_own_pages_are_let_in(tab: Client, address: str, header: str) -> None:
    value = {"Origin": address, "Referer": f"{address}/m/#/me", "X-Requested-With": "yunjian"}

    assert await act(tab, {header: value[header]}) == (200, None)


async def test_reading_needs_no_origin(tab: Client) -> None:
    async with tab.get("/api/citizen/me") as response:
        assert response.status == 200


async def test_other_site_cannot_sign_a_browser_in(client: Client, resources: Any) -> None:
    body = {"code": await people.sandbox_code(resources, await factories.person())}
    headers = {"Origin": "https://evil.example"}

    async with client.post("/api/citizen/sessions", json=body, headers=headers) as response:
        assert response.status == 403
        assert await people.problem(response) == "cross-site-request"


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer ", "Bearer nonsense", "Basic eDp5", "bearer  x y"]
)
async def test_without_a_good_token_nobody_is_let_in(client: Client, authorization: str) -> None:
    headers = {"Authorization": authorization}
    for path in ("/api/citizen/me", "/api/staff/me"):
        async with client.get(path, headers=headers) as response:
            assert response.status == 401
            assert await people.problem(response) == "sign-in-required"


async def test_citizen_and_officer_live_side_by_side_in_one_browser(
    client: Client, resources: Any
) -> None:
    await people.citizen(client, resources, await factories.person())
    await people.officer(client)

    for path, name in (("/api/citizen/me", "张演示"), ("/api/staff/me", "吴审核")):
        async with client.get(path) as response:
            assert (await response.json())["name"] == name


async def test_token_of_a_citizen_does_not_open_the_staff_side(
    client: Client, address: str, resources: Any
) -> None:
    token = (await people.citizen(client, resources, await factories.person()))["token"]

    async with (
        aiohttp.ClientSession(address, headers={"Authorization": f"Bearer {token}"}) as native,
        native.get("/api/staff/me") as response,
    ):
        assert response.status == 401


async def test_officer_tells_roles_and_department(client: Client) -> None:
    signed_in = await people.officer(client, roles=(Role.WINDOW, Role.REVIEWER))

    assert signed_in["me"]["roles"] == ["reviewer", "window"]
    assert signed_in["me"]["department"] == {"key": "SCJG", "name": "上海市松江区市场监督管理局"}


async def test_wrong_password_is_told_in_one_sentence_and_then_locked(client: Client) -> None:
    await factories.officer()
    body = {"staff_no": "SCJG-01", "password": "wrong"}
    for _ in range(5):
        async with client.post("/api/staff/sessions", json=body) as response:
            assert response.status == 401
            assert await people.problem(response) == "wrong-credentials"

    async with client.post("/api/staff/sessions", json=body) as response:
        assert response.status == 429
        assert await people.problem(response) == "too-many-sign-ins"
        assert 0 < int(response.headers["Retry-After"]) <= 901


async def test_staff_sign_out_ends_the_session(client: Client) -> None:
    await people.officer(client)
    async with client.delete("/api/staff/sessions/current") as response:
        assert response.status == 204

    async with client.get("/api/staff/me") as response:
        assert response.status == 401


async def test_counter_is_known_by_its_signature(client: Client) -> None:
    device = await factories.CounterDevice().enrol()

    async with client.get(COUNTER_ME, headers=device.headers("GET", COUNTER_ME)) as response:
        me = await response.json()

    assert me["counter_id"] == str(device.counter_id)
    assert (me["department"], me["hall"]) == ("SCJG", "政务服务中心 3 号窗")


async def test_query_is_part_of_what_a_counter_signs(client: Client) -> None:
    device = await factories.CounterDevice().enrol()
    target = f"{COUNTER_ME}?a=%E4%B8%AD&b=1%2B1"

    async with client.get(_exact(client, target), headers=device.headers("GET", target)) as right:
        assert right.status == 200
    async with client.get(_exact(client, target), headers=device.headers("GET", COUNTER_ME)) as no:
        assert no.status == 401
        assert await people.problem(no) == "invalid-request-signature"


async def test_counter_request_cannot_be_replayed(client: Client) -> None:
    device = await factories.CounterDevice().enrol()
    headers = device.headers("GET", COUNTER_ME)
    statuses = []
    for _ in range(2):
        async with client.get(COUNTER_ME, headers=headers) as response:
            statuses.append(response.status)

    assert statuses == [200, 401]


async def test_counter_without_headers_is_refused(client: Client) -> None:
    async with client.get(COUNTER_ME) as response:
        assert response.status == 401


async def test_device_enrols_once_over_http(client: Client) -> None:
    from identity.systems import counters

    code = await counters.new_enrolment_code(
        department=await factories.department(), hall="大厅", by=factories.BY
    )
    device = factories.CounterDevice()
    body = {"code": code, "public_key": device.public_key, "label": "1 号窗"}

    async with client.post("/api/counter/enrolments", json=body) as response:
        enrolled = await response.json()
        assert response.status == 201
    async with client.post("/api/counter/enrolments", json=body) as response:
        assert response.status == 410
        assert await people.problem(response) == "enrolment-code-refused"

    assert enrolled["department_name"] == "上海市松江区市场监督管理局"


async def test_client_system_reads_its_quota_for_nothing(client: Client) -> None:
    system = await factories.ClientSystem().register(daily_quota=3)
    for _ in range(5):
        async with client.get(CLIENT_ME, headers=system.headers("GET", CLIENT_ME)) as response:
            account = await response.json()

    assert account["name"] == "示例银行"
    assert (account["quota"]["limit"], account["quota"]["used"]) == (3, 0)


async def test_client_system_with_wrong_secret_is_refused(client: Client) -> None:
    await factories.ClientSystem().register()
    forger = factories.ClientSystem(secret="another secret")

    async with client.get(CLIENT_ME, headers=forger.headers("GET", CLIENT_ME)) as response:
        assert response.status == 401
        assert await people.problem(response) == "invalid-request-signature"


async def test_nonce_of_one_caller_does_not_block_another(client: Client) -> None:
    nonce = ids.new_token(16)
    for name in ("one", "two"):
        system = await factories.ClientSystem(client_id=name).register()
        headers = system.headers("GET", CLIENT_ME, nonce=nonce)
        async with client.get(CLIENT_ME, headers=headers) as response:
            assert response.status == 200


def _exact(client: Client, target: str) -> Any:
    """The URL as it is written, without aiohttp's own idea of quoting."""
    from yarl import URL

    base = client._base_url
    assert base is not None
    return URL(f"{str(base).rstrip('/')}{target}", encoded=True)


async def test_change_without_any_session_asks_to_sign_in(address: str) -> None:
    async with (
        aiohttp.ClientSession(address) as nobody,
        nobody.put("/api/citizen/acting-for", json={"organisation_id": None}) as response,
    ):
        assert response.status == 401
        assert await people.problem(response) == "sign-in-required"
