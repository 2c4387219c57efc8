import asyncio
import json
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis
from tortoise import connections

from core import events
from core.ids import new_id
from core.outbox import OutboxMessage
from core.protection import audit
from core.protection.audit import AuditRecord
from identity.principal import Principal
from services.cases import errors, moves
from services.cases.acts import review
from services.cases.models import Case, Message, MessagePicture
from services.cases.shapes import MessageView
from services.cases.talk import conversation, pictures
from services.cases.talk.conversation import Side
from services.cases.views import case_files, lists, queries
from tests.cases.factories import (
    LI,
    CaseMaker,
    blank_photo,
    officer,
    organisation,
    pdf,
    person,
    told,
)
from tests.cases.factories import photo as picture_of
from tests.conftest import FrozenClock


class Talk:
    """One case and those who write about it."""

    def __init__(self, cases: CaseMaker, case_id: UUID, redis: Redis) -> None:
        self.cases, self.case_id, self.redis = cases, case_id, redis

    async def say(self, by: Principal, text: str = "您好", **options: Any) -> MessageView:
        options.setdefault("client_key", new_id().hex)
        return await conversation.write(self.case_id, text=text, by=by, redis=self.redis, **options)

    async def heard(self, by: Principal, after: int = 0) -> list[tuple[int, str]]:
        found = await conversation.read(self.case_id, after=after, limit=100, by=by)
        return [(one.n, one.text) for one in found.messages]

    async def unread(self, side: Side) -> int:
        return (await conversation.unread_of([self.case_id], side=side)).get(self.case_id, 0)

    async def keep(
        self, by: Principal, picture_id: UUID, data: bytes | None = None, *, a_day: int = 1 << 20
    ) -> UUID:
        path = self.cases.folder / f"{new_id().hex}.part"
        path.write_bytes(picture_of() if data is None else data)
        kept = await pictures.keep(
            self.case_id, picture_id, path=path, by=by, a_day=a_day, blobs=self.cases.blobs
        )
        return kept.id


@pytest.fixture
async def talk(cases: CaseMaker, redis: Redis) -> Talk:
    return Talk(cases, await cases.submitted(), redis)


async def test_both_sides_hear_each_other_in_order(talk: Talk) -> None:
    asked = await talk.say(talk.cases.by, "房产证复印件可以吗？")
    answered = await talk.say(talk.cases.officer, "可以，请拍清楚。")

    assert (asked.n, answered.n) == (1, 2)
    expected = [(1, "房产证复印件可以吗？"), (2, "可以，请拍清楚。")]
    assert await talk.heard(talk.cases.by) == expected
    assert await talk.heard(talk.cases.officer) == expected
    assert await talk.heard(talk.cases.by, after=1) == expected[1:]


async def test_the_office_answers_not_the_officer(talk: Talk) -> None:
    await talk.say(talk.cases.officer)

    (for_citizen,) = (
        await conversation.read(talk.case_id, after=0, limit=9, by=talk.cases.by)
    ).messages
    (for_colleague,) = (
        await conversation.read(talk.case_id, after=0, limit=9, by=officer())
    ).messages

    assert "吴" not in for_citizen.author_text
    assert "社会保障" in for_citizen.author_text
    assert (for_colleague.author_text, for_colleague.mine) == ("吴审核", False)


async def test_a_message_sent_again_is_the_same_message(
    talk: Talk, frozen_clock: FrozenClock
) -> None:
    first = await talk.say(talk.cases.by, "在吗", client_key="key-of-one")
    frozen_clock.advance(days=3)

    again = await talk.say(talk.cases.by, "在吗", client_key="key-of-one")

    assert again == first
    assert await Message.all().count() == 1
    assert await OutboxMessage.filter(name="MessageSent").count() == 1


async def test_a_key_stands_for_one_text_and_one_case(talk: Talk) -> None:
    await talk.say(talk.cases.by, "在吗", client_key="key-of-one")

    with pytest.raises(errors.MessageKeyReused):
        await talk.say(talk.cases.by, "别的话", client_key="key-of-one")
    talk.case_id = await talk.cases.submitted()
    with pytest.raises(errors.MessageKeyReused):
        await talk.say(talk.cases.by, "在吗", client_key="key-of-one")
    assert (await talk.say(talk.cases.officer, "在", client_key="key-of-one")).n == 1


async def test_messages_side_by_side_are_numbered_without_gap_or_double(talk: Talk) -> None:
    keys = [f"message-{n}" for n in range(8)] * 2
    both = (talk.cases.by, talk.cases.officer)

    sent = await asyncio.gather(*(talk.say(by, client_key=key) for key in keys for by in both))

    assert {one.n for one in sent} == set(range(1, 17))
    assert [n for n, _ in await talk.heard(talk.cases.by)] == list(range(1, 17))
    assert await audit.check() > 0


