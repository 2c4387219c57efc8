"""The supplement: asked for once, naming everything; answered, or lapsed.

Administrative Licensing Law art. 32(4): what is missing must be told at one time. While the notice
is open the clock of the case stands still.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q

from core import clock, jobs, outbox
from core.clocks import holidays
from core.clocks.workdays import WorkCalendar
from core.database import transaction
from core.files.blobs import Blobs
from core.protection import audit
from core.protection.protect import for_row
from identity.log_in import assurance
from identity.principal import Principal
from identity.staff.roles import Act
from services.cases import doors, errors, events, lifecycle, moves, timeline
from services.cases.lifecycle import CaseState, Move
from services.cases.materials import checking, content_checks, papers
from services.cases.models import Case, Supplement
from services.cases.rules import completeness, deadlines
from services.guides import catalogue
from services.guides.guide import Guide

LAPSE = "lapse-supplement"
_LONGEST_TERM_DAYS = 90


@dataclass(frozen=True)
class Missing:
    """One point of a notice: a material of the guide and what is wrong with it."""

    code: str
    reason: str


async def request(
    case_id: UUID, *, items: Sequence[Missing], note: str, due_on: date | None, by: Principal
) -> UUID:
    """Tell the applicant everything that is missing, once; returns the supplement's id.

    Raises `InvalidSupplement`, `SupplementAlreadyRequested`, `TransitionNotAllowed`.
    """
    case = await doors.get_for_officer(case_id, act=Act.REQUEST_SUPPLEMENT, by=by)
    lifecycle.after(case.state, Move.REQUEST_SUPPLEMENT)
    if await Supplement.exists(case_id=case.id):
        raise errors.SupplementAlreadyRequested()
    today, at = clock.today(), clock.now()
    named = _named(await moves.guide_of(case), items)
    due = _due(due_on, today=today, days=await holidays.calendar())
    note = note.strip()[:2000]
    try:
        async with transaction():
            supplement_id = await _request(case, named=named, note=note, due=due, by=by, at=at)
    except IntegrityError:
        raise errors.SupplementAlreadyRequested() from None
    return supplement_id


async def _request(
    case: Case,
    *,
    named: list[dict[str, str]],
    note: str,
    due: date,
    by: Principal,
    at: datetime,
) -> UUID:
    basis = await doors.authorise(case, act=Act.REQUEST_SUPPLEMENT, by=by)
    await moves.move(
        case,
        Move.REQUEST_SUPPLEMENT,
        at=at,
        state_before_supplement=case.state,
        paused_on=clock.local(at).date(),
    )
    supplement = await Supplement.create(
        case_id=case.id,
        items=[{"code": point["code"], "name": point["name"]} for point in named],
        reasons=moves.to_text({point["code"]: point["reason"] for point in named}),
        note=note,
        due_on=due,
        state="open",
        requested_at=at,
    )
    for point in named:
        await papers.mark_rejected(case.id, point["code"], reason=point["reason"], at=at)
    lines = "；".join(f"{point['name']}：{point['reason']}" for point in named)
    snapshot = await catalogue.snapshot()
    await timeline.append(
        case.id,
        kind="supplement-requested",
        title="需要补正材料",
        text=f"请在 {due} 前补正：{lines}。" + (f"说明：{note}" if note else ""),
        actor_text=doors.office(basis, name_of=snapshot.department_name, case=case, by=by),
        at=at,
    )
    requested = events.SupplementRequested(
        **moves.event_facts(case), supplement_id=supplement.id, items=named, due_on=due
    )
    await outbox.publish(requested, key=str(case.id))
    await audit.record(
        actor=by.actor,
        action="supplement.request",
        target=moves.target_of(case),
        detail={"materials": [point["code"] for point in named], "due_on": due} | basis.facts(),
    )
    return supplement.id


def _named(guide: Guide, items: Sequence[Missing]) -> list[dict[str, str]]:
    """The points with the names of their materials; every one must be in the applicant's guide."""
    if not items:
        raise errors.InvalidSupplement("请至少写明一项需要补正的材料")
    if len({item.code for item in items}) != len(items):
        raise errors.InvalidSupplement("同一份材料只能写一次")
    named = []
    for item in items:
        requirement = guide.material(item.code)
        if requirement is None:
            raise errors.InvalidSupplement(f"办事指南里没有材料 {item.code}，不能要求补正")
        if not item.reason.strip():
            raise errors.InvalidSupplement(f"请写明“{requirement.name}”需要补正的原因")
        reason = item.reason.strip()[:300]
        named.append({"code": item.code, "name": requirement.name, "reason": reason})
    return named


def _due(due_on: date | None, *, today: date, days: WorkCalendar) -> date:
    if due_on is None:
        return days.add_working_days(today, deadlines.SUPPLEMENT_DAYS)
    if not 0 < (due_on - today).days <= _LONGEST_TERM_DAYS:
        raise errors.InvalidSupplement(f"补正期限应在明天起 {_LONGEST_TERM_DAYS} 天以内")
    return due_on


