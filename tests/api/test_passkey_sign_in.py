"""Passkeys over HTTP: enrolled, signed in with, and the refusals of each that is not good."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from core.settings import Settings
from tests.api.applicants import Caller, browser
from tests.conftest import everything_told, running_app, serving
from tests.identity import factories
from tests.identity.authenticator import PRESENT, Authenticator
from wallet.log import alarms

SESSIONS = "/api/staff/sessions"
FACTORS = "/api/staff/factors"
PASSWORD = {"staff_no": "SCJG-01", "password": factories.PASSWORD}


@pytest.fixture
async def named(settings: Settings, resources: Any) -> AsyncIterator[str]:
    """A server whose public address has a name, as passkeys need it; a factor is required."""
    async with serving(replace(settings, staff_factor="required"), resources) as url:
        ctx = running_app().ctx
        public = url.replace("127.0.0.1", "localhost")
        strict = replace(ctx.resources.settings, public_url=public)
        ctx.resources = replace(ctx.resources, settings=strict)
        yield url


@pytest.fixture
async def desk(named: str) -> AsyncIterator[Caller]:
    await factories.officer()
    async with browser(named) as http:
        caller = Caller(http)
        await caller.ok("POST", SESSIONS, PASSWORD)
        yield caller


@pytest.fixture
def device(named: str) -> Authenticator:
    return Authenticator(origin=named.replace("127.0.0.1", "localhost"), rp_id="localhost")


async def enrol(desk: Caller, device: Authenticator, name: str = "办公室电脑") -> Any:
    begun = await desk.ok("POST", f"{FACTORS}/passkeys/challenge")
    assert begun["rp_id"] == "localhost"
    made = device.made(begun["challenge"])
    return await desk.ok("POST", f"{FACTORS}/passkeys", {"id": begun["id"], "name": name, **made})


async def waiting(caller: Caller) -> tuple[str, str]:
    """The ticket of a half-finished sign-in, and a challenge for it."""
    status, problem = await caller.call("POST", SESSIONS, PASSWORD)
    assert (status, problem["ways"]) == (403, ["passkey"])
    asked = await caller.ok("POST", f"{SESSIONS}/passkey-challenge", {"ticket": problem["ticket"]})
    return problem["ticket"], asked["challenge"]


async def test_passkey_opens_the_desk_and_the_next_sign_in(
    desk: Caller, device: Authenticator, named: str
) -> None:
    listed = await enrol(desk, device)
    assert listed["passkeys"] is True
    assert [(one["way"], one["name"]) for one in listed["factors"]] == [("passkey", "办公室电脑")]
    assert (await desk.ok("GET", "/api/staff/me"))["name"] == "吴审核"

    async with browser(named) as http:
        later = Caller(http)
        ticket, challenge = await waiting(later)
        step = {"ticket": ticket, **device.signed(challenge)}
        answer = await later.ok("POST", f"{SESSIONS}/passkey", step)
        assert answer["must_enrol"] is False
        assert (await later.ok("GET", "/api/staff/me"))["name"] == "吴审核"
        replayed = await later.refused("POST", f"{SESSIONS}/passkey", step)

    assert replayed == (410, "second-step-expired")


async def test_each_bad_answer_has_a_slug_of_its_own(
    desk: Caller, device: Authenticator, named: str
) -> None:
    await enrol(desk, device)
    copy = device.clone()
    async with browser(named) as http:
        later = Caller(http)

        async def answered(one: Authenticator, **more: Any) -> tuple[int, str]:
            ticket, challenge = await waiting(later)
            step = {"ticket": ticket, **one.signed(challenge, **more)}
            return await later.refused("POST", f"{SESSIONS}/passkey", step)

        assert await answered(device, flags=PRESENT) == (403, "passkey-refused")
        elsewhere = replace(device, origin="https://evil.example")
        assert await answered(elsewhere) == (403, "foreign-origin")
        ticket, challenge = await waiting(later)
        await later.ok("POST", f"{SESSIONS}/passkey", {"ticket": ticket} | device.signed(challenge))
        assert await answered(copy) == (403, "passkey-cloned")
        # The only key is locked: no other way in, and least of all the password alone.
        status, problem = await later.call("POST", SESSIONS, PASSWORD)
        assert (status, problem["slug"], problem["ways"]) == (403, "second-factor-needed", [])
        asked = {"ticket": problem["ticket"]}
        refused = await later.refused("POST", f"{SESSIONS}/passkey-challenge", asked)

    assert refused == (404, "factor-not-found")


async def test_copy_raises_an_alarm_until_the_key_is_given_up(
    desk: Caller, device: Authenticator, named: str
) -> None:
    spare = replace(device, credential_id=b"another key of the same officer", count=0)
    await enrol(desk, device)
    await enrol(desk, spare, name="备用")
    copy = device.clone()
    async with browser(named) as http:
        later = Caller(http)
        ticket, challenge = await waiting(later)
        await later.ok("POST", f"{SESSIONS}/passkey", {"ticket": ticket} | device.signed(challenge))
        ticket, challenge = await waiting(later)
        step = {"ticket": ticket} | copy.signed(challenge)
        assert await later.refused("POST", f"{SESSIONS}/passkey", step) == (403, "passkey-cloned")
        await everything_told()
        assert [one.kind for one in await alarms.list_open()] == [alarms.PASSKEY]

        ticket, challenge = await waiting(later)
        await later.ok("POST", f"{SESSIONS}/passkey", {"ticket": ticket} | spare.signed(challenge))
        locked, good = (await later.ok("GET", FACTORS))["factors"]
        assert locked["locked_at"] is not None
        last = await later.refused("DELETE", f"{FACTORS}/passkeys/{good['id']}")
        assert last == (409, "last-factor")
        await later.ok("DELETE", f"{FACTORS}/passkeys/{locked['id']}")

    await everything_told()
    assert await alarms.list_open() == []


async def test_address_without_a_name_offers_no_passkeys(address: str) -> None:
    await factories.officer()
    async with browser(address) as http:
        caller = Caller(http)
        await caller.ok("POST", SESSIONS, PASSWORD)
        assert (await caller.ok("GET", FACTORS))["passkeys"] is False
        refused = await caller.refused("POST", f"{FACTORS}/passkeys/challenge")

    assert refused == (409, "passkey-unavailable")


@pytest.mark.parametrize("value", ["", "é", "a b", "x" * 9000, "=="])
async def test_what_is_no_base64url_is_no_body(named: str, value: str) -> None:
    async with browser(named) as http:
        step = dict.fromkeys(
            ("credential_id", "client_data", "authenticator_data", "signature"), value
        )
        refused = await Caller(http).refused("POST", f"{SESSIONS}/passkey", {"ticket": "x"} | step)

    assert refused == (422, "invalid-body")
