"""For operators: where the logs stand, and what is not as they say."""

from datetime import datetime
from uuid import UUID

import msgspec
from sanic import Blueprint, Request

from api.edge import guards, paging
from api.edge.endpoint import endpoint
from core.data.pages import WrongPlace
from identity.errors import RoleMissing
from identity.staff.roles import Act as StaffAct
from identity.staff.roles import insist
from wallet.log import alarms as log_alarms
from wallet.log import anchors

bp = Blueprint("staff-logs", url_prefix="/api/staff")


class AlarmAnswer(msgspec.Struct, kw_only=True):
    id: UUID
    kind: str
    """rollback, anchor, head, register or state."""
    about: str
    detail: str
    """What differs, never a value."""
    found_at: datetime


class LogsAnswer(msgspec.Struct, kw_only=True):
    anchored_at: datetime | None
    """When the heads of the logs went into the public log last."""
    waiting: bool
    """Whether logs have moved since."""
    alarms: list[AlarmAnswer]
    """Open ones, newest first; `manage.py compare-register` resolves them."""
    next: str | None
    """`after` of the next page of alarms; null on the last one."""


@bp.get("/logs")
@guards.officer(StaffAct.OPERATE)
@endpoint(
    summary="When the logs were anchored last, and alarms that nobody has resolved",
    query=paging.Page,
    returns=LogsAnswer,
    problems=(RoleMissing, WrongPlace),
)
async def get_logs(request: Request, query: paging.Page) -> LogsAnswer:
    insist(request.ctx.principal, StaffAct.OPERATE)
    alarms = await log_alarms.list_open(after=query.after, limit=query.limit)
    found = await anchors.standing_of_all()
    return LogsAnswer(
        anchored_at=found.anchored_at,
        waiting=found.waiting,
        alarms=[msgspec.convert(one, AlarmAnswer, from_attributes=True) for one in alarms],
        next=alarms.following,
    )
