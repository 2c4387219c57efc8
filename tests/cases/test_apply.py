import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from core.outbox import OutboxMessage
from services.cases import errors, moves
from services.cases.acts import apply
from services.cases.lifecycle import CaseState
from services.cases.materials import papers
from services.cases.models import Case
from services.cases.rules import numbers
from services.cases.views import lists, queries
from tests.cases.factories import (
    ANSWERS,
    ITEM,
    LI,
    ORG,
    PHOTO,
    CaseMaker,
    organisation,
    person,
    told,
)
from tests.conftest import FrozenClock


async def test_a_draft_is_prefilled_with_its_sources(cases: CaseMaker) -> None:
    case_id = await cases.draft()

    detail = await queries.get_detail(case_id, by=cases.by)

    fields = {entry.key: entry for entry in detail.fields}
    assert fields["applicant_name"].value == "张演示"
    assert fields["applicant_name"].source == "account"
    assert fields["applicant_name"].source_text == "来自您的账户"
    assert fields["delivery"].value == "电子证照"
    assert fields["bank"].value is None
    assert detail.state == "draft"
    assert detail.case_no is None
    assert detail.may == ["fill", "submit", "withdraw"]


async def test_a_draft_takes_values_from_licences(cases: CaseMaker) -> None:
    case_id = await apply.open_draft(
        "SJ-GA-02",
        answers={},
        by=cases.by,
        licences={"RES": {"address": "方松街道演示路1号", "endorse_to": "2026-12-31"}},
        licence_names={"RES": "上海市居住证"},
    )

    detail = await queries.get_detail(case_id, by=cases.by)

    sources = {entry.source_text for entry in detail.fields if entry.source == "licence"}
    assert sources == {"来自您的电子证照《上海市居住证》"}


async def test_an_organisation_is_prefilled_when_acted_for(cases: CaseMaker) -> None:
    boss = await person(LI)
    acting = await person(LI, acting_for=await organisation(boss))

    case_id = await apply.open_draft("SJ-SCJG-04", answers={}, by=acting)

    detail = await queries.get_detail(case_id, by=acting)
    fields = {entry.key: entry for entry in detail.fields}
    assert fields["org_name"].value == ORG[1]
    assert fields["org_name"].source_text == "来自单位登记信息"
    assert fields["org_uscc"].value == ORG[0]


async def test_an_item_for_persons_refuses_an_organisation(cases: CaseMaker) -> None:
    acting = await person(LI, acting_for=await organisation(await person(LI)))

    with pytest.raises(errors.WrongApplicant):
        await apply.open_draft(ITEM, answers={}, by=acting)


async def test_an_item_for_organisations_refuses_a_person(cases: CaseMaker) -> None:
    with pytest.raises(errors.WrongApplicant):
        await apply.open_draft("SJ-SCJG-04", answers={}, by=cases.by)


async def test_answers_that_end_the_way_open_no_case(cases: CaseMaker) -> None:
    with pytest.raises(errors.GuideStopped) as refused:
        await apply.open_draft("SJ-GA-01", answers={"S3": ["no"]}, by=cases.by)

    assert refused.value.detail == "居住登记未满半年，请先完成居住登记".replace("，", ",")
    assert await Case.all().count() == 0


async def test_the_same_request_key_gives_the_same_draft(cases: CaseMaker) -> None:
    first = await apply.open_draft(ITEM, answers=ANSWERS, by=cases.by, request_key="k" * 16)
    again = await apply.open_draft(ITEM, answers=ANSWERS, by=cases.by, request_key="k" * 16)

    assert first == again
    assert await Case.all().count() == 1


async def test_the_same_key_of_another_person_is_another_draft(cases: CaseMaker) -> None:
    other = await person(LI)

    mine = await apply.open_draft(ITEM, answers=ANSWERS, by=cases.by, request_key="k" * 16)
    theirs = await apply.open_draft(ITEM, answers=ANSWERS, by=other, request_key="k" * 16)

    assert mine != theirs


async def test_typed_values_lose_their_source(cases: CaseMaker) -> None:
    case_id = await cases.draft()

    await apply.fill(case_id, values={"mobile": "13900000000"}, by=cases.by)

    detail = await queries.get_detail(case_id, by=cases.by)
    mobile = next(entry for entry in detail.fields if entry.key == "mobile")
    assert (mobile.value, mobile.source) == ("13900000000", None)


async def test_a_wrong_value_stores_nothing(cases: CaseMaker) -> None:
    case_id = await cases.draft()

    with pytest.raises(errors.InvalidForm) as refused:
        await apply.fill(case_id, values={"bank": "上海银行", "applicant_id": "123"}, by=cases.by)

    assert refused.value.members["errors"] == [
        {"field": "applicant_id", "message": "身份号码：身份号码应为 18 位"}
    ]
    case = await Case.get(id=case_id)
    assert "bank" not in moves.form_values(case)


