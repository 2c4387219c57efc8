"""Inbox channel: the message is kept for the person, with or without any platform."""

import json
from uuid import UUID

from push.channels.channel import Outcome, Tools
from push.message import Message, Weight
from push.models import InboxMessage


class InboxChannel:
    """See the module."""

    name = "inbox"
    weights = frozenset({Weight.NOTICE})
    repeatable = True
    rings = False

    async def send(self, message: Message, *, event_id: UUID, tools: Tools) -> Outcome:
        content = {
            "title": message.title,
            "body": message.body,
            "link": message.link,
            "data": message.data,
        }
        row = InboxMessage(
            person_id=message.recipient_id,
            event_id=event_id,
            kind=message.kind,
            content=json.dumps(content, ensure_ascii=False),
        )
        await InboxMessage.bulk_create([row], ignore_conflicts=True)
        return Outcome.SENT
