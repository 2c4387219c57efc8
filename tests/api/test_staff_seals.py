"""Two officers make a seal over HTTP; one freezes it, another destroys it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from identity.staff.roles import Role
from tests.api.applicants import Caller, browser
from tests.identity import factories
from tests.wallet import city as small_city

CAUSE = {"cause": "密钥介质遗失"}
VALID_TO = "2029-11-24"


@pytest.fixture
async def seal(resources: Any, authority: Any) -> Any:
    """The seal of SCJG, whose officers these are."""
    await small_city.build(authority, resources.blobs)
    return "SCJG"


async def signed_in(http: Any, staff_no: str, *roles: Role, key: str = "SCJG") -> Caller:
    await factories.officer(staff_no, roles=roles, key=key)
    caller = Caller(http)
    body = {"staff_no": staff_no, "password": factories.PASSWORD}
    await caller.ok("POST", "/api/staff/sessions", body)
    return caller


@pytest.fixture
async def keeper(address: str, seal: str) -> AsyncIterator[Caller]:
    async with browser(address) as http:
        yield await signed_in(http, "SCJG-01", Role.SEAL_KEEPER)


@pytest.fixture
async def colleague(address: str, seal: str) -> AsyncIterator[Caller]:
    async with browser(address) as http:
        yield await signed_in(http, "SCJG-02", Role.SUPERVISOR)


async def the_seal(caller: Caller) -> Any:
    (found,) = (await caller.ok("GET", "/api/staff/seals"))["seals"]
    return found


async def wish(caller: Caller) -> dict[str, str]:
    seal = await the_seal(caller)
    return {"department": "SCJG", "name": seal["name"], "valid_to": VALID_TO, **CAUSE}


async def test_one_proposes_and_another_approves(keeper: Caller, colleague: Caller) -> None:
    proposal = await keeper.ok("POST", "/api/staff/seal-proposals", await wish(keeper))
    (seen,) = (await colleague.ok("GET", "/api/staff/seal-proposals"))["proposals"]
    path = f"/api/staff/seal-proposals/{proposal['id']}/approval"

    own = await keeper.refused("POST", path)
    made = await colleague.ok("POST", path)
    again = await colleague.refused("POST", path)

    assert (proposal["state"], proposal["may_approve"], seen["may_approve"]) == (
        "open",
        False,
        True,
    )
    assert own == (409, "second-person-needed")
    assert (made["state"], made["state_text"], made["uses"]) == ("active", "使用中", 0)
    assert again == (409, "seal-proposal-closed")


async def test_renewal_replaces_the_seal(keeper: Caller, colleague: Caller) -> None:
    old = await the_seal(keeper)
    body = {"valid_to": VALID_TO, "cause": "到期换发"}
    proposal = await keeper.ok("POST", f"/api/staff/seals/{old['id']}/renewal", body)

    new = await colleague.ok("POST", f"/api/staff/seal-proposals/{proposal['id']}/approval")

    states = {
        each["id"]: each["state"] for each in (await keeper.ok("GET", "/api/staff/seals"))["seals"]
    }
    assert states == {old["id"]: "replaced", new["id"]: "active"}


async def test_seal_is_frozen_put_back_frozen_and_destroyed(
    keeper: Caller, colleague: Caller
) -> None:
    path = f"/api/staff/seals/{(await the_seal(keeper))['id']}"

    frozen = await keeper.ok("POST", f"{path}/freezing", CAUSE)
    back = await keeper.ok("POST", f"{path}/unfreezing", CAUSE)
    await keeper.ok("POST", f"{path}/freezing", CAUSE)
    own = await keeper.refused("POST", f"{path}/destruction", CAUSE)
    destroyed = await colleague.ok("POST", f"{path}/destruction", CAUSE)
    late = await keeper.refused("POST", f"{path}/unfreezing", CAUSE)

    assert (frozen["state"], back["state"], destroyed["state"]) == ("frozen", "active", "destroyed")
    assert own == (409, "second-person-needed")
    assert late == (409, "seal-state-change-not-allowed")


async def test_proposal_is_refused(keeper: Caller, colleague: Caller) -> None:
    proposal = await keeper.ok("POST", "/api/staff/seal-proposals", await wish(keeper))

    path = f"/api/staff/seal-proposals/{proposal['id']}/refusal"
    refused = await colleague.ok("POST", path, {"cause": "暂不需要"})

    assert refused["state"] == "refused"
    assert refused["decided_name"]


async def test_impossible_seal_is_refused(keeper: Caller) -> None:
    body = {**await wish(keeper), "valid_to": "2020-01-01"}

    assert await keeper.refused("POST", "/api/staff/seal-proposals", body) == (
        422,
        "seal-proposal-invalid",
    )


async def test_reviewers_and_strangers_keep_no_seals(address: str, keeper: Caller) -> None:
    path = f"/api/staff/seals/{(await the_seal(keeper))['id']}/freezing"

    async with browser(address) as http:
        reviewer = await signed_in(http, "SCJG-03", Role.REVIEWER)
        assert await reviewer.refused("POST", path, CAUSE) == (403, "role-missing")
    async with browser(address) as http:
        stranger = await signed_in(http, "RSJ-01", Role.SEAL_KEEPER, key="RSJ")
        assert await stranger.refused("POST", path, CAUSE) == (404, "seal-not-found")
