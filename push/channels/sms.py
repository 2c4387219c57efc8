"""SMS channel: what somebody must act on, or has waited for, in one short message.

One SMS of 70 characters (YD/T 1039.1: UCS-2, 140 bytes) including the signature the operator
demands at its beginning. No personal data. No link either, because people are taught not to follow
links in SMS, with one exception: who came last by a mini-program whose channel says so (`sms_link`)
gets the platform's own link, which opens for one person only, in that app, at a sign-in.
"""

import logging
from uuid import UUID

from core.errors import Problem
from identity import channels, queries
from miniapp_bridge.connector import Linking
from push.channels.channel import Outcome, Tools
from push.texts.message import Message, Weight, cut

LONGEST_SMS = 70
SIGNATURE = "【云间证】"
ENDING = "请登录办理。"
LINK_PAGE = "pages/index/index"
LINK_DAYS = 7
SHORTEST_BODY = 6
"""Characters; a message that says less beside its link does without the link."""

log = logging.getLogger(__name__)

KINDS = frozenset(
    {
        "supplement-requested",
        "acceptance-declined",
        "case-refused",
        "case-approved",
        "case-lapsed",
        "licence-issued",
        "licence-state-changed",
        "material-checked",
    }
)
"""Each SMS costs money and attention."""


class SmsChannel:
    """See the module."""

    name = "sms"
    weights = frozenset({Weight.NOTICE})
    repeatable = False
    rings = True

    async def reaches(self, message: Message, *, tools: Tools) -> bool:
        return tools.outlets.sms.open and message.kind in KINDS

    async def send(self, message: Message, *, event_id: UUID, tools: Tools) -> Outcome:
        if not tools.outlets.sms.open or message.kind not in KINDS:
            return Outcome.SKIPPED
        subject = await queries.get_subject(message.recipient_id)
        if not subject.phone:
            return Outcome.SKIPPED
        await tools.outlets.sms.send(
            to=subject.phone,
            title=message.title,
            text=sms_text(message, link=await _link(message, tools)),
            reference=str(event_id),
        )
        return Outcome.SENT


def sms_text(message: Message, *, link: str = "") -> str:
    """Signature, title, as much of the body as fits, and what to do."""
    # The space ends the address; a full stop after it would be taken for a part of it.
    ending = f"点开办理 {link} " if link else ENDING
    room = LONGEST_SMS - len(SIGNATURE) - len(message.title) - len("：") - len(ending)
    if link and room < SHORTEST_BODY:
        return sms_text(message)
    return f"{SIGNATURE}{message.title}：{cut(message.body, room)}{ending}"


async def _link(message: Message, tools: Tools) -> str:
    """The link into the app the person used last; empty when there is none to be had.

    A platform that is away must not hold the message up.
    """
    for account in (await queries.list_platform_users(message.recipient_id))[:1]:
        connector = tools.connectors.get(account.platform)
        if channels.linked(account.platform) is None or not isinstance(connector, Linking):
            return ""
        query = channels.link_query(message.link.removeprefix("#"))
        try:
            return await connector.link(path=LINK_PAGE, query=query, days=LINK_DAYS)
        except Problem as refusal:
            log.warning("no link for an SMS: %s", refusal.slug)
    return ""