async def test_a_value_set_by_an_answer_cannot_be_typed(cases: CaseMaker) -> None:
    case_id = await cases.draft("SJ-JYJ-01", {"S3": ["primary"]})

    with pytest.raises(errors.InvalidForm):
        await apply.fill(case_id, values={"kind": "初中"}, by=cases.by)

    detail = await queries.get_detail(case_id, by=cases.by)
    kind = next(entry for entry in detail.fields if entry.key == "kind")
    assert (kind.value, kind.source) == ("小学", "preset")


async def test_other_answers_keep_typed_values(cases: CaseMaker) -> None:
    case_id = await cases.draft()
    await cases.fill(case_id)

    await apply.change_answers(case_id, answers={"S1": ["child"], "S2": ["mail"]}, by=cases.by)

    detail = await queries.get_detail(case_id, by=cases.by)
    assert next(entry for entry in detail.fields if entry.key == "bank").value == "上海银行"
    assert "mail_address" in [entry.key for entry in detail.fields]
    assert len(detail.materials) == 4


async def test_submission_names_everything_that_is_missing(cases: CaseMaker) -> None:
    case_id = await cases.draft(answers={"S1": ["self"]})

    with pytest.raises(errors.CaseIncomplete) as refused:
        await apply.submit(case_id, by=cases.by, blobs=cases.blobs)

    members = refused.value.members
    assert [error["field"] for error in members["errors"]] == ["answers.S2", "bank"]  # type: ignore[attr-defined]
    assert members["materials"] == [{"code": PHOTO, "message": "证件照片：还没有提供"}]


async def test_submission_gives_both_numbers_and_starts_the_clock(cases: CaseMaker) -> None:
    case_id = await cases.submitted()

    case = await Case.get(id=case_id)
    assert case.state is CaseState.SUBMITTED
    assert case.case_no == "11310117FAKE0006495312006003000202611250001"
    assert case.short_no is not None
    assert numbers.is_short_no(case.short_no)
    assert str(case.received_on) == "2026-11-25"
    assert str(case.acceptance_due_on) == "2026-12-02"
    event = await told("CaseSubmitted")
    assert (event.case_no, event.short_no) == (case.case_no, case.short_no)


async def test_serials_count_by_item_and_day(cases: CaseMaker, frozen_clock: FrozenClock) -> None:
    first, second = [await Case.get(id=await cases.submitted()) for _ in range(2)]
    frozen_clock.advance(days=1)
    third = await Case.get(id=await cases.submitted())

    serials = [str(case.case_no)[-12:] for case in (first, second, third)]
    assert serials == ["202611250001", "202611250002", "202611260001"]


async def test_a_second_submission_conflicts(cases: CaseMaker) -> None:
    case_id = await cases.submitted()

    with pytest.raises(errors.TransitionNotAllowed) as refused:
        await apply.submit(case_id, by=cases.by, blobs=cases.blobs)

    assert refused.value.members["state"] == "submitted"
    assert await OutboxMessage.filter(name="CaseSubmitted").count() == 1


async def test_a_submitted_case_cannot_be_filled_or_answered(cases: CaseMaker) -> None:
    case_id = await cases.submitted()

    with pytest.raises(errors.TransitionNotAllowed):
        await apply.fill(case_id, values={"bank": "上海银行"}, by=cases.by)
    with pytest.raises(errors.TransitionNotAllowed):
        await apply.change_answers(case_id, answers=ANSWERS, by=cases.by)


async def test_a_change_since_reading_is_noticed(cases: CaseMaker) -> None:
    case_id = await cases.draft()
    stale = await moves.get_own(case_id, by=cases.by)
    await apply.fill(case_id, values={"bank": "上海银行"}, by=cases.by)

    with pytest.raises(errors.CaseChanged):
        await moves.move(stale, moves.Move.FILL, at=stale.updated_at)


async def test_somebody_elses_case_does_not_exist(cases: CaseMaker) -> None:
    case_id = await cases.draft()
    stranger = await person(LI)

    acts = (
        queries.get_detail(case_id, by=stranger),
        apply.fill(case_id, values={}, by=stranger),
        apply.change_answers(case_id, answers={}, by=stranger),
        apply.submit(case_id, by=stranger, blobs=cases.blobs),
        apply.withdraw(case_id, reason="x", by=stranger),
        papers.commit(case_id, PHOTO, by=stranger),
        queries.get_detail(uuid4(), by=cases.by),
    )
    for act in acts:
        with pytest.raises(errors.CaseNotFound):
            await act


async def test_an_agent_sees_the_cases_of_the_organisation(cases: CaseMaker) -> None:
    boss = await person(LI)
    acting = await person(LI, acting_for=await organisation(boss))
    case_id = await apply.open_draft("SJ-SCJG-04", answers={}, by=acting)

    assert (await queries.get_detail(case_id, by=boss)).id == case_id
    own = await lists.list_own(by=boss)
    theirs = await lists.list_own(by=acting)
    assert own == []
    assert [entry.id for entry in theirs] == [case_id]


