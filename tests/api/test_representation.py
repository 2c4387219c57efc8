"""A company that is known by a batch of existing licences only comes to life for whom it names."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from identity import queries
from identity.log_in import sessions
from identity.models import Session
from identity.principal import Principal, PrincipalKind
from identity.staff.roles import Role
from services.cases.models import Case
from services.guides import catalogue
from tests.api import people
from tests.api.applicants import Caller
from tests.identity import factories
from tests.wallet import city as small_city
from tests.wallet import taking_in
from tests.wallet.city import City
from wallet.intake import batches

FIRM = {"name": "上海旧有贸易有限公司", "uscc": factories.credit_code(77)}
FACTS = {
    "uscc": FIRM["uscc"],
    "name": FIRM["name"],
    "entity_type": "有限责任公司",
    "legal_rep": "李样例",
    "legal_rep_id": factories.LI,
    "establish_date": "2019-05-06",
    "address": "上海市松江区示例路1号",
    "scope": "贸易",
    "registry": "上海市松江区市场监督管理局",
    "approve_date": "2019-05-06",
}


@pytest.fixture
async def city(resources: Any, authority: Any) -> City:
    await catalogue.load()
    return await small_city.build(authority, resources.blobs)


async def take_in(city: City, folder: Path, **changes: object) -> None:
    line = {
        "type": "BL",
        "number": FIRM["uscc"],
        "holder": {"name": FIRM["name"], "id_type": "001", "id_no": FIRM["uscc"]},
        "facts": {**FACTS, **changes},
        "issued_on": "2019-05-06",
    }
    keeper, second = taking_in.keeper(city, "SCJG"), taking_in.second(city, "SCJG")
    batch_id = await batches.receive(
        taking_in.written(folder, line),
        batch_no="2026-BL",
        form="lines",
        by=keeper,
        department="SCJG",
        blobs=city.blobs,
    )
    if (await batches.get_batch(batch_id, by=keeper)).state == "waiting":
        await batches.approve(batch_id, by=second)
    async with asyncio.timeout(60):  # the server's own worker reads it
        while (read := await batches.get_batch(batch_id, by=keeper)).state != "finished":  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert read.taken == 1


async def confirmed(client: aiohttp.ClientSession, resources: Any, *, id_no: str, name: str) -> Any:
    """Signed in, and just recognised by face."""
    person_id = await factories.person(id_no=id_no, name=name, phone="19900000009")
    answer = await people.citizen(client, resources, person_id)
    session = await Session.filter(principal_id=person_id).first()
    assert session is not None
    by = Principal(kind=PrincipalKind.CITIZEN, id=person_id, name=name, session_id=session.id)
    await sessions.raise_assurance(replace(by, subject_id=person_id), minutes=10, by_means="face")
    return answer


async def test_whom_the_licence_names_acts_for_a_company_that_was_taken_in(
    client: aiohttp.ClientSession, resources: Any, city: City, tmp_path: Path
) -> None:
    await take_in(city, tmp_path)
    firm = await queries.find_subject("001", FIRM["uscc"])
    assert firm is not None
    await confirmed(client, resources, id_no=factories.LI, name="李样例")
    li = Caller(client)
    assert await li.refused(
        "PUT", "/api/citizen/acting-for", {"organisation_id": str(firm.id)}
    ) == (403, "not-acting-for")

    await li.ok("POST", "/api/citizen/representations", {"uscc": FIRM["uscc"].lower()})

    mine = (await li.ok("GET", "/api/citizen/me"))["organisations"]
    assert {one["id"]: one["relation"] for one in mine}[str(firm.id)] == "legal_representative"
    await li.ok("PUT", "/api/citizen/acting-for", {"organisation_id": str(firm.id)})
    wallet = (await li.ok("GET", "/api/citizen/licences"))["licences"]
    assert [one["type"] for one in wallet] == ["BL"]
    opened = await li.ok("POST", "/api/citizen/cases", {"item_code": "SJ-SCJG-06", "answers": {}})
    assert (await Case.get(id=opened["id"])).subject_id == firm.id


@pytest.mark.parametrize(
    "changes", [{"legal_rep_id": factories.ZHANG}, {"legal_rep": "张演示", "legal_rep_id": None}]
)
async def test_another_person_hears_one_sentence(
    client: aiohttp.ClientSession,
    resources: Any,
    city: City,
    tmp_path: Path,
    changes: dict[str, object],
) -> None:
    await take_in(city, tmp_path, **{k: v for k, v in changes.items() if v is not None})
    await confirmed(client, resources, id_no=factories.LI, name="李样例")
    li = Caller(client)
    refusal = (403, "representative-not-proved")
    if changes["legal_rep_id"] is not None:
        body = {"uscc": FIRM["uscc"]}
        assert await li.refused("POST", "/api/citizen/representations", body) == refusal
    unknown = {"uscc": factories.credit_code(78)}
    assert await li.refused("POST", "/api/citizen/representations", unknown) == refusal
    wrong = {"uscc": "91310117FAKE100194"}
    assert await li.refused("POST", "/api/citizen/representations", wrong) == (
        422,
        "invalid-credit-code",
    )


async def test_two_registrars_record_a_representative_over_http(
    client: aiohttp.ClientSession, city: City, tmp_path: Path
) -> None:
    await take_in(city, tmp_path)
    await people.officer(client, roles=(Role.REGISTRAR,))
    desk = Caller(client)
    body = {
        "uscc": FIRM["uscc"],
        "organisation": FIRM["name"],
        "person": {"name": "张演示", "id_no": factories.ZHANG},
        "document_no": "股东会决议〔2026〕3号",
    }

    made = await desk.ok("POST", "/api/staff/representatives", body)

    path = f"/api/staff/representatives/{made['id']}/agreement"
    assert await desk.refused("POST", path) == (403, "second-officer-needed")
    (waiting,) = (await desk.ok("GET", "/api/staff/representatives"))["items"]
    assert waiting["may"] == ["refuse"]
    assert factories.ZHANG not in str(waiting)
