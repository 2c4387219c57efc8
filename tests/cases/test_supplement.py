import json
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from core import clock
from core.clocks import sweep
from core.outbox import OutboxMessage
from services.cases import errors
from services.cases.acts import apply, supplement
from services.cases.acts.supplement import Missing
from services.cases.lifecycle import CaseState
from services.cases.models import Case, Supplement
from services.cases.views import queries
from tests.cases.factories import PHOTO, CaseMaker, told
from tests.cases.sweeping import swept
from tests.conftest import FrozenClock

UNCLEAR = Missing(PHOTO, "照片不清晰")


async def asked(cases: CaseMaker, case_id: UUID, **changes: object) -> UUID:
    arguments: dict[str, object] = {"items": [UNCLEAR], "note": "", "due_on": None}
    return await supplement.request(case_id, by=cases.officer, **(arguments | changes))  # type: ignore[arg-type]


async def test_a_notice_names_everything_and_stops_the_clock(cases: CaseMaker) -> None:
    case_id = await cases.submitted()

    notice = await asked(cases, case_id, note="请用白底")

    detail = await queries.get_detail(case_id, by=cases.by)
    assert detail.state == "supplement_requested"
    assert detail.may == ["fill", "withdraw", "answer"]
    assert detail.supplement is not None
    assert detail.supplement.id == notice
    assert [(p.code, p.name, p.reason) for p in detail.supplement.items] == [
        (PHOTO, "证件照片", "照片不清晰")
    ]
    assert str(detail.supplement.due_on) == "2026-12-16"
    photo = next(entry for entry in detail.materials if entry.code == PHOTO)
    assert (photo.status, photo.note) == ("rejected", "照片不清晰")
    event = await told("SupplementRequested")
    assert event.items == [{"code": PHOTO, "name": "证件照片", "reason": "照片不清晰"}]
    assert event.due_on == date(2026, 12, 16)


async def test_a_second_notice_is_never_given(cases: CaseMaker) -> None:
    case_id = await cases.submitted()
    notice = await asked(cases, case_id)
    with pytest.raises(errors.TransitionNotAllowed):
        await asked(cases, case_id)
    await cases.attach(case_id)
    await supplement.answer(case_id, notice, note="", by=cases.by, blobs=cases.blobs)

    with pytest.raises(errors.SupplementAlreadyRequested):
        await asked(cases, case_id)

    assert await Supplement.all().count() == 1


@pytest.mark.parametrize(
    "items",
    [
        [],
        [UNCLEAR, UNCLEAR],
        [Missing("SJ-RSJ-03-M99", "没有")],
        [Missing("SJ-RSJ-03-M04", "不适用")],
        [Missing(PHOTO, "  ")],
    ],
    ids=["nothing", "twice", "unknown", "not-applicable", "no-reason"],
)
async def test_a_notice_must_be_usable(cases: CaseMaker, items: list[Missing]) -> None:
    case_id = await cases.submitted()

    with pytest.raises(errors.InvalidSupplement):
        await asked(cases, case_id, items=items)

    assert (await Case.get(id=case_id)).state is CaseState.SUBMITTED


@pytest.mark.parametrize("days", [-1, 0, 91])
async def test_the_term_must_lie_ahead(cases: CaseMaker, days: int) -> None:
    case_id = await cases.submitted()

    with pytest.raises(errors.InvalidSupplement):
        await asked(cases, case_id, due_on=clock.today() + timedelta(days=days))


async def test_an_answer_needs_everything_that_was_asked_for(cases: CaseMaker) -> None:
    case_id = await cases.submitted()
    notice = await asked(cases, case_id)

    with pytest.raises(errors.CaseIncomplete):
        await supplement.answer(case_id, notice, note="", by=cases.by, blobs=cases.blobs)

    assert (await Case.get(id=case_id)).state is CaseState.SUPPLEMENT_REQUESTED


async def test_an_answer_before_acceptance_begins_the_five_days_anew(
    cases: CaseMaker, frozen_clock: FrozenClock
) -> None:
    case_id = await cases.submitted()
    notice = await asked(cases, case_id)
    frozen_clock.set(datetime(2026, 12, 1, 2, tzinfo=UTC))
    await cases.attach(case_id)

    await supplement.answer(case_id, notice, note="已重拍", by=cases.by, blobs=cases.blobs)

    case = await Case.get(id=case_id)
    assert case.state is CaseState.SUBMITTED
    assert case.received_on == date(2026, 12, 1)
    assert case.acceptance_due_on == date(2026, 12, 8)
    detail = await queries.get_detail(case_id, by=cases.by)
    assert detail.supplement is not None
    assert (detail.supplement.state, detail.supplement.answer_note) == ("answered", "已重拍")


