"""The inbox: own messages only, newest first, read once."""

from typing import Any
from uuid import UUID

import pytest
from redis.asyncio import Redis

from core import ids
from core.data.pages import WrongPlace
from push import deliver, errors, inbox
from push.models import InboxMessage
from tests import decrypted
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

    page = await inbox.list_messages(PERSON, limit=2)
    rest = await inbox.list_messages(PERSON, limit=2, after=page.following)

    assert (len(page), len(rest), rest.following) == (2, 1, None)
    assert await inbox.count_unread(PERSON) == 3
    times = [item.at for item in (*page, *rest)]
    assert times == sorted(times, reverse=True)


async def test_reading_counts_once(redis: Redis, frozen_clock: Any) -> None:
    await keep(redis, frozen_clock, count=2)
    newest = (await inbox.list_messages(PERSON, limit=1))[0]

    await inbox.mark_read(newest.id, person_id=PERSON)
    await inbox.mark_read(newest.id, person_id=PERSON)

    page = await inbox.list_messages(PERSON, limit=2)
    assert [item.read for item in page] == [True, False]
    assert await inbox.count_unread(PERSON) == 1


async def test_message_of_someone_else_is_not_found(redis: Redis, frozen_clock: Any) -> None:
    await keep(redis, frozen_clock, count=1)
    mine = (await inbox.list_messages(PERSON, limit=1))[0]

    with pytest.raises(errors.InboxMessageNotFound):
        await inbox.mark_read(mine.id, person_id=OTHER)


async def test_all_can_be_read_at_once(redis: Redis, frozen_clock: Any) -> None:
    await keep(redis, frozen_clock, count=3)

    assert await inbox.mark_all_read(PERSON) == 3
    assert await inbox.count_unread(PERSON) == 0


async def test_message_that_comes_between_two_pages_shifts_no_other(
    redis: Redis, frozen_clock: Any
) -> None:
    await keep(redis, frozen_clock, count=4)
    first = await inbox.list_messages(PERSON, limit=2)

    await keep(redis, frozen_clock, count=3)
    rest = await inbox.list_messages(PERSON, limit=9, after=first.following)

    ids_seen = [item.id for item in (*first, *rest)]
    assert len(ids_seen) == len(set(ids_seen)) == 4


async def test_what_is_put_away_is_a_list_of_its_own(redis: Redis, frozen_clock: Any) -> None:
    await keep(redis, frozen_clock, count=4)
    for item in (await inbox.list_messages(PERSON, limit=9))[1:]:
        await inbox.archive(item.id, person_id=PERSON)

    at_hand = await inbox.list_messages(PERSON, limit=1)
    away = await inbox.list_messages(PERSON, limit=2, archived=True)

    assert (len(at_hand), at_hand.following, len(away)) == (1, None, 2)
    assert await inbox.count_unread(PERSON) == 1
    with pytest.raises(WrongPlace):
        await inbox.list_messages(PERSON, limit=2, after=away.following)


async def test_unread_are_counted_as_far_as_a_badge_goes() -> None:
    await InboxMessage.bulk_create(
        InboxMessage(person_id=PERSON, event_id=ids.new_id(), kind="news", content="{}")
        for _ in range(inbox.MOST_UNREAD + 20)
    )

    assert await inbox.count_unread(PERSON) == inbox.MOST_UNREAD
    assert await inbox.mark_all_read(PERSON) == inbox.MOST_UNREAD + 20
    assert await inbox.count_unread(PERSON) == 0


async def test_page_decrypts_its_own_messages_only(
    redis: Redis, frozen_clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await keep(redis, frozen_clock, count=12)
    seen = decrypted.watch(monkeypatch)

    await inbox.list_messages(PERSON, limit=3)
    await inbox.count_unread(PERSON)

    assert seen == ["push_inbox_message.content"] * 4
