"""Making and renewing a seal takes two officers."""

import asyncio
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest

from core import database
from core.protection.audit import AuditRecord
from identity.principal import Principal
from signing import parse_seal
from tests.conftest import FrozenClock
from tests.wallet.city import City
from tests.wallet.factories import issue_licence
from wallet.errors import (
    NotASealKeeper,
    ProposalClosed,
    ProposalNotFound,
    ProposalRefused,
    SealStateChangeNotAllowed,
    SecondPersonNeeded,
)
from wallet.models import ProposalState, Seal, SealProposal, SealState
from wallet.seal import life, proposals, seals
from wallet.seal.proposals import ProposalView

VALID_TO = date(2029, 11, 24)
NAME = "上海市公安局松江分局"


def officer(city: City, role: str = "seal_keeper", department: str | None = "GA") -> Principal:
    """Another person each time."""
    return replace(city.officer(role, department=department), id=uuid4())


async def proposed(city: City, *, by: Principal | None = None, **changes: Any) -> ProposalView:
    wish: dict[str, Any] = {
        "department": "GA",
        "name": NAME,
        "valid_to": VALID_TO,
        "cause": "新设印章",
        "keys": city.authority.keys,
        **changes,
    }
    return await proposals.propose(**wish, by=by or officer(city))


async def approved(city: City, proposal: UUID, *, by: Principal | None = None) -> UUID:
    return await proposals.approve(
        proposal, keys=city.authority.keys, by=by or officer(city, "supervisor", None)
    )


async def test_approved_proposal_is_a_good_seal_and_the_newest_is_used(
    city: City, frozen_clock: FrozenClock
) -> None:
    proposal = await proposed(city)
    frozen_clock.advance(minutes=1)

    seal_id = await approved(city, proposal.id)

    used = await seals.for_department("GA")
    parsed = parse_seal(used.seal)
    assert used.id == seal_id
    assert parsed.is_signed_by_maker
    assert parsed.name == NAME
    assert used.valid_until.isoformat() == "2029-11-24T15:59:59+00:00"
    await issue_licence(city)
    assert (await Seal.get(id=seal_id)).uses == 1


async def test_who_tries_to_approve_alone_leaves_a_record(city: City) -> None:
    keeper = officer(city)
    proposal = await proposed(city, by=keeper)

    with pytest.raises(SecondPersonNeeded):
        await approved(city, proposal.id, by=replace(keeper, roles=frozenset({"supervisor"})))

    record = await AuditRecord.get(action="seal.approve-refused")
    assert (record.actor, record.target) == (keeper.actor, f"seal-proposal:{proposal.id}")


async def test_nobody_approves_his_own_proposal(city: City) -> None:
    keeper = officer(city)
    proposal = await proposed(city, by=keeper)

    with pytest.raises(SecondPersonNeeded):
        await approved(city, proposal.id, by=replace(keeper, roles=frozenset({"supervisor"})))

    assert (await SealProposal.get(id=proposal.id)).state is ProposalState.OPEN


async def test_second_approval_conflicts_and_makes_no_second_seal(city: City) -> None:
    proposal = await proposed(city)
    await approved(city, proposal.id)
    before = await Seal.all().count()

    with pytest.raises(ProposalClosed):
        await approved(city, proposal.id)

    assert await Seal.all().count() == before


async def test_of_many_approvals_at_once_one_makes_the_seal(city: City) -> None:
    proposal = await proposed(city)
    before = await Seal.all().count()

    results = await asyncio.gather(
        *(approved(city, proposal.id) for _ in range(5)), return_exceptions=True
    )

    assert sum(isinstance(result, UUID) for result in results) == 1
    assert sum(isinstance(result, ProposalClosed) for result in results) == 4
    assert await Seal.all().count() == before + 1


async def test_refused_proposal_is_closed(city: City) -> None:
    keeper = officer(city)
    proposal = await proposed(city, by=keeper)

    await proposals.refuse(proposal.id, cause="填写有误", by=keeper)

    with pytest.raises(ProposalClosed):
        await approved(city, proposal.id)


async def test_renewal_takes_the_place_of_the_old_seal(city: City) -> None:
    old = await seals.for_department("GA")
    renewal = await proposals.renew(
        old.id, valid_to=VALID_TO, cause="到期换发", keys=city.authority.keys, by=officer(city)
    )

    new_id = await approved(city, renewal.id)

    assert (await Seal.get(id=old.id)).state is SealState.REPLACED
    assert (await seals.for_department("GA")).id == new_id
    assert renewal.replaces_id == old.id
    assert renewal.name == old.name


async def test_seal_destroyed_in_the_meantime_is_not_renewed(city: City) -> None:
    old = await seals.for_department("GA")
    renewal = await proposals.renew(
        old.id, valid_to=VALID_TO, cause="到期换发", keys=city.authority.keys, by=officer(city)
    )
    await life.freeze(old.id, cause="停用", by=officer(city))
    await life.destroy(old.id, cause="停用", by=officer(city))
    before = await Seal.all().count()

    with pytest.raises(SealStateChangeNotAllowed):
        await approved(city, renewal.id)

    assert await Seal.all().count() == before
    assert (await SealProposal.get(id=renewal.id)).state is ProposalState.OPEN


@pytest.mark.parametrize(
    "changes",
    [
        {"valid_to": date(2026, 11, 25)},
        {"valid_to": date(2032, 1, 1)},
        {"name": "某某市人民政府"},
        {"name": NAME + "<b>"},
        {"department": "NONE"},
        {"department": "WJW"},
    ],
)
async def test_what_cannot_be_a_seal_is_refused(city: City, changes: dict[str, Any]) -> None:
    with pytest.raises(ProposalRefused):
        await proposed(city, **changes)

    assert await SealProposal.all().count() == 0


async def test_only_keepers_and_supervisors_propose(city: City) -> None:
    with pytest.raises(NotASealKeeper):
        await proposed(city, by=officer(city, "reviewer"))


async def test_other_departments_proposals_are_not_found(city: City) -> None:
    proposal = await proposed(city)
    stranger = officer(city, department="WJW")

    with pytest.raises(ProposalNotFound):
        await approved(city, proposal.id, by=stranger)

    assert await proposals.list_for(stranger) == []
    assert [view.id for view in await proposals.list_for(officer(city))] == [proposal.id]


async def test_nothing_remains_of_an_approval_that_fails_half_way(city: City) -> None:
    proposal = await proposed(city)
    before = await Seal.all().count()

    async def approve_and_break() -> None:
        async with database.transaction():
            await approved(city, proposal.id)
            raise ConnectionError

    with pytest.raises(ConnectionError):
        await approve_and_break()

    assert await Seal.all().count() == before
    assert (await SealProposal.get(id=proposal.id)).state is ProposalState.OPEN


async def test_own_proposals_are_found_behind_many_of_others(
    city: City, frozen_clock: FrozenClock
) -> None:
    mine = await proposed(city)
    for _ in range(4):
        frozen_clock.advance(minutes=1)
        by = officer(city, department="MZJ")
        await proposed(city, by=by, department="MZJ", name="上海市松江区民政局")

    assert [one.id for one in await proposals.list_for(officer(city), limit=1)] == [mine.id]
