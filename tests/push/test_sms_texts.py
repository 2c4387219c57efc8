"""The text of an SMS: one message with signature, whatever is told."""

import pytest

from push.channels.sms import KINDS, LONGEST_SMS, SIGNATURE, sms_text
from push.texts import messages
from tests.push.factories import PERSON, every_event, message

EVENTS = every_event()


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
