"""The officer's acts: accept, decline, approve, refuse; and closing once the result is made."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from core import clock, outbox
from core.clocks import holidays
from core.database import transaction
from core.protection import audit
from identity.authority import Basis
from identity.principal import Principal
from identity.staff.roles import Act
from services.cases import case_clocks, doors, events, lifecycle, moves, timeline
from services.cases.lifecycle import CaseState, Move
from services.cases.models import Case
from services.guides import catalogue
from services.guides.guide import Guide, limit_text

DEEM = "deem-accepted"


async def accept(case_id: UUID, *, by: Principal) -> None:
    """Accept the application (受理); the clock of the promise starts today."""
    case = await doors.get_for_officer(case_id, act=Act.ACCEPT, by=by)
    await _accept(case, by=by, accepted_on=clock.today())


async def deem_one(case_id: UUID) -> None:
    """Accept what nobody answered in five working days, as of the day of receipt, if that is so.

    Administrative Licensing Law art. 32(4): if the applicant was not told within five days what is
    missing, the application counts as accepted from the day it was received. The fifth day itself
    still belongs to the office: a job does this once the clock of acceptance has lapsed.
    """
    case = await Case.get_or_none(
        id=case_id, state=CaseState.SUBMITTED, acceptance_due_on__lt=clock.today()
    )
    if case is not None:
        await _accept(case, by=None, accepted_on=case.received_on or clock.today())


async def _accept(case: Case, *, by: Principal | None, accepted_on: date) -> None:
    guide = await moves.guide_of(case)
    at, days = clock.now(), await holidays.calendar()
    received_on = case.received_on or accepted_on
    begun = case_clocks.decision(guide, received_on=received_on, accepted_on=accepted_on)
    dates = case_clocks.dates(begun, days)
    due = dates["due_on"]
    async with transaction():
        basis = await doors.authorise(case, act=Act.ACCEPT, by=by) if by else None
        await moves.move(
            case,
            Move.ACCEPT,
            at=at,
            accepted_at=at,
            accepted_on=accepted_on,
            **dates,
        )
        await case_clocks.end(case, case_clocks.ACCEPTANCE, on=clock.local(at).date())
        await case_clocks.start(case, *begun, days=days)
        await timeline.append(
            case.id,
            kind="accepted",
            title="申请已受理",
            text=_acceptance_text(guide, due=due, deemed=by is None),
            actor_text=await _office(case, basis, by),
            at=at,
        )
        accepted = events.CaseAccepted(**moves.event_facts(case), deemed=by is None)
        await outbox.publish(accepted, key=str(case.id))
        await audit.record(
            actor=by.actor if by else "system:deemed-acceptance",
            action="case.accept",
            target=moves.target_of(case),
            detail={"accepted_on": accepted_on, "due_on": due} | _facts(basis),
        )


def _acceptance_text(guide: Guide, *, due: date, deemed: bool) -> str:
    promise = f"承诺时限：{limit_text(guide.promised_limit)}，应在 {due} 前办结。"
    if not deemed:
        return promise
    return f"五个工作日内未告知补正，依法自收到申请之日起视为受理。{promise}"


async def decline_acceptance(case_id: UUID, *, reason: str, by: Principal) -> None:
    """Decline the application (不予受理) with a reason the applicant can use."""
    case = await doors.get_for_officer(case_id, act=Act.DECLINE_ACCEPTANCE, by=by)
    reason = moves.require_reason(reason)
    at = clock.now()
    async with transaction():
        basis = await doors.authorise(case, act=Act.DECLINE_ACCEPTANCE, by=by)
        await moves.move(case, Move.DECLINE, at=at, outcome_text=reason, decided_at=at, ended_at=at)
        await case_clocks.end(case, case_clocks.ACCEPTANCE, on=clock.local(at).date())
        await timeline.append(
            case.id,
            kind="acceptance-declined",
            title="不予受理",
            text=f"理由：{reason}",
            actor_text=await _office(case, basis, by),
            at=at,
        )
        declined = events.AcceptanceDeclined(**moves.event_facts(case), reason=reason)
        await outbox.publish(declined, key=str(case.id))
        await _record("case.decline", case, basis, by)


async def get_approvable(case_id: UUID, *, by: Principal) -> Case:
    """The case if it can be decided now, for what the edge has to look up before `approve`."""
    case = await doors.get_for_officer(case_id, act=Act.APPROVE, by=by)
    lifecycle.after(case.state, Move.APPROVE)
    return case


async def approve(
    case_id: UUID,
    *,
    opinion: str,
    facts: Mapping[str, Any],
    by: Principal,
    previous_licence_id: UUID | None = None,
) -> None:
    """Grant the application (准予许可). `facts` is what the licence shall say, checked before.

    The licence is made afterwards, by whoever reacts to `CaseApproved`; a second approval is
    `TransitionNotAllowed`.
    """
    case = await get_approvable(case_id, by=by)
    result = (await moves.item_of(case)).result
    at = clock.now()
    opinion = opinion.strip()[:1000]
    async with transaction():
        basis = await doors.authorise(case, act=Act.APPROVE, by=by)
        await moves.move(
            case,
            Move.APPROVE,
            at=at,
            outcome_text=opinion or None,
            facts=moves.to_text(facts),
            decided_at=at,
        )
        await case_clocks.end(case, *case_clocks.DECISION, on=clock.local(at).date())
        await timeline.append(
            case.id,
            kind="approved",
            title="准予许可",
            text=f"正在制作《{result.name}》。",
            actor_text=await _office(case, basis, by),
            at=at,
        )
        approved = events.CaseApproved(
            **moves.event_facts(case),
            licence_type=result.licence,
            licence_action=result.action,
            facts=dict(facts),
            previous_licence_id=previous_licence_id,
            opinion=opinion,
        )
        await outbox.publish(approved, key=str(case.id))
        await _record("case.approve", case, basis, by)


async def refuse(case_id: UUID, *, reason: str, by: Principal) -> None:
    """Refuse the application (不予许可): with reasons, and the applicant's rights (art. 38)."""
    case = await doors.get_for_officer(case_id, act=Act.REFUSE, by=by)
    reason = moves.require_reason(reason)
    at = clock.now()
    async with transaction():
        basis = await doors.authorise(case, act=Act.REFUSE, by=by)
        await moves.move(case, Move.REFUSE, at=at, outcome_text=reason, decided_at=at, ended_at=at)
        await case_clocks.end(case, *case_clocks.DECISION, on=clock.local(at).date())
        rights = "您有权依法申请行政复议或者提起行政诉讼。"
        await timeline.append(
            case.id,
            kind="refused",
            title="不予许可",
            text=f"理由：{reason.rstrip('。')}。{rights}",
            actor_text=await _office(case, basis, by),
            at=at,
        )
        refused = events.CaseRefused(**moves.event_facts(case), reason=reason)
        await outbox.publish(refused, key=str(case.id))
        await _record("case.refuse", case, basis, by)


