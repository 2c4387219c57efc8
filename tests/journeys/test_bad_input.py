"""Every operation of the API with input nobody should send: a clear refusal, never a 500.

Generated from the routes, so that a new operation is tested the day it is added.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

import pytest
from sanic import Sanic

from api.edge import openapi
from core.outbox import OutboxMessage
from core.protection.audit import AuditRecord
from tests.journeys.actors import Actor, Citizen, CounterDevice, Enterprise, Officer
from tests.journeys.conftest import CLIENT_SECRET, City, password_for

NOBODY = UUID(int=0x5EED)
PLACEHOLDERS = {"uuid": str(NOBODY), "int": "424242"}
GARBAGE = (
    b"{",
    b"[" * 20_000,
    b"\x00\xff\xfe not utf-8",
    b'{"a": NaN}',
    b"null",
    b'"text"',
    b"PK\x03\x04" + bytes(64),
)
STAFF = {
    "reviewer": "SCJG-01",
    "window": "SCJG-11",
    "supervisor": "ZWB-90",
    "seal_keeper": "ZWB-80",
    "registrar": "MZJ-21",
    "account_keeper": "GL-01",
    "head": "SCJG-31",
}
LOOSE = {"*/uploads", "*/uploads/{upload_id}", "*/file", "*/seal-verifications"}
"""Take bytes, not JSON; their hostile files are in tests/cases and tests/wallet."""


class Callers:
    """One of each kind, signed in, who sends raw bytes."""

    def __init__(self, city: City) -> None:
        self._city = city
        self._stack = AsyncExitStack()
        self.by_guard: dict[str, Actor] = {}
        self.by_role: dict[str, Actor] = {}

    async def __aenter__(self) -> Callers:
        city = self._city
        citizen = await self._stack.enter_async_context(Citizen(city.address))
        for role, staff_no in STAFF.items():
            officer = await self._stack.enter_async_context(Officer(city.address))
            await officer.sign_in(staff_no, password_for(staff_no))
            self.by_role[role] = officer
        counter = await self._stack.enter_async_context(CounterDevice(city.address))
        stranger = await self._stack.enter_async_context(Actor(city.address))
        enterprise = await self._stack.enter_async_context(
            Enterprise(city.address, client_id=city.people.client_id, secret=CLIENT_SECRET)
        )
        await citizen.sign_in("zhang")
        await counter.enrol(city.enrolment_code)
        self.by_guard = {
            "public": stranger,
            "visitor": citizen,
            "citizen": citizen,
            "officer": self.by_role["reviewer"],
            "counter": counter,
            "client": enterprise,
        }
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def of(self, operation: openapi.Operation) -> Actor:
        """Somebody whom the guard admits."""
        if operation.roles:
            return self.by_role[operation.roles[0]]
        return self.by_guard[operation.guard]

    async def send(
        self, operation: openapi.Operation, data: bytes, *, media_type: str = "application/json"
    ) -> tuple[int, str, bytes]:
        """Status, media type and body of the answer."""
        actor = self.of(operation)
        method, path = operation.method.upper(), filled(operation)
        headers = {}
        if isinstance(actor, CounterDevice):
            headers = actor.signed_headers(method, path, data)
        if isinstance(actor, Enterprise):
            headers = actor.headers(method, path, data)
        headers["Content-Type"] = media_type
        async with actor.http.request(method, path, data=data, headers=headers) as response:
            return response.status, response.content_type, await response.read()


def filled(operation: openapi.Operation) -> str:
    """The path with identifiers of things that do not exist."""
    path = operation.path
    for name, label in operation.parameters:
        path = path.replace(f"{{{name}}}", PLACEHOLDERS.get(label, "no-such-thing"))
    return path


def operations() -> list[openapi.Operation]:
    (app,) = Sanic._app_registry.values()
    return [
        operation
        for operation in openapi.operations(app)
        if operation.declaration.status != 101 and operation.method in ("post", "put", "delete")
    ]


def takes_json(operation: openapi.Operation) -> bool:
    return operation.declaration.body is not None


@pytest.fixture
async def callers(city: City) -> AsyncIterator[Callers]:
    async with Callers(city) as callers:
        yield callers


def complaint(operation: openapi.Operation, sent: object, status: int, answer: bytes) -> str:
    return f"{operation.method} {operation.path} with {sent!r:.60}: {status} {answer[:200]!r}"


async def test_garbage_is_refused_and_changes_nothing(callers: Callers) -> None:
    before = await written()
    for operation in filter(takes_json, operations()):
        for data in GARBAGE:
            status, media_type, answer = await callers.send(operation, data)
            assert status in (400, 401, 404, 422, 429), complaint(operation, data, status, answer)
            assert media_type == "application/problem+json"
    assert await written() == before


async def test_unknown_field_is_named(callers: Callers) -> None:
    for operation in filter(takes_json, operations()):
        body = json.dumps({"no_such_field": 1}).encode()
        status, _, answer = await callers.send(operation, body)
        document = json.loads(answer)
        assert status in (404, 422, 429), complaint(operation, body, status, answer)
        if document["slug"] == "invalid-body":
            assert document["errors"][0]["message"]


async def test_wrong_media_type_is_refused(callers: Callers) -> None:
    for operation in filter(takes_json, operations()):
        status, _, answer = await callers.send(operation, b"a=b", media_type="text/plain")
        assert status in (415, 429), complaint(operation, "text/plain", status, answer)


async def test_nothing_that_does_not_exist_is_acted_on(callers: Callers) -> None:
    before = await written()
    for operation in operations():
        if operation.parameters and not any(operation.path.endswith(end[1:]) for end in LOOSE):
            status, _, answer = await callers.send(operation, b"{}")
            assert 400 <= status < 500 or (operation.method == "delete" and status == 204), (
                complaint(operation, "nobody's identifier", status, answer)
            )
    assert await written() == before


async def test_without_signing_in_every_guarded_operation_is_refused(callers: Callers) -> None:
    stranger = callers.by_guard["public"]
    for operation in operations():
        if operation.guard in ("public", "visitor"):
            continue
        method, path = operation.method.upper(), filled(operation)
        async with stranger.http.request(method, path, json={}) as response:
            document: dict[str, Any] = await response.json(content_type=None)
            assert response.status == 401, complaint(operation, "no session", response.status, b"")
            assert document["status"] == 401


async def test_citizens_session_opens_no_office_and_the_other_way_round(callers: Callers) -> None:
    citizen, officer = callers.by_guard["citizen"], callers.by_guard["officer"]
    for operation in operations():
        other = {"citizen": officer, "officer": citizen}.get(operation.guard)
        if other is not None:
            method, path = operation.method.upper(), filled(operation)
            async with other.http.request(method, path, json={}) as response:
                assert response.status == 401, complaint(
                    operation, "wrong kind", response.status, b""
                )


async def written() -> tuple[int, int]:
    """How much the system has told and recorded."""
    return await OutboxMessage.all().count(), await AuditRecord.all().count()
