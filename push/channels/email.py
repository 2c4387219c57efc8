"""E-mail channel: the whole message to the address a person has confirmed."""

from uuid import UUID

from push import preferences
from push.channels.channel import Outcome, Tools
from push.texts.message import Message, Weight

FOOTER = "这是系统自动发送的通知，请勿回复。您可以登录后在“通知设置”中关闭邮件通知。"
LONGEST_LINE = 998
"""Bytes (RFC 5322, 2.1.1); the body is encoded by the standard library and never comes near."""


class EmailChannel:
    """See the module. E-mail rings nowhere: it knows no quiet hours."""

    name = "email"
    weights = frozenset({Weight.NOTICE})
    repeatable = False
    rings = False

    async def reaches(self, message: Message, *, tools: Tools) -> bool:
        return tools.outlets.email.open

    async def send(self, message: Message, *, event_id: UUID, tools: Tools) -> Outcome:
        wanted = await preferences.get(message.recipient_id)
        if not tools.outlets.email.open or wanted.email is None:
            return Outcome.SKIPPED
        await tools.outlets.email.send(
            to=wanted.email,
            title=f"云间证：{message.title}",
            text=f"{message.body}\n\n{FOOTER}\n",
            reference=str(event_id),
        )
        return Outcome.SENT
