"""What the status lists say of a licence, kept beside its place in them.

An edition of a list is asked for by every reader, and made anew when a state changes: it reads
those few places of the list that are not simply valid, and no licence. The stored state stays the
truth; whoever writes it writes this too, in the same transaction.
"""

from collections.abc import Mapping
from uuid import UUID

from signing.passes.statuslist import Status
from wallet.models import StatusEntry
from wallet.types.validity import LicenceState

STATUSES: Mapping[LicenceState, Status] = {
    LicenceState.SUSPENDED: Status.SUSPENDED,
    LicenceState.REVOKED: Status.REVOKED,
    LicenceState.WITHDRAWN: Status.REVOKED,
    LicenceState.CANCELLED: Status.REVOKED,
    LicenceState.SUPERSEDED: Status.SUPERSEDED,
}
"""Stored states as entries; what the calendar does to a licence is in the pass itself."""


def status_of(state: LicenceState) -> Status:
    """What readers are told of a stored state. Pure."""
    return STATUSES.get(state, Status.VALID)


async def note_state(licence_id: UUID, state: LicenceState) -> None:
    """Write a licence's new state beside its place, in the transaction that changes it."""
    await StatusEntry.filter(licence_id=licence_id).update(status=status_of(state).value)
