from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from tortoise import connections

from core.protection.audit import AuditRecord
from identity.principal import Principal
from services.cases import errors
from services.cases.acts import review, supplement
from services.cases.lifecycle import CaseState
from services.cases.models import Case
from services.cases.shapes import StaffCaseDetail, WorklistEntry
from services.cases.views import lists, queries
from services.guides import errors as guide_errors
from tests.cases.factories import ITEM, PHOTO, CaseMaker, officer
from tests.cases.retiring import retire
from tests.conftest import FrozenClock


async def worklist(
    by: object, state: CaseState | None = None, query: str = ""
) -> list[WorklistEntry]:
    return await lists.list_worklist(by=by, state=state, query=query)  # type: ignore[arg-type]


async def staff_detail(case_id: UUID, *, by: Principal) -> StaffCaseDetail:
    return await queries.get_staff_detail(
        case_id, by=by, licence_names={}, face_words=lambda _type, _facts: []
    )


async def test_a_worklist_shows_the_department_and_no_drafts(cases: CaseMaker) -> None:
    await cases.draft()
    case_id = await cases.submitted()

    assert [entry.id for entry in await worklist(cases.officer)] == [case_id]
    assert [entry.id for entry in await worklist(officer(None, "supervisor"))] == [case_id]
    assert await worklist(officer("SCJG")) == []


async def test_names_are_masked_in_lists(cases: CaseMaker) -> None:
    await cases.submitted()

    (entry,) = await worklist(cases.officer)

    assert entry.applicant_masked == "张**"
    assert entry.light == "green"
    assert entry.stage == "受理"


async def test_a_worklist_is_searched_by_number_item_and_name(cases: CaseMaker) -> None:
    case = await Case.get(id=await cases.submitted())

    for query in (
        str(case.short_no),
        str(case.short_no)[:10],
        str(case.case_no),
        "社会保障",
        "张演示",
    ):
        assert len(await worklist(cases.officer, query=query)) == 1, query
    assert await worklist(cases.officer, query="李样例") == []


async def test_counts_are_given_per_state(cases: CaseMaker) -> None:
    await cases.submitted()
    await cases.accepted()

    counts, unread = await lists.worklist_counts(by=cases.officer)

    assert unread == 0
    assert (counts["submitted"], counts["accepted"], counts["closed"]) == (1, 1, 0)
    assert "draft" not in counts


async def test_the_most_urgent_comes_first(cases: CaseMaker, frozen_clock: FrozenClock) -> None:
    older = await cases.accepted()
    frozen_clock.advance(days=2)
    newer = await cases.accepted()

    entries = await worklist(cases.officer, CaseState.ACCEPTED)

    assert [entry.id for entry in entries] == [older, newer]


async def test_lights_follow_the_clock(cases: CaseMaker, frozen_clock: FrozenClock) -> None:
    case_id = await cases.accepted()

    async def light() -> str:
        return (await worklist(cases.officer))[0].light

    assert await light() == "green"
    frozen_clock.set(datetime(2026, 12, 8, 2, tzinfo=UTC))
    assert await light() == "yellow"
    frozen_clock.set(datetime(2026, 12, 10, 2, tzinfo=UTC))
    assert await light() == "red"
    await supplement.request(
        case_id,
        items=[supplement.Missing(PHOTO, "不清晰")],
        note="",
        due_on=None,
        by=cases.officer,
    )
    assert await light() == "grey"


async def test_an_unanswered_application_turns_yellow(
    cases: CaseMaker, frozen_clock: FrozenClock
) -> None:
    await cases.submitted()
    frozen_clock.set(datetime(2026, 12, 3, 2, tzinfo=UTC))

    assert (await worklist(cases.officer))[0].light == "yellow"


async def test_the_officer_sees_the_applicant(cases: CaseMaker) -> None:
    case_id = await cases.submitted()

    detail = await staff_detail(case_id, by=cases.officer)

    assert detail.applicant.name == "张演示"
    assert detail.applicant.id_no_masked == "310***********1017"
    assert detail.may == ["accept", "decline", "request_supplement", "reject_material"]
    assert detail.licence_type == "SSC"
    assert detail.materials[2].files[0].url.startswith("/api/staff/materials/")
    with pytest.raises(errors.CaseNotFound):
        await staff_detail(case_id, by=officer("SCJG"))


