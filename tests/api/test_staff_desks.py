"""Desks over HTTP: issuing by hand, guardianships, a ward's wallet, shared links at a counter."""

from datetime import timedelta
from typing import Any

import aiohttp
import msgspec
import pyotp
import pytest
from redis.asyncio import Redis

from core import clock
from core.protection.audit import AuditRecord
from identity import sign_in as identity_sign_in
from identity.factors import errors as factor_errors
from identity.factors import one_time, second_step
from identity.staff.roles import Role
from tests.api.applicants import Applicant, Caller, browser, sign_in, sign_in_officer
from tests.identity import factories
from tests.identity.factories import CounterDevice
from tests.identity.test_registrar import FATHER, WARD
from tests.wallet import city as small_city
from tests.wallet.city import City
from tests.wallet.factories import RESIDENCE, stored_licence
from tests.wallet.test_issue_by_hand import HEALTH, ZHANG
from wallet.models import Licence

Client = aiohttp.ClientSession
HOLDER = msgspec.to_builtins(ZHANG)
ORDER = {"holder": HOLDER, "document_no": "沪公松〔2026〕12号", "cause": "补录"}
KEY = {"Idempotency-Key": "issue-by-hand-1"}


@pytest.fixture
async def city(resources: Any, authority: Any) -> City:
    return await small_city.build(authority, resources.blobs)


@pytest.fixture
async def zhang(city: City, client: Client, resources: Any) -> Applicant:
    return await sign_in(client, resources)


async def test_keeper_drafts_issues_and_changes(city: City, address: str) -> None:
    async with browser(address) as http:
        officer = await sign_in_officer(http, "GA-91", department="GA", roles=(Role.SEAL_KEEPER,))
        types = (await officer.ok("GET", "/api/staff/licence-types"))["types"]
        body = {"licence_type": "RES", "holder": HOLDER}
        draft = await officer.ok("POST", "/api/staff/licence-drafts", body)
        order = {**ORDER, "licence_type": "RES", "facts": RESIDENCE}
        made = await officer.ok("POST", "/api/staff/licences", order, headers=KEY)
        again = await officer.ok("POST", "/api/staff/licences", order, headers=KEY)
        old = f"/api/staff/licences/{made['id']}"
        whole = await officer.ok("POST", f"{old}/draft")
        change = {
            "facts": {**RESIDENCE, "address": "上海市松江区样例路9号"},
            "document_no": "沪公松〔2026〕20号",
            "cause": "地址变更",
        }
        new = await officer.ok("POST", f"{old}/versions", change)
        over = await officer.refused(
            "POST", f"{old}/versions", {**change, "document_no": "沪公松〔2026〕21号"}
        )
        wrong = await officer.refused(
            "POST", "/api/staff/licences", {**order, "facts": {}, "document_no": "2"}
        )

    assert "RES" in [one["code"] for one in types]
    assert "name" in [field["key"] for field in draft["fields"] if field["value"]]
    assert again == made
    assert {field["key"]: field["value"] for field in whole["fields"]}["nation"] == "汉族"
    assert new["id"] != made["id"]
    assert over == (409, "previous-licence-missing")
    assert wrong == (422, "invalid-facts")
    assert await Licence.all().count() == 2


async def test_wrong_password_of_the_second_officer_ends_no_session(
    city: City, address: str
) -> None:
    await factories.officer("WJW-01", key="WJW")
    order = {**ORDER, "licence_type": "HLTH", "facts": HEALTH}
    async with browser(address) as http:
        officer = await sign_in_officer(http, "WJW-91", department="WJW", roles=(Role.SEAL_KEEPER,))
        for second in (None, {"staff_no": "WJW-01", "password": "wrong"}):
            answer = await officer.refused(
                "POST", "/api/staff/licences", {**order, "second": second}
            )
            assert answer == (409, "second-person-needed")
        second = {"staff_no": "WJW-01", "password": factories.PASSWORD}
        made = await officer.ok("POST", "/api/staff/licences", {**order, "second": second})

    assert made["state"] == "valid"
    assert await AuditRecord.filter(action="licence.issue").count() == 1


