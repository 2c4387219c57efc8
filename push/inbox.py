"""Reading the inbox: a person's own messages, newest first."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from core import clock
from core.data import pages
from core.data.pages import Page, Section
from push.errors import InboxMessageNotFound
from push.models import InboxMessage

MOST_UNREAD = 100
"""A badge says 99+ from here on: nobody plans a day by the exact number."""


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


async def list_messages(
    person_id: UUID, *, limit: int, after: str | None = None, archived: bool = False
) -> Page[InboxItem]:
    """A page of a person's messages, newest first: those at hand, or those put away.

    Raises WrongPlace.
    """
    mine = InboxMessage.filter(person_id=person_id, archived_at__isnull=not archived)
    name = "inbox.archived" if archived else "inbox"
    section = Section(name, mine, ("created_at", "id"))
    return (await pages.read(section, after=after, limit=limit)).map(_item)


async def count_unread(person_id: UUID) -> int:
    """Messages that the person has not read; `MOST_UNREAD` stands for as many or more."""
    unread = InboxMessage.filter(person_id=person_id, read_at=None)
    return await pages.count_up_to(unread, MOST_UNREAD)


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
