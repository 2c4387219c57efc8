"""SMS and e-mail: shift to the next provider, limits of length, quiet hours, said once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from typing import Any
from uuid import UUID

import pytest
from redis.asyncio import Redis

from core import clock, ids
from core.valkey.embedded import free_port
from identity.principal import Principal, PrincipalKind
from miniapp_bridge.errors import MessageRejected, OutcomeUnknown
from push import deliver, email_address, preferences, providers, smtp, statistics
from push.channels.sms import KINDS, LONGEST_SMS, SIGNATURE, sms_text
from push.errors import EmailCodeRefused, EmailNotAvailable, UnreadableEmail, UnreadableQuietHours
from push.models import Delivery, DeliveryState
from push.preferences import Preferences
from push.providers import Outlet, Outlets, ProviderDown
from push.smtp import SmtpProvider
from push.stand_in import StandInSms
from push.texts import messages
from tests.conftest import FrozenClock
from tests.identity import factories as people
from tests.identity.factories import citizen
from tests.push.factories import PERSON, Recorder, delivered, every_event, message

EVENTS = every_event()
NIGHT = datetime(2026, 11, 25, 15, 30, tzinfo=UTC)
"""23:30 in Shanghai."""


OPERATOR = Principal(
    kind=PrincipalKind.OFFICER, id=UUID(int=9), name="孔督办", roles=frozenset({"supervisor"})
)


class Postman:
    """A provider of the tests; fails as often as it is told to."""

    def __init__(self, name: str, *failures: Exception) -> None:
        self.name = name
        self.failures = list(failures)
        self.sent: list[dict[str, str]] = []

    async def send(self, **values: str) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append(values)


LETTER = {"to": "13900000000", "title": "标题", "text": "正文", "reference": "r"}


class TestShift:
    async def test_next_provider_carries_what_the_first_cannot(self) -> None:
        first, second = Postman("first", ProviderDown("away")), Postman("second")
        outlet = Outlet([first, second])

        assert await outlet.send(**LETTER) == "second"
        assert await outlet.send(**LETTER) == "first"
        assert [health.failures for health in outlet.health] == [1, 0]

    async def test_failing_provider_rests_and_others_are_asked_first(self) -> None:
        first = Postman("first", *[ProviderDown("away")] * providers.RESTS_AFTER)
        outlet = Outlet([first, Postman("second")])
        for _ in range(providers.RESTS_AFTER):
            await outlet.send(**LETTER)

        assert await outlet.send(**LETTER) == "second"
        assert first.sent == []

    async def test_resting_provider_is_the_last_resort(self) -> None:
        first = Postman("first", *[ProviderDown("away")] * providers.RESTS_AFTER)
        second = Postman("second", *[ProviderDown("away")] * 9)
        outlet = Outlet([first, second])
        for _ in range(providers.RESTS_AFTER):
            with pytest.raises(ProviderDown):
                await outlet.send(**LETTER)

        assert await outlet.send(**LETTER) == "first"

    @pytest.mark.parametrize("failure", [MessageRejected(), OutcomeUnknown()])
    async def test_what_may_have_been_sent_goes_to_no_second_provider(
        self, failure: Exception
    ) -> None:
        second = Postman("second")
        outlet = Outlet([Postman("first", failure), second])

        with pytest.raises(type(failure)):
            await outlet.send(**LETTER)
        assert second.sent == []


class TestTexts:
    @pytest.mark.parametrize("name", sorted(EVENTS))
    def test_sms_fits_into_one_with_signature_and_without_links(self, name: str) -> None:
        composed = messages.compose(EVENTS[name])
        assert composed is not None
        text = sms_text(composed)

        assert len(text) <= LONGEST_SMS
        assert text.startswith(SIGNATURE)
        assert "http" not in text
        assert "#/" not in text

    @pytest.mark.parametrize("name", sorted(EVENTS))
    def test_link_of_a_platform_fits_in_and_a_long_one_is_left_out(self, name: str) -> None:
        composed = messages.compose(EVENTS[name])
        assert composed is not None
        link = "https://wxaurl.cn/k7Qm2xWpAbc"
        text = sms_text(composed, link=link)

        assert len(text) <= LONGEST_SMS
        assert text.endswith(f" {link} ")
        assert sms_text(composed, link=f"https://{'x' * 60}") == sms_text(composed)

    def test_kinds_that_are_sent_by_sms_exist(self) -> None:
        told = {composed.kind for event in EVENTS.values() if (composed := messages.compose(event))}

        assert told | {"licence-state-changed"} >= KINDS

    def test_longest_message_still_fits(self) -> None:
        long = message()
        longest = type(long)(
            recipient_id=PERSON, kind=long.kind, title="标" * 20, body="文" * 500, link="#/"
        )

        assert len(sms_text(longest)) <= LONGEST_SMS


class TestQuietHours:
    @pytest.mark.parametrize(
        ("at", "expected"),
        [
            ("2026-11-25T21:59", "2026-11-25T21:59"),
            ("2026-11-25T22:00", "2026-11-26T07:30"),
            ("2026-11-25T23:59", "2026-11-26T07:30"),
            ("2026-11-26T00:00", "2026-11-26T07:30"),
            ("2026-11-26T07:29", "2026-11-26T07:30"),
            ("2026-11-26T07:30", "2026-11-26T07:30"),
            ("2026-12-31T23:00", "2027-01-01T07:30"),
        ],
    )
    def test_what_rings_waits_for_the_morning(self, at: str, expected: str) -> None:
        moment = datetime.fromisoformat(at).replace(tzinfo=clock.SHANGHAI)
        rings = Preferences().rings_at(moment, "case-accepted")

        assert rings == datetime.fromisoformat(expected).replace(tzinfo=clock.SHANGHAI)

    def test_hours_within_a_day(self) -> None:
        noon = Preferences(quiet_from="12:00", quiet_until="14:00")
        at = datetime(2026, 11, 25, 13, 0, tzinfo=clock.SHANGHAI)

        assert noon.rings_at(at, "case-accepted") == at + timedelta(hours=1)
        assert noon.rings_at(at + timedelta(hours=1), "x-y") == at + timedelta(hours=1)

    def test_somebody_looking_at_the_licence_rings_at_once(self) -> None:
        assert Preferences().rings_at(NIGHT, "licence-presented") == NIGHT

    @pytest.mark.usefixtures("db")
    async def test_message_of_the_night_rings_in_the_morning_and_lies_in_the_inbox_at_once(
        self, redis: Redis, frozen_clock: FrozenClock
    ) -> None:
        frozen_clock.set(NIGHT)
        bell, box = Recorder("subscription", rings=True), Recorder("inbox")
        channels = (bell, box)
        await delivered(
            message(), event_id=ids.new_id(), redis=redis, connectors={}, channels=channels
        )
        assert (len(bell.sent), len(box.sent)) == (0, 1)
        frozen_clock.advance(hours=8, minutes=1)

        await deliver.retry_due(redis=redis, connectors={}, channels=channels)

        assert (len(bell.sent), len(box.sent)) == (1, 1)

    @pytest.mark.usefixtures("db")
    async def test_hours_are_changed_and_turned_off(self) -> None:
        changed = await preferences.change(
            PERSON, subscription=True, sms=False, quiet_from=None, quiet_until=None
        )

        assert changed.rings_at(NIGHT, "case-accepted") == NIGHT
        assert not changed.wants("sms")
        assert changed.wants("inbox")
        for hours in (("22:00", None), ("25:00", "07:00"), ("7:00", "8:00"), ("07:00", "07:00")):
            with pytest.raises(UnreadableQuietHours):
                await preferences.change(
                    PERSON,
                    subscription=True,
                    sms=True,
                    quiet_from=hours[0],
                    quiet_until=hours[1],
                )


@pytest.mark.usefixtures("db")
class TestDelivering:
    async def send(self, redis: Redis, outlets: Outlets, person_id: UUID, kind: str) -> None:
        told = message(recipient_id=person_id)
        values = {"kind": kind, "title": told.title, "body": told.body, "link": told.link}
        await delivered(
            type(told)(recipient_id=person_id, **values),
            event_id=ids.new_id(),
            redis=redis,
            connectors={},
            outlets=outlets,
        )

    async def state(self, channel: str) -> list[str]:
        rows = await Delivery.filter(channel=channel).order_by("created_at", "id")
        return sorted(row.state.value for row in rows)

    async def test_sms_goes_to_the_phone_of_the_person(
        self, redis: Redis, frozen_clock: FrozenClock
    ) -> None:
        person_id = await people.person()
        stand_in = StandInSms(redis)
        outlets = Outlets(sms=Outlet([stand_in]), email=Outlet())
        await self.send(redis, outlets, person_id, "supplement-requested")

        (sent,) = await stand_in.list_sent()
        assert sent.text.startswith(SIGNATURE)
        assert "*" in sent.to
        assert await self.state("sms") == ["sent"]

    async def test_same_words_do_not_ring_twice_in_ten_minutes(
        self, redis: Redis, frozen_clock: FrozenClock
    ) -> None:
        person_id, postman = await people.person(), Postman("sms")
        outlets = Outlets(sms=Outlet([postman]), email=Outlet())
        for _ in range(2):
            await self.send(redis, outlets, person_id, "supplement-requested")
        frozen_clock.advance(minutes=11)
        await self.send(redis, outlets, person_id, "supplement-requested")

        assert len(postman.sent) == 2
        assert await self.state("sms") == ["sent", "sent", "skipped"]

    async def test_channel_that_is_turned_off_is_skipped(
        self, redis: Redis, frozen_clock: FrozenClock
    ) -> None:
        person_id, postman = await people.person(), Postman("sms")
        await preferences.change(
            person_id, subscription=True, sms=False, quiet_from=None, quiet_until=None
        )
        outlets = Outlets(sms=Outlet([postman]), email=Outlet())
        await self.send(redis, outlets, person_id, "supplement-requested")

        assert postman.sent == []
        assert await self.state("sms") == ["skipped"]

    async def test_figures_count_and_time_what_was_sent(
        self, redis: Redis, frozen_clock: FrozenClock
    ) -> None:
        person_id = await people.person()
        outlets = Outlets(sms=Outlet([Postman("sms", ProviderDown("away"))]), email=Outlet())
        await self.send(redis, outlets, person_id, "supplement-requested")
        frozen_clock.advance(seconds=5)
        await deliver.retry_due(redis=redis, connectors={}, outlets=outlets)
        row = await Delivery.get(channel="sms")
        assert await deliver.mark_delivered(row.event_id, person_id, "sms")

        found = {one.channel: one for one in (await statistics.figures(by=OPERATOR)).channels}
        assert (found["sms"].sent, found["sms"].delivered) == (1, 1)
        assert found["sms"].median_seconds == 5.0
        assert (found["inbox"].sent, found["inbox"].median_seconds) == (1, 0.0)
        assert found["email"].skipped == 1
        assert row.state is DeliveryState.SENT


class Mailbox:
    """A small SMTP server: takes letters, or answers as it is told to."""

    def __init__(self) -> None:
        self.letters: list[Any] = []
        self.recipients: list[str] = []
        self.answers: dict[str, str] = {}
        self.hang_up = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mailbox\r\n")
        while line := (await reader.readline()).decode():
            word = line.split(":")[0].split()[0].upper()
            if word == "DATA":
                writer.write(b"354 go on\r\n")
                letter = await reader.readuntil(b"\r\n.\r\n")
                if self.hang_up:
                    break
                self.letters.append(message_from_bytes(letter, policy=policy.default))
            if word == "RCPT":
                self.recipients.append(line)
            writer.write(self.answers.get(word, "250 fine").encode() + b"\r\n")
            if word == "QUIT":
                break
        writer.close()


@asynccontextmanager
async def mailbox() -> AsyncIterator[tuple[Mailbox, SmtpProvider]]:
    box, port = Mailbox(), free_port()
    async with await asyncio.start_server(box.serve, "127.0.0.1", port):
        yield box, SmtpProvider(f"smtp://127.0.0.1:{port}", sender="no-reply@example.gov.cn")


MAIL = {"to": "zhang@example.com", "title": "云间证：请补正材料", "text": "正文", "reference": "r1"}


def code_in(postman: Postman) -> str:
    words = postman.sent[0]["text"].replace("，", " ").split()
    return next(word for word in words if word.isdigit())


class TestEmail:
    async def test_letter_arrives_readable(self) -> None:
        async with mailbox() as (box, provider):
            await provider.send(**MAIL)

        (letter,) = box.letters
        assert letter["Subject"] == "云间证：请补正材料"
        assert letter["To"] == "zhang@example.com"
        assert letter["Message-ID"] == "<r1@example.gov.cn>"
        assert letter.get_content().startswith("正文")

    async def test_refusals_and_silence_are_told_apart(self) -> None:
        async with mailbox() as (box, provider):
            box.answers = {"RCPT": "550 nobody"}
            with pytest.raises(MessageRejected):
                await provider.send(**MAIL)
            box.answers = {"RCPT": "451 later"}
            with pytest.raises(ProviderDown):
                await provider.send(**MAIL)
            box.answers, box.hang_up = {}, True
            with pytest.raises(OutcomeUnknown):
                await provider.send(**MAIL)
        nowhere = SmtpProvider("smtp://127.0.0.1:1", sender="a@example.com")
        with pytest.raises(ProviderDown):
            await nowhere.send(**MAIL)

    def test_title_and_address_smuggle_no_header(self) -> None:
        letter = smtp.compose(
            sender="a@example.com",
            to="b@example.com",
            title="x\r\nBcc: c@d.e",
            text="",
            reference="r",
        )

        assert letter["Bcc"] is None
        with pytest.raises(ValueError, match="addr"):
            smtp.compose(
                sender="a@example.com", to="b@e.com\r\nBcc: c@d.e", title="", text="", reference="r"
            )

    @pytest.mark.usefixtures("db")
    async def test_address_is_used_once_its_owner_has_read_the_code(self, redis: Redis) -> None:
        postman = Postman("mail")
        outlet = Outlet([postman])
        await email_address.ask("zhang@example.com", by=citizen(PERSON), outlet=outlet, redis=redis)
        code = next(
            part for part in postman.sent[0]["text"].replace("，", " ").split() if part.isdigit()
        )
        wrong = f"{(int(code) + 1) % 10**6:06d}"
        with pytest.raises(EmailCodeRefused):
            await email_address.confirm(PERSON, wrong, redis=redis)

        assert await email_address.confirm(PERSON, code, redis=redis) == "zhang@example.com"
        assert (await preferences.get(PERSON)).email == "zhang@example.com"
        with pytest.raises(EmailCodeRefused):
            await email_address.confirm(PERSON, code, redis=redis)

    @pytest.mark.usefixtures("db")
    async def test_code_cannot_be_guessed(self, redis: Redis) -> None:
        postman = Postman("mail")
        await email_address.ask(
            "z@example.com", by=citizen(PERSON), outlet=Outlet([postman]), redis=redis
        )
        code = next(
            part for part in postman.sent[0]["text"].replace("，", " ").split() if part.isdigit()
        )
        for _ in range(email_address.MOST_TRIES):
            with pytest.raises(EmailCodeRefused):
                await email_address.confirm(PERSON, "x", redis=redis)

        with pytest.raises(EmailCodeRefused):
            await email_address.confirm(PERSON, code, redis=redis)

    async def test_addresses_that_are_none_are_refused(self, redis: Redis) -> None:
        for address in (
            "",
            "a",
            "a@b",
            "a b@c.de",
            "a@b.c\r\nBcc: d@e.fg",
            "a@" + "b" * 300 + ".de",
        ):
            with pytest.raises(UnreadableEmail):
                await email_address.ask(address, by=citizen(PERSON), outlet=Outlet(), redis=redis)
        with pytest.raises(EmailNotAvailable):
            await email_address.ask("a@b.de", by=citizen(PERSON), outlet=Outlet(), redis=redis)