async def test_withdrawal_ends_a_running_case(cases: CaseMaker) -> None:
    case_id = await cases.accepted()

    await apply.withdraw(case_id, reason="不办了", by=cases.by)

    detail = await queries.get_detail(case_id, by=cases.by)
    assert (detail.state, detail.outcome_text, detail.may) == ("withdrawn", "不办了", [])
    with pytest.raises(errors.TransitionNotAllowed):
        await apply.withdraw(case_id, reason="再撤一次", by=cases.by)


async def test_withdrawal_of_a_running_case_needs_a_reason(cases: CaseMaker) -> None:
    case_id = await cases.submitted()

    with pytest.raises(errors.ReasonMissing):
        await apply.withdraw(case_id, reason=" ", by=cases.by)


async def test_a_dropped_draft_tells_nobody(cases: CaseMaker) -> None:
    await apply.withdraw(await cases.draft(), reason="", by=cases.by)

    assert await OutboxMessage.all().count() == 0


async def test_a_draft_nobody_touches_is_forgotten(
    cases: CaseMaker, frozen_clock: FrozenClock
) -> None:
    await cases.attach(await cases.draft())
    submitted = await cases.submitted()
    frozen_clock.advance(days=89)
    fresh = await cases.draft()
    assert await apply.forget_drafts(frozen_clock()) == 0

    frozen_clock.advance(days=2)
    assert await apply.forget_drafts(frozen_clock()) == 1

    kept = await Case.all().values_list("id", flat=True)
    assert set(kept) == {submitted, fresh}


async def test_parallel_submissions_submit_once(
    cases: CaseMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All four have found the draft complete before the first one writes."""
    case_id = await cases.draft()
    await cases.fill(case_id)
    await cases.attach(case_id)
    check, together = apply._check_complete, asyncio.Barrier(4)

    async def check_and_meet(*arguments: Any) -> None:
        await check(*arguments)
        await together.wait()

    monkeypatch.setattr(apply, "_check_complete", check_and_meet)
    async with asyncio.timeout(60):
        results = await asyncio.gather(
            *(apply.submit(case_id, by=cases.by, blobs=cases.blobs) for _ in range(4)),
            return_exceptions=True,
        )

    assert results.count(None) == 1
    refusals = (errors.TransitionNotAllowed, errors.CaseChanged)
    assert all(result is None or isinstance(result, refusals) for result in results)
    assert await OutboxMessage.filter(name="CaseSubmitted").count() == 1


async def revision_of(case_id: UUID) -> str:
    return moves.form_revision(await Case.get(id=case_id))


async def test_a_second_device_never_overwrites_the_first_unseen(cases: CaseMaker) -> None:
    case_id = await cases.draft()
    both = await revision_of(case_id)
    await apply.fill(case_id, values={"bank": "上海银行"}, by=cases.by, revision=both)

    wanted = {"bank": "中国银行", "mobile": "13900000000"}
    with pytest.raises(errors.FormChanged) as refused:
        await apply.fill(case_id, values=wanted, by=cases.by, revision=both)

    assert refused.value.members == {"fields": ["bank", "mobile"]}
    assert moves.form_values(await Case.get(id=case_id))["bank"] == "上海银行"

    fresh = await revision_of(case_id)
    await apply.fill(case_id, values={"bank": "中国银行"}, by=cases.by, revision=fresh)
    assert moves.form_values(await Case.get(id=case_id))["bank"] == "中国银行"


async def test_the_same_words_sent_again_are_taken(cases: CaseMaker) -> None:
    case_id = await cases.draft()
    before = await revision_of(case_id)
    for _ in range(2):
        await apply.fill(case_id, values={"bank": "上海银行"}, by=cases.by, revision=before)

    assert await revision_of(case_id) != before


async def test_a_photograph_does_not_make_the_form_another(cases: CaseMaker) -> None:
    case_id = await cases.draft()
    before = await revision_of(case_id)
    await cases.attach(case_id)

    await apply.fill(case_id, values={"bank": "上海银行"}, by=cases.by, revision=before)


async def test_other_answers_make_the_form_another(cases: CaseMaker) -> None:
    case_id = await cases.draft()
    before = await revision_of(case_id)
    await apply.change_answers(case_id, answers={"S1": ["child"], "S2": ["bank"]}, by=cases.by)

    with pytest.raises(errors.FormChanged):
        await apply.fill(case_id, values={"bank": "上海银行"}, by=cases.by, revision=before)


async def test_drafts_of_one_applicant_are_bounded(
    cases: CaseMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apply, "MOST_DRAFTS", 3)
    first = await apply.open_draft(ITEM, answers=ANSWERS, by=cases.by, request_key="a-key-0001")
    for _ in range(2):
        await cases.draft()

    with pytest.raises(errors.TooManyDrafts):
        await cases.draft()

    again = await apply.open_draft(ITEM, answers=ANSWERS, by=cases.by, request_key="a-key-0001")
    assert again == first
    await apply.withdraw(first, reason="", by=cases.by)
    await cases.draft()
