import asyncio

import pytest

from core import clock
from core.database import transaction
from services.cases import timeline
from services.cases.serials import ALL_CASES, next_serial
from tests.cases.factories import CaseMaker, officer


async def test_entries_are_numbered_without_gaps(cases: CaseMaker) -> None:
    case_id = await cases.draft()
    async with transaction():
        for n in (2, 3, 4):
            title = f"第{n}步"
            assert n == await timeline.append(case_id, kind="x", title=title, at=clock.now())

    after = await timeline.list_entries(case_id, after=2)

    assert [(entry.n, entry.title) for entry in after] == [(3, "第3步"), (4, "第4步")]


async def test_an_entry_that_is_rolled_back_leaves_no_gap(cases: CaseMaker) -> None:
    case_id = await cases.draft()
    with pytest.raises(ZeroDivisionError):
        async with transaction():
            await timeline.append(case_id, kind="x", title="x", at=clock.now())
            raise ZeroDivisionError

    async with transaction():
        assert await timeline.append(case_id, kind="y", title="y", at=clock.now()) == 2


def test_the_office_acts_not_the_officer() -> None:
    assert timeline.actor_text(officer(), department_name="区人社局") == "区人社局"
    assert timeline.actor_text(None) == "系统"


async def test_serials_side_by_side_have_neither_gaps_nor_doubles(cases: CaseMaker) -> None:
    async def one() -> int:
        async with transaction():
            return await next_serial(ALL_CASES, clock.today())

    assert sorted(await asyncio.gather(*(one() for _ in range(12)))) == list(range(1, 13))
