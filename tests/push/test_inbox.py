"""The inbox: own messages only, newest first, read once."""

from typing import Any
from uuid import UUID

import pytest
from redis.asyncio import Redis

from core import ids
from push import deliver, errors, inbox
from tests.push.factories import OTHER, PERSON, message

pytestmark = pytest.mark.usefixtures("db", "frozen_clock")


async def keep(redis: Redis, clock: Any, *, count: int, recipient_id: UUID = PERSON) -> None:
    for _ in range(count):
        clock.advance(seconds=1)
        await deliver.deliver(
            message(recipient_id=recipient_id), event_id=ids.new_id(), redis=redis, connectors={}
        )


async def test_pages_are_newest_first_and_own_only(redis: Redis, frozen_clock: Any) -> None:
    await keep(redis, frozen_clock, count=3)
    await keep(redis, frozen_clock, count=1, recipient_id=OTHER)

    page = await inbox.list_messages(PERSON, limit=2, offset=0)
    rest = await inbox.list_messages(PERSON, limit=2, offset=2)

    assert (page.total, page.unread, len(page.items), len(rest.items)) == (3, 3, 2, 1)
    times = [item.at for item in (*page.items, *rest.items)]
    assert times == sorted(times, reverse=True)


async def test_reading_counts_once(redis: Redis, frozen_clock: Any) -> None:
    await keep(redis, frozen_clock, count=2)
    newest = (await inbox.list_messages(PERSON, limit=1, offset=0)).items[0]

    await inbox.mark_read(newest.id, person_id=PERSON)
    await inbox.mark_read(newest.id, person_id=PERSON)

    page = await inbox.list_messages(PERSON, limit=2, offset=0)
    assert [item.read for item in page.items] == [True, False]
    assert page.unread == 1


async def test_message_of_someone_else_is_not_found(redis: Redis, frozen_clock: Any) -> None:
    await keep(redis, frozen_clock, count=1)
    mine = (await inbox.list_messages(PERSON, limit=1, offset=0)).items[0]

    with pytest.raises(errors.InboxMessageNotFound):
        await inbox.mark_read(mine.id, person_id=OTHER)


async def test_all_can_be_read_at_once(redis: Redis, frozen_clock: Any) -> None:
    await keep(redis, frozen_clock, count=3)

    assert await inbox.mark_all_read(PERSON) == 3
    assert (await inbox.list_messages(PERSON, limit=1, offset=0)).unread == 0
