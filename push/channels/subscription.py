"""Subscription channel: a message of the mini-app platform the person used last.

The platform's own template and field names are the connector's business; here a message has three
values. They hold no personal data and obey the shortest limit of all platforms.
"""

from typing import Any
from uuid import UUID

from core import clock
from identity import queries
from miniapp_bridge.connector import ConsentQuerying, SendOutcome, SubscriptionMessage
from push import consents
from push.channels.channel import Outcome, Tools
from push.texts.message import LONGEST_TITLE, Message, Weight, cut

OUTCOMES = {
    SendOutcome.SENT: Outcome.SENT,
    SendOutcome.NO_CONSENT: Outcome.SKIPPED,
    SendOutcome.UNKNOWN: Outcome.UNKNOWN,
}


class SubscriptionChannel:
    """See the module."""

    name = "subscription"
    weights = frozenset({Weight.NOTICE})
    repeatable = False
    rings = True

    async def reaches(self, message: Message, *, tools: Tools) -> bool:
        platforms = await queries.list_platforms(message.recipient_id)
        return any(platform in tools.connectors for platform in platforms)

    async def send(self, message: Message, *, event_id: UUID, tools: Tools) -> Outcome:
        for account in await queries.list_platform_users(message.recipient_id):
            connector = tools.connectors.get(account.platform)
            if connector is not None:
                asked = connector if isinstance(connector, ConsentQuerying) else None
                if asked and not await consents.takes(account, message.kind, connector=asked):
                    return Outcome.SKIPPED
                sent = await connector.send_subscription_message(
                    SubscriptionMessage(
                        user_id=account.user_id,
                        template=message.kind,
                        values=template_values(message),
                        page=f"pages/h5/index?path={message.link.removeprefix('#')}",
                    )
                )
                if asked:
                    await consents.note(account, message.kind, sent, connector=asked)
                return OUTCOMES[sent]
        return Outcome.SKIPPED


def template_values(message: Message) -> dict[str, Any]:
    """`title`, `note` and `time`, each at most 20 characters."""
    at = clock.local(clock.now())
    return {
        "title": message.title,
        "note": cut(message.body, LONGEST_TITLE),
        "time": f"{at.year}年{at.month}月{at.day}日 {at:%H:%M}",
    }
