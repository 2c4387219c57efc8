"""Accounts, sessions and devices of one person, and what each of them may do, over HTTP."""

from __future__ import annotations

from identity.models import PlatformAccount, Session
from miniapp_bridge.standin.world import World
from tests.api.applicants import Caller
from tests.api.entering import (
    enter_by_ticket,
    first_time_by_wechat,
    phone,
    played_address,
    sms_code,
    stranger,
    ticket_of,
)
from tests.played import ZHANG, configs, folder, stage, standin_keys, world

__all__ = [
    "configs",
    "folder",
    "phone",
    "played_address",
    "stage",
    "standin_keys",
    "stranger",
    "world",
]


async def test_account_of_another_cannot_be_taken_over(
    phone: Caller, stranger: Caller, world: World
) -> None:
    await first_time_by_wechat(phone, world)
    await first_time_by_wechat(stranger, world, "li")
    code = world.new_code("mini", world.people["zhang"])

    refused = await stranger.refused(
        "POST", "/api/citizen/accounts", {"platform": "wechat", "code": code}
    )

    assert refused == (409, "account-taken")


async def test_last_account_stays_and_another_may_go(phone: Caller, world: World) -> None:
    await first_time_by_wechat(phone, world)
    (only,) = (await phone.ok("GET", "/api/citizen/accounts"))["accounts"]
    path = f"/api/citizen/accounts/{only['id']}"
    assert await phone.refused("DELETE", path) == (409, "last-account")

    body = {"platform": "alipay", "code": world.new_code("alipay", world.people["zhang"])}
    await phone.ok("POST", "/api/citizen/accounts", body)
    await phone.ok("DELETE", path)

    assert [row.platform for row in await PlatformAccount.all()] == ["alipay"]


async def test_unbinding_ends_the_sessions_of_that_platform(
    phone: Caller, stranger: Caller, world: World
) -> None:
    await first_time_by_wechat(phone, world)
    await enter_by_ticket(stranger, await ticket_of(stranger, world))
    body = {"platform": "alipay", "code": world.new_code("alipay", world.people["zhang"])}
    await phone.ok("POST", "/api/citizen/accounts", body)
    accounts = (await phone.ok("GET", "/api/citizen/accounts"))["accounts"]
    (wechat_account,) = [one for one in accounts if one["platform"] == "wechat"]

    await phone.ok("DELETE", f"/api/citizen/accounts/{wechat_account['id']}")

    assert (await stranger.refused("GET", "/api/citizen/me"))[0] == 401
    await phone.ok("GET", "/api/citizen/me")


async def test_accounts_are_managed_by_a_confirmed_person_only(phone: Caller, world: World) -> None:
    await first_time_by_wechat(phone, world)
    await enter_by_ticket(phone, await ticket_of(phone, world))
    body = {"platform": "alipay", "code": world.new_code("alipay", world.people["zhang"])}
    assert await phone.refused("POST", "/api/citizen/accounts", body) == (403, "step-up-required")

    proof = await phone.ok("POST", "/api/citizen/step-ups")
    assert proof["kind"] == "wechat-face"
    raised = await phone.ok(
        "POST", "/api/citizen/step-ups/confirmation", {"proof_id": proof["proof_id"]}
    )

    assert raised == {"assurance": 3}
    await phone.ok("POST", "/api/citizen/accounts", body)


async def test_proof_of_another_session_raises_nothing(
    phone: Caller, stranger: Caller, world: World
) -> None:
    await first_time_by_wechat(phone, world)
    await first_time_by_wechat(stranger, world, "li")
    proof = await phone.ok("POST", "/api/citizen/step-ups")

    refused = await stranger.refused(
        "POST", "/api/citizen/step-ups/confirmation", {"proof_id": proof["proof_id"]}
    )

    assert refused == (410, "proof-expired")


async def test_phone_alone_shows_no_licence(phone: Caller, world: World) -> None:
    await first_time_by_wechat(phone, world)
    body = {"platform": "browser", "code": await sms_code(phone, world, ZHANG["phone"])}
    await phone.ok("POST", "/api/citizen/accounts", body)
    await Session.all().update(assurance=1, raised_until=None)
    path = "/api/citizen/licences/00000000-0000-4000-8000-000000000000"

    assert await phone.refused("POST", f"{path}/reveal") == (403, "step-up-required")
    assert await phone.refused("POST", f"{path}/presentations", {}) == (403, "step-up-required")
    await phone.ok("GET", "/api/citizen/licences")


async def test_sign_ins_and_devices_are_shown_and_can_be_ended(
    phone: Caller, stranger: Caller, world: World
) -> None:
    await first_time_by_wechat(phone, world)
    await enter_by_ticket(stranger, await ticket_of(stranger, world))

    seen = await phone.ok("GET", "/api/citizen/sign-ins")
    (mine, other) = seen["devices"]
    assert (mine["this_one"], other["this_one"]) == (True, False)
    assert [one["via"] for one in seen["sign_ins"]] == ["wechat"]
    assert seen["sign_ins"][0]["address"] == "127.0.0.0/24"
    await phone.ok("DELETE", f"/api/citizen/devices/{other['session_id']}")

    assert (await stranger.refused("GET", "/api/citizen/me"))[0] == 401
    path = f"/api/citizen/devices/{other['session_id']}"
    assert await stranger.refused("DELETE", path) == (401, "sign-in-required")
