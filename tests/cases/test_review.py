import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from core.outbox import OutboxMessage
from core.protection.audit import AuditRecord
from identity.errors import RoleMissing, StepUpRequired
from services.cases import errors
from services.cases.acts import apply, review, supplement
from services.cases.lifecycle import CaseState
from services.cases.models import Case, MaterialFile
from services.cases.talk import conversation
from services.cases.views import case_files, lists, queries
from tests.cases.factories import PHOTO, CaseMaker, appointed, officer, organisation, told
from tests.cases.sweeping import swept
from tests.conftest import FrozenClock


async def test_acceptance_starts_the_promised_and_the_statutory_clock(cases: CaseMaker) -> None:
    case_id = await cases.accepted()

    case = await Case.get(id=case_id)
    assert (str(case.accepted_on), str(case.due_on)) == ("2026-11-25", "2026-12-09")
    assert str(case.statutory_due_on) == "2027-01-07"
    assert (await told("CaseAccepted")).deemed is False
    assert await AuditRecord.filter(action="case.accept").count() == 1


async def test_a_second_acceptance_conflicts_with_the_state(cases: CaseMaker) -> None:
    case_id = await cases.accepted()

    with pytest.raises(errors.TransitionNotAllowed) as refused:
        await review.accept(case_id, by=cases.officer)

    assert refused.value.members["state"] == "accepted"
    assert "已受理" in str(refused.value.detail)


async def test_a_case_of_another_department_does_not_exist(cases: CaseMaker) -> None:
    case_id = await cases.submitted()

    with pytest.raises(errors.CaseNotFound):
        await review.accept(case_id, by=officer("SCJG"))


async def test_a_draft_does_not_exist_for_the_office(cases: CaseMaker) -> None:
    with pytest.raises(errors.CaseNotFound):
        await review.accept(await cases.draft(), by=cases.officer)


async def test_declined_acceptance_says_why(cases: CaseMaker) -> None:
    case_id = await cases.submitted()

    await review.decline_acceptance(case_id, reason="不属于本机关职权", by=cases.officer)

    detail = await queries.get_detail(case_id, by=cases.by)
    assert (detail.state, detail.outcome_text) == ("acceptance_declined", "不属于本机关职权")
    with pytest.raises(errors.ReasonMissing):
        await review.decline_acceptance(await cases.submitted(), reason="", by=cases.officer)


async def test_approval_carries_what_the_licence_says(cases: CaseMaker) -> None:
    case_id = await cases.accepted()

    await review.approve(case_id, opinion="同意", facts={"card_no": "A1"}, by=cases.officer)

    event = await told("CaseApproved")
    assert (event.licence_type, event.licence_action) == ("SSC", "issue")
    assert event.facts == {"card_no": "A1"}
    assert await review.approved_facts(case_id) == {"card_no": "A1"}


async def test_a_second_approval_conflicts_and_tells_nothing(cases: CaseMaker) -> None:
    case_id = await cases.accepted()
    await review.approve(case_id, opinion="", facts={}, by=cases.officer)

    with pytest.raises(errors.TransitionNotAllowed):
        await review.approve(case_id, opinion="", facts={}, by=cases.officer)

    assert await OutboxMessage.filter(name="CaseApproved").count() == 1


async def test_approval_needs_acceptance_first(cases: CaseMaker) -> None:
    with pytest.raises(errors.TransitionNotAllowed):
        await review.approve(await cases.submitted(), opinion="", facts={}, by=cases.officer)


async def test_refusal_gives_reasons_and_rights(cases: CaseMaker) -> None:
    case_id = await cases.accepted()

    await review.refuse(case_id, reason="不符合条件。", by=cases.officer)

    last = (await queries.get_detail(case_id, by=cases.by)).timeline[-1]
    assert last.title == "不予许可"
    assert "行政复议" in last.text
    assert "。。" not in last.text


async def test_closure_repeats_without_effect(cases: CaseMaker) -> None:
    case_id = await cases.accepted()
    await review.approve(case_id, opinion="", facts={}, by=cases.officer)
    licence_id = uuid4()

    await review.close(case_id, licence_id=licence_id)
    await review.close(case_id, licence_id=licence_id)

    assert await OutboxMessage.filter(name="CaseClosed").count() == 1
    with pytest.raises(errors.TransitionNotAllowed):
        await review.close(case_id, licence_id=uuid4())


async def test_nobody_is_deemed_accepted_on_the_fifth_day(
    cases: CaseMaker, frozen_clock: FrozenClock
) -> None:
    case_id = await cases.submitted()
    frozen_clock.set(datetime(2026, 12, 2, 15, 59, tzinfo=UTC))  # 23:59 in Shanghai

    assert await swept() == 0
    assert (await Case.get(id=case_id)).state is CaseState.SUBMITTED


