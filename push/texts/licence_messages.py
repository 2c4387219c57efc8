"""Texts about licences for whoever answers for a holder, who may be an organisation. Pure.

The events name the holder; `flows` finds the person to tell.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from core.clock import local
from push.texts.message import LONGEST_BODY, LONGEST_TITLE, DepartmentNotice, Message, cut

# Events are read by their attributes, so that this package need not know their classes.
Event = Any


def licence_looked_at(event: Event, *, recipient_id: UUID) -> Message:
    at = local(datetime.fromisoformat(event.at) if isinstance(event.at, str) else event.at)
    purpose = f"，用途：{event.purpose}" if event.purpose else ""
    return _message(
        event,
        recipient_id,
        "licence-looked-at",
        "证照信息被查看",
        f"{at:%m月%d日%H:%M}，{event.who}查看了您的《{event.licence_name}》（{event.how}{purpose}）。"
        "如有疑问，可在使用记录中提出异议。",
        link="#/uses",
        use_id=str(event.use_id),
    )


def licence_ending(event: Event, *, recipient_id: UUID) -> Message:
    end = event.valid_to
    day = date.fromisoformat(end) if isinstance(end, str) else end
    left = f"还有{event.days}天" if event.days else "今天"
    return _message(
        event,
        recipient_id,
        "licence-ending",
        "证照即将到期",
        f"您的《{event.licence_name}》{left}到期（{day.year}年{day.month}月{day.day}日），"
        "请及时办理延续。",
        link=f"#/licence/{event.licence_id}",
        days=event.days,
        valid_to=day.isoformat(),
    )


def licence_taken_in(event: Event, *, recipient_id: UUID) -> Message:
    return _message(
        event,
        recipient_id,
        "licence-taken-in",
        "一张证照已归集到您的名下",
        f"{event.authority}已将《{event.licence_name}》以归集方式存入您的卡包。"
        "如果您没有这张证照或内容不符，请联系该部门更正。",
        link=f"#/licence/{event.licence_id}",
    )


def complaint_answered(event: Event, *, recipient_id: UUID) -> Message:
    return _message(
        event,
        recipient_id,
        "complaint-answered",
        "您的异议已答复",
        f"就《{event.licence_name}》查看记录提出的异议，部门答复：{event.answer}",
        link="#/complaints",
    )


def authorisation_changed(event: Event, *, recipient_id: UUID) -> Message:
    return _message(
        event,
        recipient_id,
        "authorisation-changed",
        "证照授权有变化",
        f"《{event.licence_name}》：{event.text}。",
        link="#/authorisations",
        authorisation_id=str(event.authorisation_id),
        change=event.change,
    )


MESSAGES: Mapping[str, Callable[..., Message]] = {
    "LicenceLookedAt": licence_looked_at,
    "LicenceEnding": licence_ending,
    "LicenceTakenIn": licence_taken_in,
    "ComplaintAnswered": complaint_answered,
    "AuthorisationChanged": authorisation_changed,
}


def compose(event: Event, *, recipient_id: UUID) -> Message:
    """The message of one of these events. Raises KeyError for others."""
    return MESSAGES[type(event).__name__](event, recipient_id=recipient_id)


def complaint_made(event: Event) -> DepartmentNotice:
    """What the department is told about a complaint."""
    return DepartmentNotice(
        department=event.department,
        kind="complaint-made",
        title="收到查看异议",
        body=cut(f"持证人就《{event.licence_name}》的查看记录提出异议，请答复。", LONGEST_BODY),
        link="#/licences",
        data={"complaint_id": str(event.complaint_id)},
    )


def _message(
    event: Event, recipient_id: UUID, kind: str, title: str, text: str, *, link: str, **more: object
) -> Message:
    data = {"licence_id": str(event.licence_id), "licence_name": event.licence_name, **more}
    # An authorisation is told to its other side, whose matter it is as much.
    about = getattr(event, "recipient_subject_id", None) or event.subject_id
    return Message(
        recipient_id=recipient_id,
        kind=kind,
        title=cut(title, LONGEST_TITLE),
        body=cut(text, LONGEST_BODY),
        link=link,
        data=data,
        about=about,
    )
