"""Lists of cases in pages: every case once, the most urgent first, and nothing decrypted for it."""

import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from core import clock, ids
from core.data import pages
from core.data.pages import Page, WrongPlace
from services.cases import moves
from services.cases.lifecycle import CaseState
from services.cases.models import Case
from services.cases.views import lists
from services.guides import catalogue
from tests import decrypted
from tests.cases.factories import CaseMaker, officer

List = Callable[[str | None], Awaitable[Page[Any]]]


async def fill(like: UUID, count: int, **differs: object) -> list[Case]:
    """Cases like one of them; many of them alike in what they are ordered by."""
    dice, known = random.Random(count), await Case.get(id=like)
    today, rows = clock.today(), []
    for _ in range(count):
        number = ids.new_id().hex
        values = {name: getattr(known, name) for name in known._meta.db_fields}
        values |= {
            "id": ids.new_id(),
            "case_no": number,
            "short_no": f"SJ20260101-{number[:7]}",
            "request_key": None,
            "updated_at": clock.now() - timedelta(hours=dice.randrange(4)),
            "submitted_at": clock.now() - timedelta(hours=dice.randrange(4)),
            "acceptance_due_on": today + timedelta(days=dice.randrange(3)),
            "due_on": today + timedelta(days=dice.randrange(3)),
            **differs,
        }
        rows.append(Case(**values))
    await Case.bulk_create(rows)
    return rows


async def walk(read: List) -> list[Any]:
    found: list[Any] = []
    after = None
    while True:
        page = await read(after)
        assert page or not found
        found += page
        after = page.following
        if after is None:
            return found


@pytest.mark.parametrize("state", [*CaseState, None])
@pytest.mark.parametrize("city", [False, True])
async def test_worklist_goes_through_every_case_once_in_its_order(
    cases: CaseMaker, state: CaseState | None, city: bool
) -> None:
    case_id = await cases.accepted()
    await Case.all().update(department="GA", updated_at=clock.now() - timedelta(days=9))
    wanted = await fill(case_id, 30, state=state or CaseState.CLOSED, department="RSJ")
    other = CaseState.LAPSED if state is CaseState.REFUSED else CaseState.REFUSED
    if state is not None:
        await fill(case_id, 5, state=other, department="RSJ")
    by = officer(None, "supervisor") if city else cases.officer

    shown = await walk(lambda after: lists.list_worklist(by=by, state=state, after=after, limit=7))

    mine = [one for one in shown if one.department_key == "RSJ"]
    assert sorted(str(one.id) for one in mine) == sorted(str(row.id) for row in wanted)
    rows = {row.id: row for row in wanted}
    if state is CaseState.ACCEPTED:
        order = [(rows[one.id].due_on, rows[one.id].submitted_at) for one in mine]
        assert order == sorted(order)
    elif state is CaseState.SUBMITTED:
        order = [(rows[one.id].acceptance_due_on, rows[one.id].submitted_at) for one in mine]
        assert order == sorted(order)
    else:
        assert [one.updated_at for one in mine] == sorted(
            (one.updated_at for one in mine), reverse=True
        )


async def test_own_list_begins_with_what_waits_for_the_applicant(cases: CaseMaker) -> None:
    case_id = await cases.accepted()
    await fill(case_id, 4, state=CaseState.CLOSED)
    await fill(case_id, 3, state=CaseState.DRAFT, submitted_at=None)
    await fill(case_id, 2, state=CaseState.SUPPLEMENT_REQUESTED)

    shown = await walk(lambda after: lists.list_own(by=cases.by, after=after, limit=3))

    states = [one.state for one in shown]
    assert states[:5] == ["supplement_requested"] * 2 + ["draft"] * 3
    assert sorted(states[5:]) == ["accepted"] + ["closed"] * 4
    assert len({one.id for one in shown}) == 10
    assert await lists.count_waiting(by=cases.by) == 2