async def test_silence_for_five_working_days_is_acceptance_from_the_first(
    cases: CaseMaker, frozen_clock: FrozenClock
) -> None:
    case_id = await cases.submitted()
    frozen_clock.set(datetime(2026, 12, 2, 16, 0, tzinfo=UTC))  # midnight in Shanghai

    assert await swept() == 1
    assert await swept() == 0

    case = await Case.get(id=case_id)
    assert case.state is CaseState.ACCEPTED
    assert (str(case.accepted_on), str(case.due_on)) == ("2026-11-25", "2026-12-09")
    assert (await told("CaseAccepted")).deemed is True


async def test_a_withdrawn_case_is_not_deemed_accepted(
    cases: CaseMaker, frozen_clock: FrozenClock
) -> None:
    case_id = await cases.submitted()
    await apply.withdraw(case_id, reason="不办了", by=cases.by)
    frozen_clock.advance(days=30)

    assert await swept() == 0


async def test_six_parallel_approvals_approve_once(cases: CaseMaker) -> None:
    case_id = await cases.accepted()

    results = await asyncio.gather(
        *(review.approve(case_id, opinion="", facts={}, by=cases.officer) for _ in range(6)),
        return_exceptions=True,
    )

    assert results.count(None) == 1
    assert await OutboxMessage.filter(name="CaseApproved").count() == 1


@pytest.mark.parametrize("role", ["window", "supervisor", "seal_keeper", "registrar"])
async def test_only_a_reviewer_decides_whoever_calls_the_act(cases: CaseMaker, role: str) -> None:
    case_id, by = await cases.submitted(), officer("RSJ", role)
    for attempt in (
        lambda: review.accept(case_id, by=by),
        lambda: review.decline_acceptance(case_id, reason="不属于", by=by),
        lambda: review.approve(case_id, opinion="", facts={}, by=by),
        lambda: review.refuse(case_id, reason="不符", by=by),
        lambda: supplement.request(
            case_id, items=[supplement.Missing(PHOTO, "看不清")], note="", due_on=None, by=by
        ),
    ):
        with pytest.raises(RoleMissing):
            await attempt()

    assert (await Case.get(id=case_id)).state is CaseState.SUBMITTED


async def test_pages_are_offered_what_the_act_allows(cases: CaseMaker) -> None:
    case_id = await cases.submitted()

    async def offered(*roles: str) -> list[str]:
        by = await appointed("RSJ", *roles)
        detail = await queries.get_staff_detail(
            case_id, by=by, licence_names={}, face_words=lambda *_: []
        )
        return detail.may

    assert await offered("reviewer") == [
        "accept",
        "decline",
        "request_supplement",
        "reject_material",
    ]
    assert await offered("window") == ["reject_material"]
    assert await offered("supervisor") == []


@pytest.mark.parametrize("role", ["seal_keeper", "registrar"])
async def test_who_reads_no_case_reads_none_by_any_way(cases: CaseMaker, role: str) -> None:
    case_id, by = await cases.submitted(), officer("RSJ", role)
    (stored,) = await MaterialFile.all()
    for attempt in (
        lambda: queries.get_staff_detail(
            case_id, by=by, licence_names={}, face_words=lambda *_: []
        ),
        lambda: lists.list_worklist(by=by),
        lambda: lists.worklist_counts(by=by),
        lambda: case_files.get_staff_file(stored.id, by=by),
        lambda: lists.get_overview(by=by),
        lambda: conversation.read(case_id, after=0, limit=10, by=by),
    ):
        with pytest.raises(RoleMissing):
            await attempt()


async def test_what_an_agent_reads_of_a_companys_case_is_on_record(cases: CaseMaker) -> None:
    """The applicant's own look is nobody's news; an agent's is the company's."""
    case_id = await cases.submitted()
    await queries.get_detail(case_id, by=cases.by)
    assert await AuditRecord.filter(action="case.read").count() == 0

    company = await organisation(cases.by)
    await Case.filter(id=case_id).update(subject_id=company)
    (stored,) = await MaterialFile.all()
    await queries.get_detail(case_id, by=cases.by)
    await case_files.get_own_file(stored.id, by=cases.by)

    seen = await AuditRecord.filter(actor=cases.by.actor, action__endswith="read")
    assert {record.action for record in seen} == {"case.read", "case.file-read"}


async def test_withdrawing_what_was_handed_in_takes_more_than_a_phone(cases: CaseMaker) -> None:
    case_id, thief = await cases.submitted(), replace(cases.by, assurance=1)

    with pytest.raises(StepUpRequired):
        await apply.withdraw(case_id, reason="不办了", by=thief)

    assert (await Case.get(id=case_id)).state is CaseState.SUBMITTED