async def test_opening_a_case_is_on_record_once_a_sitting(
    cases: CaseMaker, frozen_clock: FrozenClock
) -> None:
    case_id = await cases.submitted()
    looks = AuditRecord.filter(action="case.read", target=f"case:{case_id}")

    await staff_detail(case_id, by=cases.officer)
    await staff_detail(case_id, by=cases.officer)
    assert [look.actor for look in await looks] == [cases.officer.actor]

    frozen_clock.advance(minutes=11)
    await staff_detail(case_id, by=cases.officer)
    assert await looks.count() == 2


async def test_steps_tell_where_the_case_is(cases: CaseMaker) -> None:
    case_id = await cases.accepted()

    steps = (await queries.get_detail(case_id, by=cases.by)).steps

    states = [(step.step, step.state) for step in steps]
    assert states[:2] == [("receive", "done"), ("accept", "done")]
    assert states[2][1] == "now"
    assert all(state == "todo" for _, state in states[3:])


async def test_no_step_is_now_after_a_refusal(cases: CaseMaker) -> None:
    case_id = await cases.accepted()
    await review.refuse(case_id, reason="不符合", by=cases.officer)

    steps = (await queries.get_detail(case_id, by=cases.by)).steps

    assert "now" not in [step.state for step in steps]


async def test_own_cases_are_listed_newest_first(
    cases: CaseMaker, frozen_clock: FrozenClock
) -> None:
    first = await cases.draft()
    frozen_clock.advance(minutes=1)
    second = await cases.draft()

    entries = await lists.list_own(by=cases.by, limit=1)
    rest = await lists.list_own(by=cases.by, after=entries.following)

    assert [entry.id for entry in entries] == [second]
    assert ([entry.id for entry in rest], rest.following) == ([first], None)


async def test_the_overview_counts_by_department(
    cases: CaseMaker, frozen_clock: FrozenClock
) -> None:
    await cases.accepted()
    done = await cases.accepted()
    await review.approve(done, opinion="", facts={}, by=cases.officer)
    await review.close(done)
    frozen_clock.advance(hours=1)

    overview = await lists.get_overview(by=officer(None, "supervisor"))

    load = next(entry for entry in overview.departments if entry.key == "RSJ")
    assert (load.open, load.closed_today, load.red) == (1, 1, 0)
    assert overview.totals.open == 1
    assert len(overview.departments) == 18


async def test_the_overview_opens_no_case(cases: CaseMaker) -> None:
    """Its numbers are kept: no case is read, nor decrypted."""
    for _ in range(3):
        await cases.submitted()
    table = Case._meta.db_table
    await connections.get("default").execute_script(f"UPDATE {table} SET form = 'v1.unreadable'")

    overview = await lists.get_overview(by=officer(None, "supervisor"))

    assert overview.totals.open == 3


async def test_the_overview_counts_lights_as_the_worklist_shows_them(
    cases: CaseMaker, frozen_clock: FrozenClock
) -> None:
    for days in (3, 3, 4):
        await cases.submitted()
        await cases.accepted()
        frozen_clock.advance(days=days)
    shown = [entry.light for entry in await worklist(cases.officer)]

    totals = (await lists.get_overview(by=officer("RSJ", "supervisor"))).totals

    assert (totals.open, totals.yellow, totals.red) == (
        len(shown),
        shown.count("yellow"),
        shown.count("red"),
    )
    assert totals.yellow + totals.red > 0


async def test_a_counter_asks_for_what_the_version_of_the_case_asks(
    cases: CaseMaker, tmp_path: Path
) -> None:
    case_id = await cases.submitted()
    short_no = (await Case.get(id=case_id)).short_no
    await retire(tmp_path, ITEM)

    assert (await queries.get_item(ITEM, case_no=short_no)).code == ITEM
    for unknown in (None, "", "GA-2026-000001"):
        with pytest.raises(guide_errors.ItemNotFound):
            await queries.get_item(ITEM, case_no=unknown)
