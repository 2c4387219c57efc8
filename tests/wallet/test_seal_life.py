"""Freezing, unfreezing and destroying e-seals, and what issuing makes of it."""

import json
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from core import database
from core.protection.audit import AuditRecord
from identity.principal import Principal
from tests.conftest import FrozenClock
from tests.wallet.city import City
from tests.wallet.factories import issue_licence
from wallet.errors import (
    NotASealKeeper,
    SealExpired,
    SealFrozen,
    SealNotFound,
    SealNotReady,
    SealStateChangeNotAllowed,
    SecondPersonNeeded,
)
from wallet.models import Licence, Seal, SealState
from wallet.seal import life, seals

CAUSE = "密钥介质遗失"


def keeper(city: City, *, role: str = "seal_keeper", department: str | None = "GA") -> Principal:
    """Another officer each time."""
    return replace(city.officer(role, department=department), id=uuid4())


async def seal_of(department: str = "GA") -> UUID:
    return (await Seal.get(department=department)).id


async def test_frozen_seal_seals_nothing(city: City) -> None:
    await life.freeze(await seal_of(), cause=CAUSE, by=keeper(city))

    with pytest.raises(SealFrozen):
        await issue_licence(city)

    assert await Licence.all().count() == 0


async def test_unfrozen_seal_is_used_again(city: City) -> None:
    seal_id, officer = await seal_of(), keeper(city)
    await life.freeze(seal_id, cause=CAUSE, by=officer)

    await life.unfreeze(seal_id, cause="已找回", by=officer)

    await issue_licence(city)
    assert (await Seal.get(id=seal_id)).uses == 1


async def test_destroyed_seal_is_gone_for_ever(city: City) -> None:
    seal_id = await seal_of()
    await life.freeze(seal_id, cause=CAUSE, by=keeper(city))
    await life.destroy(seal_id, cause=CAUSE, by=keeper(city, role="supervisor"))

    with pytest.raises(SealStateChangeNotAllowed):
        await life.unfreeze(seal_id, cause=CAUSE, by=keeper(city))
    with pytest.raises(SealNotReady):
        await issue_licence(city)


async def test_who_froze_a_seal_does_not_destroy_it(city: City) -> None:
    seal_id, officer = await seal_of(), keeper(city)
    await life.freeze(seal_id, cause=CAUSE, by=officer)

    with pytest.raises(SecondPersonNeeded):
        await life.destroy(seal_id, cause=CAUSE, by=officer)

    assert (await Seal.get(id=seal_id)).state is SealState.FROZEN


async def test_seal_in_use_is_frozen_before_it_is_destroyed(city: City) -> None:
    with pytest.raises(SealStateChangeNotAllowed) as refused:
        await life.destroy(await seal_of(), cause=CAUSE, by=keeper(city))

    assert refused.value.members["state"] == "active"


async def test_freezing_twice_conflicts(city: City) -> None:
    seal_id = await seal_of()
    await life.freeze(seal_id, cause=CAUSE, by=keeper(city))

    with pytest.raises(SealStateChangeNotAllowed):
        await life.freeze(seal_id, cause=CAUSE, by=keeper(city))


async def test_only_keepers_and_supervisors_change_seals(city: City) -> None:
    with pytest.raises(NotASealKeeper):
        await life.freeze(await seal_of(), cause=CAUSE, by=keeper(city, role="reviewer"))


async def test_other_departments_seals_are_not_found(city: City) -> None:
    with pytest.raises(SealNotFound):
        await life.freeze(await seal_of(), cause=CAUSE, by=keeper(city, department="WJW"))


async def test_seal_frozen_while_it_was_used_undoes_the_issue(city: City) -> None:
    """Between sealing and storing somebody freezes: nothing of the issue remains."""
    seal_id = await seal_of()
    await life.freeze(seal_id, cause=CAUSE, by=keeper(city))

    with pytest.raises(SealNotReady):
        async with database.transaction():
            await seals.record_use(seal_id)

    assert (await Seal.get(id=seal_id)).uses == 0


async def test_seal_past_its_validity_is_not_used(city: City, frozen_clock: FrozenClock) -> None:
    seal = await seals.for_department("GA")
    frozen_clock.set(seal.valid_until.replace(year=seal.valid_until.year + 1))

    with pytest.raises(SealExpired):
        await seals.for_department("GA")


async def test_every_use_and_change_is_in_the_audit(city: City) -> None:
    seal_id = await seal_of()
    licence_id = await issue_licence(city)
    await life.freeze(seal_id, cause=CAUSE, by=keeper(city))

    issued = await AuditRecord.get(target=f"licence:{licence_id}", action="licence.issue")
    frozen = await AuditRecord.get(target=f"seal:{seal_id}", action="seal.frozen")

    assert detail(issued)["seal"] == str(seal_id)
    assert detail(frozen)["cause"] == CAUSE


def detail(record: AuditRecord) -> dict[str, str]:
    found: dict[str, str] = (
        json.loads(record.detail) if isinstance(record.detail, str) else record.detail
    )
    return found
