"""Recovery over HTTP: the officer asks, two others confirm, the officer enrols anew."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pyotp
import pytest

from core import clock
from core.ids import new_id
from identity.staff import officers
from identity.staff.roles import Role
from tests.api.applicants import Caller, browser
from tests.conftest import FrozenClock
from tests.identity import factories

pytestmark = pytest.mark.usefixtures("frozen_clock")

SESSIONS = "/api/staff/sessions"
DESK = "/api/staff/recoveries"
PASSWORD = {"staff_no": "SCJG-01", "password": factories.PASSWORD}


@asynccontextmanager
async def signed_in(
    address: str, staff_no: str, *roles: Role, department: str | None = None
) -> AsyncIterator[Caller]:
    await officers.create(
        staff_no,
        name=f"管理{staff_no[-1]}",
        password=factories.PASSWORD,
        roles=roles,
        department=department,
        by=factories.BY,
    )
    async with browser(address) as http:
        await Caller(http).ok("POST", SESSIONS, PASSWORD | {"staff_no": staff_no})
        yield Caller(http)


@pytest.fixture
async def operators(address: str) -> AsyncIterator[list[Caller]]:
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(signed_in(address, f"ZWB-9{n}", role))
            for n, role in enumerate((Role.SUPERVISOR, Role.ACCOUNT_KEEPER))
        ]


@pytest.fixture
async def loser(address: str, frozen_clock: FrozenClock) -> AsyncIterator[Caller]:
    """An officer whose app is gone."""
    await factories.officer()
    async with browser(address) as http:
        caller = Caller(http)
        await caller.ok("POST", SESSIONS, PASSWORD)
        await enrol(caller)
        frozen_clock.advance(minutes=30)
        yield caller


async def enrol(caller: Caller) -> None:
    begun = await caller.ok("POST", "/api/staff/factors/totp")
    first = {"id": begun["id"], "code": pyotp.TOTP(begun["secret"]).at(clock.now())}
    await caller.ok("POST", "/api/staff/factors/totp/confirmation", first)


async def ticket(caller: Caller, *, recovery: str | None) -> dict[str, str]:
    status, problem = await caller.call("POST", SESSIONS, PASSWORD)
    assert (status, problem["recovery"]) == (403, recovery)
    return {"ticket": problem["ticket"]}


async def test_two_operators_let_the_officer_in(loser: Caller, operators: list[Caller]) -> None:
    waiting = await ticket(loser, recovery=None)
    asked = await loser.ok("POST", f"{SESSIONS}/recovery-request", waiting)
    assert asked["state"] == "asked"
    [one] = (await operators[0].ok("GET", DESK))["recoveries"]
    assert (one["staff_no"], one["confirmations"], one["mine"]) == ("SCJG-01", 0, False)
    assert one["department"] == "区市场监管局"
    path = f"{DESK}/{one['id']}/confirmation"

    [one] = (await operators[0].ok("POST", path))["recoveries"]
    assert (one["confirmations"], one["mine"]) == (1, True)
    assert await operators[0].refused("POST", path) == (409, "another-operator-needed")
    early = await ticket(loser, recovery="asked")
    assert await loser.refused("POST", f"{SESSIONS}/recovery", early) == (409, "recovery-not-open")
    [one] = (await operators[1].ok("POST", path))["recoveries"]
    assert (one["state"], one["first_name"]) == ("confirmed", "管理0")
    assert await loser.refused("GET", "/api/staff/me") == (401, "sign-in-required")

    waiting = await ticket(loser, recovery="confirmed")
    answer = await loser.ok("POST", f"{SESSIONS}/recovery", waiting)
    assert answer["must_enrol"] is True
    assert await loser.refused("GET", "/api/staff/cases") == (403, "second-factor-missing")
    await enrol(loser)
    assert (await loser.ok("GET", "/api/staff/me"))["name"] == "吴审核"
    assert (await operators[0].ok("GET", DESK)) == {"recoveries": [], "locked": []}
    assert await operators[0].refused("POST", path) == (409, "recovery-not-open")


async def test_refused_recovery_is_gone(loser: Caller, operators: list[Caller]) -> None:
    await loser.ok("POST", f"{SESSIONS}/recovery-request", await ticket(loser, recovery=None))
    [one] = (await operators[0].ok("GET", DESK))["recoveries"]

    left = await operators[0].ok("POST", f"{DESK}/{one['id']}/refusal")

    assert left["recoveries"] == []
    await ticket(loser, recovery=None)


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.SEAL_KEEPER])
async def test_other_posts_have_no_such_desk(address: str, role: Role) -> None:
    await factories.department()
    async with signed_in(address, "SCJG-07", role, department="SCJG") as caller:
        for method, path in (
            ("GET", DESK),
            ("POST", f"{DESK}/{new_id()}/confirmation"),
            ("POST", f"{DESK}/{new_id()}/refusal"),
        ):
            assert await caller.refused(method, path) == (403, "role-missing")


async def test_another_site_asks_for_nobody(address: str) -> None:
    foreign = {"Origin": "https://elsewhere.example"}
    async with browser(address) as http:
        for path in ("recovery-request", "recovery"):
            refused = await Caller(http).refused(
                "POST", f"{SESSIONS}/{path}", {"ticket": "x"}, headers=foreign
            )
            assert refused == (403, "cross-site-request")
