"""Webhooks: signed, in order per object, at least once, and never into our own network."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from core import clock, ids
from core.valkey.embedded import free_port
from identity.systems import clients
from push.errors import (
    TooManyWebhooks,
    WebhookCallNotFound,
    WebhookNotFound,
)
from push.models import WebhookCall
from push.webhooks import calls, endpoints, notices, signatures
from push.webhooks.notices import Notice
from push.webhooks.sender import Sender
from tests.conftest import FrozenClock
from tests.identity import factories as people
from tests.push.factories import CASE, PERSON, event
from tests.push.receivers import BY, LOOPBACK, OWNER, Receiver, hook, listening

pytestmark = pytest.mark.usefixtures("db", "frozen_clock")


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with listening() as made:
        yield made


@pytest.fixture
async def sender() -> AsyncIterator[Sender]:
    made = Sender(allowed=LOOPBACK)
    yield made
    await made.close()


def notice(object_key: str = "case-1", *, kind: str = "case-accepted") -> Notice:
    return Notice(
        event_id=ids.new_id(),
        kind=kind,
        object_key=object_key,
        topics=(OWNER,),
        body=notices.render(kind, clock.now(), {"case_id": object_key}),
    )


async def enqueue(*wanted: Notice) -> list[str]:
    for one in wanted:
        await calls.enqueue(one)
    return [str(one.event_id) for one in wanted]


async def pass_once(sender: Sender) -> None:
    await sender.send_due()
    await sender.settle()


async def test_closed_sender_opens_nothing_again(receiver: Receiver, sender: Sender) -> None:
    webhook_id, _ = await hook(receiver)
    await sender.close()

    answer = await sender.test(webhook_id, owner=OWNER)

    assert (answer.status, answer.error) == (None, "stopped")
    assert receiver.heard == []


class TestSigning:
    @pytest.mark.parametrize("suite", sorted(signatures.SUITES))
    async def test_call_is_signed_over_time_and_body(
        self, receiver: Receiver, sender: Sender, suite: str
    ) -> None:
        _, secret = await hook(receiver, suite=suite)
        (event_id,) = await enqueue(notice())
        await pass_once(sender)

        (request,) = receiver.heard
        proof = {
            "suite": suite,
            "secret": secret,
            "call_id": request.headers["Webhook-Id"],
            "timestamp": request.headers["Webhook-Timestamp"],
            "signature": request.headers["Webhook-Signature"],
            "body": receiver.bodies[0],
        }
        assert request.headers["Webhook-Id"] == event_id
        assert signatures.verify(**proof)
        assert not signatures.verify(**proof | {"body": receiver.bodies[0] + b" "})
        assert not signatures.verify(**proof | {"timestamp": "1"})
        assert not signatures.verify(**proof | {"secret": signatures.new_secret()})

    def test_published_vector_of_standard_webhooks(self) -> None:
        headers = signatures.sign(
            suite="hmac-sha256",
            secrets=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
            call_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
            timestamp=1614265330,
            body=b'{"test": 2432232314}',
        )

        assert headers["Webhook-Signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

    async def test_former_key_signs_along_for_a_day(
        self, receiver: Receiver, sender: Sender, frozen_clock: FrozenClock
    ) -> None:
        webhook_id, former = await hook(receiver)
        present = await endpoints.rotate_key(webhook_id, owner=OWNER, by=BY)
        await enqueue(notice())
        await pass_once(sender)
        frozen_clock.advance(hours=25)
        await enqueue(notice())
        await pass_once(sender)

        during, after = (
            [self.good(request, body, secret) for secret in (former, present)]
            for request, body in zip(receiver.heard, receiver.bodies, strict=True)
        )
        assert during == [True, True]
        assert after == [False, True]

    def good(self, request: web.Request, body: bytes, secret: str) -> bool:
        return signatures.verify(
            suite="hmac-sha256",
            secret=secret,
            call_id=request.headers["Webhook-Id"],
            timestamp=request.headers["Webhook-Timestamp"],
            signature=request.headers["Webhook-Signature"],
            body=body,
        )


class TestDelivery:
    async def test_same_event_twice_is_called_once(
        self, receiver: Receiver, sender: Sender
    ) -> None:
        await hook(receiver)
        once = notice()
        await enqueue(once, once)
        await pass_once(sender)
        await pass_once(sender)

        assert receiver.ids == [str(once.event_id)]

    async def test_only_wanted_kinds_and_topics_are_told(
        self, receiver: Receiver, sender: Sender
    ) -> None:
        await hook(receiver, kinds=("case-approved",))
        await hook(receiver, topic="dept:GA")
        (wanted,) = await enqueue(notice(kind="case-approved"))
        await enqueue(notice(kind="case-accepted"))
        await pass_once(sender)

        assert receiver.ids == [wanted]

    async def test_events_of_one_object_keep_their_order_through_failures(
        self, receiver: Receiver, sender: Sender, frozen_clock: FrozenClock
    ) -> None:
        await hook(receiver)
        first, second, third = await enqueue(notice(), notice(), notice())
        receiver.answers = [500]
        await pass_once(sender)
        (other,) = await enqueue(notice("case-2"))
        for _ in range(6):
            await pass_once(sender)
            frozen_clock.advance(seconds=30)

        assert [one for one in receiver.ids if one != other] == [first, first, second, third]
        assert receiver.ids.index(other) < receiver.ids.index(second)

    async def test_failures_wait_longer_and_longer_up_to_a_day(
        self, receiver: Receiver, sender: Sender, frozen_clock: FrozenClock
    ) -> None:
        webhook_id, _ = await hook(receiver)
        await enqueue(notice())
        receiver.answers = [503] * 99
        pauses = []
        for _ in range(calls.MAX_ATTEMPTS):
            await pass_once(sender)
            row = await WebhookCall.get()
            pauses.append(row.due_at - clock.now())
            frozen_clock.set(row.due_at)

        assert pauses[0] == timedelta(seconds=5)
        assert pauses == sorted(pauses)
        assert pauses[-1] == timedelta(hours=24)
        (view,) = await endpoints.list_webhooks(OWNER)
        assert (view.health, view.dead, view.last_error) == ("failing", 1, "status-503")
        assert view.id == webhook_id

    async def test_dead_call_lets_the_next_go_and_can_be_replayed(
        self, receiver: Receiver, sender: Sender, frozen_clock: FrozenClock
    ) -> None:
        webhook_id, _ = await hook(receiver)
        dead, after = await enqueue(notice(), notice())
        receiver.answers = [500] * calls.MAX_ATTEMPTS
        for _ in range(calls.MAX_ATTEMPTS + 1):
            await pass_once(sender)
            frozen_clock.advance(hours=25)
        assert receiver.ids[-1] == after

        (lost,) = await calls.list_calls(webhook_id, owner=OWNER, state="dead", limit=10)
        await calls.replay(webhook_id, lost.number, owner=OWNER)
        await pass_once(sender)

        assert receiver.ids[-1] == dead
        with pytest.raises(WebhookCallNotFound):
            await calls.replay(webhook_id, lost.number, owner=OWNER)

    async def test_other_side_may_ask_for_more_time(
        self, receiver: Receiver, sender: Sender
    ) -> None:
        await hook(receiver)
        await enqueue(notice())
        receiver.answers, receiver.headers = [429], {"Retry-After": "3600"}
        await pass_once(sender)

        assert (await WebhookCall.get()).due_at - clock.now() == timedelta(hours=1)

    async def test_address_that_is_gone_is_paused_and_nothing_is_lost(
        self, receiver: Receiver, sender: Sender, frozen_clock: FrozenClock
    ) -> None:
        webhook_id, _ = await hook(receiver)
        (event_id,) = await enqueue(notice())
        receiver.answers = [410]
        await pass_once(sender)
        frozen_clock.advance(hours=1)
        await pass_once(sender)
        assert [view.health for view in await endpoints.list_webhooks(OWNER)] == ["paused"]
        assert receiver.ids == [event_id]

        await endpoints.set_state(webhook_id, "active", owner=OWNER, by=BY)
        await pass_once(sender)

        assert receiver.ids == [event_id, event_id]

    async def test_claim_of_a_worker_that_died_runs_out(
        self, receiver: Receiver, sender: Sender, frozen_clock: FrozenClock
    ) -> None:
        await hook(receiver)
        await enqueue(notice())
        assert len(await calls.QUEUE.claim(1)) == 1
        assert await calls.QUEUE.claim(1) == []
        await pass_once(sender)
        assert receiver.heard == []
        frozen_clock.advance(seconds=61)

        await pass_once(sender)

        assert len(receiver.heard) == 1

    async def test_address_that_hangs_holds_up_no_other(
        self, receiver: Receiver, sender: Sender
    ) -> None:
        release = asyncio.Event()

        async def hang(reader: Any, writer: Any) -> None:
            await release.wait()
            writer.close()

        port = free_port()
        async with await asyncio.start_server(hang, "127.0.0.1", port):
            slow = Receiver(url=f"http://127.0.0.1:{port}/")
            await hook(slow)
            await hook(receiver)
            await enqueue(notice())
            await sender.send_due()
            async with asyncio.timeout(5):
                while not receiver.heard:  # noqa: ASYNC110 - the receiver is a server of its own
                    await asyncio.sleep(0.01)
            release.set()
            await sender.settle()

        assert len(receiver.heard) == 1

    async def test_test_button_calls_at_once_and_tells_how_it_went(
        self, receiver: Receiver, sender: Sender
    ) -> None:
        webhook_id, _ = await hook(receiver)
        receiver.answers = [204, 500]
        good = await sender.test(webhook_id, owner=OWNER)
        bad = await sender.test(webhook_id, owner=OWNER)

        assert (good.status, good.error) == (204, None)
        assert (bad.status, bad.error) == (500, "status-500")
        assert b'"type":"webhook-test"' in receiver.bodies[0]
        with pytest.raises(WebhookNotFound):
            await sender.test(webhook_id, owner="dept:GA")


class TestOwners:
    async def test_nobody_reaches_another_owners_address(self, receiver: Receiver) -> None:
        webhook_id, _ = await hook(receiver)
        other = {"owner": "dept:GA"}
        assert await endpoints.list_webhooks("dept:GA") == []
        for act in (
            endpoints.rotate_key(webhook_id, by=BY, **other),
            endpoints.remove(webhook_id, by=BY, **other),
            endpoints.set_state(webhook_id, "paused", by=BY, **other),
            calls.replay(webhook_id, 1, **other),
        ):
            with pytest.raises(WebhookNotFound):
                await act

    async def test_an_owner_has_a_bounded_number(self, receiver: Receiver) -> None:
        for _ in range(endpoints.MOST_PER_OWNER):
            await hook(receiver)
        with pytest.raises(TooManyWebhooks):
            await hook(receiver)

    async def test_removed_address_takes_its_calls_along(self, receiver: Receiver) -> None:
        webhook_id, _ = await hook(receiver)
        await enqueue(notice())
        await endpoints.remove(webhook_id, owner=OWNER, by=BY)

        assert await WebhookCall.all().count() == 0

    async def test_client_system_that_was_revoked_is_told_nothing_more(
        self, receiver: Receiver, sender: Sender
    ) -> None:
        """The right is asked when a call is sent, not when it was written."""
        await people.ClientSystem().register()
        client_id = await clients.find("demo-bank")
        owner = f"client:{client_id}"
        await endpoints.register(
            owner=owner,
            topic=OWNER,
            url=receiver.url,
            kinds=[],
            suite="hmac-sha256",
            allowed=LOOPBACK,
            by=BY,
        )
        assert await endpoints.is_told(owner, OWNER)
        await enqueue(notice())
        await clients.revoke("demo-bank", by=BY)

        await pass_once(sender)

        assert receiver.heard == []
        assert [view.state for view in await endpoints.list_webhooks(owner)] == ["paused"]
        assert not await endpoints.is_told(owner, OWNER)


class TestNotices:
    def test_notice_tells_of_the_matter_and_not_of_the_person(self) -> None:
        told = notices.of_event(
            event("CaseApproved", occurred_at=clock.now(), facts={"name": "张样例"}, opinion="同意")
        )

        assert told is not None
        assert told.kind == "case-approved"
        assert told.object_key == str(CASE)
        assert told.topics == ("dept:SCJG", f"subject:{PERSON}")
        assert "食品经营许可" in told.body
        for private in ("张样例", "同意", str(PERSON)):
            assert private not in told.body

    def test_event_without_an_object_is_told_to_nobody(self) -> None:
        assert notices.of_event(event("Other", case_id=None)) is None
