"""Devices and client systems at the accounts desk: keys once, overlap, scopes, an end at once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from core import clock
from core.database import Statement
from core.protection.audit import AuditRecord
from identity.models import ClientApp, Counter, Officer
from identity.staff.roles import Role
from identity.systems import clients
from push.webhooks import endpoints
from tests.api.applicants import Caller, browser, sign_in_officer
from tests.api.test_staff_accounts import keeper_in
from tests.identity import factories
from tests.identity.factories import ClientSystem, CounterDevice

CLIENTS, COUNTERS = "/api/staff/client-systems", "/api/staff/counters"
BANK = {"client_id": "demo-bank", "name": "示例银行", "daily_quota": 50, "scopes": ["licences"]}
CAUSE = {"cause": "合作结束"}
ME, SEALS = "/api/enterprise/v1/me", "/api/enterprise/v1/seal-verifications"
PATIENCE = 20.0


@pytest.fixture
async def keeper(address: str) -> AsyncIterator[Caller]:
    async with browser(address) as http:
        yield await keeper_in(http, "GL-01")


async def asks(http: aiohttp.ClientSession, secret: str, path: str = ME) -> tuple[int, Any]:
    """What the bank is answered when it signs with this key."""
    headers = ClientSystem(secret=secret).headers("GET", path)
    async with http.get(path, headers=headers) as response:
        return response.status, await response.json()


async def test_client_is_registered_and_its_key_is_shown_once(
    keeper: Caller, client: aiohttp.ClientSession
) -> None:
    key = {"Idempotency-Key": "register-once"}
    made = await keeper.ok("POST", CLIENTS, BANK, headers=key)
    again = await keeper.ok("POST", CLIENTS, BANK, headers=key)

    (line,) = (await keeper.ok("GET", CLIENTS))["clients"]

    assert made == again
    assert "secret" not in line
    assert (line["daily_quota"], line["scopes"], line["active"]) == (50, ["licences"], True)
    status, account = await asks(client, made["secret"])
    assert (status, account["quota"]["limit"]) == (200, 50)
    (stored,) = await Statement("SELECT secret FROM identity_client_app WHERE client_id = ?").rows(
        "demo-bank"
    )
    assert made["secret"] not in stored["secret"]
    record = await AuditRecord.get(action="client-registered")
    assert made["secret"] not in str(record.detail)
    assert await keeper.refused("POST", CLIENTS, BANK) == (409, "client-taken")


async def test_former_key_is_good_for_a_day(keeper: Caller, client: aiohttp.ClientSession) -> None:
    made = await keeper.ok("POST", CLIENTS, BANK)
    path = f"{CLIENTS}/{made['id']}/key"

    new = await keeper.ok("POST", path)

    assert new["secret"] != made["secret"]
    assert [(await asks(client, one["secret"]))[0] for one in (made, new)] == [200, 200]
    await ClientApp.filter(client_id="demo-bank").update(former_until=clock.now())
    assert [(await asks(client, one["secret"]))[0] for one in (made, new)] == [401, 200]


async def test_third_key_ends_the_first(keeper: Caller, client: aiohttp.ClientSession) -> None:
    first = await keeper.ok("POST", CLIENTS, BANK)
    path = f"{CLIENTS}/{first['id']}/key"

    second, third = await keeper.ok("POST", path), await keeper.ok("POST", path)

    answers = [(await asks(client, one["secret"]))[0] for one in (first, second, third)]
    assert answers == [401, 200, 200]


async def test_keys_changed_at_once_leave_one_that_is_good(
    keeper: Caller, client: aiohttp.ClientSession
) -> None:
    made = await keeper.ok("POST", CLIENTS, BANK)
    path = f"{CLIENTS}/{made['id']}/key"

    keys = await asyncio.gather(*(keeper.ok("POST", path) for _ in range(4)))

    answers = [(await asks(client, key["secret"]))[0] for key in keys]
    assert sorted(answers) == [200, 200, 401, 401]


async def test_client_asks_for_what_its_scopes_name_only(
    keeper: Caller, client: aiohttp.ClientSession
) -> None:
    made = await keeper.ok("POST", CLIENTS, BANK)
    path = f"{SEALS}/00000000-0000-0000-0000-000000000000"

    refused = await asks(client, made["secret"], path)
    stranger = await asks(client, "another key", path)
    await keeper.ok(
        "PUT",
        f"{CLIENTS}/{made['id']}",
        {"name": "示例银行", "daily_quota": 50, "scopes": ["licences", "seals"]},
    )

    assert (refused[0], refused[1]["slug"], refused[1]["needed"]) == (
        403,
        "scope-missing",
        "seals",
    )
    assert (stranger[0], stranger[1]["slug"]) == (401, "invalid-request-signature")
    assert (await asks(client, made["secret"], path))[0] == 404


async def test_systems_from_before_scopes_keep_what_they_had(
    keeper: Caller, client: aiohttp.ClientSession
) -> None:
    system = await ClientSystem().register()

    status, _ = await asks(client, system.secret, f"{SEALS}/00000000-0000-0000-0000-000000000000")

    assert status == 404
    (line,) = (await keeper.ok("GET", CLIENTS))["clients"]
    assert line["scopes"] == ["departments", "licences", "seals"]


async def test_smaller_quota_counts_at_once(keeper: Caller, client: aiohttp.ClientSession) -> None:
    made = await keeper.ok("POST", CLIENTS, {**BANK, "scopes": ["seals"]})
    path = f"{SEALS}/00000000-0000-0000-0000-000000000000"
    assert (await asks(client, made["secret"], path))[0] == 404

    less = {"name": "示例银行", "daily_quota": 1, "scopes": ["seals"]}
    await keeper.ok("PUT", f"{CLIENTS}/{made['id']}", less)

    status, problem = await asks(client, made["secret"], path)
    assert (status, problem["slug"], problem["limit"]) == (429, "quota-spent", 1)


async def test_ended_client_is_out_and_what_it_follows_ends(
    keeper: Caller, client: aiohttp.ClientSession
) -> None:
    made = await keeper.ok("POST", CLIENTS, {**BANK, "scopes": ["departments"]})
    row_id = await clients.find("demo-bank")
    await endpoints.register(
        owner=f"client:{row_id}",
        topic="dept:SCJG",
        url="https://bank.example/hook",
        kinds=(),
        suite="hmac-sha256",
        allowed=(),
        by=factories.BY,
    )
    path = "/api/enterprise/v1/departments/SCJG/events"
    headers = ClientSystem(secret=made["secret"]).headers("GET", path)
    async with client.get(path, headers=headers) as stream:
        assert stream.status == 200
        await stream.content.readany()
        await keeper.ok("POST", f"{CLIENTS}/{made['id']}/revocation", CAUSE)
        await keeper.ok("POST", f"{CLIENTS}/{made['id']}/revocation", CAUSE)
        async with asyncio.timeout(PATIENCE):
            while await stream.content.readany():
                pass

    assert (await asks(client, made["secret"]))[0] == 401
    assert await keeper.refused("POST", f"{CLIENTS}/{made['id']}/key") == (409, "client-ended")
    assert await AuditRecord.filter(action="client-revoked").count() == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": "Bank"},
        {"client_id": "银行"},
        {"client_id": "ab"},
        {"daily_quota": 0},
        {"daily_quota": -1},
        {"daily_quota": 10**12},
        {"scopes": []},
        {"scopes": ["everything"]},
        {"secret": "mine"},
    ],
)
async def test_odd_client_is_refused(keeper: Caller, wrong: dict[str, Any]) -> None:
    status, _ = await keeper.refused("POST", CLIENTS, {**BANK, **wrong})

    assert status == 422
    assert await ClientApp.all().count() == 0


async def test_device_is_enrolled_by_a_code_of_the_desk_and_revoked(
    keeper: Caller, client: aiohttp.ClientSession
) -> None:
    await factories.department()
    wish = {"department": "SCJG", "hall": "政务服务中心 3 号窗"}
    code = (await keeper.ok("POST", "/api/staff/counter-codes", wish))["code"]
    device = CounterDevice()
    body = {"code": code, "public_key": device.public_key, "label": "3 号窗"}
    async with client.post("/api/counter/enrolments", json=body) as response:
        assert response.status == 201, await response.text()

    (line,) = (await keeper.ok("GET", COUNTERS))["devices"]
    for _ in range(2):
        await keeper.ok("POST", f"{COUNTERS}/{line['id']}/revocation", CAUSE)

    assert (line["name"], line["active"]) == ("3 号窗", True)
    assert (await keeper.ok("GET", COUNTERS))["devices"][0]["active"] is False
    assert await AuditRecord.filter(action="counter-revoked").count() == 1


async def test_supervisor_keeps_devices_of_the_own_department_only(
    client: aiohttp.ClientSession,
) -> None:
    caller = await sign_in_officer(client, "SCJG-90", department="SCJG", roles=(Role.SUPERVISOR,))
    await factories.department("GA")
    own = await CounterDevice().enrol()
    foreign = await Counter.create(
        name="他处", department_id="GA", hall="公安大厅", public_key=b"\x04" + bytes(64)
    )

    listed = (await caller.ok("GET", COUNTERS))["devices"]

    assert [line["id"] for line in listed] == [str(own.counter_id)]
    assert await caller.refused("GET", f"{COUNTERS}?department=GA") == (403, "role-missing")
    wish = {"department": "GA", "hall": "公安大厅"}
    assert await caller.refused("POST", "/api/staff/counter-codes", wish) == (403, "role-missing")
    path = f"{COUNTERS}/{foreign.id}/revocation"
    assert await caller.refused("POST", path, CAUSE) == (404, "counter-not-found")
    assert await caller.refused("GET", CLIENTS) == (403, "role-missing")


async def test_keeper_whose_time_is_over_changes_no_key(keeper: Caller) -> None:
    made = await keeper.ok("POST", CLIENTS, BANK)
    await Officer.all().update(valid_to=clock.today() - timedelta(days=1))

    refused = await keeper.refused("POST", f"{CLIENTS}/{made['id']}/key")

    assert refused == (401, "sign-in-required")