async def test_an_answer_after_acceptance_moves_the_due_dates(
    cases: CaseMaker, frozen_clock: FrozenClock
) -> None:
    case_id = await cases.accepted()
    frozen_clock.set(datetime(2026, 11, 26, 2, tzinfo=UTC))
    notice = await asked(cases, case_id)
    frozen_clock.set(datetime(2026, 12, 1, 2, tzinfo=UTC))
    await cases.attach(case_id)

    await supplement.answer(case_id, notice, note="", by=cases.by, blobs=cases.blobs)

    case = await Case.get(id=case_id)
    assert case.state is CaseState.ACCEPTED
    assert case.due_on == date(2026, 12, 14)  # 2026-12-09 and three working days
    assert case.paused_on is None


async def test_a_second_answer_conflicts(cases: CaseMaker) -> None:
    case_id = await cases.submitted()
    notice = await asked(cases, case_id)
    await cases.attach(case_id)
    await supplement.answer(case_id, notice, note="", by=cases.by, blobs=cases.blobs)

    with pytest.raises(errors.TransitionNotAllowed):
        await supplement.answer(case_id, notice, note="", by=cases.by, blobs=cases.blobs)


async def test_an_unknown_notice_is_not_found(cases: CaseMaker) -> None:
    case_id = await cases.submitted()
    await asked(cases, case_id)

    with pytest.raises(errors.SupplementNotFound):
        await supplement.answer(case_id, uuid4(), note="", by=cases.by, blobs=cases.blobs)


async def test_a_notice_lapses_the_day_after_its_term(
    cases: CaseMaker, frozen_clock: FrozenClock
) -> None:
    case_id = await cases.submitted()
    await asked(cases, case_id, due_on=date(2026, 12, 4))
    frozen_clock.set(datetime(2026, 12, 4, 15, 59, tzinfo=UTC))
    assert await swept() == 0

    frozen_clock.set(datetime(2026, 12, 4, 16, 0, tzinfo=UTC))
    assert await swept() == 1
    assert await swept() == 0

    detail = await queries.get_detail(case_id, by=cases.by)
    assert detail.state == "lapsed"
    assert "2026-12-04" in str(detail.outcome_text)
    assert await OutboxMessage.filter(name="CaseLapsed").count() == 1


async def test_notices_of_many_days_all_lapse_the_oldest_first(
    cases: CaseMaker, frozen_clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "PAGE", 2)
    first, second = date(2026, 12, 4), date(2026, 12, 7)
    for due_on in (second, first, second, first, second):
        await asked(cases, await cases.submitted(), due_on=due_on)
    frozen_clock.set(datetime(2026, 12, 20, tzinfo=UTC))

    assert await swept() == 5

    assert await OutboxMessage.filter(name="CaseLapsed").count() == 5
    told_of = await OutboxMessage.filter(name="ClockReached").order_by("id")
    lapsed = [
        said for said in (json.loads(row.payload) for row in told_of) if said["mark"] == "lapse"
    ]
    days = [each["for_due_on"] for each in lapsed if each["kind"] == "answer"]
    assert days == [*[str(first)] * 2, *[str(second)] * 3]


async def test_an_answered_notice_does_not_lapse(
    cases: CaseMaker, frozen_clock: FrozenClock
) -> None:
    case_id = await cases.submitted()
    notice = await asked(cases, case_id)
    await cases.attach(case_id)
    await supplement.answer(case_id, notice, note="", by=cases.by, blobs=cases.blobs)
    frozen_clock.advance(days=40)
    await swept()

    assert await OutboxMessage.filter(name="CaseLapsed").count() == 0
    assert (await Supplement.get(case_id=case_id)).state == "answered"


async def test_a_case_with_an_open_notice_is_not_deemed_accepted(
    cases: CaseMaker, frozen_clock: FrozenClock
) -> None:
    await asked(cases, await cases.submitted())
    frozen_clock.advance(days=14)

    assert await swept() == 0


async def test_withdrawal_ends_the_notice(cases: CaseMaker, frozen_clock: FrozenClock) -> None:
    case_id = await cases.submitted()
    await asked(cases, case_id)

    await apply.withdraw(case_id, reason="不办了", by=cases.by)
    frozen_clock.advance(days=60)

    assert await swept() == 0
    assert (await Supplement.get(case_id=case_id)).state == "withdrawn"
