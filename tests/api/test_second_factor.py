"""The second factor of staff over HTTP: two steps, and before it nothing but the enrolment."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import aiohttp
import pyotp
import pytest

from api.edge import guards, openapi
from core import clock
from core.ids import new_id
from core.settings import Settings
from identity.models import Session
from tests.api.applicants import Caller, browser
from tests.conftest import FrozenClock, running_app, serving
from tests.identity import factories

pytestmark = pytest.mark.usefixtures("frozen_clock")

SESSIONS = "/api/staff/sessions"
PASSWORD = {"staff_no": "SCJG-01", "password": factories.PASSWORD}
LIVE = "/api/staff/live"
ALLOWED = {
    ("delete", "/api/staff/sessions/current"),
    ("get", "/api/staff/factors"),
    ("post", "/api/staff/factors/totp"),
    ("post", "/api/staff/factors/totp/confirmation"),
    ("delete", "/api/staff/factors/totp"),
    ("post", "/api/staff/factors/passkeys/challenge"),
    ("post", "/api/staff/factors/passkeys"),
    ("delete", "/api/staff/factors/passkeys/{passkey_id}"),
}
"""What a password alone opens where a factor is required."""


@pytest.fixture
async def strict(settings: Settings, resources: Any) -> AsyncIterator[str]:
    """A server of an office that requires a second factor."""
    async with serving(replace(settings, staff_factor="required"), resources) as url:
        yield url


@pytest.fixture
async def desk(strict: str) -> AsyncIterator[Caller]:
    """An officer without a factor, signed in by password."""
    await factories.officer()
    async with browser(strict) as http:
        answer = await Caller(http).ok("POST", SESSIONS, PASSWORD)
        assert answer["must_enrol"] is True
        yield Caller(http)


async def enrol(caller: Caller) -> str:
    begun = await caller.ok("POST", "/api/staff/factors/totp")
    first = {"id": begun["id"], "code": pyotp.TOTP(begun["secret"]).at(clock.now())}
    answer = await caller.ok("POST", "/api/staff/factors/totp/confirmation", first)
    assert [one["way"] for one in answer["factors"]] == ["totp"]
    secret: str = begun["secret"]
    return secret


async def test_every_other_route_of_staff_refuses_a_password_alone(desk: Caller) -> None:
    """Asked of the running server, route by route: a new one is refused without a word here."""
    allowed, asked = set(), 0
    for operation in openapi.operations(running_app()):
        if operation.guard != "officer" or operation.path == LIVE:  # below
            continue
        path = operation.path
        for name, kind in operation.parameters:
            value = "1" if kind == "int" else str(new_id())
            path = path.replace("{" + name + "}", value)
        if (operation.method, operation.path) in ALLOWED:
            allowed.add((operation.method, operation.path))
            continue
        asked += 1
        headers = {"Idempotency-Key": new_id().hex}
        status, problem = await desk.call(operation.method.upper(), path, headers=headers)
        refusals = {(403, "second-factor-missing")}
        if "live" in operation.path:  # streams know no reasons
            refusals.add((401, "sign-in-required"))
        assert (status, problem["slug"]) in refusals, operation.path
    assert allowed == ALLOWED
    assert asked > 60


async def test_only_the_enrolment_carries_the_mark_that_lets_it_in(strict: str) -> None:
    routes = running_app().router.routes
    marked = [one for one in routes if getattr(guards.handler_of(one), "__enrolling__", False)]

    assert sum(len(route.methods) for route in marked) == len(ALLOWED)


async def test_socket_of_a_password_alone_is_closed(desk: Caller) -> None:
    own = {"Origin": str(desk.http._base_url)}
    async with desk.http.ws_connect(LIVE, headers=own) as socket:
        message = await socket.receive(timeout=10)

    assert message.type is aiohttp.WSMsgType.CLOSE
    assert message.data == 4401


async def test_enrolment_opens_the_desk_and_the_next_sign_in_takes_two_steps(
    desk: Caller, strict: str, frozen_clock: FrozenClock
) -> None:
    secret = await enrol(desk)
    assert (await desk.ok("GET", "/api/staff/me"))["roles"] == ["reviewer"]
    frozen_clock.advance(minutes=1)

    async with browser(strict) as http:
        later = Caller(http)
        status, problem = await later.call("POST", SESSIONS, PASSWORD)
        assert (status, problem["slug"]) == (403, "second-factor-needed")
        assert problem["ways"] == ["totp"]
        assert await later.refused("GET", "/api/staff/me") == (401, "sign-in-required")
        step = {"ticket": problem["ticket"], "code": pyotp.TOTP(secret).at(clock.now())}
        answer = await later.ok("POST", f"{SESSIONS}/code", step)
        assert answer["must_enrol"] is False
        assert (await later.ok("GET", "/api/staff/me"))["name"] == "吴审核"
        listed = await later.ok("GET", "/api/staff/factors")
        assert [one["via"] for one in listed["sign_ins"]] == ["password+totp", "password"]

        assert await later.refused("POST", f"{SESSIONS}/code", step) == (410, "second-step-expired")
        again = (await later.call("POST", SESSIONS, PASSWORD))[1]["ticket"]
        replayed = {**step, "ticket": again}
        assert await later.refused("POST", f"{SESSIONS}/code", replayed) == (409, "code-used")
        wrong = {"ticket": again, "code": "000000"}
        assert await later.refused("POST", f"{SESSIONS}/code", wrong) == (403, "code-refused")
        late = {"ticket": again, "code": pyotp.TOTP(secret).at(clock.now(), counter_offset=-4)}
        assert await later.refused("POST", f"{SESSIONS}/code", late) == (403, "code-out-of-time")


async def test_guesses_end_with_a_time_to_wait(desk: Caller, strict: str) -> None:
    await enrol(desk)
    async with browser(strict) as http:
        guesser = Caller(http)
        ticket = (await guesser.call("POST", SESSIONS, PASSWORD))[1]["ticket"]
        step = {"ticket": ticket, "code": "000000"}
        slugs = [await guesser.refused("POST", f"{SESSIONS}/code", step) for _ in range(11)]

    assert slugs == [(403, "code-refused")] * 10 + [(429, "too-many-codes")]


async def test_last_factor_is_not_given_up_where_one_is_required(desk: Caller) -> None:
    await enrol(desk)

    assert await desk.refused("DELETE", "/api/staff/factors/totp") == (409, "last-factor")


async def test_factor_may_go_where_none_is_required(address: str) -> None:
    await factories.officer()
    async with browser(address) as http:
        caller = Caller(http)
        answer = await caller.ok("POST", SESSIONS, PASSWORD)
        assert answer["must_enrol"] is False
        await enrol(caller)
        left = await caller.ok("DELETE", "/api/staff/factors/totp")

    assert left["factors"] == []
    assert left["required"] is False


async def test_changes_ask_for_a_fresh_sign_in(address: str, frozen_clock: FrozenClock) -> None:
    await factories.officer()
    async with browser(address) as http:
        caller = Caller(http)
        await caller.ok("POST", SESSIONS, PASSWORD)
        await enrol(caller)
        frozen_clock.advance(minutes=11)
        refused = await caller.refused("DELETE", "/api/staff/factors/totp")
        listed = await caller.ok("GET", "/api/staff/factors")

    assert refused == (403, "fresh-sign-in-required")
    assert listed["may_change_until"] is None


async def test_another_site_finishes_no_sign_in(address: str) -> None:
    async with browser(address) as http:
        caller = Caller(http)
        step = {"ticket": "x", "code": "000000"}
        foreign = {"Origin": "https://elsewhere.example"}
        refused = await caller.refused("POST", f"{SESSIONS}/code", step, headers=foreign)

    assert refused == (403, "cross-site-request")


async def test_signing_out_of_the_enrolment_ends_it(desk: Caller) -> None:
    await desk.ok("DELETE", "/api/staff/sessions/current")

    assert await desk.refused("GET", "/api/staff/factors") == (401, "sign-in-required")
    assert await Session.filter(revoked_at=None).count() == 0


async def test_cookie_of_the_enrolment_is_as_closed_as_any(desk: Caller) -> None:
    [cookie] = desk.http.cookie_jar

    assert cookie["httponly"]
    assert cookie["samesite"] == "Strict"
