"""The desk that lets officers in who lost every second factor: two confirm, or one refuses."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec
from sanic import Blueprint, Request

from api.edge import guards
from api.edge.endpoint import endpoint
from identity.factors import errors, recovery
from identity.staff.roles import Act

bp = Blueprint("staff-recoveries", url_prefix="/api/staff/recoveries")


class Waiting(msgspec.Struct, kw_only=True):
    id: UUID
    name: str
    staff_no: str
    department: str | None
    """None: all departments."""
    state: str
    """`asked`, or `confirmed` while its officer has not enrolled anew."""
    asked_at: datetime
    expires_at: datetime
    confirmations: int
    mine: bool
    """The reader is the officer, or has confirmed already: somebody else is needed."""
    first_name: str
    """Who confirmed first; empty when nobody has."""


class LockedKey(msgspec.Struct, kw_only=True):
    name: str
    staff_no: str
    department: str | None
    locked_at: datetime


class Recoveries(msgspec.Struct, kw_only=True):
    recoveries: list[Waiting]
    locked: list[LockedKey]
    """Passkeys that were copied and are not given up yet."""


@bp.get("")
@guards.officer(Act.RECOVER_FACTORS)
@endpoint(summary="Who asks to be let in anew, and keys that were copied", returns=Recoveries)
async def list_recoveries(request: Request) -> Recoveries:
    return await _recoveries(request)


@bp.post("/<recovery_id:uuid>/confirmation")
@guards.officer(Act.RECOVER_FACTORS)
@endpoint(
    summary="Be one of the two who confirm",
    returns=Recoveries,
    problems=(errors.RecoveryNotOpen, errors.AnotherOperatorNeeded),
)
async def confirm(request: Request, recovery_id: UUID) -> Recoveries:
    await recovery.confirm(recovery_id, by=request.ctx.principal)
    return await _recoveries(request)


@bp.post("/<recovery_id:uuid>/refusal")
@guards.officer(Act.RECOVER_FACTORS)
@endpoint(
    summary="Refuse a recovery, also a confirmed one that was not used yet",
    returns=Recoveries,
    problems=(errors.RecoveryNotOpen,),
)
async def refuse(request: Request, recovery_id: UUID) -> Recoveries:
    await recovery.refuse(recovery_id, by=request.ctx.principal)
    return await _recoveries(request)


async def _recoveries(request: Request) -> Recoveries:
    by = request.ctx.principal
    return Recoveries(
        recoveries=[
            msgspec.convert(one, Waiting, from_attributes=True)
            for one in await recovery.list_for(by)
        ],
        locked=[
            msgspec.convert(one, LockedKey, from_attributes=True)
            for one in await recovery.list_locked(by)
        ],
    )
