"""What a licence is at a time, and the acts that change it: suspend, resume, revoke and the like.

吊销 (a penalty), 撤销 (granted unlawfully, Administrative Licensing Law art. 69) and 注销 (ended,
art. 70) are for ever; 中止 may be lifted. Expiry is never stored: the calendar says it.
"""

from datetime import date, datetime
from functools import cache
from uuid import UUID

from tortoise.expressions import Q

from core import clock, database, outbox
from core.data.statements import columns_of, loaded
from core.protection import audit
from identity.principal import Principal
from identity.staff import roles
from identity.staff.roles import Act
from wallet.errors import LicenceNotFound, NotASealKeeper, StateChangeNotAllowed
from wallet.events import LicenceStateChanged
from wallet.log import alarms, transparency
from wallet.models import Licence, StateChange
from wallet.register import copies, listed
from wallet.types import catalogue, validity
from wallet.types.validity import LicenceState

MOVES: dict[LicenceState, frozenset[LicenceState]] = {
    LicenceState.SUSPENDED: frozenset({LicenceState.VALID}),
    LicenceState.VALID: frozenset({LicenceState.SUSPENDED}),
    LicenceState.REVOKED: frozenset({LicenceState.VALID, LicenceState.SUSPENDED}),
    LicenceState.WITHDRAWN: frozenset({LicenceState.VALID, LicenceState.SUSPENDED}),
    LicenceState.CANCELLED: frozenset({LicenceState.VALID, LicenceState.SUSPENDED}),
}
"""Where a stored state may be reached from."""


async def find_licence(licence_id: UUID) -> Licence | None:
    """The row, or None."""
    return await Licence.get_or_none(id=licence_id)


async def find_with_doubt(licence_id: UUID) -> tuple[Licence, bool] | None:
    """The row, and whether an alarm about it is open at the same moment: one look for a reading."""
    row = await _with_doubt().row(str(licence_id))
    if row is None:
        return None
    in_doubt = bool(row.pop("in_doubt"))
    return loaded(Licence, row), in_doubt


@cache
def _with_doubt() -> database.Statement:
    columns = columns_of(Licence, "licence")
    return database.Statement(
        f"SELECT {columns}, {alarms.IS_OPEN} AS in_doubt"  # noqa: S608 - names of our own code
        " FROM wallet_licence licence WHERE licence.id = ?"
    )


async def own_licence(licence_id: UUID, *, by: Principal) -> Licence:
    """A licence in the caller's wallet, or in that of the organisation they act for."""
    licence = await Licence.get_or_none(id=licence_id, subject_id=by.applicant_id)
    if licence is None:
        raise LicenceNotFound()
    return licence


def state_of(licence: Licence, day: date) -> LicenceState:
    """The state on a day, as far as the row knows (changes before the last are in `at`)."""
    rule = catalogue.get_type(licence.licence_type).validity
    return validity.state_on(licence.state, rule=rule, valid_to=licence.valid_to, day=day)


def in_force_on(day: date) -> Q:
    """Rows that `state_of` finds in force on a day; for lists that ask the database."""
    goes_on = Q(valid_to__isnull=True) | Q(valid_to__gte=day) | Q(licence_type__in=_lasting())
    return Q(goes_on, state=LicenceState.VALID)


def usable_on(day: date) -> Q:
    """In force, and more than data (`taken_in.is_only_data`): its holder can show it."""
    return in_force_on(day) & (~Q(document="") | ~Q(vouched_by=""))


@cache
def _lasting() -> list[str]:
    """Types whose licences stay in force when their time is over."""
    long_ago, later = date(2000, 1, 1), date(2000, 1, 2)
    return [
        type_.code
        for type_ in catalogue.all_types()
        if validity.state_on(
            LicenceState.VALID, rule=type_.validity, valid_to=long_ago, day=later
        ).in_force
    ]


