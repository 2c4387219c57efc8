"""SMS channel: what somebody must act on, or has waited for, in one short message.

One SMS of 70 characters (YD/T 1039.1: UCS-2, 140 bytes) including the signature the operator
demands at its beginning. No personal data, no link: people are taught not to follow links in SMS.
"""

from uuid import UUID

from identity import queries
from push.channels.channel import ForeignChannel, Outcome, Tools
from push.message import Message, Weight, cut

LONGEST_SMS = 70
SIGNATURE = "【云间证】"
ENDING = "请登录办理。"

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


class SmsChannel(ForeignChannel):
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
            text=sms_text(message),
            reference=str(event_id),
        )
        return Outcome.SENT


def sms_text(message: Message) -> str:
    """Signature, title, as much of the body as fits, and what to do."""
    room = LONGEST_SMS - len(SIGNATURE) - len(message.title) - len("：") - len(ENDING)
    return f"{SIGNATURE}{message.title}：{cut(message.body, room)}{ENDING}"
