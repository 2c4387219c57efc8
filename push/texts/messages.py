"""The texts people read, in Chinese, for every event of cases and wallet. Pure.

Events are read by their attributes, so that this package need not know their classes. A text never
holds an ID number or a phone; a title has at most 20 characters. `compose` finds the text of an
event by its name and gives None for events that are told to nobody.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Protocol
from uuid import UUID

from core.clock import local
from push.texts.message import LONGEST_BODY, LONGEST_TITLE, DepartmentNotice, Message, Weight, cut


class CaseEvent(Protocol):
    """What every event of a case carries."""

    @property
    def case_id(self) -> UUID: ...
    @property
    def item_name(self) -> str: ...
    @property
    def person_id(self) -> UUID: ...
    @property
    def subject_id(self) -> UUID: ...
    @property
    def department(self) -> str: ...
    @property
    def stage_text(self) -> str: ...


class LicenceEvent(Protocol):
    """What every event of a licence carries."""

    @property
    def licence_id(self) -> UUID: ...
    @property
    def person_id(self) -> UUID: ...
    @property
    def subject_id(self) -> UUID: ...
    @property
    def licence_name(self) -> str: ...


# The attributes beyond the common ones differ from event to event; flows hands over real events.
Event = Any


def case_submitted(event: Event) -> Message:
    return _case(
        event, "case-submitted", "申请已提交", "我们已收到您的申请，将在 5 个工作日内答复是否受理。"
    )


def case_accepted(event: Event) -> Message:
    if getattr(event, "deemed", False):
        text = "收到材料后未在规定时间内告知补正，依法视为受理，办理时限从收到材料之日起算。"
    else:
        text = "材料齐全，已经受理，请留意办理进度。"
    return _case(event, "case-accepted", "申请已受理", text)


def acceptance_declined(event: Event) -> Message:
    text = f"原因：{event.reason}。如有异议，可以依法申请行政复议或者提起行政诉讼。"
    return _case(event, "acceptance-declined", "申请未予受理", text)


def supplement_requested(event: Event) -> Message:
    names = "、".join(_item_name(item) for item in event.items)
    by = f"请在{_day(event.due_on)}前补齐" if event.due_on else "请尽快补齐"
    return _case(
        event,
        "supplement-requested",
        "请补正材料",
        f"还需要：{names}。{by}，补齐后继续办理。",
        link=f"#/supplement/{event.case_id}",
        more={"supplement_id": str(event.supplement_id), "due_on": _iso(event.due_on)},
    )


def supplement_answered(event: Event) -> Message:
    return _case(
        event, "supplement-answered", "补正材料已提交", "补正材料已送达，办理部门将继续审查。"
    )


def material_received(event: Event) -> Message:
    return _case(
        event,
        "material-received",
        "材料已上传",
        "材料已上传，正在检查。",
        more={"material_code": event.material_code},
        weight=Weight.TICK,
    )


def material_checked(event: Event) -> Message:
    """A good check only moves the page; a bad one is a notice, because somebody must act."""
    more = {"material_code": event.material_code, "ok": event.ok}
    if event.ok:
        text, title = "材料检查通过。", "材料检查通过"
    else:
        text, title = f"材料需要重新上传：{event.note or '内容无法识别'}。", "材料需要重新上传"
    return _case(
        event,
        "material-checked",
        title,
        text,
        more=more,
        weight=Weight.TICK if event.ok else Weight.NOTICE,
    )


def case_approved(event: Event) -> Message:
    text = "准予办理，正在制作电子证照，完成后将通知您。" if event.licence_type else "准予办理。"
    return _case(event, "case-approved", "申请已通过", text)


def case_refused(event: Event) -> Message:
    text = f"原因：{event.reason}。如有异议，可以依法申请行政复议或者提起行政诉讼。"
    return _case(event, "case-refused", "申请未获准予", text)


def case_withdrawn(event: Event) -> Message:
    return _case(event, "case-withdrawn", "申请已撤回", "您已撤回申请，需要时可以重新申请。")


def case_lapsed(event: Event) -> Message:
    text = "未在期限内补正材料，申请已退回，材料齐备后可以重新申请。"
    return _case(event, "case-lapsed", "申请已退回", text)


def case_closed(event: Event) -> Message:
    licence_id = event.licence_id
    return _case(
        event,
        "case-closed",
        "办理完成",
        f"{event.result_text.rstrip('。')}。",
        link=f"#/licence/{licence_id}" if licence_id else None,
        more={"licence_id": str(licence_id) if licence_id else None},
    )


def licence_issued(event: Event) -> Message:
    until = f"，有效期至{_day(event.valid_to)}" if event.valid_to else ""
    return _licence(
        event,
        "licence-issued",
        "电子证照已签发",
        f"《{event.licence_name}》已签发并存入您的卡包{until}，可随时出示使用。",
        more={
            "case_id": str(event.case_id) if event.case_id else None,
            "licence_type": event.licence_type,
            "version": event.version,
        },
    )


def licence_presented(event: Event) -> Message:
    text = f"您的《{event.licence_name}》于{_moment(event.at)}在{event.counter_name}被核验。"
    return _licence(
        event,
        "licence-presented",
        "证照已被核验",
        f"{text}如非本人出示，请立即停用亮证码。",
        link="#/uses",
        more={
            "presentation_id": str(event.presentation_id),
            "department": event.department,
            "counter_name": event.counter_name,
            "verdict": str(event.verdict),
        },
    )


def presentation_stopped(event: Event) -> Message:
    return _licence(
        event,
        "presentation-stopped",
        "亮证码已停用",
        f"《{event.licence_name}》的亮证码已停用，需要时可以重新出示。",
        more={"presentation_id": str(event.presentation_id)},
        weight=Weight.TICK,
    )


def licence_state_changed(event: Event, *, recipient_id: UUID) -> Message:
    """A licence was suspended, resumed, revoked or cancelled; told to whoever answers for it.

    The event names the holder, which may be an organisation; `flows` finds the person by
    `identity.queries.find_responsible_person`.
    """
    return Message(
        recipient_id=recipient_id,
        kind="licence-state-changed",
        title=cut(f"证照状态：{event.state_text}", LONGEST_TITLE),
        body=cut(
            f"您的《{event.licence_name}》现为“{event.state_text}”。原因：{event.cause}。"
            f"如有疑问，请联系{event.authority}。",
            LONGEST_BODY,
        ),
        link=f"#/licence/{event.licence_id}",
        data={
            "licence_id": str(event.licence_id),
            "licence_name": event.licence_name,
            "state": event.state,
        },
        about=event.subject_id,
    )


def bill_paid(event: Event) -> Message:
    return _bill(event, "bill-paid", "缴费成功", f"已缴纳 {_yuan(event.amount)} 元。")


def bill_refunded(event: Event) -> Message:
    return _bill(event, "bill-refunded", "退款已到账", f"已退回 {_yuan(event.amount)} 元。")


MESSAGES: Mapping[str, Callable[[Event], Message]] = {
    "CaseSubmitted": case_submitted,
    "CaseAccepted": case_accepted,
    "AcceptanceDeclined": acceptance_declined,
    "SupplementRequested": supplement_requested,
    "SupplementAnswered": supplement_answered,
    "MaterialReceived": material_received,
    "MaterialChecked": material_checked,
    "CaseApproved": case_approved,
    "CaseRefused": case_refused,
    "CaseWithdrawn": case_withdrawn,
    "CaseLapsed": case_lapsed,
    "CaseClosed": case_closed,
    "LicenceIssued": licence_issued,
    "LicencePresented": licence_presented,
    "PresentationStopped": presentation_stopped,
    "BillPaid": bill_paid,
    "BillRefunded": bill_refunded,
}
"""Event name → text for the person concerned."""

DEPARTMENT_TITLES: Mapping[str, str] = {
    "CaseSubmitted": "收到新的申请",
    "CaseAccepted": "办件已受理",
    "AcceptanceDeclined": "办件不予受理",
    "SupplementRequested": "已发出补正告知",
    "SupplementAnswered": "申请人已补正",
    "MaterialChecked": "材料已检查",
    "CaseApproved": "办件已准予",
    "CaseRefused": "办件不予许可",
    "CaseWithdrawn": "申请人已撤回",
    "CaseLapsed": "逾期未补正，已退回",
    "CaseClosed": "办件已办结",
}
"""Event name → title on the worklists of the department."""


def compose(event: Event) -> Message | None:
    """The message of an event, or None when its person is told nothing."""
    make = MESSAGES.get(type(event).__name__)
    return None if make is None else make(event)


def department_notice(event: Event) -> DepartmentNotice | None:
    """What the worklists of the case's department are told, or None."""
    name = type(event).__name__
    title = DEPARTMENT_TITLES.get(name)
    if title is None:
        return None
    return DepartmentNotice(
        department=event.department,
        kind=MESSAGES[name](event).kind,
        title=title,
        body=cut(f"「{event.item_name}」{event.stage_text}", LONGEST_BODY),
        link=f"#/cases/{event.case_id}",
        data=_case_data(event),
    )


