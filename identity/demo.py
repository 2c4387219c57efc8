"""The demo's people, organisations, staff, counter and client system. Loading is idempotent.

Nothing here is used by a production system: `load` is called by `manage.py demo` and by tests, and
the codes of `sign_in_offers` are good at the sandbox connector only, which production has not.
"""

import functools
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml

from core import clock
from identity import errors, sign_in
from identity.authority import DelegateKind, Ground, Power
from identity.log_in import sessions
from identity.models import Delegation, Officer
from identity.people import organisations
from identity.people import persons as people
from identity.queries import DepartmentView
from identity.staff import delegations, departments, officers
from identity.staff.delegations import Terms
from identity.staff.roles import Role
from identity.systems import clients, counters
from miniapp_bridge.connector import Connector
from miniapp_bridge.platforms import sandbox

DATA = Path(__file__).parent / "demo_data" / "people.yaml"
BY = "system:demo"
COUNTERSIGNS = "ZWB-90"
"""The officer of the supervising body."""


@dataclass(frozen=True, kw_only=True)
class DemoOffer:
    """An account on the demo's sign-in page with a fresh one-time code."""

    key: str
    name: str
    story: str
    code: str


@dataclass(frozen=True, kw_only=True)
class DemoOfficer:
    """A staff account for `manage.py demo` to print."""

    staff_no: str
    name: str
    roles: tuple[str, ...]
    department: str | None


@dataclass(frozen=True, kw_only=True)
class LoadedDemo:
    """What the demo consists of; `people` and `organisations` by the keys of the data file."""

    people: Mapping[str, UUID]
    organisations: Mapping[str, UUID]
    officers: tuple[DemoOfficer, ...]
    client_id: str


async def load(*, password_for: Callable[[str], str], client_secret: str) -> LoadedDemo:
    """Load everything of the data file that is not there yet.

    `password_for(staff_no)` gives the password of an officer; a known officer keeps his own.
    """
    data = _data()
    await departments.load(DepartmentView(**row) for row in data["departments"])
    persons = {row["key"]: await _load_person(row) for row in data["people"]}
    bodies = {row["key"]: await _load_organisation(row, persons) for row in data["organisations"]}
    for row in data["officers"]:
        await officers.create(
            row["staff_no"],
            name=row["name"],
            password=password_for(row["staff_no"]),
            roles=[Role(role) for role in row["roles"]],
            department=row["department"],
            by=BY,
            person_id=persons.get(row.get("person", "")),
        )
    for row in data["delegations"]:
        await _load_delegation(row)
    client = data["client"]
    await clients.register(
        client["client_id"],
        name=client["name"],
        daily_quota=client["daily_quota"],
        secret=client_secret,
        by=BY,
    )
    return LoadedDemo(
        people=persons,
        organisations=bodies,
        officers=list_officers(),
        client_id=client["client_id"],
    )


def list_officers() -> tuple[DemoOfficer, ...]:
    """The staff accounts of the demo, without passwords."""
    return tuple(
        DemoOfficer(
            staff_no=row["staff_no"],
            name=row["name"],
            roles=tuple(row["roles"]),
            department=row["department"],
        )
        for row in _data()["officers"]
    )


def list_people() -> list[dict[str, str]]:
    """Key, name, identity number and phone of the people who have a phone."""
    names = ("key", "name", "id_no", "phone")
    return [
        {name: row[name] for name in names} for row in _data()["people"] if row["phone"] is not None
    ]


async def new_enrolment_code() -> str:
    """A fresh code for the demo's counter."""
    counter = _data()["counter"]
    return await counters.new_enrolment_code(
        department=counter["department"], hall=counter["hall"], by=BY
    )


async def sign_in_offers(connectors: Mapping[str, Connector]) -> list[DemoOffer]:
    """The demo accounts with fresh codes. Raises DemoNotAvailable without the sandbox."""
    connector = connectors.get(sandbox.PLATFORM)
    if not isinstance(connector, sandbox.SandboxConnector):
        raise errors.DemoNotAvailable()
    return [
        DemoOffer(
            key=row["key"],
            name=row["name"],
            story=row["story"],
            code=await connector.new_code(_sandbox_user(row["key"])),
        )
        for row in _data()["people"]
        if row["phone"] is not None
    ]


async def _load_person(row: Mapping[str, Any]) -> UUID:
    person_id = await people.register(
        id_no=row["id_no"], name=row["name"], phone=row["phone"], by=BY
    )
    if row["phone"] is not None:
        await sign_in.bind(person_id, platform=sandbox.PLATFORM, user_id=_sandbox_user(row["key"]))
    return person_id


async def _load_organisation(row: Mapping[str, Any], persons: Mapping[str, UUID]) -> UUID:
    organisation_id = await organisations.register(
        uscc=row["uscc"],
        name=row["name"],
        legal_representative_id=persons[row["legal_representative"]],
        by=BY,
    )
    for agent in row["agents"]:
        await organisations.authorise_agent(organisation_id, person_id=persons[agent], by=BY)
    return organisation_id


async def _load_delegation(row: Mapping[str, Any]) -> None:
    """Known by the number of its document: one that was revoked stays revoked."""
    if await Delegation.exists(document_no=row["document_no"]):
        return
    today, document = clock.today(), hashlib.sha256(row["document_no"].encode()).hexdigest()
    head = sessions.officer_principal(await Officer.get(staff_no=row["by"]))
    second = sessions.officer_principal(await Officer.get(staff_no=COUNTERSIGNS))
    terms = Terms(
        ground=Ground(row["ground"]),
        delegate_kind=DelegateKind.DEPARTMENT,
        delegate_key=row["delegate"],
        items=tuple(row["items"]),
        powers=frozenset(Power(power) for power in row["powers"]),
        since=today,
        until=today + timedelta(days=365),
        document_no=row["document_no"],
        document=document,
    )
    known = [entry.replace("*", "01") for entry in row["items"]]
    delegation_id = await delegations.propose(terms, known_items=known, by=head)
    await delegations.countersign(delegation_id, by=second)


def _sandbox_user(key: str) -> str:
    return f"demo:{key}"


@functools.cache
def _data() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(DATA.read_text(encoding="utf-8"))
    return data
