"""Officers of other bodies, and those who may not act any more, at the doors of a case."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from core import clock
from core.clocks.rows import Clock
from core.errors import Conflict
from core.outbox import OutboxMessage
from core.protection.audit import AuditRecord
from identity import errors as identity_errors
from identity.authority import DelegateKind, Ground, Power
from identity.models import Absence, Officer
from identity.people import organisations
from identity.principal import Principal
from identity.staff import delegations, officers
from identity.staff.delegations import Terms
from services.cases import case_clocks, errors
from services.cases.acts import licence_use, review, supplement
from services.cases.lifecycle import CaseState
from services.cases.materials import papers
from services.cases.models import Case, MaterialFile, TimelineEntry
from services.cases.talk import conversation
from services.cases.views import case_files, lists, queries
from tests.cases.factories import ITEM, LI, PHOTO, CaseMaker, appointed, person
from tests.conftest import FrozenClock, on_postgres

TIMES = 500 if on_postgres() else 20


async def delegated(
    *powers: Power, items: tuple[str, ...] = (ITEM,), ground: Ground = Ground.XK26
) -> tuple[Principal, UUID]:
    """An officer of ZWB to whom RSJ gave `powers`, and the delegation."""
    by, today = await appointed("ZWB"), clock.today()
    terms = Terms(
        ground=ground,
        delegate_kind=DelegateKind.DEPARTMENT,
        delegate_key="ZWB",
        items=items,
        powers=frozenset(powers),
        since=today,
        until=today + timedelta(days=30),
        document_no="松人社委〔2026〕1号",
        document="b" * 64,
    )
    head, second = await appointed("RSJ", "head"), await appointed(None, "supervisor")
    known = ("SJ-RSJ-01", "SJ-RSJ-03")
    made = await delegations.propose(terms, known_items=known, by=head)
    await delegations.countersign(made, by=second)
    return by, made


async def revoke(delegation_id: UUID) -> None:
    await delegations.revoke(delegation_id, reason="机构调整", by=await appointed("RSJ", "head"))


async def detail(case_id: UUID, by: Principal) -> Any:
    return await queries.get_staff_detail(
        case_id, by=by, licence_names={}, face_words=lambda *_: []
    )


async def test_a_delegate_acts_in_the_delegators_name(cases: CaseMaker) -> None:
    case_id = await cases.submitted()
    delegate, _ = await delegated(Power.ACCEPT, Power.REQUEST_SUPPLEMENT)

    await review.accept(case_id, by=delegate)

    entry = await TimelineEntry.get(case_id=case_id, kind="accepted")
    assert entry.actor_text == (
        "上海市松江区政务服务办公室（受上海市松江区人力资源和社会保障局委托）"
    )
    record = await AuditRecord.get(action="case.accept")
    assert record.detail["basis"] == "delegation:SQWT-2026-0001"
    assert record.detail["document"] == "b" * 64
    assert len(record.detail["register"]) == 64


async def test_the_own_department_acts_in_its_own_name(cases: CaseMaker) -> None:
    await cases.accepted()

    entry = await TimelineEntry.get(kind="accepted")
    assert entry.actor_text == "上海市松江区人力资源和社会保障局"
    assert (await AuditRecord.get(action="case.accept")).detail["basis"] == "department"


async def test_each_power_opens_its_own_acts_and_no_other(cases: CaseMaker) -> None:
    case_id = await cases.submitted()
    delegate, _ = await delegated(Power.REQUEST_SUPPLEMENT)

    with pytest.raises(identity_errors.NotDelegated) as refused:
        await review.accept(case_id, by=delegate)
    assert refused.value.members["reason"] == "act"
    await supplement.request(
        case_id, items=[supplement.Missing(PHOTO, "看不清")], note="", due_on=None, by=delegate
    )

    entry = await TimelineEntry.get(case_id=case_id, kind="supplement-requested")
    assert "受上海市松江区人力资源和社会保障局委托" in entry.actor_text


async def test_what_is_not_delegated_does_not_exist(cases: CaseMaker) -> None:
    case_id = await cases.submitted()
    (stored,) = await MaterialFile.all()
    delegate, _ = await delegated(Power.ACCEPT, items=("SJ-RSJ-01",))

    for attempt in (
        detail(case_id, delegate),
        review.accept(case_id, by=delegate),
        conversation.read(case_id, after=0, limit=9, by=delegate),
    ):
        with pytest.raises(errors.CaseNotFound):
            await attempt
    with pytest.raises(errors.FileNotFound):
        await case_files.get_staff_file(stored.id, by=delegate)
    assert await lists.list_worklist(by=delegate) == []


async def test_pages_offer_what_the_delegation_gives_and_say_why_not_more(
    cases: CaseMaker,
) -> None:
    case_id = await cases.submitted()
    delegate, _ = await delegated(Power.ACCEPT)

    shown = await detail(case_id, delegate)

    assert shown.may == ["accept", "decline", "reject_material"]
    assert [(one.act, one.slug) for one in shown.withheld] == [
        ("request_supplement", "not-delegated")
    ]
    assert "委托不包括这一步" in shown.withheld[0].text
    assert "SQWT-2026-0001" in shown.basis_text
    assert (await detail(case_id, cases.officer)).basis_text == ""


async def test_pages_and_acts_agree(cases: CaseMaker) -> None:
    """Whatever is offered is done, whatever is not is refused: for every power by itself."""
    doing: dict[str, Callable[[UUID, Principal], Awaitable[object]]] = {
        "accept": lambda case_id, by: review.accept(case_id, by=by),
        "decline": lambda case_id, by: review.decline_acceptance(case_id, reason="不属于", by=by),
        "reject_material": lambda case_id, by: papers.reject(case_id, PHOTO, reason="糊", by=by),
        "request_supplement": lambda case_id, by: supplement.request(
            case_id, items=[supplement.Missing(PHOTO, "糊")], note="", due_on=None, by=by
        ),
    }
    for power in Power:
        by, made = await delegated(power, ground=Ground.XK24)
        for word, act in doing.items():
            case_id = await cases.submitted()
            if word in (await detail(case_id, by)).may:
                await act(case_id, by)
            else:
                with pytest.raises(identity_errors.NotDelegated):
                    await act(case_id, by)
        await revoke(made)


async def test_a_revoked_delegate_is_refused_and_what_was_done_stays(cases: CaseMaker) -> None:
    case_id = await cases.submitted()
    delegate, made = await delegated(Power.ACCEPT, Power.DECIDE, ground=Ground.XK24)
    await review.accept(case_id, by=delegate)
    before = await Case.get(id=case_id)
    await revoke(made)

    with pytest.raises(identity_errors.NotDelegated) as refused:
        await review.approve(case_id, opinion="", facts={}, by=delegate)

    assert refused.value.members["reason"] == "revoked"
    after = await Case.get(id=case_id)
    assert (after.state, after.due_on, after.revision) == (
        CaseState.ACCEPTED,
        before.due_on,
        before.revision,
    )
    await review.approve(case_id, opinion="", facts={}, by=cases.officer)


async def test_a_revocation_between_the_look_and_the_act_is_seen(cases: CaseMaker) -> None:
    case_id = await cases.submitted()
    delegate, made = await delegated(Power.ACCEPT)
    assert "accept" in (await detail(case_id, delegate)).may

    outcomes = await asyncio.gather(
        *(review.accept(case_id, by=delegate) for _ in range(3)),
        revoke(made),
        return_exceptions=True,
    )

    accepted = outcomes[:3].count(None)
    state = (await Case.get(id=case_id)).state
    assert (accepted, state) in [(0, CaseState.SUBMITTED), (1, CaseState.ACCEPTED)]
    with pytest.raises(identity_errors.NotDelegated):
        await papers.reject(case_id, PHOTO, reason="糊", by=delegate)


async def test_a_dismissed_officer_is_refused_in_the_middle(cases: CaseMaker) -> None:
    case_id = await cases.accepted()
    await officers.dismiss(cases.officer.id, by="system:test")

    for attempt in (
        review.approve(case_id, opinion="", facts={}, by=cases.officer),
        papers.reject(case_id, PHOTO, reason="糊", by=cases.officer),
        detail(case_id, cases.officer),
    ):
        with pytest.raises(identity_errors.OfficerInactive):
            await attempt

    assert (await Case.get(id=case_id)).state is CaseState.ACCEPTED
    assert await OutboxMessage.filter(name="CaseApproved").count() == 0


async def test_who_is_locked_or_whose_time_is_over_is_refused_in_the_middle(
    cases: CaseMaker,
) -> None:
    case_id = await cases.accepted()
    yesterday = clock.today() - timedelta(days=1)
    for changes in ({"locked_at": clock.now()}, {"valid_to": yesterday}):
        await Officer.filter(id=cases.officer.id).update(**changes)
        with pytest.raises(identity_errors.OfficerInactive):
            await review.approve(case_id, opinion="", facts={}, by=cases.officer)
        await Officer.filter(id=cases.officer.id).update(locked_at=None, valid_to=None)


async def test_who_is_on_leave_looks_and_does_not_act(cases: CaseMaker) -> None:
    case_id, today = await cases.accepted(), clock.today()
    leave = await Absence.create(officer_id=cases.officer.id, from_on=today, to_on=today)

    with pytest.raises(identity_errors.OfficerAway):
        await review.approve(case_id, opinion="", facts={}, by=cases.officer)
    shown = await detail(case_id, cases.officer)
    assert shown.may == []
    assert {one.slug for one in shown.withheld} == {"officer-away"}

    await leave.delete()
    await review.approve(case_id, opinion="", facts={}, by=cases.officer)


async def test_a_role_that_was_taken_away_counts_at_once(cases: CaseMaker) -> None:
    case_id = await cases.submitted()
    await Officer.filter(id=cases.officer.id).update(roles=["window"])

    with pytest.raises(identity_errors.RoleMissing):
        await review.accept(case_id, by=cases.officer)


async def test_an_officer_who_moved_away_leaves_the_cases_behind(cases: CaseMaker) -> None:
    case_id = await cases.submitted()
    await appointed("SCJG")
    await Officer.filter(id=cases.officer.id).update(department_id="SCJG")

    with pytest.raises(errors.CaseNotFound):
        await review.accept(case_id, by=cases.officer)


async def test_nobody_acts_on_an_own_application(cases: CaseMaker) -> None:
    case_id = await cases.submitted()
    applicant = await appointed("RSJ", person_id=cases.by.person_id)

    for attempt in (
        review.accept(case_id, by=applicant),
        review.decline_acceptance(case_id, reason="x", by=applicant),
        papers.reject(case_id, PHOTO, reason="糊", by=applicant),
    ):
        with pytest.raises(identity_errors.OwnMatter):
            await attempt

    shown = await detail(case_id, applicant)
    assert shown.may == []
    assert {one.slug for one in shown.withheld} == {"own-matter"}
    assert "回避" in shown.withheld[0].text
    await review.accept(case_id, by=cases.officer)


async def test_nobody_acts_on_the_application_of_a_firm_one_represents(cases: CaseMaker) -> None:
    case_id = await cases.submitted()
    owner = await person(LI)
    firm = await organisations.register(
        uscc="91310117FAKE100193",
        name="演示餐饮",
        legal_representative_id=owner.person_id,
        by="system:test",
    )
    await Case.filter(id=case_id).update(subject_id=firm)
    reviewer = await appointed("RSJ", person_id=owner.person_id)

    with pytest.raises(identity_errors.OwnMatter):
        await review.accept(case_id, by=reviewer)


async def test_a_delegates_worklist_holds_the_delegated_items_after_the_own(
    cases: CaseMaker, frozen_clock: FrozenClock
) -> None:
    first = await cases.submitted()
    frozen_clock.advance(minutes=1)
    second = await cases.accepted()
    delegate, made = await delegated(Power.ACCEPT)
    own = await cases.submitted()
    await Case.filter(id=own).update(department="ZWB", item_code="SJ-ZWB-01")

    everything = await lists.list_worklist(by=delegate)
    assert [entry.id for entry in everything] == [own, second, first]
    waiting = await lists.list_worklist(by=delegate, state=CaseState.SUBMITTED)
    assert [entry.id for entry in waiting] == [own, first]
    running = await lists.list_worklist(by=delegate, state=CaseState.ACCEPTED)
    assert [entry.id for entry in running] == [second]
    page = await lists.list_worklist(by=delegate, limit=2)
    rest = await lists.list_worklist(by=delegate, limit=2, after=page.following)
    assert [entry.id for entry in [*page, *rest]] == [own, second, first]
    number = (await Case.get(id=first)).short_no or ""
    assert [one.id for one in await lists.list_worklist(by=delegate, query=number)] == [first]
    named = await lists.list_worklist(by=delegate, query="张演示")
    assert {entry.id for entry in named} == {own, first, second}
    (work,) = await lists.list_delegated(by=delegate)
    assert (work.no, work.powers) == ("SQWT-2026-0001", ["accept"])

    await revoke(made)
    assert [entry.id for entry in await lists.list_worklist(by=delegate)] == [own]
    assert await lists.list_worklist(by=delegate, query=number) == []
    assert await lists.list_delegated(by=delegate) == []


async def test_a_delegate_uses_the_licence_of_a_material_only_by_a_power(
    cases: CaseMaker,
) -> None:
    case_id = await cases.submitted()
    delegate, _ = await delegated(Power.DELIVER)

    with pytest.raises(identity_errors.NotDelegated):
        await licence_use.for_officer(case_id, PHOTO, by=delegate)


@pytest.mark.slow
async def test_six_officers_at_one_case_have_one_outcome(cases: CaseMaker) -> None:
    """Own department and delegates; each of the others hears that the case moved on."""
    delegate, _ = await delegated(Power.ACCEPT, Power.DECIDE, ground=Ground.XK24)
    desk = [cases.officer, await appointed("RSJ"), await appointed("RSJ")]
    desk += [delegate, await appointed("ZWB"), await appointed("ZWB")]
    case_id = await cases.submitted()
    heard: Counter[str] = Counter()
    for n in range(TIMES):
        # As it was handed in: not accepted, and no clock of a decision runs.
        await Case.filter(id=case_id).update(state=CaseState.SUBMITTED, ended_at=None)
        await Clock.filter(owner_id=case_id, kind__in=case_clocks.DECISION).delete()
        entries = await TimelineEntry.filter(case_id=case_id).count()
        outcomes = await asyncio.gather(
            *(
                review.accept(case_id, by=by)
                if at % 2 == n % 2
                else review.decline_acceptance(case_id, reason="不属于", by=by)
                for at, by in enumerate(desk)
            ),
            return_exceptions=True,
        )
        conflicts = [one for one in outcomes if isinstance(one, Conflict)]
        assert (outcomes.count(None), len(conflicts)) == (1, 5), outcomes
        assert await TimelineEntry.filter(case_id=case_id).count() == entries + 1
        heard.update(one.slug for one in conflicts)

    assert set(heard) <= {"transition-not-allowed", "case-changed"}
    decided = AuditRecord.filter(action__in=["case.accept", "case.decline"])
    assert await decided.count() == TIMES
