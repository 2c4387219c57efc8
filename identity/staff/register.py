"""The delegations in force, remembered by each worker until somebody changes one.

Asking costs one small row: the stamp. It is a new random word with every change, so that no worker
can take an old register for the present one, whatever happened in between (a rollback, a restored
copy). An act that stands on a delegation also holds that row, so that a revocation waits for it,
and every act after the revocation is refused.
"""

from datetime import timedelta

from tortoise.expressions import Q

from core import clock
from core.data.statements import Statement
from core.ids import new_id
from identity import errors
from identity.authority import Basis, DelegateKind, Delegation, Ground, Power, Register
from identity.delegation_models import Delegation as Row
from identity.delegation_models import DelegationStamp, DelegationState

_STAMP = Statement("SELECT stamp FROM identity_delegation_stamp WHERE name = 'all'")
_HELD = Statement("SELECT state FROM identity_delegation WHERE id = ? FOR SHARE")
_PAGE = 500

REMEMBERED = timedelta(days=90)
"""How long one that has ended is known, so that a refusal says that it did."""

_EMPTY = Register()
_known: tuple[str, Register] = ("", _EMPTY)


async def current() -> Register:
    """What is in force, as it stands committed now."""
    global _known
    row = await _STAMP.row()
    if row is None:
        return _EMPTY
    stamp, register = _known
    if stamp != row["stamp"]:
        # Read after the stamp: it may be newer than its stamp, never older.
        register = await _read()
        _known = (row["stamp"], register)
    return register


async def hold(basis: Basis) -> None:
    """Keep the delegation that an act stands on until the act is written.

    Raises NotDelegated when it was revoked since it was found.
    """
    if basis.delegation is None:
        return
    row = await _HELD.row(str(basis.delegation.id))
    if row is None or row["state"] != DelegationState.IN_FORCE:
        raise errors.NotDelegated(reason="revoked")


async def changed() -> None:
    """Let every worker read anew; in the transaction of the change."""
    stamp = str(new_id())
    known = DelegationStamp(name="all", stamp=stamp)
    await DelegationStamp.bulk_create([known], ignore_conflicts=True)
    await DelegationStamp.filter(name="all").update(stamp=stamp)


async def _read() -> Register:
    """All that were published and have not ended long ago, page by page: hundreds in a city."""
    found: list[Delegation] = []
    for state in (DelegationState.IN_FORCE, DelegationState.REVOKED):
        known = Row.filter(state=state, until__gte=clock.today() - REMEMBERED)
        rows = await known.order_by("until", "id").limit(_PAGE)
        while rows:
            found += [as_delegation(row) for row in rows if row.published_at is not None]
            last = rows[-1]
            later = Q(until__gt=last.until) | Q(until=last.until, id__gt=last.id)
            rows = await known.filter(later).order_by("until", "id").limit(_PAGE)
    return Register(tuple(found))


def as_delegation(row: Row) -> Delegation:
    """The row as the question of authority takes it."""
    return Delegation(
        id=row.id,
        no=row.no,
        ground=Ground(row.ground),
        delegator=row.delegator,
        kind=DelegateKind(row.delegate_kind),
        key=row.delegate_key,
        items=tuple(row.items),
        powers=frozenset(Power(power) for power in row.powers),
        since=row.since,
        until=row.until,
        document=row.document,
        revoked=row.state is DelegationState.REVOKED,
    )
