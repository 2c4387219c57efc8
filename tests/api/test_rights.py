"""Rights over HTTP: what is the city's, who follows live, and drafts that no office hears of."""

import asyncio
from typing import Any

import pytest

from core import ids
from identity.staff.roles import Role
from push.live import stream
from push.models import WebhookCall
from push.webhooks import endpoints, notices
from tests.api.applicants import Applicant, Caller, browser, sign_in_officer
from tests.cases.factories import ITEM
from tests.conftest import everything_told

CITY_WIDE = (
    ("PUT", "/api/staff/channels/wechat-mini", {"open": False}),
    ("PUT", "/api/staff/channels/wechat-mini", {"content_check": False}),
    ("GET", "/api/staff/channels", None),
    ("GET", "/api/staff/connectors", None),
    ("GET", f"/api/staff/payments/statements/{ids.new_id()}/differences", None),
    ("GET", "/api/staff/messaging", None),
    ("GET", "/api/staff/messaging/deliveries?state=sent", None),
)


async def test_a_departments_supervisor_has_no_say_in_what_is_the_citys(
    address: str, resources: Any
) -> None:
    async with browser(address) as http:
        supervisor = await sign_in_officer(http, "GA-90", department="GA", roles=(Role.SUPERVISOR,))
        for method, path, body in CITY_WIDE:
            assert await supervisor.refused(method, path, body) == (403, "role-missing"), path
        shown = await supervisor.ok("GET", "/api/staff/payments/statements")
        assert (shown["statements"], shown["next"]) == ([], None)


@pytest.mark.parametrize("role", [Role.REGISTRAR, Role.SEAL_KEEPER])
async def test_who_reads_no_case_follows_none(
    applicant: Applicant, address: str, role: Role
) -> None:
    await applicant.submitted()
    await everything_told()
    assert await stream.position(stream.department("RSJ")) > 0

    async with browser(address) as http:
        officer = await sign_in_officer(http, "RSJ-21", roles=(role,))
        path = "/api/staff/live/events?after=0"
        if role is Role.REGISTRAR:
            assert await officer.refused("GET", path) == (403, "role-missing")
            assert await officer.refused("POST", "/api/staff/live/tickets") == (
                403,
                "role-missing",
            )
            async with http.ws_connect("/api/staff/live", origin=address) as socket:
                assert (await socket.receive()).data == 4403
            return
        async with http.get(path) as response, asyncio.timeout(10):
            assert response.status == 200
            await response.content.readuntil(b"\n\n")  # how soon to come again
            hello = await response.content.readuntil(b"\n\n")
            assert b'"position":0' in hello.replace(b" ", b"")


async def test_no_office_and_no_webhook_hears_of_a_draft(
    applicant: Applicant, officer: Caller, resources: Any
) -> None:
    await endpoints.register(
        owner="dept:RSJ",
        topic=notices.department("RSJ"),
        url="https://example.com/hook",
        kinds=[],
        suite="hmac-sha256",
        allowed=[],
        by="system:tests",
    )
    case = await applicant.draft(ITEM)
    await applicant.upload(case["id"])
    await everything_told()

    assert await stream.position(stream.department("RSJ")) == 0
    assert await WebhookCall.all().count() == 0
    await applicant.ok("POST", f"/api/citizen/cases/{case['id']}/withdrawal", {"reason": ""})
    await everything_told()
    assert await stream.position(stream.department("RSJ")) == 0

    await applicant.submitted()
    await everything_told()
    assert await stream.position(stream.department("RSJ")) > 0
    assert {call.kind for call in await WebhookCall.all()} >= {"case-submitted"}
