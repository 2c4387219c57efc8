"""The supplement: asked for once, naming everything; answered, or lapsed.

Administrative Licensing Law art. 32(4): what is missing must be told at one time. While a notice
is open before acceptance, no clock of the office runs; after acceptance the promise stands still,
and the statutory limit only where the item names a ground for it (art. 45).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from tortoise.exceptions import IntegrityError

from core import clock, outbox
from core.clocks import holidays
from core.clocks.workdays import WorkCalendar
from core.database import transaction
from core.files.blobs import Blobs
from core.protection import audit
from core.protection.protect import for_row
from identity.log_in import assurance
from identity.principal import Principal
from identity.staff.roles import Act
from services.cases import case_clocks, doors, errors, events, lifecycle, moves, timeline
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
    today, at, days = clock.today(), clock.now(), await holidays.calendar()
    named = _named(await moves.guide_of(case), items)
    due = _due(due_on, today=today, days=days)
    note = note.strip()[:2000]
    try:
        async with transaction():
            supplement_id = await _request(
                case, named=named, note=note, due=due, by=by, at=at, days=days
            )
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
    days: WorkCalendar,
) -> UUID:
    basis = await doors.authorise(case, act=Act.REQUEST_SUPPLEMENT, by=by)
    today = clock.local(at).date()
    await moves.move(
        case,
        Move.REQUEST_SUPPLEMENT,
        at=at,
        state_before_supplement=case.state,
        paused_on=today,
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
    if case.state_before_supplement is CaseState.ACCEPTED:
        item = await moves.item_of(case)
        await case_clocks.stop(case, item, cause=case_clocks.SUPPLEMENT, on=today)
    else:
        await case_clocks.end(case, case_clocks.ACCEPTANCE, on=today)
    await case_clocks.start_answer(case, supplement.id, on=today, due_on=due, days=days)
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

    Before acceptance the five days begin anew with the complete materials; after it the promise
    gets back the days for which it stood still, as far as the law allows. Raises `CaseIncomplete`
    with what is still missing, `StepUpRequired`.
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
    at, days = clock.now(), await holidays.calendar()
    async with transaction():
        await _run_on(case, at=at, days=days)
        await case_clocks.end_answer(supplement.id, on=clock.local(at).date())
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


async def _run_on(case: Case, *, at: datetime, days: WorkCalendar) -> None:
    """The case goes back to where the notice met it, and its clock runs on today."""
    today = clock.local(at).date()
    if case.state_before_supplement is CaseState.ACCEPTED:
        await moves.move(case, Move.ANSWER, at=at, paused_on=None)
        await case_clocks.go_on(case, on=today, days=days)
        await moves.redate(case, await case_clocks.due_dates(case))
        return
    begun = case_clocks.acceptance(today)
    await moves.move(
        case,
        Move.ANSWER,
        at=at,
        paused_on=None,
        received_on=today,
        **case_clocks.dates((begun,), days),
    )
    await case_clocks.start(case, begun, days=days)


async def lapse_one(supplement_id: UUID) -> None:
    """Return the case whose supplement was not answered in time, if that is so.

    The last day itself still belongs to the applicant: a job does this once the clock of the
    answer has lapsed.
    """
    overdue = Supplement.filter(id=supplement_id, state="open", due_on__lt=clock.today())
    supplement = await overdue.select_related("case").first()
    if supplement is not None:
        await _lapse(supplement.case, supplement)


async def _lapse(case: Case, supplement: Supplement) -> None:
    at = clock.now()
    text = f"没有在 {supplement.due_on} 前补正，申请已退回。准备好材料后可以重新申请。"
    async with transaction():
        await moves.move(case, Move.LAPSE, at=at, outcome_text=text, ended_at=at, paused_on=None)
        await Supplement.filter(id=supplement.id, state="open").update(state="lapsed")
        await case_clocks.void(case, on=clock.local(at).date(), notice_id=supplement.id)
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
