"""The whole road: photo → case → sealed licence → phone → counter → enterprise."""

from __future__ import annotations

import re
from typing import Any

from core import outbox
from core.protection import audit
from tests.journeys import plausible
from tests.journeys.actors import Citizen, CounterDevice, Enterprise, Officer, photograph
from tests.journeys.conftest import CLIENT_SECRET, City
from tests.journeys.preparing import prepare

RESIDENCE_PERMIT = "SJ-GA-01"


async def test_from_photograph_to_enterprise_report(city: City) -> None:
    async with (
        Citizen(city.address) as citizen,
        Officer(city.address) as officer,
        CounterDevice(city.address) as counter,
        Enterprise(
            city.address, client_id=city.people.client_id, secret=CLIENT_SECRET
        ) as enterprise,
    ):
        await citizen.sign_in("zhang")
        await officer.sign_in(*city.reviewer_of("GA"))
        await counter.enrol(city.enrolment_code)
        async with citizen.live() as live:
            assert (await live.next())["type"] == "hello"
            case = await prepare(citizen, RESIDENCE_PERMIT)
            case = await citizen.post(f"/api/citizen/cases/{case['id']}/submission")
            assert case["state"] == "submitted"
            await live.until("case-submitted")

            await officer.act(case["id"], "acceptance")
            await live.until("case-accepted")
            await ask_and_answer_supplement(citizen, officer, live, case)
            draft = await officer.get(f"/api/staff/cases/{case['id']}/licence-draft")
            await officer.approve(case["id"], plausible.facts(draft))
            issued = await live.until("licence-issued")
            await live.until("case-closed")

            licence = await only_licence(citizen)
            assert issued["data"]["licence_id"] == licence["id"]
            assert (await citizen.case(case["id"]))["licence"]["id"] == licence["id"]

            shown = await citizen.post(f"/api/citizen/licences/{licence['id']}/presentations")
            assert re.fullmatch(r"HTTPS?://[^/]+/P/[0-9A-HJKMNP-TV-Z]{26}", shown["code"])
            verdict = await counter.verify(shown["code"])
            assert verdict["verdict"] == "valid", verdict
            assert verdict["licence"]["name"] == "上海市居住证"
            looked = await live.until("licence-presented")
            assert looked["data"]["verdict"] == "valid"

        uses = (await citizen.get("/api/citizen/uses"))["uses"]
        assert len(uses) == 1
        document = await download(citizen, licence["id"])
        report = await enterprise.verify(document)
        assert report["verdict"] == "valid", report
        assert report["licence_status"]["state"] == "valid"

        damaged = document[:-200] + bytes(200)
        assert (await damaged_verdict(enterprise, damaged)) != "valid"
    assert await outbox.list_parked() == []
    assert await audit.check() > 10


async def ask_and_answer_supplement(
    citizen: Citizen, officer: Officer, live: Any, case: dict[str, Any]
) -> None:
    code = next(each["code"] for each in case["materials"] if {"jpg", "png"} & set(each["accept"]))
    await officer.act(
        case["id"], "supplements", {"items": [{"code": code, "reason": "照片不清楚"}]}
    )
    await live.until("supplement-requested")
    asked = await citizen.case(case["id"])
    assert asked["supplement"]["items"][0]["reason"] == "照片不清楚"
    await citizen.upload(case, code, photograph(seed=9))
    path = f"/api/citizen/cases/{case['id']}/supplements/{asked['supplement']['id']}/answer"
    await citizen.post(path, {"note": "已重新拍摄"})
    await live.until("supplement-answered")


async def only_licence(citizen: Citizen) -> dict[str, Any]:
    (licence,) = await citizen.licences()
    assert licence["state"] == "valid"
    found: dict[str, Any] = await citizen.get(f"/api/citizen/licences/{licence['id']}")
    return found


async def download(citizen: Citizen, licence_id: str) -> bytes:
    async with citizen.http.get(f"/api/citizen/licences/{licence_id}/document") as response:
        assert response.status == 200
        assert response.content_type == "application/ofd"
        return await response.read()


async def damaged_verdict(enterprise: Enterprise, document: bytes) -> str:
    path = "/api/enterprise/v1/seal-verifications"
    headers = enterprise.headers("POST", path, document)
    async with enterprise.http.post(path, data=document, headers=headers) as response:
        answer = await response.json(content_type=None)
        assert response.status in (200, 422)
        return str(answer.get("verdict", "refused"))
