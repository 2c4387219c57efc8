"""An item is retired while its cases run: each goes on to its end by the version it began with."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from core import outbox
from services.guides.definitions import Item
from services.guides.reading import read_catalogue
from tests.cases.retiring import retire
from tests.journeys import plausible
from tests.journeys.actors import Citizen, Officer, photograph
from tests.journeys.conftest import City
from tests.journeys.preparing import APPLICANTS, hold_what_is_renewed, prepare

ROAD = ("draft", "submitted", "supplement_requested", "accepted", "approved")
"""The states a case runs through; the catalogue is retired while a case is in each of them."""

ITEMS = ("SJ-GA-01", "SJ-GA-04", "SJ-YBJ-01", "SJ-XFJY-01")
"""One that leads to a licence, one that is charged for it, one that is charged and ends at once,
and one of organisations by promise; that the others are kept as well is in tests/cases.
"""


class Walker:
    """One case on its road; knows the next step from the state it is in."""

    def __init__(self, city: City, item: Item, citizen: Citizen, officer: Officer) -> None:
        self.city, self.item, self.citizen, self.officer = city, item, citizen, officer
        self.id = ""

    async def begin(self) -> None:
        person, organisation = APPLICANTS["person" if "1" in self.item.audience else "organisation"]
        await self.citizen.sign_in(person)
        if organisation:
            await self.citizen.act_for(organisation)
        await self.officer.sign_in(*self.city.reviewer_of(self.item.dept))
        self.id = (await prepare(self.citizen, self.item.code))["id"]

    async def reach(self, state: str) -> None:
        """Take every step up to `state`."""
        for step in ROAD[1 : ROAD.index(state) + 1]:
            await getattr(self, f"to_{step}")()

    async def go_on(self, state: str) -> None:
        """Take every step after `state`, to the end."""
        for step in ROAD[ROAD.index(state) + 1 :]:
            await getattr(self, f"to_{step}")()
        await self._closed()

    async def to_submitted(self) -> None:
        await self.citizen.post(f"/api/citizen/cases/{self.id}/submission")

    async def to_supplement_requested(self) -> None:
        material = self._uploadable(await self.citizen.case(self.id))
        if material is not None:
            asked = {"items": [{"code": material, "reason": "照片不清楚"}]}
            await self.officer.act(self.id, "supplements", asked)

    async def to_accepted(self) -> None:
        case = await self.citizen.case(self.id)
        if case["state"] == "supplement_requested":
            await self.citizen.upload(case, str(self._uploadable(case)), photograph(seed=9))
            path = f"/api/citizen/cases/{self.id}/supplements/{case['supplement']['id']}/answer"
            await self.citizen.post(path, {"note": "已重新拍摄"})
        await self.officer.act(self.id, "acceptance")

    async def to_approved(self) -> None:
        if self.item.result.licence is None:
            await self.officer.act(self.id, "approval", {"opinion": "同意", "facts": {}})
            return
        draft = await self.officer.get(f"/api/staff/cases/{self.id}/licence-draft")
        await self.officer.approve(self.id, plausible.facts(draft))

    def _uploadable(self, case: dict[str, Any]) -> str | None:
        codes = (each["code"] for each in case["materials"] if {"jpg", "png"} & set(each["accept"]))
        return next(codes, None)

    async def _closed(self) -> None:
        for _ in range(600):
            case = await self.citizen.case(self.id)
            if case["state"] == "closed":
                assert (case["licence"] is None) is (self.item.result.licence is None)
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"{self.item.code} is {case['state']}")


PAIRS = tuple(zip(ROAD, cycle(ITEMS), strict=False))
"""Each state with one of the items; what an item is makes no difference before its end."""


@pytest.mark.slow
@pytest.mark.one_database
async def test_item_retired_in_any_state_lets_its_case_end(city: City, tmp_path: Path) -> None:
    await hold_what_is_renewed(city)
    missed: dict[str, str] = {}
    async with AsyncExitStack() as people:
        walkers: list[tuple[Walker, str]] = []
        catalogue = {item.code: item for item in read_catalogue().items}
        for state, code in PAIRS:
            citizen = await people.enter_async_context(Citizen(city.address))
            officer = await people.enter_async_context(Officer(city.address))
            walker = Walker(city, catalogue[code], citizen, officer)
            walkers.append((walker, state))
            await walker.begin()
            await walker.reach(state)

        await retire(tmp_path)

        for walker, state in walkers:
            try:
                await walker.go_on(state)
            except AssertionError as error:
                missed[f"{walker.item.code} {state}"] = repr(error)
    assert missed == {}
    assert await outbox.list_parked() == []
    async with Citizen(city.address) as late:
        await late.sign_in("zhang")
        problem = await late.problem(
            "POST", "/api/citizen/cases", json={"item_code": "SJ-GA-04", "answers": {}}
        )
    assert problem["slug"] == "item-not-found"
