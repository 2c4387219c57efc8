"""A password that was handed out is changed over HTTP before it opens anything."""

from typing import Any

import aiohttp
import pytest

from identity.staff import first
from tests.api.applicants import Caller, browser

SESSIONS, PASSWORD = "/api/staff/sessions", "/api/staff/password"
OWN = "清晨的雾-慢慢散在江边"


@pytest.fixture
def caller(client: aiohttp.ClientSession) -> Caller:
    return Caller(client)


async def test_start_password_is_changed_and_then_signs_in(caller: Caller) -> None:
    start = await first.make("GL-01", name="管理员甲")
    handed_out = {"staff_no": "GL-01", "password": start}

    refused = await caller.refused("POST", SESSIONS, handed_out)
    await caller.ok("PUT", PASSWORD, {**handed_out, "new_password": OWN})
    signed_in = await caller.ok("POST", SESSIONS, {"staff_no": "GL-01", "password": OWN})

    assert refused == (403, "password-must-be-changed")
    assert signed_in["me"]["roles"] == ["account_keeper"]
    assert await caller.refused("POST", SESSIONS, handed_out) == (401, "wrong-credentials")


async def test_change_says_what_is_wrong_and_changes_nothing(caller: Caller) -> None:
    start = await first.make("GL-01", name="管理员甲")
    body = {"staff_no": "GL-01", "password": start}

    assert await caller.refused("PUT", PASSWORD, {**body, "new_password": "short"}) == (
        422,
        "weak-password",
    )
    assert await caller.refused(
        "PUT", PASSWORD, {"staff_no": "GL-01", "password": "x", "new_password": OWN}
    ) == (401, "wrong-credentials")
    assert await caller.refused("PUT", PASSWORD, body) == (422, "invalid-body")
    assert await caller.refused("POST", SESSIONS, body) == (403, "password-must-be-changed")


async def test_other_sites_change_nobodys_password(address: str) -> None:
    start = await first.make("GL-01", name="管理员甲")
    body = {"staff_no": "GL-01", "password": start, "new_password": OWN}

    async with browser(address) as http:
        refused = await Caller(http).refused(
            "PUT", PASSWORD, body, headers={"Origin": "https://elsewhere.example"}
        )

    assert refused == (403, "cross-site-request")


async def test_change_ends_the_session_it_was_made_beside(caller: Caller, client: Any) -> None:
    start = await first.make("GL-01", name="管理员甲")
    body = {"staff_no": "GL-01", "password": start, "new_password": OWN}
    await caller.ok("PUT", PASSWORD, body)
    await caller.ok("POST", SESSIONS, {"staff_no": "GL-01", "password": OWN})

    await caller.ok(
        "PUT", PASSWORD, {"staff_no": "GL-01", "password": OWN, "new_password": f"{OWN}又"}
    )

    assert await caller.refused("GET", "/api/staff/me") == (401, "sign-in-required")
