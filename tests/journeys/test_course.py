"""The course of every item, from the draft to its end, as `course.txt` has it.

A line names the states, days and events of an item, and a digest of all that can be told apart in
its timeline and events. Moving code changes none of them; a change of what happens is declared by
writing the file anew: COURSE=write python -m pytest tests/journeys/test_course.py. With a folder in
COURSE_TEXTS the texts that are digested are left there, to see what differs.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from core import outbox
from core.outbox import OutboxMessage
from identity.principal import Principal, PrincipalKind
from services.cases.acts import sign
from services.cases.models import Case, TimelineEntry
from services.guides.definitions import Item
from services.guides.reading import read_catalogue
from tests.conftest import FrozenClock, everything_told
from tests.journeys import plausible
from tests.journeys.actors import Citizen, Officer
from tests.journeys.conftest import City
from tests.journeys.preparing import APPLICANTS, hold_what_is_renewed, prepare

WRITTEN = Path(__file__).with_name("course.txt")
RANDOM = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{64}")
"""What differs each time: identifiers, and digests over signatures or identifiers."""

DAYS = ("received_on", "acceptance_due_on", "accepted_on", "due_on", "statutory_due_on")


BY_THE_CLOCK = "ClockReached"
"""Told by a timer when the wall's minute is over, wherever the walk is by then."""


@pytest.mark.slow
@pytest.mark.one_database
async def test_course_of_every_item_is_as_written(frozen_clock: FrozenClock, city: City) -> None:
    await hold_what_is_renewed(city)
    walked = []
    for item in read_catalogue().items:
        walked.append(await course(city, item, frozen_clock))
        await city.resources.redis.flushall()  # the tries of an address count by the real minute

    assert await outbox.list_parked() == []
    if os.environ.get("COURSE") == "write":
        WRITTEN.write_text("\n".join(walked) + "\n", encoding="utf-8")
    assert walked == WRITTEN.read_text(encoding="utf-8").splitlines()


async def course(city: City, item: Item, clock: FrozenClock) -> str:
    """Walk the whole way, ten minutes for each step, and tell it."""
    case_id = await walk(city, item, clock)
    case = await Case.get(id=case_id)
    timeline = [
        (entry.at.isoformat(), entry.kind, entry.title, entry.text, entry.actor_text)
        for entry in await TimelineEntry.filter(case_id=case_id).order_by("n")
    ]
    events = sorted((event.name, RANDOM.sub("…", event.payload)) for event in await events_of(case))
    whole = json.dumps([timeline, events], ensure_ascii=False)
    digest = hashlib.sha256(whole.encode()).hexdigest()[:16]
    if folder := os.environ.get("COURSE_TEXTS"):
        Path(folder, item.code).write_text(whole, encoding="utf-8")
    days = " ".join(str(getattr(case, day) or "-") for day in DAYS)
    kinds = ">".join(entry[1] for entry in timeline)
    names = ",".join(name for name, _ in events)
    return f"{item.code} {case.state.value} {days} {kinds} {names} {digest}"


async def events_of(case: Case) -> list[OutboxMessage]:
    """What was told of the case and of the licence it led to."""
    about = [str(each) for each in (case.id, case.licence_id) if each]
    return [
        message
        for message in await OutboxMessage.exclude(name=BY_THE_CLOCK).order_by("id")
        if any(one in message.payload for one in about)
    ]


async def walk(city: City, item: Item, clock: FrozenClock) -> UUID:
    """From the draft to the end, as a person or an organisation; with a licence, if there is."""
    person, organisation = APPLICANTS["person" if "1" in item.audience else "organisation"]
    async with Citizen(city.address) as citizen, Officer(city.address) as officer:
        await citizen.sign_in(person)
        if organisation:
            await citizen.act_for(organisation)
        await officer.sign_in(*city.reviewer_of(item.dept))
        before = {each["id"] for each in await citizen.licences()}
        case = await prepare(citizen, item.code)
        if case["must_sign"]:
            await signed(UUID(case["id"]))
        await later(clock)
        await citizen.post(f"/api/citizen/cases/{case['id']}/submission")
        await later(clock)
        await officer.act(case["id"], "acceptance")
        await later(clock)
        await approve(officer, item, case["id"])
        await everything_told()

        closed = await citizen.case(case["id"])
        assert closed["state"] == "closed", item.code
        if item.result.licence:
            assert closed["licence"]["id"] not in before
    return UUID(case["id"])


async def later(clock: FrozenClock) -> None:
    """Ten minutes on, once everything is told that happened before."""
    await everything_told()
    clock.advance(minutes=10)


async def signed(case_id: UUID) -> None:
    """By somebody whose face was confirmed just now."""
    case = await Case.get(id=case_id)
    by = Principal(
        kind=PrincipalKind.CITIZEN,
        id=case.person_id,
        name="",
        subject_id=case.person_id,
        acting_for=case.subject_id if case.subject_id != case.person_id else None,
        assurance=3,
    )
    await sign.sign(case_id, by=by)


async def approve(officer: Officer, item: Item, case_id: str) -> Any:
    if item.result.licence is None:
        return await officer.act(case_id, "approval", {"opinion": "同意", "facts": {}})
    draft = await officer.get(f"/api/staff/cases/{case_id}/licence-draft")
    return await officer.approve(case_id, plausible.facts(draft))