def _bill(event: Event, kind: str, title: str, text: str) -> Message:
    return Message(
        recipient_id=event.person_id,
        kind=kind,
        title=title,
        body=cut(f"「{event.title}」{text}", LONGEST_BODY),
        link=f"#/payment/{event.bill_id}",
        data={"bill_id": str(event.bill_id), "case_id": str(event.case_id)},
        about=event.subject_id,
    )


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


def _case(
    event: CaseEvent,
    kind: str,
    title: str,
    text: str,
    *,
    link: str | None = None,
    more: Mapping[str, Any] | None = None,
    weight: Weight = Weight.NOTICE,
) -> Message:
    return Message(
        recipient_id=event.person_id,
        kind=kind,
        title=cut(title, LONGEST_TITLE),
        body=cut(f"「{event.item_name}」{text}", LONGEST_BODY),
        link=link or f"#/case/{event.case_id}",
        data=_case_data(event) | dict(more or {}),
        weight=weight,
        about=event.subject_id,
    )


def _licence(
    event: LicenceEvent,
    kind: str,
    title: str,
    text: str,
    *,
    link: str | None = None,
    more: Mapping[str, Any] | None = None,
    weight: Weight = Weight.NOTICE,
) -> Message:
    data = {"licence_id": str(event.licence_id), "licence_name": event.licence_name}
    # Who asked for a licence hears that it was made, also when somebody else holds it.
    about = getattr(event, "applicant_id", None) or event.subject_id
    return Message(
        recipient_id=event.person_id,
        kind=kind,
        title=cut(title, LONGEST_TITLE),
        body=cut(text, LONGEST_BODY),
        link=link or f"#/licence/{event.licence_id}",
        data=data | dict(more or {}),
        weight=weight,
        about=about,
    )


def _case_data(event: CaseEvent) -> dict[str, Any]:
    return {
        "case_id": str(event.case_id),
        "item_name": event.item_name,
        "stage_text": event.stage_text,
    }


def _item_name(item: Mapping[str, str] | str) -> str:
    return item if isinstance(item, str) else item.get("name") or item.get("code", "材料")


def _day(value: date | str) -> str:
    day = date.fromisoformat(value) if isinstance(value, str) else value
    return f"{day.year}年{day.month}月{day.day}日"


def _iso(value: date | str | None) -> str | None:
    return value.isoformat() if isinstance(value, date) else value


def _moment(value: datetime | str) -> str:
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    at = local(moment)
    return f"{_day(at.date())}{at:%H:%M}"
