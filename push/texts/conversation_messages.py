"""Texts about the conversation between applicant and office. Pure.

They say that somebody wrote, never what: the words stay with the case. Only what the office writes
to the applicant is worth a notice; everything else moves the pages that are open.
"""

from typing import Any

from push.texts.message import LONGEST_BODY, DepartmentNotice, Message, Weight, cut

# Events are read by their attributes, so that this package need not know their classes.
Event = Any

SENT = "case-message"
READ = "case-messages-read"


def compose(event: Event) -> Message:
    """For the applicant's side."""
    rings = _kind(event) == SENT and event.side == "office"
    return Message(
        recipient_id=event.recipient_id,
        kind=_kind(event),
        title="经办部门给您留言了" if rings else "留言有更新",
        body=cut(f"「{event.item_name}」经办部门给您留言，请打开办件查看并回复。", LONGEST_BODY),
        link=f"#/talk/{event.case_id}",
        data=_data(event),
        weight=Weight.NOTICE if rings else Weight.TICK,
        about=event.subject_id,
    )


def department_notice(event: Event) -> DepartmentNotice:
    """For the desks of the department."""
    wrote = _kind(event) == SENT and event.side == "applicant"
    return DepartmentNotice(
        department=event.department,
        kind=_kind(event),
        title="申请人留言" if wrote else "留言有更新",
        body=cut(f"「{event.item_name}」{event.short_no or ''}", LONGEST_BODY),
        link=f"#/case/{event.case_id}",
        data=_data(event),
    )


def _kind(event: Event) -> str:
    return SENT if type(event).__name__ == "MessageSent" else READ


def _data(event: Event) -> dict[str, Any]:
    data = {"case_id": str(event.case_id), "item_name": event.item_name, "side": event.side}
    if _kind(event) == SENT:
        return data | {"n": event.n, "author_text": event.author_text}
    return data | {"up_to": event.up_to}
