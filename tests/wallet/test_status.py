"""What a licence is at a time, and who may change it."""

from datetime import timedelta

import pytest

from tests.conftest import FrozenClock
from tests.wallet.city import TODAY, City
from tests.wallet.factories import issue_licence
from wallet.errors import LicenceNotFound, NotASealKeeper, StateChangeNotAllowed
from wallet.models import Licence, StateChange
from wallet.register import status
from wallet.types.validity import LicenceState

PAPER = {
    "cause": "信息待核实",
    "document_no": "松公证〔2026〕1号",
}


async def test_suspended_licence_may_be_resumed(city: City, frozen_clock: FrozenClock) -> None:
    licence_id, keeper = await issue_licence(city), city.officer("seal_keeper")

    await status.suspend(licence_id, by=keeper, **PAPER)
    frozen_clock.advance(days=2)
    await status.resume(licence_id, by=keeper, **PAPER)

    assert (await Licence.get(id=licence_id)).state is LicenceState.VALID
    assert await status.at(licence_id, TODAY - timedelta(hours=1)) is LicenceState.VALID
    assert await status.at(licence_id, TODAY + timedelta(days=1)) is LicenceState.SUSPENDED
    assert await status.at(licence_id, TODAY + timedelta(days=3)) is LicenceState.VALID


async def test_expiry_needs_no_act(city: City) -> None:
    licence_id = await issue_licence(city, "FOOD")

    assert await status.at(licence_id, TODAY + timedelta(days=1800)) is LicenceState.EXPIRING
    assert await status.at(licence_id, TODAY + timedelta(days=1830)) is LicenceState.EXPIRED


@pytest.mark.parametrize("act", [status.revoke, status.withdraw, status.cancel])
async def test_what_is_over_stays_over(city: City, act: object) -> None:
    licence_id, keeper = await issue_licence(city), city.officer("seal_keeper")
    await act(licence_id, by=keeper, **PAPER)  # type: ignore[operator]

    with pytest.raises(StateChangeNotAllowed):
        await status.resume(licence_id, by=keeper, **PAPER)


async def test_change_keeps_its_cause(city: City) -> None:
    licence_id = await issue_licence(city)

    await status.revoke(licence_id, by=city.officer("supervisor", department=None), **PAPER)

    change = await StateChange.get(licence_id=licence_id)
    assert (change.before, change.after) == (LicenceState.VALID, LicenceState.REVOKED)
    assert (change.cause, change.document_no) == (PAPER["cause"], PAPER["document_no"])
    assert change.authority == "上海市公安局松江分局"


async def test_reviewers_and_other_departments_may_not(city: City) -> None:
    licence_id = await issue_licence(city)

    for officer in (city.officer("reviewer"), city.officer("seal_keeper", department="WJW")):
        with pytest.raises(NotASealKeeper):
            await status.suspend(licence_id, by=officer, **PAPER)
    with pytest.raises(NotASealKeeper):
        await status.suspend(licence_id, by=city.citizen(city.zhang), **PAPER)


async def test_unknown_licence_is_not_found(city: City) -> None:
    with pytest.raises(LicenceNotFound):
        await status.suspend(city.zhang, by=city.officer("seal_keeper"), **PAPER)
    with pytest.raises(LicenceNotFound):
        await status.at(city.zhang, TODAY)
