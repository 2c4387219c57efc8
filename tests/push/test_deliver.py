"""Delivery: every channel once, each for itself, and again only where that is harmless."""

from typing import Any

import pytest
from redis.asyncio import Redis
from tortoise import connections

from core import ids
from core.settings import Settings
from identity import sign_in
from identity.people import organisations
from miniapp_bridge.errors import MessageRejected, OutcomeUnknown, PlatformUnavailable
from miniapp_bridge.platforms import open_connectors
from miniapp_bridge.platforms.sandbox import SandboxConnector
from push import deliver, inbox
from push.channels.channel import Outcome
from push.live import stream
from push.models import Delivery, DeliveryState
from push.texts import messages
from push.texts.message import Weight
from tests.identity import factories as people
from tests.push.factories import PERSON, Recorder, delivered, event, message

pytestmark = pytest.mark.usefixtures("db", "frozen_clock")


async def send(redis: Redis, *channels: Recorder, event_id: Any = None, **values: Any) -> Any:
    event_id = event_id or ids.new_id()
    await delivered(
        message(**values), event_id=event_id, redis=redis, connectors={}, channels=channels
    )
    return event_id


async def states() -> dict[str, str]:
    return {row.channel: row.state.value for row in await Delivery.all()}


async def test_notice_goes_live_and_into_the_inbox(redis: Redis) -> None:
    await delivered(message(), event_id=ids.new_id(), redis=redis, connectors={})

    (entry,) = await stream.since(stream.person(PERSON), 0)
    kept = await inbox.list_messages(PERSON, limit=10)
    assert (entry.kind, entry.payload["title"]) == ("case-accepted", "申请已受理")
    assert [item.title for item in kept] == ["申请已受理"]
    assert await states() == {
        "live": "sent",
        "inbox": "sent",
        "subscription": "skipped",
        "sms": "skipped",
        "email": "skipped",
    }


async def test_tick_only_moves_the_page(redis: Redis) -> None:
    await delivered(message(weight=Weight.TICK), event_id=ids.new_id(), redis=redis, connectors={})

    assert await states() == {"live": "sent"}


async def test_same_event_twice_arrives_once(redis: Redis) -> None:
    event_id = ids.new_id()
    for _ in range(3):
        await delivered(message(), event_id=event_id, redis=redis, connectors={})

    assert await stream.position(stream.person(PERSON)) == 1
    assert len(await inbox.list_messages(PERSON, limit=10)) == 1


async def test_subscription_message_goes_to_the_account_in_use(
    settings: Settings, redis: Redis
) -> None:
    connectors = await open_connectors(settings, redis=redis)
    sandbox = connectors["sandbox"]
    assert isinstance(sandbox, SandboxConnector)
    person_id = await people.person()
    await sign_in.bind(person_id, platform="sandbox", user_id="u1")

    await delivered(
        message(recipient_id=person_id), event_id=ids.new_id(), redis=redis, connectors=connectors
    )

    (sent,) = await sandbox.list_sent()
    assert sent["user_id"] == "u1"
    assert sent["template"] == "case-accepted"
    assert sent["values"]["time"] == "2026年11月25日 10:00"
    assert all(len(value) <= 20 for value in sent["values"].values())
    assert (await states())["subscription"] == "sent"


async def test_refused_subscription_is_skipped(settings: Settings, redis: Redis) -> None:
    connectors = await open_connectors(settings, redis=redis)
    sandbox = connectors["sandbox"]
    assert isinstance(sandbox, SandboxConnector)
    person_id = await people.person()
    await sign_in.bind(person_id, platform="sandbox", user_id="u1")
    await sandbox.withdraw_consent("u1")

    await delivered(
        message(recipient_id=person_id), event_id=ids.new_id(), redis=redis, connectors=connectors
    )

    assert (await states())["subscription"] == "skipped"


async def test_failing_channel_does_not_hold_up_the_others(redis: Redis) -> None:
    broken = Recorder("broken", failures=[PlatformUnavailable()])
    sound = Recorder("sound")

    await send(redis, broken, sound)

    assert await states() == {"broken": "pending", "sound": "sent"}


async def test_failed_channel_alone_is_tried_again_later(redis: Redis, frozen_clock: Any) -> None:
    broken = Recorder("broken", failures=[RuntimeError("one"), RuntimeError("two")])
    sound = Recorder("sound")
    await send(redis, broken, sound)
    channels = (broken, sound)

    assert await deliver.retry_due(redis=redis, connectors={}, channels=channels) == 0
    frozen_clock.advance(seconds=5)
    assert await deliver.retry_due(redis=redis, connectors={}, channels=channels) == 1
    frozen_clock.advance(seconds=20)
    assert await deliver.retry_due(redis=redis, connectors={}, channels=channels) == 1

    assert len(broken.sent) == len(sound.sent) == 1
    assert broken.sent == [message()]
    assert await states() == {"broken": "sent", "sound": "sent"}


async def test_channel_that_never_works_is_given_up(redis: Redis, frozen_clock: Any) -> None:
    broken = Recorder("broken", failures=[RuntimeError("no")] * 99)
    await send(redis, broken)

    for _ in range(10):
        frozen_clock.advance(hours=1)
        await deliver.retry_due(redis=redis, connectors={}, channels=(broken,))

    row = await Delivery.get()
    assert (row.state, row.attempts, row.last_error) == (
        DeliveryState.FAILED,
        deliver.MAX_ATTEMPTS,
        "RuntimeError",
    )


