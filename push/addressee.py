"""Who is told: the person a message names, as long as that person may speak for whom it is about.

The right is asked when a message is written and again when it is sent, since a ring may wait for
the end of quiet hours. Who had a mandate and lost it hears nothing more of the matter; whoever
answers for the holder or the company hears it instead.
"""

from dataclasses import replace

from identity import queries
from identity.errors import SubjectNotFound
from push.texts.message import Message


async def rightful(message: Message) -> Message | None:
    """The message for whoever may have it now; None when nobody is known who may."""
    if await may_have(message):
        return message
    assert message.about is not None  # noqa: S101 - without it everybody may have it
    try:
        recipient = await queries.find_responsible_person(message.about)
    except SubjectNotFound:
        return None
    return None if recipient is None else replace(message, recipient_id=recipient)


async def may_have(message: Message) -> bool:
    """Whether the person named may hear this now."""
    return message.about is None or await queries.stands_for(message.recipient_id, message.about)
