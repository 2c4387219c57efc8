"""What a licence was at any time, and why: every change with cause, authority and document."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core import clock
from core.protection import audit
from identity.principal import Principal
from identity.staff import roles
from identity.staff.roles import Act
from wallet.errors import LicenceNotFound
from wallet.models import Licence, StateChange
from wallet.register import status
from wallet.types import catalogue, validity
from wallet.types.validity import LicenceState


@dataclass(frozen=True, kw_only=True)
class Change:
    """One change of state."""

    at: datetime
    before: str
    after: str
    after_text: str
    cause: str
    authority: str
    document_no: str


@dataclass(frozen=True, kw_only=True)
class StateThen:
    """The state at a moment, with the change that led to it; None when it was issued so."""

    state: LicenceState
    since: Change | None


async def of_own(licence_id: UUID, *, by: Principal) -> list[Change]:
    """The changes of a licence of the caller's, oldest first. Raises LicenceNotFound."""
    licence = await status.own_licence(licence_id, by=by)
    return await _changes(licence)


async def for_staff(licence_id: UUID, *, by: Principal) -> list[Change]:
    """The changes of a licence of the officer's department, the look recorded.

    Raises RoleMissing, LicenceNotFound.
    """
    roles.insist(by, Act.FIND_LICENCES)
    licence = await status.find_licence(licence_id)
    if licence is None or not by.covers(licence.department):
        raise LicenceNotFound()
    await audit.record_read(
        actor=by.actor, action="licence.history-read", target=f"licence:{licence.id}"
    )
    return await _changes(licence)


async def at(licence_id: UUID, moment: datetime) -> StateThen | None:
    """What a licence was at a moment; None before it was issued. Raises LicenceNotFound."""
    licence = await status.find_licence(licence_id)
    if licence is None:
        raise LicenceNotFound()
    if moment < licence.created_at:
        return None
    last = await StateChange.filter(licence_id=licence_id, at__lte=moment).order_by("-at").first()
    state = validity.state_on(
        last.after if last else LicenceState.VALID,
        rule=catalogue.get_type(licence.licence_type).validity,
        valid_to=licence.valid_to,
        day=clock.local(moment).date(),
    )
    return StateThen(state=state, since=_change(last) if last else None)


async def _changes(licence: Licence) -> list[Change]:
    rows = await StateChange.filter(licence_id=licence.id).order_by("at", "id")
    return [_change(row) for row in rows]


def _change(row: StateChange) -> Change:
    return Change(
        at=row.at,
        before=row.before.value,
        after=row.after.value,
        after_text=row.after.text,
        cause=row.cause,
        authority=row.authority,
        document_no=row.document_no,
    )