@pytest.mark.parametrize("failure", [OutcomeUnknown(), MessageRejected()])
async def test_what_would_double_or_never_work_is_not_tried_again(
    redis: Redis, frozen_clock: Any, failure: Exception
) -> None:
    channel = Recorder("platform", repeatable=False, failures=[failure])
    await send(redis, channel)
    frozen_clock.advance(hours=1)

    assert await deliver.retry_due(redis=redis, connectors={}, channels=(channel,)) == 0

    assert await states() == {"platform": "failed"}
    assert channel.sent == []


async def test_unknown_outcome_is_given_up(redis: Redis) -> None:
    await send(redis, Recorder("platform", repeatable=False, outcome=Outcome.UNKNOWN))

    assert await states() == {"platform": "failed"}


class Killed(BaseException):
    """The worker dies while it sends."""


@pytest.mark.parametrize(("repeatable", "state"), [(True, "sent"), (False, "failed")])
async def test_claim_of_a_dead_worker_is_taken_over_only_where_harmless(
    redis: Redis, frozen_clock: Any, repeatable: bool, state: str
) -> None:
    channel = Recorder("channel", repeatable=repeatable, failures=[Killed()])
    await send(redis, channel)
    assert await deliver.retry_due(redis=redis, connectors={}, channels=(channel,)) == 0
    frozen_clock.advance(seconds=60)

    await deliver.retry_due(redis=redis, connectors={}, channels=(channel,))

    assert await states() == {"channel": state}


async def test_message_is_stored_and_read_again_whole() -> None:
    for weight in Weight:
        whole = message(weight=weight)
        assert deliver.from_stored(deliver.to_stored(whole)) == whole


async def test_department_and_supervisors_are_told_once(redis: Redis) -> None:
    notice = messages.department_notice(event("CaseSubmitted"))
    assert notice is not None
    event_id = ids.new_id()
    for _ in range(2):
        await deliver.tell_department(notice, event_id=event_id, redis=redis)

    for key in ("SCJG", stream.ALL_DEPARTMENTS):
        (entry,) = await stream.since(stream.department(key), 0)
        assert entry.payload["title"] == "收到新的申请"


async def test_finished_deliveries_are_forgotten_and_pending_ones_kept(
    redis: Redis, frozen_clock: Any
) -> None:
    await send(redis, Recorder("sound"), Recorder("broken", failures=[RuntimeError("no")]))
    frozen_clock.advance(days=91)

    assert await deliver.forget_old() == 1

    assert await states() == {"broken": "pending"}


async def test_what_a_message_says_is_not_readable_in_the_tables(redis: Redis) -> None:
    await delivered(message(), event_id=ids.new_id(), redis=redis, connectors={})

    for table in ("push_delivery", "push_inbox_message", "push_stream_entry"):
        rows = await connections.get("default").execute_query_dict(f"SELECT * FROM {table}")
        assert rows
        assert "食品经营许可" not in str(rows)
        assert "\\u98df" not in str(rows)


async def companys_message(redis: Redis, *channels: Recorder) -> tuple[Any, Any, Any]:
    """An agent acted for a company; gives the company, its representative and the agent."""
    boss = await people.person(id_no=people.LI, name="李样例")
    agent, company = await people.person(), await people.organisation(boss)
    await organisations.authorise_agent(company, person_id=agent, by="system:tests")
    return company, boss, agent


async def test_who_lost_the_mandate_hears_nothing_and_the_representative_does(
    redis: Redis,
) -> None:
    company, boss, agent = await companys_message(redis)
    declined = event("AcceptanceDeclined", reason="商业秘密", subject_id=company, person_id=agent)
    await organisations.end_agency(company, person_id=agent, by="system:tests")

    await deliver.deliver(
        messages.acceptance_declined(declined), event_id=ids.new_id(), redis=redis, connectors={}
    )

    assert len(await inbox.list_messages(agent, limit=10)) == 0
    assert await stream.position(stream.person(agent)) == 0
    kept = await inbox.list_messages(boss, limit=10)
    assert [item.title for item in kept] == ["申请未予受理"]
    assert {row.recipient_id for row in await Delivery.all()} == {boss}


async def test_the_right_is_asked_again_when_a_ring_that_waited_is_sent(
    redis: Redis, frozen_clock: Any
) -> None:
    """Quiet hours keep a ring for a night; the mandate ends meanwhile."""
    company, boss, agent = await companys_message(redis)
    declined = event("AcceptanceDeclined", reason="商业秘密", subject_id=company, person_id=agent)
    bell = Recorder("bell")
    broken = Recorder("bell", failures=[PlatformUnavailable()])
    await deliver.deliver(
        messages.acceptance_declined(declined),
        event_id=ids.new_id(),
        redis=redis,
        connectors={},
        channels=[broken],
    )
    await organisations.end_agency(company, person_id=agent, by="system:tests")
    frozen_clock.advance(hours=1)

    await deliver.retry_due(redis=redis, connectors={}, channels=[bell])

    assert bell.sent == []
    row = await Delivery.get(recipient_id=agent)
    assert (row.state, row.last_error) == (DeliveryState.SKIPPED, "right-ended")
    kept = await inbox.list_messages(boss, limit=10)
    assert [item.title for item in kept] == ["申请未予受理"]
