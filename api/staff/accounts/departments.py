"""Departments: made, renamed and closed by a keeper of accounts."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec
from sanic import Blueprint, Request

from api.edge import guards
from api.edge.endpoint import endpoint
from identity import account_errors, errors
from identity.queries import DepartmentView
from identity.staff import account_lists, departments
from identity.staff.roles import Act

bp = Blueprint("staff-departments", url_prefix="/api/staff/departments")

Key = Annotated[str, msgspec.Meta(min_length=2, max_length=16)]


class DepartmentNames(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: Annotated[str, msgspec.Meta(min_length=2, max_length=80)]
    short_name: Annotated[str, msgspec.Meta(min_length=2, max_length=40)]
    credit_code: Annotated[str, msgspec.Meta(min_length=1, max_length=24)]
    """Unified social credit code."""


class NewDepartment(DepartmentNames, forbid_unknown_fields=True, kw_only=True):
    key: Key


class DepartmentRow(msgspec.Struct, kw_only=True):
    key: str
    name: str
    short_name: str
    credit_code: str
    closed_on: date | None


class Departments(msgspec.Struct, kw_only=True):
    departments: list[DepartmentRow]


@bp.get("/")
@guards.officer(Act.KEEP_ACCOUNTS)
@endpoint(summary="All departments, also closed ones", returns=Departments)
async def list_departments(request: Request) -> Departments:
    found = await account_lists.list_departments(request.ctx.principal)
    rows = [msgspec.convert(one, DepartmentRow, from_attributes=True) for one in found]
    return Departments(departments=rows)


@bp.post("/")
@guards.officer(Act.KEEP_ACCOUNTS)
@endpoint(
    summary="A new department",
    body=NewDepartment,
    status=204,
    problems=(
        errors.RoleMissing,
        account_errors.InvalidDepartment,
        account_errors.DepartmentTaken,
    ),
)
async def make(request: Request, body: NewDepartment) -> None:
    await departments.make(_view(body.key, body), by=request.ctx.principal)


@bp.put("/<key:str>")
@guards.officer(Act.KEEP_ACCOUNTS)
@endpoint(
    summary="Other names of a department",
    body=DepartmentNames,
    status=204,
    problems=(
        errors.RoleMissing,
        errors.DepartmentNotFound,
        account_errors.InvalidDepartment,
    ),
)
async def change(request: Request, key: str, body: DepartmentNames) -> None:
    await departments.change(_view(key, body), by=request.ctx.principal)


@bp.post("/<key:str>/closing")
@guards.officer(Act.KEEP_ACCOUNTS)
@endpoint(
    summary="Close a department nobody belongs to",
    status=204,
    problems=(errors.RoleMissing, errors.DepartmentNotFound, account_errors.DepartmentInUse),
)
async def close(request: Request, key: str) -> None:
    await departments.close(key, by=request.ctx.principal)


def _view(key: str, body: DepartmentNames) -> DepartmentView:
    return DepartmentView(
        key=key, name=body.name, short_name=body.short_name, credit_code=body.credit_code
    )