async def at(licence_id: UUID, moment: datetime) -> LicenceState:
    """What a licence was at a moment, from the record of its changes. Raises LicenceNotFound."""
    licence = await find_licence(licence_id)
    if licence is None:
        raise LicenceNotFound()
    last = await StateChange.filter(licence_id=licence_id, at__lte=moment).order_by("-at").first()
    rule = catalogue.get_type(licence.licence_type).validity
    return validity.state_on(
        LicenceState.VALID if last is None else last.after,
        rule=rule,
        valid_to=licence.valid_to,
        day=clock.local(moment).date(),
    )


async def suspend(licence_id: UUID, *, cause: str, document_no: str, by: Principal) -> None:
    """中止: the licence may not be used until it is resumed."""
    await _change(licence_id, LicenceState.SUSPENDED, cause, document_no, by)


async def resume(licence_id: UUID, *, cause: str, document_no: str, by: Principal) -> None:
    """恢复: a suspended licence may be used again."""
    await _change(licence_id, LicenceState.VALID, cause, document_no, by)


async def revoke(licence_id: UUID, *, cause: str, document_no: str, by: Principal) -> None:
    """吊销, as a penalty; for ever."""
    await _change(licence_id, LicenceState.REVOKED, cause, document_no, by)


async def withdraw(licence_id: UUID, *, cause: str, document_no: str, by: Principal) -> None:
    """撤销: it should not have been granted; for ever."""
    await _change(licence_id, LicenceState.WITHDRAWN, cause, document_no, by)


async def cancel(licence_id: UUID, *, cause: str, document_no: str, by: Principal) -> None:
    """注销: the holder died, dissolved or gave it up; for ever."""
    await _change(licence_id, LicenceState.CANCELLED, cause, document_no, by)


async def record_change(
    licence: Licence,
    after: LicenceState,
    *,
    cause: str,
    authority: str,
    document_no: str,
    by: str,
) -> bool:
    """Compare-and-set the stored state and note why, in the current transaction.

    Returns False when the licence is no longer in the state it was read in.
    """
    changed = await Licence.filter(id=licence.id, state=licence.state).update(state=after)
    if not changed:
        return False
    await listed.note_state(licence.id, after)
    await StateChange.create(
        licence_id=licence.id,
        before=licence.state,
        after=after,
        cause=cause,
        authority=authority,
        document_no=document_no,
        by=by,
        at=clock.now(),
    )
    await transparency.licence_changed(licence.identifier, state=after.value)
    return True


def change_event(
    licence: Licence, after: LicenceState, *, cause: str, authority: str
) -> LicenceStateChanged:
    """What the holder is told of a change. Pure."""
    return LicenceStateChanged(
        licence_id=licence.id,
        subject_id=licence.subject_id,
        licence_type=licence.licence_type,
        licence_name=catalogue.get_type(licence.licence_type).name,
        state=after.value,
        state_text=after.text,
        cause=cause,
        authority=authority,
    )


async def _change(
    licence_id: UUID,
    after: LicenceState,
    cause: str,
    document_no: str,
    by: Principal,
) -> None:
    licence = await find_licence(licence_id)
    if licence is None:
        raise LicenceNotFound()
    _insist_on_right(licence, by)
    if licence.state not in MOVES[after]:
        raise StateChangeNotAllowed(f"证照{licence.state.text}", state=licence.state.value)
    type_ = catalogue.get_type(licence.licence_type)
    async with database.transaction():
        # What one act made ends together: a marriage is not over for one spouse only.
        same = [each for each in await copies.others(licence) if each.state in MOVES[after]]
        for each in (licence, *same):
            changed = await record_change(
                each,
                after,
                cause=cause,
                authority=type_.issuer_name,
                document_no=document_no,
                by=by.actor,
            )
            if not changed:
                raise StateChangeNotAllowed()
            event = change_event(each, after, cause=cause, authority=type_.issuer_name)
            await outbox.publish(event, key=str(each.id))
            await audit.record(
                actor=by.actor,
                action=f"licence.{after.value}",
                target=f"licence:{each.id}",
                detail={"document_no": document_no},
            )


def _insist_on_right(licence: Licence, by: Principal) -> None:
    """Seal keepers of the issuing department, and supervisors."""
    if not roles.allows(by, Act.CHANGE_LICENCE_STATE, department=licence.department):
        raise NotASealKeeper()
