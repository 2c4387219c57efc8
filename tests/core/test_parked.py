"""Parked events are told again or given up, and the audit trail says by whom and why."""

from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest

from core import clock, database, outbox, parked
from core.events import Event
from core.outbox import OutboxMessage
from core.parked import ParkedEventNotFound
from core.protection import audit
from core.protection.audit import AuditRecord

OPERATOR = "officer:somebody"


@dataclass(frozen=True, kw_only=True)
class Stumbled(Event):
    pass


@pytest.fixture
async def event_id(db: None) -> UUID:
    event = Stumbled()
    async with database.transaction():
        await outbox.publish(event, key="a")
    await OutboxMessage.filter(event_id=event.id).update(parked_at=clock.now(), attempts=8)
    return event.id


async def test_a_replayed_event_tries_again_from_the_beginning(event_id: UUID) -> None:
    await parked.replay(event_id, reason="印章服务已恢复", by=OPERATOR)

    row = await OutboxMessage.get(event_id=event_id)
    assert (row.parked_at, row.attempts, row.done_at) == (None, 0, None)
    record = await AuditRecord.get(action="outbox.replay")
    assert (record.actor, record.detail) == (OPERATOR, {"reason": "印章服务已恢复"})
    assert await audit.check() > 0


async def test_a_dropped_event_is_done_with(event_id: UUID) -> None:
    await parked.drop(event_id, reason="重复事件", by=OPERATOR)

    assert await outbox.list_parked() == []
    assert await AuditRecord.filter(action="outbox.drop").count() == 1


async def test_what_is_not_parked_cannot_be_decided_about(event_id: UUID) -> None:
    await parked.drop(event_id, reason="重复事件", by=OPERATOR)

    for act in (parked.drop, parked.replay):
        for unknown in (uuid4(), event_id):
            with pytest.raises(ParkedEventNotFound):
                await act(unknown, reason="再来一次", by=OPERATOR)
    assert await AuditRecord.filter(action__startswith="outbox.").count() == 1
