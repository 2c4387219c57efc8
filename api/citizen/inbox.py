"""The inbox of a citizen: what was told, read or not."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sanic import Blueprint, Request

from api.edge import guards
from api.edge.endpoint import endpoint
from api.edge.paging import Page
from core.data.pages import WrongPlace
from push import errors, inbox

bp = Blueprint("citizen-inbox", url_prefix="/api/citizen/inbox")


class InboxItem(msgspec.Struct, kw_only=True):
    id: UUID
    kind: str
    title: str
    body: str
    link: str
    data: dict[str, Any]
    at: datetime
    read: bool


class InboxPage(msgspec.Struct, kw_only=True):
    items: list[InboxItem]
    next: str | None
    """`after` of the next page; null on the last one."""
    unread: int
    """Of the whole inbox, not of this page; 100 stands for as many or more."""


class InboxQuery(Page, kw_only=True, forbid_unknown_fields=True):
    archived: bool = False
    """Those put away instead of those at hand."""


@bp.get("/")
@guards.citizen
@endpoint(
    summary="Messages, newest first", query=InboxQuery, returns=InboxPage, problems=(WrongPlace,)
)
async def list_messages(request: Request, query: InboxQuery) -> InboxPage:
    person_id = request.ctx.principal.person_id
    page = await inbox.list_messages(
        person_id, limit=query.limit, after=query.after, archived=query.archived
    )
    return InboxPage(
        items=[msgspec.convert(item, InboxItem, from_attributes=True) for item in page],
        next=page.following,
        unread=await inbox.count_unread(person_id),
    )


@bp.post("/<message_id:uuid>/read")
@guards.citizen
@endpoint(summary="Mark a message as read", problems=(errors.InboxMessageNotFound,))
async def mark_read(request: Request, message_id: UUID) -> None:
    await inbox.mark_read(message_id, person_id=request.ctx.principal.person_id)


@bp.post("/<message_id:uuid>/archive")
@guards.citizen
@endpoint(summary="Put a message away", problems=(errors.InboxMessageNotFound,))
async def archive(request: Request, message_id: UUID) -> None:
    await inbox.archive(message_id, person_id=request.ctx.principal.person_id)


@bp.delete("/<message_id:uuid>/archive")
@guards.citizen
@endpoint(summary="Take a message back", problems=(errors.InboxMessageNotFound,))
async def restore(request: Request, message_id: UUID) -> None:
    await inbox.restore(message_id, person_id=request.ctx.principal.person_id)


@bp.post("/read")
@guards.citizen
@endpoint(summary="Mark every message as read")
async def mark_all_read(request: Request) -> None:
    await inbox.mark_all_read(request.ctx.principal.person_id)
