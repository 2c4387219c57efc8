"""Leave, and who stands in. Standing in gives no power: a substitute does what own roles allow."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

import msgspec

from core import clock
from core.data import once
from identity import changes
from identity.account_errors import AbsenceNotFound, AbsenceOverlaps, InvalidAbsence, OfficerEnded
from identity.models import Absence, Officer, State
from identity.principal import Principal
from identity.staff import keeping
from identity.staff.roles import Act, insist

LONGEST = timedelta(days=366)
SHOWN = 50
"""Of one officer, the latest first."""


@dataclass(frozen=True, kw_only=True)
class AbsenceView:
    """One leave; days are included."""

    id: UUID
    from_on: date
    to_on: date
    substitute_id: UUID | None
    substitute_name: str


async def record(
    officer_id: UUID,
    *,
    from_on: date,
    to_on: date,
    substitute_no: str | None,
    by: Principal,
    asked: once.Asked | None = None,
) -> UUID:
    """Write a leave down; returns its id.

    Raises OfficerNotFound, OfficerEnded, InvalidAbsence, AbsenceOverlaps.
    """
    if not from_on <= to_on <= from_on + LONGEST or to_on < clock.today():
        raise InvalidAbsence("请假日期须从今天或以后结束，且不超过一年")
    stands_in = await _find(substitute_no)
    ids = {officer_id} if stands_in is None else {officer_id, stands_in}
    async with keeping.at_desk(by, *ids) as rows:
        officer = rows[officer_id]
        if officer.state is not State.ACTIVE:
            raise OfficerEnded()
        if await _away(officer_id, from_on, to_on):
            raise AbsenceOverlaps()
        if stands_in is not None:
            await _insist_may_stand_in(rows[stands_in], officer, from_on, to_on)
        row = await Absence.create(
            officer_id=officer_id, substitute_id=stands_in, from_on=from_on, to_on=to_on
        )
        await _note("absence-recorded", officer, row, by)
        await once.keep(asked, msgspec.json.encode(row.id).decode())
    return row.id


async def cancel(absence_id: UUID, *, by: Principal) -> None:
    """Take a leave back; one that has begun ends yesterday. Raises AbsenceNotFound."""
    found = await Absence.get_or_none(id=absence_id)
    if found is None:
        raise AbsenceNotFound()
    async with keeping.at_desk(by, found.officer_id) as rows:
        row = await Absence.get_or_none(id=absence_id)
        today = clock.today()
        if row is None or row.to_on < today:
            raise AbsenceNotFound()
        if row.from_on < today:
            await Absence.filter(id=row.id).update(to_on=today - timedelta(days=1))
        else:
            await row.delete()
        await _note("absence-cancelled", rows[row.officer_id], row, by)


async def list_of(officer_id: UUID, *, by: Principal) -> list[AbsenceView]:
    """The leaves of an officer, the latest first."""
    insist(by, Act.KEEP_ACCOUNTS)
    rows = Absence.filter(officer_id=officer_id).order_by("-to_on").limit(SHOWN)
    return [
        AbsenceView(
            id=row.id,
            from_on=row.from_on,
            to_on=row.to_on,
            substitute_id=row.substitute_id,
            substitute_name="" if row.substitute is None else row.substitute.name,
        )
        for row in await rows.select_related("substitute")
    ]


async def find_substitute(officer_id: UUID, *, on: date) -> UUID | None:
    """Who stands in for the officer on a day; None when nobody does, or the officer is there."""
    row = await Absence.get_or_none(officer_id=officer_id, from_on__lte=on, to_on__gte=on)
    return None if row is None else row.substitute_id


async def is_away(officer_id: UUID, *, on: date) -> bool:
    """Whether the officer is on leave on a day."""
    return await _away(officer_id, on, on)


async def _find(staff_no: str | None) -> UUID | None:
    if staff_no is None:
        return None
    row = await Officer.get_or_none(staff_no=staff_no)
    if row is None:
        raise InvalidAbsence("没有这个工号的代班人，请核对工号")
    return row.id


async def _insist_may_stand_in(
    substitute: Officer, officer: Officer, from_on: date, to_on: date
) -> None:
    fits = (
        substitute.id != officer.id
        and substitute.department_id == officer.department_id
        and substitute.may_work(clock.today())
    )
    if not fits:
        raise InvalidAbsence("代班人须是本部门另一名在岗人员")
    if await _away(substitute.id, from_on, to_on):
        raise InvalidAbsence("代班人在这些日子也请假，请另选一人")


async def _away(officer_id: UUID, from_on: date, to_on: date) -> bool:
    return await Absence.exists(officer_id=officer_id, from_on__lte=to_on, to_on__gte=from_on)


async def _note(action: str, officer: Officer, row: Absence, by: Principal) -> None:
    await changes.note(
        changes.hand_of(by),
        action,
        target=changes.officer_target(officer.id),
        name=f"{officer.name} {officer.staff_no}",
        detail={"from_on": str(row.from_on), "to_on": str(row.to_on)},
    )
