"""Departments: the keys that officers, counters and cases carry."""

from collections.abc import Iterable

from core.database import transaction
from identity.models import Department
from identity.queries import DepartmentView


async def load(departments: Iterable[DepartmentView]) -> None:
    """Add departments and bring known ones up to date. Repeating it changes nothing."""
    async with transaction():
        for department in departments:
            await Department.update_or_create(
                {
                    "name": department.name,
                    "short_name": department.short_name,
                    "credit_code": department.credit_code,
                },
                key=department.key,
            )
