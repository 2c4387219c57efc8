"""The operator's page over HTTP: parked events with a reason, deliveries without words."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from core import clock, events, ids
from core.events import Event
from core.outbox import OutboxMessage
from identity.staff import officers
from identity.staff.roles import Role
from push import deliver
from tests.api.applicants import Caller, browser, sign_in_officer
from tests.identity import factories
from tests.push.factories import message

PATH = "/api/staff/messaging"
WHY = {"reason": "已修复"}


@dataclass(frozen=True, kw_only=True)
class Faltered(Event):
    pass


@pytest.fixture
async def parked(resources: Any) -> Faltered:
    event = Faltered()
    # Parked when it is written: the relay of the server that runs here tells others at once.
    await OutboxMessage.create(
        event_id=event.id,
        name=event.name,
        key=str(event.id),
        payload=json.dumps(events.to_payload(event)),
        created_at=clock.now(),
        parked_at=clock.now(),
        attempts=8,
    )
    return event


@pytest.fixture
async def operator(address: str) -> Any:
    """A supervisor of all departments."""
    async with browser(address) as session:
        await officers.create(
            "ZWB-90",
            name="郑督办",
            password=factories.PASSWORD,
            roles=(Role.SUPERVISOR,),
            department=None,
            by=factories.BY,
        )
        caller = Caller(session)
        body = {"staff_no": "ZWB-90", "password": factories.PASSWORD}
        await caller.ok("POST", "/api/staff/sessions", body)
        yield caller


async def test_an_operator_replays_and_drops_with_a_reason(
    operator: Caller, parked: Faltered
) -> None:
    shown = await operator.ok("GET", PATH)
    assert [one["event_id"] for one in shown["parked"]] == [str(parked.id)]
    assert (await operator.refused("POST", f"{PATH}/parked/{parked.id}/drop", {}))[0] == 422

    await operator.ok("POST", f"{PATH}/parked/{parked.id}/drop", WHY)

    assert (await operator.ok("GET", PATH))["parked"] == []
    again = await operator.refused("POST", f"{PATH}/parked/{parked.id}/replay", WHY)
    assert again == (404, "parked-event-not-found")


async def test_a_supervisor_of_one_department_has_no_say(parked: Faltered, address: str) -> None:
    """Events and deliveries belong to the whole city, to look at as well."""
    async with browser(address) as session:
        supervisor = await sign_in_officer(session, "RSJ-90", roles=(Role.SUPERVISOR,))
        for path in (PATH, f"{PATH}/deliveries"):
            assert await supervisor.refused("GET", path) == (403, "role-missing")
        for act in ("replay", "drop"):
            refusal = await supervisor.refused("POST", f"{PATH}/parked/{parked.id}/{act}", WHY)
            assert refusal == (403, "role-missing")


async def test_deliveries_are_listed_without_words_or_people(
    operator: Caller, resources: Any
) -> None:
    told = message()
    await deliver.deliver(
        told, event_id=ids.new_id(), redis=resources.redis, connectors=resources.connectors
    )

    sent = await operator.ok("GET", f"{PATH}/deliveries?state=sent&channel=inbox")

    assert [one["kind"] for one in sent["items"]] == [told.kind]
    assert told.body not in str(sent)
    assert str(told.recipient_id) not in str(sent)
    assert (await operator.ok("GET", f"{PATH}/deliveries"))["items"] == []
    assert (await operator.refused("GET", f"{PATH}/deliveries?state={uuid4()}"))[0] == 422
