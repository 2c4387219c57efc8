"""What every act on a case shares: whose case it is, compare-and-set, and the words of events."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypedDict
from uuid import UUID

from core.clocks import holidays
from core.protection import audit
from core.protection.protect import blind_index, blind_indexes, for_row
from identity import queries as identity_queries
from identity.principal import Principal
from services.cases import counts, errors, lifecycle
from services.cases.lifecycle import CaseState, Move
from services.cases.models import Case
from services.cases.rules import lights
from services.cases.rules.deadlines import Turns
from services.guides import catalogue
from services.guides.definitions import Item
from services.guides.guide import Guide, evaluate

_APPLICANT_PURPOSE = "cases.applicant"


class EventFacts(TypedDict):
    """The fields every case event carries."""

    case_id: UUID
    case_no: str | None
    short_no: str | None
    item_code: str
    item_name: str
    subject_id: UUID
    person_id: UUID
    department: str
    stage_text: str
    submitted: bool


async def get_own(case_id: UUID, *, by: Principal) -> Case:
    """The caller's own case, or of an organisation the caller may act for.

    Somebody else's case does not exist for the caller: `CaseNotFound` in both cases.
    """
    case = await Case.get_or_none(id=case_id)
    if case is None or not await is_own(case, by=by):
        raise errors.CaseNotFound()
    return case


async def is_own(case: Case, *, by: Principal) -> bool:
    if by.subject_id is None:
        return False
    if case.subject_id == by.subject_id:
        return True
    return await identity_queries.may_act_for(by.subject_id, case.subject_id)


async def note_agent(case: Case, action: str, *, by: Principal) -> None:
    """That somebody who acts for the applicant reads: the applicant's own look is nobody's news."""
    if case.subject_id != by.subject_id:
        await audit.record_read(actor=by.actor, action=action, target=target_of(case))


async def get_case(case_id: UUID) -> Case:
    """Any case, for acts of the system itself; raises `CaseNotFound`."""
    case = await Case.get_or_none(id=case_id)
    if case is None:
        raise errors.CaseNotFound()
    return case


async def item_of(case: Case) -> Item:
    """The item in the version the case began with."""
    return await catalogue.get_item_version(
        case.item_code, version=case.item_version, digest=case.item_digest
    )


async def guide_of(case: Case) -> Guide:
    """The personal guide after the answers of this case."""
    return evaluate(await item_of(case), case.answers)


async def move(case: Case, step: Move, *, at: datetime, **changes: Any) -> CaseState:
    """Compare-and-set the case to the state `step` leads to; returns that state.

    Raises `TransitionNotAllowed` with the present state, or `CaseChanged` when the case was changed
    since it was read. `case` carries the new values afterwards, its light is set for the days to
    come, and the kept counts follow. In the transaction of the act.
    """
    target = lifecycle.after(case.state, step, back_to=case.state_before_supplement)
    values = {"state": target, "updated_at": at, "revision": case.revision + 1, **changes}
    lit_by = {name: values.get(name, getattr(case, name)) for name in lights.LIT_BY}
    turns = await _turns(lit_by)
    values |= {"yellow_on": turns.yellow_on, "red_on": turns.red_on}
    if not await _write(case, values):
        present = await Case.get(id=case.id)
        lifecycle.after(present.state, step, back_to=present.state_before_supplement)
        raise errors.CaseChanged()
    return target


async def redate(case: Case, dates: Mapping[str, Any]) -> None:
    """Write the dates that the clocks of a case say, and when its light turns by them.

    Raises `CaseChanged`. In the transaction of what has moved the clocks.
    """
    lit_by = {name: dates.get(name, getattr(case, name)) for name in lights.LIT_BY}
    turns = await _turns(lit_by)
    values = {**dates, "yellow_on": turns.yellow_on, "red_on": turns.red_on}
    if not await _write(case, {**values, "revision": case.revision + 1}):
        raise errors.CaseChanged()


async def _write(case: Case, values: dict[str, Any]) -> bool:
    """Compare-and-set; the kept counts follow."""
    before = counts.of_case(case)
    unchanged = Case.filter(id=case.id, state=case.state, revision=case.revision)
    if not await unchanged.update(**for_row(Case, values, case.id)):
        return False
    case.update_from_dict(values)
    counts.note(before, counts.of_case(case))
    return True


async def _turns(lit_by: Mapping[str, Any]) -> Turns:
    """When the light of such a case turns; where no clock runs, no calendar is asked."""
    if lit_by["state"] not in lights.RUNNING:
        return Turns(None, None)
    return lights.turns_of(lit_by, days=await holidays.calendar())


def event_facts(case: Case) -> EventFacts:
    """The fields of an event about this case as it is now."""
    return EventFacts(
        case_id=case.id,
        case_no=case.case_no,
        short_no=case.short_no,
        item_code=case.item_code,
        item_name=case.item_name,
        subject_id=case.subject_id,
        person_id=case.person_id,
        department=case.department,
        stage_text=lifecycle.TEXTS[case.state],
        submitted=case.submitted_at is not None,
    )


def form_values(case: Case) -> dict[str, Any]:
    """The stored form values."""
    values: dict[str, Any] = json.loads(case.form) if case.form else {}
    return values


def form_revision(case: Case) -> str:
    """Names the form as it stands; another text or other answers have another name."""
    state = [case.answers, form_values(case)]
    text = json.dumps(state, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return hashlib.new("sm3", text.encode()).hexdigest()[:32]


def effective_values(case: Case, guide: Guide) -> dict[str, Any]:
    """Form values of the fields that apply, with what the answers preset."""
    values = form_values(case) | dict(guide.presets)
    return {entry.key: values.get(entry.key) for entry in guide.fields}


def to_text(values: Mapping[str, Any], *, in_order: bool = False) -> str:
    """Values as the JSON text an encrypted column holds; `in_order` sorts the keys."""
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"), sort_keys=in_order)


def applicant_index(name: str) -> str:
    """The look-up value of an applicant's name in the worklist."""
    return blind_index(name.strip(), purpose=_APPLICANT_PURPOSE)


def applicant_indexes(name: str) -> list[str]:
    """Where an applicant's name may stand after the master key was changed."""
    return blind_indexes(name.strip(), purpose=_APPLICANT_PURPOSE)


def target_of(case: Case) -> str:
    """The case in the audit trail."""
    return f"case:{case.id}"


def require_reason(text: str, *, longest: int = 1000) -> str:
    """A reason that says something; raises `ReasonMissing`."""
    reason = text.strip()
    if not reason:
        raise errors.ReasonMissing()
    if len(reason) > longest:
        raise errors.ReasonMissing(f"理由最多 {longest} 个字")
    return reason
