"""What applicant and office say to each other about a case: write, read on, mark as read.

Messages of a case are numbered from 1 without gaps, in the order in which they are stored: the row
of the conversation is locked while one is added. The writer's page gives each message a key of its
own, so that one that is sent again after a cut is the same message, however late. An event names
numbers only; whoever may see the case fetches the words.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from tortoise.exceptions import IntegrityError
from tortoise.expressions import F

from core import clock, outbox
from core.database import transaction
from core.protection import audit
from core.valkey.redis_client import allow
from identity import queries as identity_queries
from identity.principal import Principal, PrincipalKind
from identity.staff.roles import Act
from services.cases import counts, doors, errors, events, moves, timeline
from services.cases.models import Case, Conversation, Message, MessagePicture
from services.cases.shapes import ConversationView, MessageView, ReadMarks
from services.cases.talk import views
from services.guides import catalogue

if TYPE_CHECKING:
    from redis.asyncio import Redis

OPEN_AFTER_END = timedelta(days=30)
"""Questions about a result and mistakes in it come within weeks. A review has its own way and its
60 days (Administrative Reconsideration Law art. 20)."""

LONGEST_TEXT = 1000
MOST_PICTURES = 9
A_MINUTE = 20
"""Messages one person may send within a minute: more is a stuck key or a script."""

_WHY_CLOSED = {
    "not-submitted": "申请提交以后，才能给经办部门留言",
    "ended": f"办件结束已超过 {OPEN_AFTER_END.days} 天，不能再留言，需要帮助请拨打 12345",
}


class Side(StrEnum):
    """The two who talk."""

    APPLICANT = "applicant"
    OFFICE = "office"


async def write(
    case_id: UUID,
    *,
    client_key: str,
    text: str = "",
    pictures: Sequence[UUID] = (),
    by: Principal,
    redis: "Redis",
) -> MessageView:
    """Send a message; the same key again gives the message that is there.

    `pictures` were stored before by `conversation_pictures.keep`. Raises `CaseNotFound`,
    `ConversationClosed`, `EmptyMessage`, `MessageKeyReused`, `UnknownPicture`, `TooManyMessages`.
    """
    case, side = await get_party(case_id, by=by, act=Act.WRITE_TO_APPLICANT)
    text = text.strip()
    sent = await _find_sent(client_key, by=by)
    if sent is None:
        require_open(case)
        if not text and not pictures:
            raise errors.EmptyMessage()
        if len(text) > LONGEST_TEXT or len(pictures) > MOST_PICTURES:
            detail = f"一条留言最多 {LONGEST_TEXT} 个字、{MOST_PICTURES} 张照片"
            raise errors.EmptyMessage(detail)
        if not await allow(redis, f"message:{by.actor}", limit=A_MINUTE, seconds=60):
            raise errors.TooManyMessages(retry_after=60)
        message = Message(case_id=case.id, side=side, client_key=client_key, text=text)
        sent = await _send(case, message, pictures=pictures, by=by)
    if (sent.case_id, sent.text) != (case.id, text):
        raise errors.MessageKeyReused()
    shown = await views.of([sent], case=case, by=by)
    return shown[0]


async def read(case_id: UUID, *, after: int, limit: int, by: Principal) -> ConversationView:
    """The messages that follow number `after`, at most `limit`; an officer's look is recorded."""
    case, side = await get_party(case_id, by=by, act=Act.READ_CASES)
    rows = await Message.filter(case_id=case.id, n__gt=after).order_by("n").limit(limit)
    if rows and side is Side.OFFICE:
        await audit.record_read(
            actor=by.actor, action="case.messages-read", target=moves.target_of(case)
        )
    found = await Conversation.get_or_none(case_id=case.id) or Conversation()
    reason = why_closed(case, at=clock.now())
    return ConversationView(
        messages=await views.of(rows, case=case, by=by),
        length=found.length,
        applicant_read=found.applicant_read,
        office_read=found.office_read,
        may_write=reason is None,
        closed_text=_WHY_CLOSED[reason] if reason else None,
    )


async def mark_read(case_id: UUID, *, up_to: int, by: Principal) -> ReadMarks:
    """The caller's side has read up to this number; a mark never goes back.

    Raises `CaseNotFound`, and `MessageNotFound` for a number that is not there yet.
    """
    case, side = await get_party(case_id, by=by, act=Act.ANSWER_APPLICANT)
    async with transaction():
        await _authorise(case, act=Act.ANSWER_APPLICANT, by=by)
        found = await Conversation.filter(case_id=case.id).select_for_update().get_or_none()
        if found is None or up_to > found.length:
            raise errors.MessageNotFound()
        if getattr(found, f"{side}_read") < up_to:
            await _move_mark(case, found, side=side, up_to=up_to, by=by)
    return ReadMarks(applicant_read=found.applicant_read, office_read=found.office_read)


async def unread_of(case_ids: Iterable[UUID], *, side: Side) -> dict[UUID, int]:
    """Case → messages this side has not read; cases without any are absent."""
    waiting = Conversation.filter(case_id__in=list(case_ids), **{f"{side}_unread__gt": 0})
    return {
        found.case_id: found.applicant_unread if side is Side.APPLICANT else found.office_unread
        for found in await waiting
    }


async def get_party(case_id: UUID, *, by: Principal, act: Act) -> tuple[Case, Side]:
    """The case and the side the caller speaks for; `act` is what an officer must be allowed.

    Raises `CaseNotFound`, `RoleMissing`.
    """
    if by.kind is PrincipalKind.OFFICER:
        return await doors.get_for_officer(case_id, act=act, by=by), Side.OFFICE
    return await moves.get_own(case_id, by=by), Side.APPLICANT


