"""Webhooks over HTTP: a supervisor keeps them, a client system looks after its own."""

import hashlib
import hmac
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import aiohttp
import pytest

from core import ids
from identity.staff import officers
from identity.staff.roles import Role
from identity.systems import clients
from push.webhooks import endpoints
from push.webhooks.sender import Sender
from tests.api import people
from tests.conftest import serving
from tests.identity import factories
from tests.push.receivers import BY, LOOPBACK, Receiver, listening

Client = aiohttp.ClientSession
PATH = "/api/staff/departments/SCJG/webhooks"


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with listening() as made:
        yield made


@pytest.fixture
async def address(settings: Any, resources: Any) -> AsyncIterator[str]:
    """The server of the other tests, with the loopback network opened for webhooks."""
    sender = Sender(allowed=LOOPBACK)
    async with serving(settings, replace(resources, webhooks=sender)) as url:
        yield url
    await sender.close()


async def send(client: Client, method: str, path: str, **values: Any) -> tuple[int, Any]:
    async with client.request(method, path, **values) as response:
        return response.status, await response.json() if response.content_length else None


async def test_supervisor_keeps_the_webhooks_of_the_department(
    client: Client, receiver: Receiver
) -> None:
    await people.officer(client, roles=(Role.SUPERVISOR,))
    status, made = await send(client, "POST", PATH, json={"url": receiver.url, "suite": "hmac-sm3"})
    assert status == 201
    assert made["secret"].startswith("whsec_")
    own = f"{PATH}/{made['id']}"

    status, tested = await send(client, "POST", f"{own}/test")
    assert (status, tested["taken"], tested["status"]) == (200, True, 204)
    _, listed = await send(client, "GET", PATH)
    assert [one["url"] for one in listed["webhooks"]] == [receiver.url]
    assert "secret" not in listed["webhooks"][0]
    assert (await send(client, "PUT", f"{own}/state", json={"state": "paused"}))[0] == 204
    status, renewed = await send(client, "POST", f"{own}/key")
    assert (status, renewed["secret"] != made["secret"]) == (201, True)
    assert (await send(client, "GET", f"{own}/calls?state=dead"))[1] == {"calls": [], "next": None}
    assert (await send(client, "POST", f"{own}/calls/1/replay"))[0] == 404
    assert (await send(client, "DELETE", own))[0] == 204
    assert (await send(client, "POST", f"{own}/test"))[0] == 404


async def test_inner_address_is_refused_with_the_reason(client: Client) -> None:
    await people.officer(client, roles=(Role.SUPERVISOR,))
    status, problem = await send(client, "POST", PATH, json={"url": "https://10.0.0.1/"})

    assert (status, problem["slug"]) == (422, "webhook-address-refused")
    assert problem["reason"] == "private-address"


async def test_other_departments_and_other_posts_are_kept_out(client: Client) -> None:
    await people.officer(client, roles=(Role.SUPERVISOR,))
    other = "/api/staff/departments/GA/webhooks"
    assert (await send(client, "GET", other))[0] == 403


async def test_reviewer_keeps_no_webhooks(client: Client) -> None:
    await people.officer(client, roles=(Role.REVIEWER,))
    assert (await send(client, "GET", PATH))[0] == 403
    assert (await send(client, "GET", "/api/staff/messaging"))[0] == 403


async def test_supervisor_sees_how_delivery_stands(client: Client) -> None:
    await officers.create(
        "ZWB-90",
        name="郑督办",
        password=factories.PASSWORD,
        roles=(Role.SUPERVISOR,),
        department=None,
        by=factories.BY,
    )
    body = {"staff_no": "ZWB-90", "password": factories.PASSWORD}
    async with client.post("/api/staff/sessions", json=body) as response:
        assert response.status == 201
    status, found = await send(client, "GET", "/api/staff/messaging?hours=1")

    assert status == 200
    assert found["parked"] == []
    assert found["webhooks"] == {"addresses": 0, "failing": 0, "pending": 0, "dead": 0}


def signed(secret: str, method: str, target: str) -> dict[str, str]:
    at, nonce = str(int(time.time())), ids.new_token(16)
    text = "\n".join((method, target, at, nonce, hashlib.sha256(b"").hexdigest()))
    return {
        "X-Client-Id": "biz",
        "X-Client-Time": at,
        "X-Client-Nonce": nonce,
        "X-Client-Signature": hmac.new(secret.encode(), text.encode(), "sha256").hexdigest(),
    }


async def test_client_system_looks_after_its_own_webhook(
    client: Client, receiver: Receiver
) -> None:
    secret = await clients.register("biz", name="企业", daily_quota=100, by=BY)
    assert secret is not None
    client_id: UUID | None = await clients.find("biz")
    webhook_id, _ = await endpoints.register(
        owner=f"client:{client_id}",
        topic="dept:SCJG",
        url=receiver.url,
        kinds=(),
        suite="hmac-sha256",
        allowed=LOOPBACK,
        by=BY,
    )
    base = "/api/enterprise/v1/webhooks"
    _, listed = await send(client, "GET", base, headers=signed(secret, "GET", base))
    assert [one["id"] for one in listed["webhooks"]] == [str(webhook_id)]
    target = f"{base}/{webhook_id}/test"
    _, tested = await send(client, "POST", target, headers=signed(secret, "POST", target))
    assert tested["taken"]


class TestNotices:
    async def test_citizen_reads_and_changes_what_rings(
        self, client: Client, resources: Any
    ) -> None:

        await people.citizen(client, resources, await factories.person())
        path = "/api/citizen/notices"
        _, found = await send(client, "GET", path)
        assert (found["quiet_from"], found["sms"], found["email"]) == ("22:00", True, None)
        wanted = {"subscription": False, "sms": False, "quiet_from": None, "quiet_until": None}
        _, changed = await send(client, "PUT", path, json=wanted)
        assert changed == wanted | {"email": None}
        status, problem = await send(client, "PUT", path, json=wanted | {"quiet_from": "22:00"})
        assert (status, problem["slug"]) == (422, "unreadable-quiet-hours")
        body = {"address": "zhang@example.com"}
        status, problem = await send(client, "POST", f"{path}/email", json=body)
        assert (status, problem["slug"]) == (503, "email-not-available")
