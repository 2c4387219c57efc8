"""Quiet hours: what rings waits for the morning, the inbox does not."""

from datetime import UTC, datetime, timedelta

import pytest
from redis.asyncio import Redis

from core import clock, ids
from push import deliver, preferences
from push.errors import UnreadableQuietHours
from push.preferences import Preferences
from tests.conftest import FrozenClock
from tests.push.factories import PERSON, Recorder, delivered, message

NIGHT = datetime(2026, 11, 25, 15, 30, tzinfo=UTC)
"""23:30 in Shanghai."""


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
