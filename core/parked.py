"""What an operator does about parked events: tell again, or give up. Both leave a trace."""

from uuid import UUID

from core import database, outbox
from core.errors import NotFound
from core.protection import audit


class ParkedEventNotFound(NotFound):
    slug = "parked-event-not-found"
    title = "这个事件已经不在停放中，请刷新后再看"


async def replay(event_id: UUID, *, reason: str, by: str) -> None:
    """Let the event try again from the beginning. Raises `ParkedEventNotFound`."""
    async with database.transaction():
        if not await outbox.replay(event_id):
            raise ParkedEventNotFound()
        await _note("outbox.replay", event_id, reason=reason, by=by)


async def drop(event_id: UUID, *, reason: str, by: str) -> None:
    """Give the event up, so that what waits behind it goes on. Raises `ParkedEventNotFound`."""
    async with database.transaction():
        if not await outbox.drop(event_id):
            raise ParkedEventNotFound()
        await _note("outbox.drop", event_id, reason=reason, by=by)


async def _note(action: str, event_id: UUID, *, reason: str, by: str) -> None:
    await audit.record(
        actor=by, action=action, target=f"event:{event_id}", detail={"reason": reason}
    )
    # The bell of the act itself may have rung before the change could be seen.
    database.after_commit(outbox.bell.ring)
