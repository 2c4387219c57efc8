"""A draft of any item, made ready to be handed in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import wallet.demo
from tests.journeys import plausible
from tests.journeys.actors import Citizen, a_pdf, photograph
from tests.journeys.conftest import City

APPLICANTS = {"person": ("zhang", None), "organisation": ("li", "上海松江演示餐饮有限公司")}


async def hold_what_is_renewed(city: City) -> None:
    """A renewal or an amendment needs the licence it renews."""
    await wallet.demo.load(desk=replace(city.resources.desk, public_url=""))


async def prepare(citizen: Citizen, item_code: str) -> dict[str, Any]:
    """A draft with everything that its guide asks for."""
    path = f"/api/catalogue/items/{item_code}"

    async def ask(answers: Mapping[str, list[str]]) -> Any:
        return await citizen.post(f"{path}/guide", {"answers": answers})

    answers = await plausible.answers(ask, await citizen.get(path))
    case = await citizen.open_case(item_code, answers)
    case = await citizen.fill(case, plausible.form(case))
    for material in case["materials"]:
        if material["required"] and material["status"] == "missing":
            await provide(citizen, case, material)
    return await citizen.case(case["id"])


async def provide(citizen: Citizen, case: dict[str, Any], material: dict[str, Any]) -> None:
    """The easiest way first: own licence, commitment, else a photograph or a document."""
    for way in material["ways"]:
        base = f"/api/citizen/cases/{case['id']}/materials/{material['code']}"
        if way["by"] == "licence" and way["available"]:
            await citizen.post(f"{base}/licence", {"licence_id": way["licence_id"]})
            return
        if way["by"] == "commitment" and way["available"]:
            await citizen.post(f"{base}/commitment")
            return
    if {"jpg", "png"} & set(material["accept"]):
        await citizen.upload(case, material["code"], photograph(), pieces=2)
    else:
        pdf = a_pdf()
        await citizen.upload(
            case, material["code"], pdf, name="材料.pdf", media_type="application/pdf"
        )