async def answer(
    case_id: UUID, supplement_id: UUID, *, note: str, by: Principal, blobs: Blobs
) -> None:
    """The applicant has supplied everything; the clock runs on.

    Before acceptance the five days begin anew with the complete materials; after it the due dates
    move by the days the clock stood still. Raises `CaseIncomplete` with what is still missing,
    `StepUpRequired`.
    """
    assurance.require(by, assurance.Act.SUBMIT)
    case = await moves.get_own(case_id, by=by)
    supplement = await _get(case, supplement_id)
    lifecycle.after(case.state, Move.ANSWER, back_to=case.state_before_supplement)
    await checking.check_waiting(case.id, blobs=blobs)
    case = await moves.get_own(case_id, by=by)
    guide = await moves.guide_of(case)
    completeness.check(
        guide,
        values=moves.effective_values(case, guide),
        handed_in=await papers.handed_in(case.id),
    )
    at = clock.now()
    async with transaction():
        resumed = _resumed(case, days=await holidays.calendar())
        await moves.move(case, Move.ANSWER, at=at, paused_on=None, **resumed)
        said = {
            "state": "answered",
            "answer_note": note.strip()[:2000] or None,
            "answered_at": at,
        }
        await Supplement.filter(id=supplement.id, state="open").update(
            **for_row(Supplement, said, supplement.id)
        )
        await content_checks.note_text(content_checks.NOTE, case_id=case.id, by=by, at=at)
        await timeline.append(
            case.id,
            kind="supplement-answered",
            title="材料已补正",
            text=note.strip()[:2000],
            actor_text=timeline.APPLICANT,
            at=at,
        )
        answered = events.SupplementAnswered(**moves.event_facts(case), supplement_id=supplement.id)
        await outbox.publish(answered, key=str(case.id))
        await audit.record(actor=by.actor, action="supplement.answer", target=moves.target_of(case))


def _resumed(case: Case, *, days: WorkCalendar) -> dict[str, Any]:
    """The dates of a case whose clock runs on today."""
    today = clock.today()
    if case.state_before_supplement is not CaseState.ACCEPTED or case.paused_on is None:
        return {
            "received_on": today,
            "acceptance_due_on": deadlines.acceptance_due_on(today, days),
        }
    return {
        name: deadlines.after_pause(due, paused_on=case.paused_on, resumed_on=today, days=days)
        for name, due in (("due_on", case.due_on), ("statutory_due_on", case.statutory_due_on))
        if due is not None
    }


async def lapse(at: datetime) -> int:
    """Return the cases whose supplement was not answered in time; returns how many. For the timer.

    The last day itself still belongs to the applicant. One that raises is left to its own job
    (`lapse_one`) and stops no other.
    """
    overdue = Supplement.filter(state="open", due_on__lt=clock.local(at).date())

    async def page(last: Supplement | None, limit: int) -> list[Supplement]:
        # By the day, as the index is: in the order of ids all supplements there ever were are read.
        rows = overdue
        if last is not None:
            rows = rows.filter(Q(due_on__gt=last.due_on) | Q(due_on=last.due_on, id__gt=last.id))
        return await rows.order_by("due_on", "id").limit(limit).select_related("case")

    return await jobs.walk(LAPSE, page, _lapse_due)


async def lapse_one(supplement_id: UUID) -> None:
    """Return one case whose supplement was not answered in time, if that is still so."""
    overdue = Supplement.filter(id=supplement_id, state="open", due_on__lt=clock.today())
    supplement = await overdue.select_related("case").first()
    if supplement is not None:
        await _lapse_due(supplement)


async def _lapse_due(supplement: Supplement) -> bool:
    try:
        await _lapse(supplement.case, supplement)
    except (errors.TransitionNotAllowed, errors.CaseChanged):
        return False
    return True


async def _lapse(case: Case, supplement: Supplement) -> None:
    at = clock.now()
    text = f"没有在 {supplement.due_on} 前补正，申请已退回。准备好材料后可以重新申请。"
    async with transaction():
        await moves.move(case, Move.LAPSE, at=at, outcome_text=text, ended_at=at, paused_on=None)
        await Supplement.filter(id=supplement.id, state="open").update(state="lapsed")
        await timeline.append(case.id, kind="lapsed", title="逾期未补正", text=text, at=at)
        await outbox.publish(events.CaseLapsed(**moves.event_facts(case)), key=str(case.id))
        await audit.record(
            actor="system:supplement-lapse",
            action="supplement.lapse",
            target=moves.target_of(case),
        )


async def _get(case: Case, supplement_id: UUID) -> Supplement:
    supplement = await Supplement.get_or_none(id=supplement_id, case_id=case.id)
    if supplement is None:
        raise errors.SupplementNotFound()
    return supplement
