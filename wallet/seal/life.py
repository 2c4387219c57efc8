"""The life of an e-seal after it was made: freeze, unfreeze, destroy.

One keeper freezes, since a lost key cannot wait for a colleague, and may unfreeze. Destroying is
for ever and takes two: a seal must be frozen or replaced before, and by another officer.
"""

from uuid import UUID

from core import database
from core.protection import audit
from identity.principal import Principal
from wallet import second_person
from wallet.errors import SealStateChangeNotAllowed
from wallet.log import transparency
from wallet.models import Seal, SealState
from wallet.seal import seals

OUT_OF_USE = (SealState.FROZEN, SealState.REPLACED)


async def freeze(seal_id: UUID, *, cause: str, by: Principal) -> None:
    """冻结: the seal may not be used until it is put back to use."""
    await _change(seal_id, (SealState.ACTIVE,), SealState.FROZEN, cause, by)


async def unfreeze(seal_id: UUID, *, cause: str, by: Principal) -> None:
    """解冻: a frozen seal may be used again."""
    await _change(seal_id, (SealState.FROZEN,), SealState.ACTIVE, cause, by)


async def destroy(seal_id: UUID, *, cause: str, by: Principal) -> None:
    """销毁: a seal out of use is never used again. What it sealed before stays what it is.

    Raises SecondPersonNeeded for the officer who froze or replaced it.
    """
    seal = await seals.get_for(seal_id, by)
    if seal.state in OUT_OF_USE and seal.state_by == by.actor:
        raise await second_person.refuse(
            by.actor,
            action="seal.destroy",
            target=f"seal:{seal_id}",
            why="停用这枚印章的工作人员不能销毁它，请由另一名工作人员操作",
        )
    await _change(seal_id, OUT_OF_USE, SealState.DESTROYED, cause, by)


async def _change(
    seal_id: UUID, before: tuple[SealState, ...], after: SealState, cause: str, by: Principal
) -> None:
    """Raises NotASealKeeper, SealNotFound, SealStateChangeNotAllowed."""
    seal = await seals.get_for(seal_id, by)
    if seal.state not in before:
        raise SealStateChangeNotAllowed(f"印章{seal.state.text}", state=seal.state.value)
    async with database.transaction():
        read = Seal.filter(id=seal.id, state=seal.state, state_by=seal.state_by)
        if not await read.update(state=after, state_by=by.actor):
            raise SealStateChangeNotAllowed()
        await transparency.seal_changed(seal.seal, state=after.value)
        await audit.record(
            actor=by.actor,
            action=f"seal.{after.value}",
            target=f"seal:{seal.id}",
            detail={"department": seal.department, "name": seal.name, "cause": cause},
        )
