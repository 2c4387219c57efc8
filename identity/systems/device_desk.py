"""Devices of windows, kept by people: codes to enrol them, the list, and their end.

A supervisor keeps those of the departments covered, a keeper of accounts all of them.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core import clock
from core.data import once, pages
from identity import changes, errors
from identity.models import Counter, State
from identity.principal import Principal
from identity.staff import departments, keeping
from identity.staff.roles import Act, insist
from identity.systems import counters


@dataclass(frozen=True, kw_only=True)
class DeviceLine:
    """A device as the desk shows it."""

    id: UUID
    name: str
    department: str
    hall: str
    active: bool
    enrolled_at: datetime
    revoked_at: datetime | None


async def new_code(
    *, department: str, hall: str, by: Principal, asked: once.Asked | None = None
) -> str:
    """A code that enrols one device within a day; it is shown this once.

    Raises RoleMissing, DepartmentNotFound, DepartmentClosed.
    """
    insist(by, Act.ENROL_COUNTERS, department=department)
    async with keeping.still(by, Act.ENROL_COUNTERS, department=department):
        await departments.hold_open(department)
        code = await counters.new_enrolment_code(department=department, hall=hall, by=by.actor)
        await changes.show(
            changes.hand_of(by),
            "enrolment-code-issued",
            target=f"department:{department}",
            name=hall,
            detail={"department": department},
        )
        await once.keep(asked, f'"{code}"')
    return code


async def list_devices(
    *, department: str | None, after: str | None, limit: int, by: Principal
) -> pages.Page[DeviceLine]:
    """Devices of the departments covered, the newest first. Raises RoleMissing, WrongPlace."""
    insist(by, Act.ENROL_COUNTERS, department=department)
    rows = Counter.all()
    own = by.department if department is None else department
    if own is not None:
        rows = rows.filter(department_id=own)
    newest = pages.Section("counters.newest", rows, ("enrolled_at", "id"))
    return (await pages.read(newest, after=after, limit=limit)).map(_line)


async def revoke(counter_id: UUID, *, cause: str, by: Principal) -> None:
    """Refuse a device from its next request on. Repeating it changes nothing.

    Raises CounterNotFound, also for one of a department that is not covered.
    """
    insist(by, Act.ENROL_COUNTERS)
    row = await Counter.get_or_none(id=counter_id)
    if row is None or not by.covers(row.department_id):
        raise errors.CounterNotFound()
    async with keeping.still(by, Act.ENROL_COUNTERS, department=row.department_id):
        changed = await Counter.filter(id=counter_id, state=State.ACTIVE).update(
            state=State.REVOKED, revoked_at=clock.now()
        )
        if changed:
            await changes.note(
                changes.hand_of(by),
                "counter-revoked",
                target=f"counter:{counter_id}",
                name=f"{row.hall} {row.name}",
                detail={"department": row.department_id},
                cause=cause,
            )


def _line(row: Counter) -> DeviceLine:
    return DeviceLine(
        id=row.id,
        name=row.name,
        department=row.department_id,
        hall=row.hall,
        active=row.state is State.ACTIVE,
        enrolled_at=row.enrolled_at,
        revoked_at=row.revoked_at,
    )
