"""Departments: the keys that officers, counters and cases carry.

Those of the catalogue are brought up to date with it, until people change one by hand.
"""

import re
from collections.abc import Iterable

from tortoise.exceptions import IntegrityError

from core import clock
from core.database import transaction
from identity import changes, errors, numbers
from identity.account_errors import (
    DepartmentClosed,
    DepartmentInUse,
    DepartmentTaken,
    InvalidDepartment,
)
from identity.models import Counter, Department, Officer, State
from identity.principal import Principal
from identity.queries import DepartmentView
from identity.staff import keeping

KEY = re.compile(r"[A-Z][A-Z0-9]{1,15}")


async def load(departments: Iterable[DepartmentView]) -> None:
    """Add departments and bring known ones up to date. Repeating it changes nothing."""
    async with transaction():
        rows = await Department.filter(by_hand=True).only("key")
        by_hand = {row.key for row in rows}
        for department in departments:
            if department.key in by_hand:
                continue
            await Department.update_or_create(
                {
                    "name": department.name,
                    "short_name": department.short_name,
                    "credit_code": department.credit_code,
                },
                key=department.key,
            )


async def make(view: DepartmentView, *, by: Principal) -> None:
    """A new department. Raises InvalidDepartment, DepartmentTaken."""
    if not KEY.fullmatch(view.key):
        raise InvalidDepartment("部门代码须为 2 至 16 位大写字母或数字，并以字母开头")
    code = _checked(view.credit_code)
    try:
        async with keeping.at_desk(by):
            row = await Department.create(
                key=view.key,
                name=view.name,
                short_name=view.short_name,
                credit_code=code,
                by_hand=True,
            )
            await _note("department-made", row, by)
    except IntegrityError:
        raise DepartmentTaken() from None


async def change(view: DepartmentView, *, by: Principal) -> None:
    """Other names or another code. Raises DepartmentNotFound, InvalidDepartment."""
    code = _checked(view.credit_code)
    async with keeping.at_desk(by):
        row = await _held(view.key)
        row.name, row.short_name, row.credit_code = view.name, view.short_name, code
        row.by_hand = True
        await row.save()
        await _note("department-changed", row, by)


async def close(key: str, *, by: Principal) -> None:
    """End a department nobody belongs to. Raises DepartmentNotFound, DepartmentInUse.

    Repeating it changes nothing. Cases keep the key; nobody is put there any more.
    """
    async with keeping.at_desk(by):
        row = await _held(key)
        if row.closed_on is not None:
            return
        officers = await Officer.filter(department_id=key, state=State.ACTIVE).count()
        counters = await Counter.filter(department_id=key, state=State.ACTIVE).count()
        if officers or counters:
            raise DepartmentInUse(officers=officers, counters=counters)
        await Department.filter(key=key).update(closed_on=clock.today(), by_hand=True)
        await _note("department-closed", row, by)


async def hold_open(key: str | None) -> None:
    """Keep a department from being closed until the transaction ends.

    Raises DepartmentNotFound, DepartmentClosed; None is all departments.
    """
    if key is not None and (await _held(key)).closed_on is not None:
        raise DepartmentClosed()


async def _held(key: str) -> Department:
    row = await Department.filter(key=key).select_for_update().get_or_none()
    if row is None:
        raise errors.DepartmentNotFound()
    return row


def _checked(credit_code: str) -> str:
    try:
        return numbers.check_credit_code(credit_code)
    except errors.InvalidCreditCode as refusal:
        raise InvalidDepartment(str(refusal)) from None


async def _note(action: str, row: Department, by: Principal) -> None:
    await changes.note(
        changes.hand_of(by), action, target=f"department:{row.key}", name=row.short_name
    )
