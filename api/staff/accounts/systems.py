"""Devices of windows and client systems: enrolled, given keys, ended."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from sanic import Blueprint, Request

from api.edge import guards, idempotency, paging
from api.edge.endpoint import endpoint
from api.staff.accounts.officers import AccountCause
from core.data.pages import WrongPlace
from identity import account_errors, errors
from identity.staff.roles import Act
from identity.systems import client_desk, device_desk
from identity.systems.client_desk import ClientKey
from identity.systems.clients import Scope

bp = Blueprint("staff-systems", url_prefix="/api/staff")

Department = Annotated[str, msgspec.Meta(min_length=2, max_length=16)]
MOST_CALLS = 10_000_000


class DeviceRow(msgspec.Struct, kw_only=True):
    id: UUID
    name: str
    department: str
    hall: str
    active: bool
    enrolled_at: datetime
    revoked_at: datetime | None


class Devices(msgspec.Struct, kw_only=True):
    devices: list[DeviceRow]
    next: str | None


class DeviceQuery(paging.Page, kw_only=True, forbid_unknown_fields=True):
    department: Department | None = None


class EnrolmentWish(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    department: Department
    hall: Annotated[str, msgspec.Meta(min_length=2, max_length=60)]


class Enrolment(msgspec.Struct, kw_only=True):
    code: str
    """Typed on the device within a day; shown this once."""


class ClientWish(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: Annotated[str, msgspec.Meta(min_length=2, max_length=80)]
    daily_quota: Annotated[int, msgspec.Meta(ge=1, le=MOST_CALLS)]
    """Calls a calendar day in Shanghai."""
    scopes: Annotated[list[Scope], msgspec.Meta(min_length=1, max_length=10)]


class NewClient(ClientWish, forbid_unknown_fields=True, kw_only=True):
    client_id: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]


class ClientSystemRow(msgspec.Struct, kw_only=True):
    id: UUID
    client_id: str
    name: str
    daily_quota: int
    scopes: list[str]
    active: bool
    created_at: datetime
    former_until: datetime | None
    """Until when the key before the present one is good as well."""


class ClientSystems(msgspec.Struct, kw_only=True):
    clients: list[ClientSystemRow]
    next: str | None


class ClientSystemKey(msgspec.Struct, kw_only=True):
    id: UUID
    client_id: str
    secret: str
    """Shown this once."""
    former_until: datetime | None


@bp.get("/counters")
@guards.officer(Act.ENROL_COUNTERS)
@endpoint(
    summary="Devices of windows, the newest first",
    query=DeviceQuery,
    returns=Devices,
    problems=(errors.RoleMissing, WrongPlace),
)
async def list_devices(request: Request, query: DeviceQuery) -> Devices:
    page = await device_desk.list_devices(
        department=query.department,
        after=query.after,
        limit=query.limit,
        by=request.ctx.principal,
    )
    rows = [msgspec.convert(one, DeviceRow, from_attributes=True) for one in page]
    return Devices(devices=rows, next=page.following)


@bp.post("/counter-codes")
@guards.officer(Act.ENROL_COUNTERS)
@endpoint(
    summary="A code that enrols one device within a day",
    body=EnrolmentWish,
    returns=Enrolment,
    status=201,
    problems=(
        errors.RoleMissing,
        errors.DepartmentNotFound,
        account_errors.DepartmentClosed,
    ),
    idempotent=True,
)
async def new_code(request: Request, body: EnrolmentWish) -> Enrolment:
    code = await idempotency.effect(
        request,
        lambda asked: device_desk.new_code(
            department=body.department, hall=body.hall, by=request.ctx.principal, asked=asked
        ),
        str,
    )
    return Enrolment(code=code)


@bp.post("/counters/<counter_id:uuid>/revocation")
@guards.officer(Act.ENROL_COUNTERS)
@endpoint(
    summary="Refuse a device from its next request on",
    body=AccountCause,
    status=204,
    problems=(errors.RoleMissing, errors.CounterNotFound),
)
async def revoke_device(request: Request, counter_id: UUID, body: AccountCause) -> None:
    await device_desk.revoke(counter_id, cause=body.cause, by=request.ctx.principal)


@bp.get("/client-systems")
@guards.officer(Act.KEEP_SYSTEMS)
@endpoint(
    summary="Client systems by identifier",
    query=paging.Page,
    returns=ClientSystems,
    problems=(errors.RoleMissing, WrongPlace),
)
async def list_clients(request: Request, query: paging.Page) -> ClientSystems:
    page = await client_desk.list_clients(
        after=query.after, limit=query.limit, by=request.ctx.principal
    )
    rows = [msgspec.convert(one, ClientSystemRow, from_attributes=True) for one in page]
    return ClientSystems(clients=rows, next=page.following)


@bp.post("/client-systems")
@guards.officer(Act.KEEP_SYSTEMS)
@endpoint(
    summary="A new client system; its key is shown this once",
    body=NewClient,
    returns=ClientSystemKey,
    status=201,
    problems=(
        errors.RoleMissing,
        account_errors.InvalidClientId,
        account_errors.ClientTaken,
    ),
    idempotent=True,
)
async def register(request: Request, body: NewClient) -> ClientSystemKey:
    made = await idempotency.effect(
        request,
        lambda asked: client_desk.register(
            body.client_id,
            name=body.name,
            daily_quota=body.daily_quota,
            scopes=set(body.scopes),
            by=request.ctx.principal,
            asked=asked,
        ),
        ClientKey,
    )
    return msgspec.convert(made, ClientSystemKey, from_attributes=True)


@bp.put("/client-systems/<row_id:uuid>")
@guards.officer(Act.KEEP_SYSTEMS)
@endpoint(
    summary="Another name, quota or other scopes of a client system",
    body=ClientWish,
    status=204,
    problems=(errors.RoleMissing, account_errors.ClientNotFound, account_errors.ClientEnded),
)
async def change(request: Request, row_id: UUID, body: ClientWish) -> None:
    await client_desk.change(
        row_id,
        name=body.name,
        daily_quota=body.daily_quota,
        scopes=set(body.scopes),
        by=request.ctx.principal,
    )


@bp.post("/client-systems/<row_id:uuid>/key")
@guards.officer(Act.KEEP_SYSTEMS)
@endpoint(
    summary="Another key; the one before is good beside it for a day",
    returns=ClientSystemKey,
    status=201,
    problems=(errors.RoleMissing, account_errors.ClientNotFound, account_errors.ClientEnded),
    idempotent=True,
)
async def new_key(request: Request, row_id: UUID) -> ClientSystemKey:
    made = await idempotency.effect(
        request,
        lambda asked: client_desk.new_key(row_id, by=request.ctx.principal, asked=asked),
        ClientKey,
    )
    return msgspec.convert(made, ClientSystemKey, from_attributes=True)


@bp.post("/client-systems/<row_id:uuid>/revocation")
@guards.officer(Act.KEEP_SYSTEMS)
@endpoint(
    summary="Refuse a client system from its next request on",
    body=AccountCause,
    status=204,
    problems=(errors.RoleMissing, account_errors.ClientNotFound),
)
async def revoke(request: Request, row_id: UUID, body: AccountCause) -> None:
    await client_desk.revoke(row_id, cause=body.cause, by=request.ctx.principal)
