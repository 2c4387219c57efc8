"""The demo's data is sound, loads twice without harm, and matches the story of the catalogue."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from redis.asyncio import Redis

from core.settings import Settings
from identity import demo, errors, queries, sign_in
from identity.log_in import sessions
from identity.models import ClientApp, Department, Officer, Relation, Subject
from identity.principal import PrincipalKind
from identity.staff import officers
from miniapp_bridge.platforms import open_connectors
from tests.identity.factories import CounterDevice

CATALOGUE = Path(__file__).resolve().parents[3] / "shared" / "reference" / "catalogue"

pytestmark = pytest.mark.usefixtures("db")


async def load() -> demo.LoadedDemo:
    return await demo.load(password_for=lambda staff_no: f"pass-{staff_no}", client_secret="s" * 40)


async def counts() -> list[int]:
    tables = (Subject, Relation, Officer, Department, ClientApp)
    return [await table.all().count() for table in tables]


async def test_loading_twice_changes_nothing() -> None:
    first = await load()
    before = await counts()

    again = await load()

    assert again == first
    assert await counts() == before


async def test_every_department_has_a_reviewer() -> None:
    await load()

    departments = set(await Department.all().values_list("key", flat=True))
    reviewing = {
        officer.department_id for officer in await Officer.all() if "reviewer" in officer.roles
    }

    assert departments == reviewing
    assert len(departments) == 18


async def test_password_of_an_officer_is_the_one_that_was_given() -> None:
    loaded = await load()

    for officer in loaded.officers[-3:]:
        principal = await officers.authenticate(officer.staff_no, f"pass-{officer.staff_no}")
        assert principal.roles == set(officer.roles)


async def test_offered_code_signs_in_once(settings: Settings, redis: Redis) -> None:
    loaded = await load()
    connectors = await open_connectors(settings, redis=redis)

    offers = {offer.key: offer for offer in await demo.sign_in_offers(connectors)}
    issued = await sign_in.citizen(
        offers["li"].code, platform="sandbox", connectors=connectors, idle_minutes=30
    )

    principal = await sessions.resolve(issued.token, kind=PrincipalKind.CITIZEN)
    assert principal.person_id == loaded.people["li"]
    assert "chen" not in offers, "a child does not sign in"
    links = await queries.list_organisations(principal.person_id)
    assert [link.id for link in links] == [loaded.organisations["org1"]]


async def test_without_the_sandbox_there_is_no_demo() -> None:
    with pytest.raises(errors.DemoNotAvailable):
        await demo.sign_in_offers({})


async def test_demo_counter_can_be_enrolled() -> None:
    from identity.systems import counters

    await load()

    enrolled = await counters.enrol(
        await demo.new_enrolment_code(), public_key=CounterDevice().public_key, name="1 号窗"
    )

    assert enrolled.department == "SCJG"


def holders() -> list[dict[str, Any]]:
    path = CATALOGUE / "licence-types.yaml"
    if not path.exists():
        pytest.skip(
            "no ../shared/reference: lay the project's folder `shared` beside this repository"
        )
    found: list[dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))["demo_holders"]
    return found


async def test_people_are_those_of_the_licence_catalogue() -> None:
    expected = holders()
    loaded = await load()

    for holder in expected:
        found = await queries.find_subject(holder["id_type"], holder["id_no"])
        assert found is not None, holder["key"]
        assert found.name == holder["name"]
        assert found.id == (loaded.people | loaded.organisations)[holder["key"]]
