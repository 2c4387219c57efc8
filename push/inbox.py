"""Reading the inbox: a person's own messages, newest first."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from core import clock
from push.errors import InboxMessageNotFound
from push.models import InboxMessage


@dataclass(frozen=True, kw_only=True)
class InboxItem:
    """One kept message."""

    id: UUID
    kind: str
    title: str
    body: str
    link: str
    data: dict[str, Any]
    at: datetime
    read: bool


@dataclass(frozen=True, kw_only=True)
class Inbox:
    """A page of the inbox; `unread` counts the whole inbox."""

    items: list[InboxItem]
    total: int
    unread: int


async def list_messages(
    person_id: UUID, *, limit: int, offset: int, archived: bool = False
) -> Inbox:
    """A page of a person's messages: those at hand, or those put away."""
    mine = InboxMessage.filter(person_id=person_id, archived_at__isnull=not archived)
    rows = await mine.order_by("-created_at", "id").offset(offset).limit(limit)
    return Inbox(
        items=[_item(row) for row in rows],
        total=await mine.count(),
        unread=await mine.filter(read_at=None).count(),
    )


async def mark_read(message_id: UUID, *, person_id: UUID) -> None:
    """Mark an own message as read; again is harmless. Raises InboxMessageNotFound."""
    mine = InboxMessage.filter(id=message_id, person_id=person_id)
    if not await mine.exists():
        raise InboxMessageNotFound()
    await mine.filter(read_at=None).update(read_at=clock.now())


async def archive(message_id: UUID, *, person_id: UUID) -> None:
    """Put an own message away, read; again is harmless. Raises InboxMessageNotFound."""
    await mark_read(message_id, person_id=person_id)
    await InboxMessage.filter(id=message_id, person_id=person_id, archived_at=None).update(
        archived_at=clock.now()
    )


async def restore(message_id: UUID, *, person_id: UUID) -> None:
    """Take an own message back; again is harmless. Raises InboxMessageNotFound."""
    mine = InboxMessage.filter(id=message_id, person_id=person_id)
    if not await mine.exists():
        raise InboxMessageNotFound()
    await mine.update(archived_at=None)


async def mark_all_read(person_id: UUID) -> int:
    """Mark every message as read; returns how many were not."""
    unread = InboxMessage.filter(person_id=person_id, read_at=None)
    return await unread.update(read_at=clock.now())


def _item(row: InboxMessage) -> InboxItem:
    return InboxItem(
        id=row.id,
        kind=row.kind,
        at=row.created_at,
        read=row.read_at is not None,
        **json.loads(row.content),
    )
