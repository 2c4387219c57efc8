"""The accounts desk over HTTP: who may, two keepers, passwords once, streams that end."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from api.edge.guards import CLOSE_UNAUTHENTICATED
from identity.models import Officer
from identity.staff.roles import Role
from tests.api.applicants import Caller, browser, sign_in_officer
from tests.identity import desk, factories

OFFICERS, PROPOSALS = "/api/staff/officers", "/api/staff/power-proposals"
OWN = "清晨的雾-慢慢散在江边"
NEW = {
    "staff_no": "SCJG-07",
    "name": "新同事",
    "title": "审查岗",
    "roles": ["reviewer"],
    "department": "SCJG",
    "cause": "新入职",
}
CAUSE = {"cause": "调离岗位"}
PATIENCE = 20.0


async def keeper_in(http: aiohttp.ClientSession, staff_no: str) -> Caller:
    await desk.keeper(staff_no)
    caller = Caller(http)
    body = {"staff_no": staff_no, "password": factories.PASSWORD}
    await caller.ok("POST", "/api/staff/sessions", body)
    return caller


@pytest.fixture
async def one(address: str) -> AsyncIterator[Caller]:
    async with browser(address) as http:
        yield await keeper_in(http, "GL-01")


@pytest.fixture
async def other(address: str) -> AsyncIterator[Caller]:
    async with browser(address) as http:
        yield await keeper_in(http, "GL-02")


async def test_account_is_asked_for_approved_and_used(
    one: Caller, other: Caller, client: aiohttp.ClientSession
) -> None:
    asked = await one.ok("POST", OFFICERS, NEW)
    path = f"{PROPOSALS}/{asked['proposal_id']}"
    (mine,) = (await one.ok("GET", f"{PROPOSALS}?open=true"))["proposals"]
    (seen,) = (await other.ok("GET", f"{PROPOSALS}?open=true"))["proposals"]

    alone = await one.refused("POST", f"{path}/approval")
    given = await other.ok("POST", f"{path}/approval")
    late = await other.refused("POST", f"{path}/approval")

    assert (mine["mine"], mine["may_approve"], seen["may_approve"]) == (True, False, True)
    assert (seen["after"]["roles"], seen["before"]["roles"]) == (["reviewer"], [])
    assert (alone, late) == ((409, "second-keeper-needed"), (409, "power-proposal-closed"))
    newcomer = Caller(client)
    start = {"staff_no": "SCJG-07", "password": given["start_password"]}
    await newcomer.ok("PUT", "/api/staff/password", {**start, "new_password": OWN})
    signed_in = {"staff_no": "SCJG-07", "password": OWN}
    me = (await newcomer.ok("POST", "/api/staff/sessions", signed_in))["me"]
    assert (me["name"], me["roles"]) == ("新同事", ["reviewer"])


async def test_start_password_is_shown_again_to_who_repeats_the_same_request(
    one: Caller, other: Caller
) -> None:
    asked = await one.ok("POST", OFFICERS, NEW, headers={"Idempotency-Key": "asked-once-1"})
    again = await one.ok("POST", OFFICERS, NEW, headers={"Idempotency-Key": "asked-once-1"})
    path = f"{PROPOSALS}/{asked['proposal_id']}/approval"
    key = {"Idempotency-Key": "approved-once-1"}

    given = await other.ok("POST", path, headers=key)
    repeat = await other.ok("POST", path, headers=key)

    assert asked == again
    assert given == repeat
    assert given["start_password"]


async def test_dismissal_ends_the_session_and_its_stream_is_told(
    one: Caller, client: aiohttp.ClientSession
) -> None:
    clerk = await sign_in_officer(client, "SCJG-01", department="SCJG")
    officer = await Officer.get(staff_no="SCJG-01")
    async with client.ws_connect(
        "/api/staff/live", headers={"Origin": str(client._base_url).rstrip("/")}
    ) as socket:
        await one.ok("POST", f"{OFFICERS}/{officer.id}/dismissal", CAUSE)
        async with asyncio.timeout(PATIENCE):
            while not socket.closed:
                await socket.receive()
        code = socket.close_code

    assert code == CLOSE_UNAUTHENTICATED
    assert await clerk.refused("GET", "/api/staff/me") == (401, "sign-in-required")
    line = await one.ok("GET", f"{OFFICERS}/{officer.id}")
    assert line["standing"] == "dismissed"


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ACCOUNT_KEEPER])
async def test_nobody_else_reads_or_changes_accounts(
    client: aiohttp.ClientSession, role: Role
) -> None:
    caller = await sign_in_officer(client, "SCJG-01", department="SCJG", roles=(role,))
    officer = await Officer.get(staff_no="SCJG-01")
    lists = (OFFICERS, PROPOSALS, "/api/staff/account-changes", "/api/staff/departments/")

    for path in (*lists, f"{OFFICERS}/{officer.id}", f"{OFFICERS}/{officer.id}/absences"):
        assert await caller.refused("GET", path) == (403, "role-missing")
    for act in ("lock", "unlock", "dismissal", "start-password"):
        refused = await caller.refused("POST", f"{OFFICERS}/{officer.id}/{act}", CAUSE)
        assert refused == (403, "role-missing")
    assert await caller.refused("POST", OFFICERS, NEW) == (403, "role-missing")
    power = {"roles": ["account_keeper"], "department": None, **CAUSE}
    path = f"{OFFICERS}/{officer.id}/power"
    assert await caller.refused("POST", path, power) == (403, "role-missing")


async def test_keeper_of_one_department_keeps_no_accounts(client: aiohttp.ClientSession) -> None:
    caller = await sign_in_officer(
        client, "SCJG-01", department="SCJG", roles=(Role.ACCOUNT_KEEPER,)
    )

    assert await caller.refused("GET", OFFICERS) == (403, "role-missing")


async def test_keeper_reads_no_case_and_no_licence(one: Caller) -> None:
    for path in ("/api/staff/cases", "/api/staff/seals", "/api/staff/connectors"):
        assert await one.refused("GET", path) == (403, "role-missing")


async def test_departments_officers_and_leave_by_hand(one: Caller) -> None:
    made = {
        "key": "TYJ",
        "name": "上海市松江区体育局",
        "short_name": "区体育局",
        "credit_code": "11310117FAKE000131",
    }
    await one.ok("POST", "/api/staff/departments/", made)
    assert await one.refused("POST", "/api/staff/departments/", made) == (409, "department-taken")
    names = {**{name: made[name] for name in ("name", "credit_code")}, "short_name": "体育局"}
    await one.ok("PUT", "/api/staff/departments/TYJ", names)
    await factories.officer()
    officer = await Officer.get(staff_no="SCJG-01")
    path = f"{OFFICERS}/{officer.id}"

    await one.ok("PUT", path, {"name": "吴审核", "title": "一级审查"})
    leave = {"from_on": "2030-01-01", "to_on": "2030-01-05"}
    taken = await one.ok("POST", f"{path}/absences", leave)
    overlaps = await one.refused("POST", f"{path}/absences", leave)
    await one.ok("DELETE", f"{OFFICERS}/absences/{taken['id']}")

    rows = (await one.ok("GET", "/api/staff/departments/"))["departments"]
    assert {row["key"]: row["short_name"] for row in rows}["TYJ"] == "体育局"
    assert overlaps == (409, "absence-overlaps")
    assert (await one.ok("GET", f"{path}/absences"))["absences"] == []
    assert (await one.ok("GET", path))["title"] == "一级审查"
    await one.ok("POST", "/api/staff/departments/TYJ/closing")
    told = (await one.ok("GET", "/api/staff/account-changes"))["changes"]
    assert told[0]["action"] == "department-closed"
    of_officer = f"/api/staff/account-changes?target=officer:{officer.id}"
    actions = [line["action"] for line in (await one.ok("GET", of_officer))["changes"]]
    assert actions == ["absence-cancelled", "absence-recorded", "officer-renamed"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"roles": []},
        {"roles": ["emperor"]},
        {"staff_no": "新"},
        {"staff_no": "x" * 33},
        {"cause": ""},
        {"roles": ["account_keeper"]},
        {"department": None},
        {"department": "NOWHERE"},
        {"valid_to": "2020-01-01"},
        {"valid_to": "someday"},
        {"password": "given along"},
    ],
)
async def test_odd_request_is_refused_and_leaves_nothing(
    one: Caller, wrong: dict[str, Any]
) -> None:
    await factories.department()
    before = await Officer.all().count()

    status, slug = await one.refused("POST", OFFICERS, {**NEW, **wrong})

    assert status in (404, 422), slug
    assert await Officer.all().count() == before