async def test_second_officer_with_an_app_vouches_by_a_code_too(
    city: City, address: str, redis: Redis
) -> None:
    """Else a password read over a shoulder grants at another desk what it does not open at all."""
    await factories.officer("WJW-01", key="WJW")
    issued = await identity_sign_in.officer("WJW-01", factories.PASSWORD, idle_minutes=30)
    begun = await one_time.begin(staff_no="WJW-01", redis=redis, by=issued.principal)
    first = pyotp.TOTP(begun.secret).at(clock.now())
    await one_time.confirm(begun.id, first, redis=redis, by=issued.principal)
    order = {**ORDER, "licence_type": "HLTH", "facts": HEALTH}
    async with browser(address) as http:
        officer = await sign_in_officer(http, "WJW-91", department="WJW", roles=(Role.SEAL_KEEPER,))

        async def asked(code: str) -> tuple[int, str]:
            second = {"staff_no": "WJW-01", "password": factories.PASSWORD, "code": code}
            body = {**order, "second": second}
            status, answer = await officer.call("POST", "/api/staff/licences", body)
            return status, answer.get("slug", "")

        assert await asked("") == (403, "code-of-second-needed")
        assert await asked("000000") == (403, "code-refused")
        assert await asked(first) == (409, "code-used")
        next_one = pyotp.TOTP(begun.secret).at(clock.now(), counter_offset=1)
        assert await asked(next_one) == (201, "")


@pytest.mark.usefixtures("db")
async def test_second_officer_without_a_factor_does_not_vouch_where_one_is_required() -> None:
    await factories.officer("WJW-01", key="WJW")
    terms: dict[str, Any] = {"place": "", "factor_required": True}
    for code in ("", "000000"):
        with pytest.raises(factor_errors.CodeOfSecondNeeded):
            await second_step.vouch("WJW-01", factories.PASSWORD, code=code, **terms)


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.SUPERVISOR, Role.WINDOW, Role.REGISTRAR])
async def test_other_roles_issue_nothing(city: City, address: str, role: Role) -> None:
    async with browser(address) as http:
        officer = await sign_in_officer(http, "GA-92", department="GA", roles=(role,))
        order = {**ORDER, "licence_type": "RES", "facts": RESIDENCE}
        assert (await officer.refused("POST", "/api/staff/licences", order))[0] == 403


async def test_registrar_opens_a_childs_wallet_to_its_guardian(
    city: City, zhang: Applicant, address: str
) -> None:
    body = {
        "ward": msgspec.to_builtins(WARD),
        "guardian": msgspec.to_builtins(FATHER),
        "document_no": "出生医学证明 1",
    }
    assert (await zhang.ok("GET", "/api/citizen/wards"))["wards"] == []
    async with browser(address) as http:
        officer = await sign_in_officer(http, "MZJ-91", department="MZJ", roles=(Role.REGISTRAR,))
        await officer.ok("POST", "/api/staff/guardianships", body)
        (ward,) = (await zhang.ok("GET", "/api/citizen/wards"))["wards"]
        licence = await stored_licence(city)
        await Licence.filter(id=licence.id).update(subject_id=ward["id"])
        (with_licence,) = (await zhang.ok("GET", "/api/citizen/wards"))["wards"]
        found = await officer.ok("POST", "/api/staff/guardianships/search", {"ward": body["ward"]})
        await officer.ok("POST", "/api/staff/guardianships/ending", body)
        again = await officer.refused("POST", "/api/staff/guardianships/ending", body)

    assert ward["name"] == WARD.name
    assert [one["id"] for one in with_licence["licences"]] == [str(licence.id)]
    assert [one["name"] for one in found["guardians"]] == [FATHER.name]
    assert again == (404, "guardianship-not-found")
    assert (await zhang.ok("GET", "/api/citizen/wards"))["wards"] == []


async def test_counter_opens_a_shared_link_in_its_own_name(
    city: City, zhang: Applicant, client: Client, address: str
) -> None:
    licence = await stored_licence(city)
    ends_at = (clock.now() + timedelta(days=1)).isoformat()
    terms = {"fields": ["name"], "purpose": "窗口办事", "ends_at": ends_at}
    path = f"/api/citizen/licences/{licence.id}"
    link = await zhang.ok("POST", f"{path}/shares", terms)
    device = await CounterDevice().enrol()
    opened = {"token": link["url"].rpartition("/")[2], "code": link["code"]}
    body = msgspec.json.encode(opened)

    async def open_it(caller: Caller) -> tuple[int, Any]:
        headers = device.headers("POST", "/api/counter/shared", body)
        headers["Content-Type"] = "application/json"
        return await caller.call("POST", "/api/counter/shared", data=body, headers=headers)

    async with browser(address) as http:
        status, seen = await open_it(Caller(http))
        second = await open_it(Caller(http))

    assert (status, seen["fields"]) == (200, [{"label": "姓名", "value": "张演示"}])
    assert (second[0], second[1]["slug"]) == (403, "share-code-refused")
    (use,) = (await zhang.ok("GET", f"{path}/uses"))["uses"]
    assert (use["kind"], use["who"]) == ("link", "3 号窗")
