"""The texts about a conversation: that somebody wrote, never what."""

from uuid import UUID

import pytest

from push.texts import conversation_messages
from push.texts.message import LONGEST_TITLE, Weight
from tests.push.factories import CASE, OTHER, event

SENT = {"n": 3, "short_no": "SJ20261125-0001-7", "recipient_id": OTHER, "author_text": "人社局"}


@pytest.mark.parametrize(
    ("side", "weight"), [("office", Weight.NOTICE), ("applicant", Weight.TICK)]
)
def test_only_what_the_office_writes_rings(side: str, weight: Weight) -> None:
    message = conversation_messages.compose(event("MessageSent", side=side, **SENT))

    assert (message.weight, message.recipient_id) == (weight, OTHER)
    assert message.link == f"#/talk/{CASE}"
    assert len(message.title) <= LONGEST_TITLE
    assert message.data["n"] == 3


def test_a_desk_is_led_to_the_case() -> None:
    notice = conversation_messages.department_notice(event("MessageSent", side="applicant", **SENT))

    assert (notice.department, notice.title) == ("SCJG", "申请人留言")
    assert notice.link == f"#/case/{CASE}"


def test_a_read_mark_moves_pages_and_rings_nowhere() -> None:
    read = event("MessagesRead", side="office", up_to=2, short_no=None, recipient_id=UUID(int=3))

    assert conversation_messages.compose(read).weight is Weight.TICK
    assert conversation_messages.compose(read).data["up_to"] == 2
    assert conversation_messages.department_notice(read).kind == "case-messages-read"
