"""Every role × every endpoint × another person's licence: nobody gets at it.

The table is made from the routes, so that a new endpoint is tested the day it is written. Ids of
everything around the licence (its uses, authorisations, presentations, the case it is used in) are
put wherever a path or a body takes an id; whatever is answered must not hold a word of the licence.
"""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import aiohttp
import msgspec
import pytest

from api.edge import openapi
from api.edge.openapi import Operation
from app import create_app
from core.settings import Settings
from identity.staff.roles import Role
from tests.api import people
from tests.api.applicants import Applicant, browser, sign_in
from tests.api.samples import sample
from tests.identity import factories
from tests.identity.factories import ClientSystem, CounterDevice
from tests.wallet import city as small_city
from tests.wallet.city import City
from tests.wallet.factories import RESIDENCE, stored_licence
from tests.wallet.phones import Phone
from tests.wallet.test_authorisations import terms
from tests.wallet.test_uses import look
from wallet.log import access_log, complaints
from wallet.models import Licence
from wallet.share import authorisations
from wallet.share.authorisations import Grantee

OWN_IDS = ("licence_id", "use_id", "authorisation_id", "presentation_id", "case_id")
"""Path parameters that name something of the holder's: a stranger is always refused."""


@dataclass
class Holder:
    """What belongs to zhang, and the words that nobody else may read."""

    ids: Mapping[str, str]
    licence: Licence
    secrets: tuple[str, ...]


@dataclass
class Stranger:
    """A caller and what proves it."""

    name: str
    http: aiohttp.ClientSession
    signer: CounterDevice | ClientSystem | None = None

    async def ask(self, operation: Operation, ids: Mapping[str, str], licence_id: UUID) -> Any:
        path = operation.path
        for name, label in operation.parameters:
            fallback = str(licence_id) if "uuid" in label else "name"
            path = path.replace(f"{{{name}}}", ids.get(name, fallback))
        declared = operation.declaration
        if declared.query is not None:
            query = sample(declared.query, licence_id)
            path += f"?{urlencode(query)}" if query else ""
        body = b""
        if declared.body is not None:
            body = msgspec.json.encode(sample(declared.body, licence_id))
        method = operation.method.upper()
        headers = {"Content-Type": "application/json"}
        if self.signer is not None:
            headers |= self.signer.headers(method, path, body)
        async with self.http.request(method, path, data=body or None, headers=headers) as response:
            return response.status, await response.read()


@pytest.fixture
async def city(resources: Any, authority: Any) -> City:
    return await small_city.build(authority, resources.blobs)


@pytest.fixture
async def holder(city: City, client: aiohttp.ClientSession, resources: Any) -> Holder:
    zhang: Applicant = await sign_in(client, resources)
    licence = await stored_licence(city)
    await zhang.ok("PUT", "/api/citizen/phone-key", {"public_key": Phone().public_key})
    shown = await zhang.ok("POST", f"/api/citizen/licences/{licence.id}/presentations")
    await look(city, licence)
    (use,) = await access_log.list_uses(city.zhang)
    principal = city.citizen(city.zhang)
    complaint = await complaints.complain(use.id, text="为何查看", by=principal)
    authorisation = await authorisations.offer(
        licence.id, to=Grantee(department="WJW"), terms=terms(), by=principal
    )
    ids = {
        "licence_id": str(licence.id),
        "use_id": str(use.id),
        "authorisation_id": str(authorisation),
        "presentation_id": shown["id"],
        "complaint_id": str(complaint),
        "case_id": (await zhang.draft())["id"],
    }
    words = ("id_no", "address", "hukou_address")
    secrets = (*(str(RESIDENCE[key]) for key in words), licence.number, licence.identifier)
    return Holder(ids=ids, licence=licence, secrets=secrets)


@pytest.fixture
async def strangers(
    city: City, holder: Holder, address: str, resources: Any
) -> AsyncIterator[list[Stranger]]:
    """Nobody, another citizen, an agent, an officer of each role elsewhere, machines."""
    stack = AsyncExitStack()
    browsers = [await stack.enter_async_context(browser(address)) for _ in range(len(Role) + 5)]
    found = [Stranger("nobody", browsers.pop())]
    for name, acting_for in (("citizen", None), ("agent", city.company)):
        http = browsers.pop()
        await people.citizen(http, resources, city.li)
        if acting_for is not None:
            async with http.put(
                "/api/citizen/acting-for", json={"organisation_id": str(acting_for)}
            ) as response:
                assert response.status == 200
        found.append(Stranger(name, http))
    for role in Role:
        http = browsers.pop()
        await factories.officer(f"SCJG-{role}", roles=(role,))
        body = {"staff_no": f"SCJG-{role}", "password": factories.PASSWORD}
        async with http.post("/api/staff/sessions", json=body) as response:
            assert response.status == 201
        found.append(Stranger(role, http))
    found.append(Stranger("counter", browsers.pop(), await CounterDevice().enrol()))
    found.append(
        Stranger("client", browsers.pop(), await ClientSystem().register(daily_quota=1_000))
    )
    yield found
    await stack.aclose()


@pytest.fixture(scope="module")
def operations(session_settings: Settings) -> Any:
    app = create_app(session_settings)
    app.finalize()
    yield [
        operation
        for operation in openapi.operations(app)
        if operation.path.startswith("/api/") and not is_stream(operation)
    ]
    type(app).unregister_app(app)


def is_stream(operation: Operation) -> bool:
    """Streams never end; they take no id and are tested with the hub."""
    endless = "text/event-stream" in operation.declaration.media_types
    return endless or operation.path.endswith("/live")


def is_own(operation: Operation) -> bool:
    """Whether the path names something of the holder's; tus and cases have their own tests."""
    return any(name in OWN_IDS for name, _ in operation.parameters)


async def test_nobody_gets_at_another_persons_licence(
    holder: Holder, strangers: list[Stranger], operations: list[Operation]
) -> None:
    asked, leaks, admitted = 0, [], []
    for stranger in strangers:
        for operation in operations:
            if operation.path.endswith("/sessions/current"):
                continue  # signing out would end the stranger's own session
            status, answer = await stranger.ask(operation, holder.ids, holder.licence.id)
            asked += 1
            what = f"{stranger.name}: {operation.method} {operation.path} → {status}"
            assert status < 500, (what, answer)
            if is_own(operation) and status < 400:
                admitted.append(what)
            leaks += [
                what for secret in holder.secrets if secret in answer.decode("utf-8", "ignore")
            ]

    assert admitted == []
    assert leaks == []
    assert asked == len(strangers) * (len(operations) - 2)
    assert asked > 700


async def test_the_holder_is_let_in_where_strangers_are_not(
    holder: Holder, client: aiohttp.ClientSession, operations: list[Operation]
) -> None:
    """The same requests succeed for the holder: it is the person that was refused, not the form."""
    let_in = []
    own = Stranger("zhang", client)
    for operation in operations:
        if operation.guard == "citizen" and "licence_id" in dict(operation.parameters):
            status, answer = await own.ask(operation, holder.ids, holder.licence.id)
            assert status < 400 or json.loads(answer)["slug"] == "authorisation-invalid", (
                operation.path,
                answer,
            )
            let_in.append(operation.path)
    assert len(let_in) >= 8