async def close(
    case_id: UUID, *, licence_id: UUID | None = None, result_text: str | None = None
) -> None:
    """The result is there (办结). Repeating it with the same licence does nothing."""
    case = await moves.get_case(case_id)
    if case.state is CaseState.CLOSED and case.licence_id == licence_id:
        return
    result = (await moves.item_of(case)).result
    text = result_text or f"《{result.name}》已生成。"
    at = clock.now()
    async with transaction():
        await moves.move(case, Move.CLOSE, at=at, licence_id=licence_id, ended_at=at)
        await timeline.append(case.id, kind="closed", title="已办结", text=text, at=at)
        closed = events.CaseClosed(
            **moves.event_facts(case), result_text=text, licence_id=licence_id
        )
        await outbox.publish(closed, key=str(case.id))
        detail = {"licence": str(licence_id)} if licence_id else {}
        await audit.record(
            actor="system:closure",
            action="case.close",
            target=moves.target_of(case),
            detail=detail,
        )


async def approved_facts(case_id: UUID) -> dict[str, Any]:
    """What the officer decided shall be written on the licence; empty before the approval."""
    case = await moves.get_case(case_id)
    facts: dict[str, Any] = json.loads(case.facts) if case.facts else {}
    return facts


async def _office(case: Case, basis: Basis | None, by: Principal | None) -> str:
    if by is None or basis is None:
        return timeline.PLATFORM
    snapshot = await catalogue.snapshot()
    return doors.office(basis, name_of=snapshot.department_name, case=case, by=by)


async def _record(action: str, case: Case, basis: Basis, by: Principal) -> None:
    target = moves.target_of(case)
    await audit.record(actor=by.actor, action=action, target=target, detail=basis.facts())


def _facts(basis: Basis | None) -> dict[str, object]:
    return {} if basis is None else dict(basis.facts())