async def test_what_waits_is_counted_as_far_as_a_badge_goes(cases: CaseMaker) -> None:
    case_id = await cases.accepted()
    await fill(case_id, lists.MOST_WAITING + 9, state=CaseState.SUPPLEMENT_REQUESTED)

    assert await lists.count_waiting(by=cases.by) == lists.MOST_WAITING


async def test_search_finds_each_case_once_by_number_name_or_item(cases: CaseMaker) -> None:
    case_id = await cases.submitted()
    case = await Case.get(id=case_id)
    namesakes = await fill(case_id, 9, item_code="SJ-GA-01", item_name="居住证")
    item = await fill(case_id, 11, applicant_index=moves.applicant_index("李样例"))
    name = (await catalogue.get_item(case.item_code)).item.name

    async def found(query: str, **more: Any) -> list[Any]:
        return await walk(
            lambda after: lists.list_worklist(
                by=cases.officer, query=query, after=after, limit=4, **more
            )
        )

    def same(shown: list[Any], *rows: Case) -> bool:
        return sorted(str(one.id) for one in shown) == sorted(str(row.id) for row in rows)

    assert same(await found("张演示"), case, *namesakes)
    assert same(await found("李样例"), *item)
    assert same(await found(name[:4]), case, *item), "an item's, whoever applied"
    assert same(await found(str(case.short_no)), case)
    assert same(await found(str(case.short_no)[:12].lower()), case)
    assert same(await found("SJ20260101-"), *namesakes, *item)
    assert same(await found(str(case.case_no)), case)
    assert same(await found("李样例", state=CaseState.CLOSED))
    assert same(await found("100%"))
    assert same(await found("SJ2026_"))


async def test_lists_decrypt_nothing(cases: CaseMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    case_id = await cases.submitted()
    await fill(case_id, 5)
    seen = decrypted.watch(monkeypatch)

    await lists.list_worklist(by=cases.officer, state=CaseState.SUBMITTED)
    await lists.list_worklist(by=cases.officer, query="张演示")
    await lists.list_own(by=cases.by)
    await lists.worklist_counts(by=cases.officer)
    await lists.get_overview(by=officer(None, "supervisor"))

    assert seen == []


async def test_place_of_one_order_is_not_good_for_another(cases: CaseMaker) -> None:
    case_id = await cases.submitted()
    await fill(case_id, 5)
    page = await lists.list_worklist(by=cases.officer, state=CaseState.SUBMITTED, limit=2)

    for attempt in (
        lambda: lists.list_worklist(by=cases.officer, after=page.following),
        lambda: lists.list_worklist(
            by=cases.officer, state=CaseState.ACCEPTED, after=page.following
        ),
        lambda: lists.list_own(by=cases.by, after=page.following),
    ):
        with pytest.raises(WrongPlace):
            await attempt()


async def test_place_in_another_departments_list_shows_none_of_its_cases(cases: CaseMaker) -> None:
    """It names a place and grants nothing."""
    case_id = await cases.submitted()
    await fill(case_id, 5)
    page = await lists.list_worklist(by=cases.officer, state=CaseState.SUBMITTED, limit=2)

    elsewhere = await lists.list_worklist(
        by=officer("SCJG"), state=CaseState.SUBMITTED, after=page.following
    )

    assert elsewhere == []


async def test_search_goes_through_no_item_of_another_department(
    cases: CaseMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its cases are none of this officer's, and there may be a hundred thousand."""
    case_id = await cases.submitted()
    await fill(case_id, 3, item_code="SJ-GA-01", item_name="居住证", department="GA")
    asked: list[str] = []
    inner = pages.read

    async def noting(*sections: Any, **more: Any) -> Any:
        asked.extend(section.name for section in sections)
        return await inner(*sections, **more)

    monkeypatch.setattr(pages, "read", noting)

    assert await lists.list_worklist(by=cases.officer, query="居住证") == []
    assert not [name for name in asked if name.startswith("found.item.SJ-GA")]
    city = await lists.list_worklist(by=officer(None, "supervisor"), query="居住证")
    assert len(city) == 3
