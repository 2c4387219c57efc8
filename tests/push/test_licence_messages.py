"""What holders are told about looks, ends, answers and authorisations."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest

from core.events import Event
from push.texts import licence_messages
from wallet import events

AT = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
LICENCE: dict[str, Any] = {"licence_id": uuid4(), "licence_name": "上海市居住证"}

TOLD: list[tuple[Event, str]] = [
    (
        events.LicenceLookedAt(
            **LICENCE,
            subject_id=uuid4(),
            licence_type="RES",
            use_id=uuid4(),
            who="综合窗口1号",
            how="扫码核验",
            purpose="居住证核验",
            at=AT,
        ),
        "11月25日10:00，综合窗口1号查看了您的《上海市居住证》（扫码核验，用途：居住证核验）",
    ),
    (
        events.LicenceEnding(
            **LICENCE,
            subject_id=uuid4(),
            licence_type="RES",
            valid_to=date(2026, 12, 25),
            days=30,
        ),
        "还有30天到期（2026年12月25日）",
    ),
    (
        events.ComplaintAnswered(
            **LICENCE, complaint_id=uuid4(), subject_id=uuid4(), answer="经查为误扫"
        ),
        "经查为误扫",
    ),
    (
        events.AuthorisationChanged(
            **LICENCE,
            authorisation_id=uuid4(),
            recipient_subject_id=uuid4(),
            change="accepted",
            text="对方已接受授权",
        ),
        "《上海市居住证》：对方已接受授权。",
    ),
]


@pytest.mark.parametrize(("event", "words"), TOLD, ids=lambda one: type(one).__name__)
def test_holder_is_told_what_happened(event: Event, words: str) -> None:
    recipient = uuid4()

    message = licence_messages.compose(event, recipient_id=recipient)

    assert words in message.body
    assert (message.recipient_id, len(message.title) <= 20) == (recipient, True)


def test_department_is_told_of_a_complaint() -> None:
    event = events.ComplaintMade(
        complaint_id=uuid4(), department="SCJG", licence_name="上海市居住证", at=AT
    )
    assert licence_messages.complaint_made(event).department == "SCJG"
