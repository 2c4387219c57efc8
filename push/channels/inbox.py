"""Inbox channel: the message is kept for the person, with or without any platform."""

import json
from typing import TYPE_CHECKING
from uuid import UUID

from core.database import insert_last
from push.channels.channel import Outcome, ReachesEverybody, Ring, Tools
from push.models import InboxMessage
from push.texts.message import Message, Weight

if TYPE_CHECKING:
    from redis.asyncio import Redis


class InboxChannel(ReachesEverybody):
    """See the module."""

    name = "inbox"
    weights = frozenset({Weight.NOTICE})
    repeatable = True
    rings = False

    async def write(self, message: Message, *, event_id: UUID) -> Ring:
        insert_last(self._row(message, event_id))
        return _nobody_waits

    async def send(self, message: Message, *, event_id: UUID, tools: Tools) -> Outcome:
        await InboxMessage.bulk_create([self._row(message, event_id)], ignore_conflicts=True)
        return Outcome.SENT

    def _row(self, message: Message, event_id: UUID) -> InboxMessage:
        content = {
            "title": message.title,
            "body": message.body,
            "link": message.link,
            "data": message.data,
        }
        return InboxMessage(
            person_id=message.recipient_id,
            event_id=event_id,
            kind=message.kind,
            content=json.dumps(content, ensure_ascii=False),
        )


async def _nobody_waits(redis: "Redis") -> None:
    """The page learns of a new message by the live stream."""