def require_open(case: Case) -> None:
    """Raises `ConversationClosed` when nothing more can be written."""
    reason = why_closed(case, at=clock.now())
    if reason is not None:
        raise errors.ConversationClosed(_WHY_CLOSED[reason], reason=reason)


def why_closed(case: Case, *, at: datetime) -> str | None:
    """Why nobody can write: not-submitted, ended (longer than `OPEN_AFTER_END` ago), or None."""
    if case.submitted_at is None:
        return "not-submitted"
    over = case.ended_at is not None and case.ended_at + OPEN_AFTER_END < at
    return "ended" if over else None


async def _find_sent(client_key: str, *, by: Principal) -> Message | None:
    return await Message.get_or_none(author_id=by.id, client_key=client_key)


async def _send(
    case: Case, message: Message, *, pictures: Sequence[UUID], by: Principal
) -> Message:
    """Store and tell; gives the earlier message when the same key came in at the same moment."""
    try:
        async with transaction():
            return await _store(case, message, pictures=pictures, by=by)
    except IntegrityError:
        sent = await _find_sent(message.client_key, by=by)
        if sent is None:
            raise
        return sent


async def _store(
    case: Case, message: Message, *, pictures: Sequence[UUID], by: Principal
) -> Message:
    facts = await _authorise(case, act=Act.WRITE_TO_APPLICANT, by=by)
    talk = await _lock(case.id)
    sent = await _find_sent(message.client_key, by=by)
    if sent is not None:
        return sent
    other = Side.APPLICANT if message.side == Side.OFFICE else Side.OFFICE
    message.n, message.sent_at = talk.length + 1, clock.now()
    message.author_id, message.author_name = by.id, by.name
    await Conversation.filter(case_id=case.id).update(
        length=message.n, **{f"{other}_unread": F(f"{other}_unread") + 1}
    )
    if other is Side.OFFICE and talk.office_unread == 0:
        await _flag(case, unread=True)
    await message.save(force_create=True)
    await _take_pictures(message, pictures, by=by)
    snapshot = await catalogue.snapshot()
    told = events.MessageSent(
        **moves.event_facts(case),
        n=message.n,
        side=str(message.side),
        author_text=timeline.actor_text(
            by, department_name=snapshot.department_name(case.department)
        ),
        recipient_id=await _recipient(case, by=by),
    )
    await outbox.publish(told, key=_key(case))
    await audit.record(
        actor=by.actor,
        action="case.message",
        target=moves.target_of(case),
        detail={"n": message.n, "pictures": len(pictures)} | facts,
    )
    return message


async def _authorise(case: Case, *, act: Act, by: Principal) -> dict[str, object]:
    """On what ground an officer speaks for the office, for the audit; nothing for an applicant."""
    if by.kind is not PrincipalKind.OFFICER:
        return {}
    return dict((await doors.authorise(case, act=act, by=by)).facts())


async def _lock(case_id: UUID) -> Conversation:
    """The conversation, locked until the end of the transaction."""
    found = await Conversation.filter(case_id=case_id).select_for_update().get_or_none()
    if found is None:
        await Conversation.bulk_create([Conversation(case_id=case_id)], ignore_conflicts=True)
        found = await Conversation.filter(case_id=case_id).select_for_update().get()
    return found


async def _flag(case: Case, *, unread: bool) -> None:
    """The worklist and its count say whether something waits to be read; the talk is locked."""
    if await Case.filter(id=case.id, has_unread=not unread).update(has_unread=unread):
        counts.note_unread(case.department, 1 if unread else -1)


async def _take_pictures(message: Message, pictures: Sequence[UUID], *, by: Principal) -> None:
    for place, picture_id in enumerate(pictures):
        waiting = MessagePicture.filter(
            id=picture_id, case_id=message.case_id, uploaded_by=by.id, message_id=None
        )
        if not await waiting.update(message_id=message.id, place=place):
            raise errors.UnknownPicture()


async def _move_mark(
    case: Case, found: Conversation, *, side: Side, up_to: int, by: Principal
) -> None:
    other = Side.APPLICANT if side is Side.OFFICE else Side.OFFICE
    unread = await Message.filter(case_id=case.id, side=other, n__gt=up_to).count()
    values = {f"{side}_read": up_to, f"{side}_unread": unread}
    await Conversation.filter(id=found.id).update(**values)
    if side is Side.OFFICE and unread == 0 and found.office_unread > 0:
        await _flag(case, unread=False)
    found.update_from_dict(values)
    told = events.MessagesRead(
        **moves.event_facts(case),
        up_to=up_to,
        side=str(side),
        recipient_id=await _recipient(case, by=by),
    )
    await outbox.publish(told, key=_key(case))


async def _recipient(case: Case, *, by: Principal) -> UUID:
    """Whose page moves: the applicant who acts now, else who acted or who answers for the case."""
    if by.kind is PrincipalKind.CITIZEN:
        return by.person_id
    if case.person_id == case.subject_id or await identity_queries.may_act_for(
        case.person_id, case.subject_id
    ):
        return case.person_id
    return await identity_queries.find_responsible_person(case.subject_id) or case.person_id


def _key(case: Case) -> str:
    """Events of the conversation keep their order, and wait for nothing else of the case."""
    return f"conversation:{case.id}"