async def test_words_and_names_are_stored_encrypted_and_never_told_in_events(talk: Talk) -> None:
    await talk.say(talk.cases.by, "我的身份证丢了")

    _, rows = await connections.get("default").execute_query(
        "SELECT text, author_name FROM cases_message"
    )
    assert all(
        str(row[column]).startswith("v2.") for row in rows for column in ("text", "author_name")
    )
    payload = (await OutboxMessage.get(name="MessageSent")).payload
    assert "身份证丢了" not in payload
    assert "张演示" not in payload
    record = await AuditRecord.get(action="case.message")
    assert record.detail == {"n": 1, "pictures": 0}


async def test_marks_go_forward_only_and_say_what_is_left(talk: Talk) -> None:
    for text in ("一", "二", "三"):
        await talk.say(talk.cases.officer, text)
    assert await talk.unread(Side.APPLICANT) == 3

    await conversation.mark_read(talk.case_id, up_to=2, by=talk.cases.by)
    marks = await conversation.mark_read(talk.case_id, up_to=1, by=talk.cases.by)

    assert (marks.applicant_read, marks.office_read) == (2, 0)
    assert await talk.unread(Side.APPLICANT) == 1
    event = await told("MessagesRead")
    assert (event.side, event.up_to) == ("applicant", 2)
    with pytest.raises(errors.MessageNotFound):
        await conversation.mark_read(talk.case_id, up_to=4, by=talk.cases.by)


async def test_own_messages_are_not_unread(talk: Talk) -> None:
    await talk.say(talk.cases.by)

    assert await talk.unread(Side.APPLICANT) == 0
    assert await talk.unread(Side.OFFICE) == 1


async def test_lists_show_what_nobody_has_read(talk: Talk) -> None:
    await talk.cases.submitted()
    await talk.say(talk.cases.by)
    await talk.say(talk.cases.officer)

    own = await lists.list_own(by=talk.cases.by)
    waiting = await lists.list_worklist(by=talk.cases.officer, unread=True)

    assert {one.id: one.unread for one in own}[talk.case_id] == 1
    assert sorted(one.unread for one in own) == [0, 1]
    assert ([one.id for one in waiting], waiting[0].unread) == ([talk.case_id], 1)
    assert (await lists.worklist_counts(by=talk.cases.officer))[1] == 1
    assert (await lists.worklist_counts(by=officer("SCJG")))[1] == 0
    assert (await queries.get_detail(talk.case_id, by=talk.cases.by)).unread == 1


async def test_a_draft_has_nobody_to_talk_to(talk: Talk) -> None:
    talk.case_id = await talk.cases.draft()

    with pytest.raises(errors.ConversationClosed) as refused:
        await talk.say(talk.cases.by)

    assert refused.value.members["reason"] == "not-submitted"
    found = await conversation.read(talk.case_id, after=0, limit=9, by=talk.cases.by)
    assert (found.may_write, found.messages) == (False, [])


async def test_thirty_days_after_the_end_only_reading_is_left(
    talk: Talk, frozen_clock: FrozenClock
) -> None:
    await review.accept(talk.case_id, by=talk.cases.officer)
    await review.refuse(talk.case_id, reason="不符合条件", by=talk.cases.officer)
    frozen_clock.advance(days=30)
    kept = await talk.say(talk.cases.by, "为什么？", client_key="the-last-one")

    frozen_clock.advance(seconds=1)

    with pytest.raises(errors.ConversationClosed):
        await talk.say(talk.cases.by, "还有一个问题")
    assert await talk.say(talk.cases.by, "为什么？", client_key="the-last-one") == kept
    found = await conversation.read(talk.case_id, after=0, limit=9, by=talk.cases.by)
    assert (found.may_write, len(found.messages)) == (False, 1)
    assert "12345" in (found.closed_text or "")


async def test_strangers_and_other_departments_find_nothing(talk: Talk) -> None:
    stranger, other = await person(LI), officer("SCJG")

    for by in (stranger, other):
        with pytest.raises(errors.CaseNotFound):
            await talk.say(by)
        with pytest.raises(errors.CaseNotFound):
            await talk.heard(by)
        with pytest.raises(errors.CaseNotFound):
            await conversation.mark_read(talk.case_id, up_to=1, by=by)


