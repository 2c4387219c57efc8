"""What is still missing before a case can be submitted, all of it at once. Pure.

A material counts as there when it was handed in and checked, taken from an e-licence, promised, or
when the platform makes it itself: generated from the form, or proven by the real-name sign-in.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from services.cases import errors
from services.cases.rules import forms
from services.guides.definitions import MaterialRequirement
from services.guides.guide import Guide


class MaterialStatus(StrEnum):
    MISSING = "missing"
    RECEIVED = "received"
    CHECKED = "checked"
    REJECTED = "rejected"
    REUSED = "reused"
    GENERATED = "generated"
    COMMITTED = "committed"
    REALNAME = "realname"


@dataclass(frozen=True)
class HandedIn:
    """What the applicant did about a material, as far as this file cares."""

    status: MaterialStatus
    note: str | None = None


_OPEN = {
    MaterialStatus.MISSING: "还没有提供",
    MaterialStatus.RECEIVED: "正在检查，请稍候",
    MaterialStatus.REJECTED: "不符合要求，请重新提供",
}


def status_of(requirement: MaterialRequirement, handed_in: HandedIn | None) -> MaterialStatus:
    """Where a material stands; what was handed in comes before what the platform makes."""
    if handed_in is not None:
        return handed_in.status
    ways = {way.by for way in requirement.replace}
    if "form" in ways:
        return MaterialStatus.GENERATED
    if "realname" in ways:
        return MaterialStatus.REALNAME
    return MaterialStatus.MISSING


def check(guide: Guide, *, values: Mapping[str, object], handed_in: Mapping[str, HandedIn]) -> None:
    """Raises `GuideStopped`, or `CaseIncomplete` naming every question, field and material."""
    refuse_stop(guide)
    questions = list(_open_questions(guide))
    fields = forms.missing(guide.fields, values)
    materials = list(_open_materials(guide, handed_in))
    if questions or fields or materials:
        raise errors.CaseIncomplete(
            f"还有 {len(questions) + len(fields) + len(materials)} 项没有完成",
            errors=[*questions, *fields],
            materials=materials,
        )


def refuse_stop(guide: Guide) -> None:
    """Raises `GuideStopped` when the answers end the way or lead to another item."""
    if guide.stop or guide.goto:
        detail = guide.stop or "您选择的情形请办理另一个事项"
        raise errors.GuideStopped(detail, goto=guide.goto)


def _open_questions(guide: Guide) -> Iterable[dict[str, str]]:
    if guide.next_question is None:
        return
    question = next(entry for entry in guide.questions if entry.code == guide.next_question)
    yield {"field": f"answers.{question.code}", "message": f"请回答：{question.question}"}


def _open_materials(guide: Guide, handed_in: Mapping[str, HandedIn]) -> Iterable[dict[str, str]]:
    for requirement in guide.materials:
        status = status_of(requirement, handed_in.get(requirement.code))
        optional = not requirement.required and status is MaterialStatus.MISSING
        if status in _OPEN and not optional:
            message = f"{requirement.name}：{_OPEN[status]}"
            yield {"code": requirement.code, "message": message}