async def test_who_may_act_for_the_organisation_may_write_for_it(talk: Talk) -> None:
    boss = await person(LI)
    company = await organisation(boss)
    await Case.filter(id=talk.case_id).update(subject_id=company, person_id=boss.person_id)

    with pytest.raises(errors.CaseNotFound):
        await talk.say(talk.cases.by)
    await talk.say(boss)

    await talk.say(talk.cases.officer)
    to_boss = [event for event in await _sent() if event.side == "office"]
    assert [event.recipient_id for event in to_boss] == [boss.person_id]


@pytest.mark.parametrize("text", ["", "  \n ", "长" * 1001])
async def test_a_message_says_something_and_not_too_much(talk: Talk, text: str) -> None:
    with pytest.raises(errors.EmptyMessage):
        await talk.say(talk.cases.by, text)

    assert await Message.all().count() == 0


async def test_twenty_messages_a_minute_are_enough(talk: Talk) -> None:
    for n in range(conversation.A_MINUTE):
        await talk.say(talk.cases.by, client_key=f"message-{n}")

    with pytest.raises(errors.TooManyMessages) as refused:
        await talk.say(talk.cases.by)

    assert refused.value.members["retry_after"] == 60
    await talk.say(talk.cases.by, client_key="message-1")
    await talk.say(talk.cases.officer)


async def test_pictures_travel_with_their_message_and_lose_their_metadata(talk: Talk) -> None:
    first, second = uuid4(), uuid4()
    for picture_id in (first, second, first):
        await talk.keep(talk.cases.by, picture_id)

    sent = await talk.say(talk.cases.by, "", pictures=[second, first])

    assert [picture.id for picture in sent.pictures] == [second, first]
    assert await MessagePicture.all().count() == 2
    await pictures.get_staff(first, by=talk.cases.officer)
    stored = await case_files.get_signed_picture(first)
    assert stored.media_type == "image/jpeg"
    assert b"Exif" not in await talk.cases.blobs.get(stored.digest)


async def test_a_picture_nobody_sent_yet_is_its_writers_alone(
    talk: Talk, frozen_clock: FrozenClock
) -> None:
    waiting = await talk.keep(talk.cases.by, uuid4())

    await pictures.get_own(waiting, by=talk.cases.by)
    with pytest.raises(errors.FileNotFound):
        await pictures.get_staff(waiting, by=talk.cases.officer)
    with pytest.raises(errors.UnknownPicture):
        await talk.say(talk.cases.officer, "看", pictures=[waiting])
    with pytest.raises(errors.UnknownPicture):
        await talk.keep(talk.cases.officer, waiting)
    frozen_clock.advance(days=8)
    assert await pictures.forget_unsent() == 1


async def test_a_picture_goes_with_one_message_only(talk: Talk) -> None:
    sent = await talk.keep(talk.cases.by, uuid4())
    await talk.say(talk.cases.by, "看", pictures=[sent])

    with pytest.raises(errors.UnknownPicture):
        await talk.say(talk.cases.by, "再看", pictures=[sent])

    assert await Message.all().count() == 1


async def test_pictures_of_a_day_are_bounded(talk: Talk, frozen_clock: FrozenClock) -> None:
    await talk.keep(talk.cases.by, uuid4(), a_day=1)

    with pytest.raises(errors.QuotaReached):
        await talk.keep(talk.cases.by, uuid4(), a_day=1)
    await talk.keep(talk.cases.officer, uuid4(), a_day=1)
    frozen_clock.advance(hours=25)
    await talk.keep(talk.cases.by, uuid4(), a_day=1)


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        (pdf, errors.NotAnAcceptedType),
        (lambda: b"<svg onload=alert(1)>", errors.NotAnAcceptedType),
        (lambda: picture_of()[:300], errors.UnreadableFile),
        (lambda: b"", errors.EmptyFile),
    ],
)
async def test_only_pictures_are_kept(
    talk: Talk, data: Callable[[], bytes], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        await talk.keep(talk.cases.by, uuid4(), data())

    assert await MessagePicture.all().count() == 0
    assert list(talk.cases.folder.glob("*.clean")) == []


async def test_an_officers_look_is_recorded(talk: Talk) -> None:
    await talk.say(talk.cases.by)
    sent = await talk.keep(talk.cases.by, uuid4(), blank_photo())
    await talk.say(talk.cases.by, "看", pictures=[sent])

    await talk.heard(talk.cases.officer)
    await pictures.get_staff(sent, by=talk.cases.officer)

    target = moves.target_of(await Case.get(id=talk.case_id))
    assert await AuditRecord.filter(action="case.messages-read", target=target).count() == 1
    assert await AuditRecord.filter(target=f"message-picture:{sent}").count() == 1


async def _sent() -> list[Any]:
    rows = await OutboxMessage.filter(name="MessageSent").order_by("id")
    return [events.from_payload(row.name, json.loads(row.payload)) for row in rows]
